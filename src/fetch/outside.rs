//! Servers that others than the operator named. Whoever names one could point Countersign at this
//! machine, a neighbour or the cloud's metadata service, so that every address is checked, one that
//! is written literally as well, and the checked one is connected to without another lookup.

use std::fmt;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use ipnet::IpNet;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::fetch::error::{FetchError, broken};
use crate::fetch::place::PATIENCE;
use crate::fetch::wire;
use crate::upstream::config::{Host, TlsConfig};
use crate::upstream::tls::{self, Tls, TlsError};
use crate::upstream::{Endpoint, Protocol, address};

/// How servers outside are reached and verified.
pub struct Outside {
    tls: Tls,
    allowed: Vec<IpNet>,
}

impl Outside {
    /// Reaches the public Internet, and those networks in `allowed`. Blocks on the disk.
    ///
    /// # Errors
    /// [`TlsError`], if a file for TLS cannot be used.
    pub fn new(tls: &TlsConfig, allowed: Vec<IpNet>) -> Result<Self, TlsError> {
        Ok(Self { tls: tls::load(tls, Protocol::Http1)?, allowed })
    }

    /// Sends `request` to `endpoint` and returns the status of the answer, whose body nobody reads.
    /// A redirect is not followed.
    ///
    /// # Errors
    /// [`FetchError`]; the server may have taken it all the same.
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        request: Request<Full<Bytes>>,
    ) -> Result<StatusCode, FetchError> {
        let sending = async {
            let socket = self.connect(endpoint).await?;
            let response = wire::exchange(socket, endpoint, &self.tls, request).await?;
            Ok(response.status())
        };
        timeout(PATIENCE, sending).await.unwrap_or(Err(FetchError::Late))
    }

    async fn connect(&self, endpoint: &Endpoint) -> Result<TcpStream, FetchError> {
        let port = endpoint.port();
        let found: Vec<_> = match endpoint.host() {
            Host::Address(ip) => vec![(*ip, port).into()],
            Host::Name(name) => {
                lookup_host((name.as_str(), port)).await.map_err(broken)?.take(ADDRESSES).collect()
            }
        };
        for one in &found {
            let checked = address::check(one.ip(), &self.allowed);
            checked.map_err(|place| FetchError::Forbidden(one.ip(), place))?;
        }
        TcpStream::connect(found.as_slice()).await.map_err(broken)
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

/// Addresses of one name that are considered.
const ADDRESSES: usize = 64;
