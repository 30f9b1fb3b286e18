//! Countersign: a reverse proxy that splits *proposal* from *execution* for AI agents.
//!
//! An agent has an identity and no power. It asks for one exact request; Countersign proves who
//! asks, asks policy, writes down what it is about to do, and only then puts the real credential
//! on the request and sends it.
//!
//! # The map
//!
//! The modules below stand in order, and **a module uses only modules listed above it**. That one
//! rule (kept by `tests/tidy.rs`) is at once the dependency order, the reading order and very
//! nearly the order in which a request meets the parts. Start with [`proxy::exchange`].
//!
//! # The spine
//!
//! Each stage of an exchange returns a value that only that stage can make, and the next stage
//! cannot be called without it:
//!
//! | value | says | made only by |
//! |---|---|---|
//! | [`identity::Principal`] | who is calling, proved | `identity` |
//! | [`route::Target`] | what they want, in the one canonical form | `route` |
//! | [`operation::Operations`] | what that does, one by one | `operation` |
//! | [`policy::Decision`] | what policy answered | `policy` |
//! | [`enforce::Grant`] | it may go ahead, on these terms | `enforce` |
//! | [`audit::Recorded`] | that is on the record | `audit` |
//! | [`credential::Authorized`] | the request with its credential on | `credential` |
//!
//! [`upstream`] accepts nothing but an `Authorized`. So no credential is used without a grant, and
//! no grant is used without an audit record: the types say so, not our care.

// Foundations.
pub mod clock;
pub mod ed25519;
pub mod id;
pub mod metrics;
pub mod shutdown;

// Parts, in the order a request meets them.
pub mod identity;
pub mod task;
pub mod route;
pub mod operation;
pub mod policy;
pub mod proposal;
pub mod approval;
pub mod revocation;
pub mod event;
pub mod history;
pub mod audit;
pub mod enforce;
pub mod credential;
pub mod upstream;

// What Countersign gets and keeps for itself.
pub mod fetch;
pub mod store;
pub mod callback;
pub mod signal;

// Doors: they accept work and call the parts.
pub mod listener;
pub mod proxy;
pub mod admin;
pub mod control;

// Assembly.
pub mod config;
pub mod rehearsal;
pub mod log;
pub mod app;
pub mod dev;
pub mod cli;
