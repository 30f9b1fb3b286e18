//! Programs that nobody here wrote, through Countersign: libraries and tools as agents' makers use
//! them, in front of servers as they are.
//!
//! `tests/run` installs them under `target/peers`, in the versions that `requirements.txt` and
//! `package-lock.json` pin. A program that is missing fails its test: none is skipped. Every server
//! chooses a free port of this machine, and ends with the test that started it.

mod program;
mod stand;

mod bulk;
mod callbacks;
mod conformance;
mod control_page;
mod curl;
mod events;
mod git;
mod approved;
mod libraries;
mod mcp;
mod remote_calls;
mod sign_in;
mod signals;
mod vendors;
mod websocket;
