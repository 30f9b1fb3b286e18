//! The targets, and where Countersign stands: met or not, it is printed.
//!
//! A ratio is Countersign's cost divided by the peer's, so less is better. What this run cannot
//! see (a second core, a growing number of routes or open tasks, a day of load) is not judged here.

use crate::peer::countersign::{ONE_LINE, PACK};
use crate::peer::{envoy, haproxy, nginx};
use crate::table::{Figure, HANDSHAKE, IDLE_KIB, KEEP_ALIVE, P50, P99, STREAMS, Table};

/// Differences of less than this mean nothing on a shared machine.
const NOISE: f64 = 0.1;

struct Target {
    ours: &'static str,
    figure: Figure,
    bound: Bound,
}

enum Bound {
    /// At most this.
    AtMost(f64),
    /// At most this many times the peer's.
    Times(&'static str, f64),
}

const TARGETS: [Target; 13] = [
    times(ONE_LINE, KEEP_ALIVE, haproxy::NAME, 0.9),
    times(PACK, KEEP_ALIVE, nginx::NAME, 1.0),
    times(PACK, KEEP_ALIVE, haproxy::NAME, 1.0),
    times(PACK, KEEP_ALIVE, envoy::NAME, 0.5),
    times(PACK, KEEP_ALIVE, envoy::ASKING, 0.15),
    times(PACK, STREAMS, nginx::NAME, 0.8),
    times(PACK, STREAMS, haproxy::NAME, 1.3),
    times(PACK, HANDSHAKE, envoy::NAME, 1.0 / 1.2),
    times(PACK, HANDSHAKE, nginx::NAME, 1.0 / 3.0),
    times(PACK, HANDSHAKE, haproxy::NAME, 1.0 / 3.0),
    Target { ours: PACK, figure: P50, bound: Bound::AtMost(150.0) },
    times(PACK, P99, nginx::NAME, 1.0),
    Target { ours: PACK, figure: IDLE_KIB, bound: Bound::AtMost(20.0) },
];

/// Prints each target with the figure that was found.
pub fn print(table: &Table) {
    println!("\n| target | found | |\n|---|---|---|");
    for target in &TARGETS {
        println!("{}", target.row(table));
    }
    println!("\nDifferences under about {:.0} % mean nothing on a shared machine.", NOISE * 100.0);
}

const fn times(ours: &'static str, figure: Figure, peer: &'static str, factor: f64) -> Target {
    Target { ours, figure, bound: Bound::Times(peer, factor) }
}

impl Target {
    fn row(&self, table: &Table) -> String {
        let Self { ours, figure: Figure { name, .. }, bound } = self;
        let (wanted, limit, found) = match bound {
            Bound::AtMost(limit) => (format!("≤ {limit}"), *limit, table.median(ours, self.figure)),
            Bound::Times(peer, factor) => {
                let wanted = format!("≤ {factor:.2} × {peer}");
                (wanted, *factor, table.ratio(ours, peer, self.figure))
            }
        };
        let Some(found) = found else {
            return format!("| {ours}: {name} {wanted} | – | not measured |");
        };
        format!("| {ours}: {name} {wanted} | {found:.2} | {} |", verdict(found, limit))
    }
}

fn verdict(found: f64, limit: f64) -> &'static str {
    if found <= limit {
        return "met";
    }
    if found <= limit * (1.0 + NOISE) { "missed, within noise" } else { "**missed**" }
}
