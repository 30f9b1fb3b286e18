//! Why there is no document, or why one was not taken.

use std::fmt;
use std::net::IpAddr;

use http::StatusCode;

use crate::credential::source::SourceError;
use crate::upstream::address;

/// Why there is no document, or why it was not taken.
#[derive(Debug)]
pub enum FetchError {
    /// The connection cannot be made, or broke off.
    Broken(Box<dyn std::error::Error + Send + Sync>),
    /// It took too long.
    Late,
    /// It is larger than this many bytes.
    Large(usize),
    /// The server answered with another status than one that was hoped for.
    Status(StatusCode),
    /// An address that it may not be handed over to.
    Forbidden(IpAddr, address::Place),
    /// The token cannot be read, or is not one.
    Token(Option<SourceError>),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(error) => {
                write!(f, "{error}")?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
            Self::Late => f.write_str("it took too long"),
            Self::Forbidden(address, place) => write!(f, "{address} is {place}"),
            Self::Large(limit) => write!(f, "the document is larger than {limit} bytes"),
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::Token(Some(why)) => write!(f, "the token cannot be had: {why}"),
            Self::Token(None) => f.write_str("the token cannot stand in a header"),
        }
    }
}

impl std::error::Error for FetchError {}

pub(super) fn broken(error: impl std::error::Error + Send + Sync + 'static) -> FetchError {
    FetchError::Broken(Box::new(error))
}
