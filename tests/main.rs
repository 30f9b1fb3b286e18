//! The acceptance tests: one binary, a theme a file. Each test starts a Countersign of its own.
#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod harness;

mod split;
mod hostile;
mod identity;
mod inspection;
mod mcp;
mod mcp_approvals;
mod operations;
mod policy;
mod proposals;
mod forward;
mod approvals;
mod control;
mod review;
mod replicas;
mod endurance;
mod revocations;
mod signals;
mod tasks;
mod budgets;
mod history;
mod bundles;
mod decision_log;
mod credentials;
mod guard;
mod streaming;
mod pace;
mod audit;
mod reload;
mod limits;
mod tidy;
mod examples;
mod peers;
