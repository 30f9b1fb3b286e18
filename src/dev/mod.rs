//! `countersign dev`: a whole deployment on this machine, to try and to develop against.
//!
//! Nothing here is a shortcut around the product: the authority signs real SVIDs, the sample API
//! really checks its credential, and what is started is the Countersign that serves in production,
//! from a configuration file that can be read and changed.

mod authority;
mod error;
mod layout;
mod pki;
mod settings;
mod sample;
mod agent;
mod deployment;
mod banner;
mod tour;

pub use deployment::run;
pub use error::Error;
pub use tour::tour;
