//! Every metric: its name, its help and its labels, in one list.
//!
//! Names start with `countersign_`, units are base units, and no label holds an id, a path or
//! anything an agent chose; `docs/operations.md` lists the same names, and a test compares the two.
//! Each part takes its own handle struct and never sees the registry.

mod register;
mod label;
mod audit;
mod config;
mod control;
mod credential;
mod history;
mod http;
mod listener;
mod policy;
mod state;
mod upstream;
mod registry;

pub use audit::AuditMetrics;
pub use config::ConfigMetrics;
pub use control::ControlMetrics;
pub use credential::CredentialMetrics;
pub use history::HistoryMetrics;
pub use http::HttpMetrics;
pub use label::{code_class, method_label};
pub use listener::ListenerMetrics;
pub use policy::{MemoryNumbers, PolicyMetrics};
pub use registry::Metrics;
pub use state::StateMetrics;
pub use upstream::{UpstreamMetrics, UpstreamNumbers};
