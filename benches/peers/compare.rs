//! The whole run: everybody takes one turn, then everybody takes the next.
//!
//! Rounds are interleaved because a shared machine grows faster and slower over minutes: peers are
//! compared within a round, and the rounds' ratios are what the targets are judged by.

use std::io;
use std::time::Instant;

use crate::measure::Turn;
use crate::options::Options;
use crate::peer;
use crate::scene::Scene;
use crate::table::Table;
use crate::target;

/// Starts each peer in turn, measures it, and prints the table.
///
/// # Errors
///
/// The machine lacks util-linux or a second core, or nobody can take part.
pub fn run(options: &Options) -> io::Result<()> {
    if std::thread::available_parallelism()?.get() < 2 {
        return Err(io::Error::other("needs two cores: one for the proxy, one for the load"));
    }
    let start = Instant::now();
    let scene = Scene::set()?;
    let peers = peer::gather(&scene, options);
    if peers.is_empty() {
        return Err(io::Error::other("nobody can take part"));
    }
    let mut table = Table::new(peers.iter().map(|peer| peer.name).collect());
    for round in 1..=options.rounds {
        for peer in &peers {
            eprintln!("round {round} of {}: {}", options.rounds, peer.name);
            match Turn::take(peer, &scene, options.measurement) {
                Ok(turn) => table.add(peer.name, round, turn),
                Err(error) => eprintln!("{}: no figures this round: {error}", peer.name),
            }
        }
    }
    table.print_medians();
    table.print_ratios();
    target::print(&table);
    eprintln!("took {} s", start.elapsed().as_secs());
    Ok(())
}
