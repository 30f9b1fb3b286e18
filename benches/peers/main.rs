//! What one request costs: Countersign beside nginx, HAProxy and Envoy, in one interleaved run.
//!
//! Every peer does the same work: it asks for a client certificate, puts one `Authorization`
//! header on the request and forwards it over plain HTTP/1.1 to a backend that answers 1 KiB (and
//! answers it only when the header is there). The proxy has one core and one worker; the load and
//! the backend have the other core. Read it in this order: [`compare`] is the whole run,
//! [`measure`] one turn of one peer, [`table`] and [`target`] what
//! is printed.
//!
//! The same binary plays the backend and the load when it is started with a subcommand, so that
//! their CPU is never counted as a proxy's. It talks to loopback only, every loop is bounded in
//! count and time, and it must never leave a process behind: what it starts dies with it.
//!
//! ```text
//! cargo bench --bench peers
//! cargo bench --bench peers -- --quick
//! cargo bench --bench peers -- --rounds 5 --seconds 6 --only nginx,countersign
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a benchmark measures time and prints what it found"
)]
#![expect(unreachable_pub, reason = "in a binary, `pub` says that other files may use it")]

mod options;
mod pki;
mod process;
mod scene;
mod agent;
mod backend;
mod load;
mod peer;
mod measure;
mod table;
mod target;
mod compare;

use std::io;

use crate::options::Role;

fn main() -> io::Result<()> {
    match Role::from_arguments(std::env::args().skip(1))? {
        Role::Backend { credential, body_bytes } => backend::serve(&credential, body_bytes),
        Role::Compare(options) => compare::run(&options),
        Role::Load(order) => load::run(&order),
        Role::Rest => {
            println!("peers: measures only under `cargo bench --bench peers`");
            Ok(())
        }
    }
}
