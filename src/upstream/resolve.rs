//! From a name to addresses that were checked.
//!
//! The answer is used for the connection it was asked for and for nothing else: the checked
//! addresses are connected to, without a second lookup in between. The system's resolver blocks,
//! so it runs on the runtime's blocking threads, of which lookups may hold [`LOOKUPS`] at a time;
//! one that hangs keeps its place until it ends, also when nobody waits for it any more.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use ipnet::IpNet;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::upstream::address;
use crate::upstream::error::Cause;

/// Lookups of one worker under way at a time.
const LOOKUPS: usize = 16;

/// Addresses of one name that are considered.
const ADDRESSES: usize = 64;

/// The resolver of one worker.
#[derive(Clone)]
pub(super) struct Resolver(Arc<Semaphore>);

impl Resolver {
    /// A resolver with nothing under way.
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(LOOKUPS)))
    }

    /// The addresses of `name`, each of them either public or in `allowed`; at least one.
    ///
    /// # Errors
    /// [`Cause::Resolve`], or [`Cause::AddressForbidden`] if even one address is not allowed.
    pub(super) async fn resolve(
        &self,
        name: &str,
        port: u16,
        allowed: &[IpNet],
    ) -> Result<Vec<SocketAddr>, Cause> {
        let failed = |error: io::Error| Cause::Resolve(Arc::new(error));
        let place = self.0.clone().acquire_owned().await;
        let place = place.map_err(|closed| failed(io::Error::other(closed)))?;
        let name = name.to_owned();
        let lookup = spawn_blocking(move || {
            let addresses = (name.as_str(), port).to_socket_addrs();
            drop(place);
            addresses.map(|found| found.take(ADDRESSES).collect::<Vec<_>>())
        });
        let addresses = lookup.await.map_err(|panic| failed(io::Error::other(panic)))?;
        let addresses = addresses.map_err(failed)?;
        if addresses.is_empty() {
            return Err(failed(io::Error::new(io::ErrorKind::NotFound, "it has no address")));
        }
        check(&addresses, allowed)?;
        Ok(addresses)
    }
}

fn check(addresses: &[SocketAddr], allowed: &[IpNet]) -> Result<(), Cause> {
    for address in addresses {
        address::check(address.ip(), allowed)
            .map_err(|place| Cause::AddressForbidden(address.ip(), place))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::upstream::error::Cause;
    use std::net::SocketAddr;

    #[test]
    fn one_forbidden_address_spoils_the_whole_answer() {
        let addresses: [SocketAddr; 2] =
            ["1.1.1.1:443".parse().unwrap(), "169.254.169.254:443".parse().unwrap()];
        assert!(check(&addresses[..1], &[]).is_ok());
        assert!(matches!(check(&addresses, &[]), Err(Cause::AddressForbidden(..))));
    }
}
