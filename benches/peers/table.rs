//! What was found, as Markdown: each peer's medians, and Countersign beside each of them.
//!
//! Ratios are taken within a round and their median is shown, because a peer that was measured
//! minutes later met another machine.

use crate::load::idle::CONNECTIONS;
use crate::measure::Turn;
use crate::peer::countersign;

/// One figure of a turn.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its heading.
    pub name: &'static str,
    /// How it is read.
    pub of: fn(&Turn) -> f64,
}

/// CPU of a request on a kept HTTP/1.1 connection.
pub const KEEP_ALIVE: Figure = Figure { name: "h1 CPU µs", of: |turn| turn.keep_alive.cpu_us() };
/// CPU of a request on an h2 stream.
pub const STREAMS: Figure = Figure { name: "h2 CPU µs", of: |turn| turn.streams.cpu_us() };
/// CPU of a new connection and its one request, X25519.
pub const HANDSHAKE: Figure =
    Figure { name: "handshake CPU µs", of: |turn| turn.handshakes.cpu_us() };
/// The same with hybrid key exchange offered.
pub const HYBRID: Figure =
    Figure { name: "hybrid handshake CPU µs", of: |turn| turn.hybrid.cpu_us() };
/// Half of the answers at 1,000 requests a second were faster.
pub const P50: Figure = Figure { name: "p50 µs", of: |turn| turn.steady.outcome.p50_us };
/// All but one in a hundred were faster.
pub const P99: Figure = Figure { name: "p99 µs", of: |turn| turn.steady.outcome.p99_us };
/// Memory that one idle connection holds.
pub const IDLE_KIB: Figure = Figure {
    name: "KiB per idle connection",
    of: |turn| turn.held_kib.saturating_sub(turn.idle_kib) as f64 / CONNECTIONS as f64,
};

const RATE: Figure = Figure { name: "req/s", of: |turn| turn.keep_alive.rate() };
const BUSY: Figure = Figure { name: "busy", of: |turn| turn.keep_alive.busy() };
const IDLE_MB: Figure = Figure { name: "idle MB", of: |turn| megabytes(turn.idle_kib) };
const HELD_MB: Figure = Figure { name: "held MB", of: |turn| megabytes(turn.held_kib) };

/// All turns that were taken.
#[derive(Debug)]
pub struct Table {
    names: Vec<&'static str>,
    turns: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: &'static str,
    round: usize,
    turn: Turn,
}

impl Table {
    /// A table with these rows and no figures yet.
    pub fn new(names: Vec<&'static str>) -> Self {
        Self { names, turns: Vec::new() }
    }

    /// Enters one turn; says on standard error what went wrong in it.
    pub fn add(&mut self, name: &'static str, round: usize, turn: Turn) {
        for complaint in turn.complaints() {
            eprintln!("{name}: {complaint}");
        }
        self.turns.push(Entry { name, round, turn });
    }

    /// The median of a peer's figure over its turns; nothing when it took none.
    pub fn median(&self, name: &str, figure: Figure) -> Option<f64> {
        let turns = self.turns.iter().filter(|entry| entry.name == name);
        median(turns.map(|entry| (figure.of)(&entry.turn)).collect())
    }

    /// The median, over the rounds that both took part in, of `name`'s figure by `peer`'s.
    pub fn ratio(&self, name: &str, peer: &str, figure: Figure) -> Option<f64> {
        let ours = self.turns.iter().filter(|entry| entry.name == name);
        let paired = ours.filter_map(|our| {
            let same = |their: &&Entry| their.name == peer && their.round == our.round;
            let their = self.turns.iter().find(same)?;
            Some((figure.of)(&our.turn) / (figure.of)(&their.turn))
        });
        median(paired.collect())
    }

    /// Prints the medians of every peer.
    pub fn print_medians(&self) {
        println!(
            "\n| peer | h1, 64 connections: CPU µs/req | req/s on one core (core busy) \
            | h2, 8 × 8 streams: CPU µs/req | full mTLS handshake: CPU µs, X25519 / hybrid offered \
            | at 1,000 req/s: p50 / p99 µs | RSS idle → 1,000 idle connections, MB |"
        );
        println!("|---|---|---|---|---|---|---|");
        for name in &self.names {
            let value = |figure| self.median(name, figure).unwrap_or(f64::NAN);
            println!(
                "| {name} | {:.1} | {:.0} ({:.0} %) | {:.1} | {:.0} / {:.0} | {:.0} / {:.0} | {:.0} → {:.0} |",
                value(KEEP_ALIVE),
                value(RATE),
                value(BUSY) * 100.0,
                value(STREAMS),
                value(HANDSHAKE),
                value(HYBRID),
                value(P50),
                value(P99),
                value(IDLE_MB),
                value(HELD_MB),
            );
        }
    }

    /// Prints Countersign's figures as multiples of each other peer's.
    pub fn print_ratios(&self) {
        let figures = [KEEP_ALIVE, STREAMS, HANDSHAKE, HYBRID, P50, P99, IDLE_KIB];
        for ours in [countersign::ONE_LINE, countersign::PACK] {
            if !self.names.contains(&ours) {
                continue;
            }
            let heads: String =
                figures.iter().map(|figure| format!(" {} |", figure.name)).collect();
            println!("\n| {ours} ÷ |{heads}\n|---|{}", "---|".repeat(figures.len()));
            for peer in self.names.iter().filter(|name| **name != ours) {
                let cell = |figure: &Figure| match self.ratio(ours, peer, *figure) {
                    Some(ratio) => format!(" {ratio:.2} |"),
                    None => " – |".to_owned(),
                };
                println!("| {peer} |{}", figures.iter().map(cell).collect::<String>());
            }
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        count if count % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

fn megabytes(kib: u64) -> f64 {
    kib as f64 * 1024.0 / 1e6
}
