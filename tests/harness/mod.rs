//! What the acceptance tests stand on: a real Countersign on free ports, real mutual TLS with
//! certificates made on the spot, and an upstream that records what reached it.
//!
//! Only the peers are made up. Nothing here sleeps to wait for something: what has to happen is
//! waited for with [`until`], which looks again until it has, and fails when it does not. Whatever
//! an agent receives, whatever is logged and whatever is recorded is searched for the planted
//! secret, in every test.
//!
//! A test reads:
//!
//! ```ignore
//! let upstream = Upstream::answering(|_| reply("hello"));
//! let site = Setup::new(&upstream).start();
//! let answer = site.agent("reader").get("/orders/1").await;
//! assert_eq!(answer.status, 200);
//! assert_eq!(upstream.requests()[0].header("authorization"), [site.bearer()]);
//! ```

mod people;
mod pki;
mod database;
mod leak;
mod wait;
mod answer;
mod upstream;
mod sessions;
mod agent;
mod admin;
mod setup;
mod site;
mod binary;
mod till;

pub use agent::{Agent, Client, Feed, Outgoing, body, empty, request};
pub use answer::Answer;
pub use binary::Binary;
pub use database::postgres;
pub use leak::{SECRET, logs};
pub use people::{Human, countersign, digest};
pub use pki::{Authority, Identity, svid};
pub use setup::{RULES, Setup};
pub use site::{Site, records, verify};
pub use till::till;
pub use upstream::{Payload, Received, Upstream, chunks, reply};
pub use wait::{soon, until};
