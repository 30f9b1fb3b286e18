//! What an agent asks Countersign itself: over HTTP ([`api`]), and as tools of MCP (`mcp`).

mod task_terms;
mod tasks;
pub mod api;
mod prospect;
mod mcp_tools;
pub(in crate::proxy) mod mcp;
