//! What the command line says: which part this process plays, and how long a comparison takes.
//!
//! Durations are capped here, once, so that no option can make the run endless.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::load::{Order, Shape};

const ROUNDS: usize = 3;
const ROUNDS_MAX: usize = 20;
const SECONDS: f64 = 4.0;
const SECONDS_MAX: f64 = 30.0;
const QUICK_ROUNDS: usize = 2;
const QUICK_SECONDS: f64 = 1.0;

/// The part that this process plays.
#[derive(Debug)]
pub enum Role {
    /// Answer requests, as the API behind every proxy.
    Backend {
        /// What a request must carry to be answered 200; an empty string accepts everything.
        credential: String,
        /// Length of the answer's body.
        body_bytes: usize,
    },
    /// Start the peers in turn, measure them and print the table.
    Compare(Options),
    /// Send requests to one proxy.
    Load(Order),
    /// Not asked for by `cargo bench`: do nothing.
    Rest,
}

/// How long and how often to measure, and whom.
#[derive(Debug)]
pub struct Options {
    /// Turns that each peer gets; the table shows their median.
    pub rounds: usize,
    /// Length of one measurement.
    pub measurement: Duration,
    /// Peers whose name starts with one of these take part; empty means all.
    pub only: Vec<String>,
}

impl Role {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    ///
    /// An unknown option, or a value that does not parse.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> io::Result<Self> {
        let arguments: Vec<String> = arguments.collect();
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["backend", credential, body_bytes] => Ok(Self::Backend {
                credential: (*credential).to_owned(),
                body_bytes: number(body_bytes)?,
            }),
            ["load", shape, address, pki, seconds] => Ok(Self::Load(Order {
                shape: Shape::from_name(shape)?,
                address: number::<SocketAddr>(address)?,
                pki: PathBuf::from(pki),
                length: seconds_at_most_the_maximum(number(seconds)?),
            })),
            // Cargo passes `--bench` when it means to measure, and not when it tests.
            words if words.contains(&"--bench") => Ok(Self::Compare(Options::parse(words)?)),
            _ => Ok(Self::Rest),
        }
    }
}

impl Options {
    fn parse(words: &[&str]) -> io::Result<Self> {
        let mut rounds = ROUNDS;
        let mut seconds = SECONDS;
        let mut only = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--bench" => {}
                "--quick" => (rounds, seconds) = (QUICK_ROUNDS, QUICK_SECONDS),
                "--rounds" => rounds = number(value(word, words.next())?)?,
                "--seconds" => seconds = number(value(word, words.next())?)?,
                "--only" => only = list(value(word, words.next())?),
                other => return Err(unknown(other)),
            }
        }
        Ok(Self {
            rounds: rounds.clamp(1, ROUNDS_MAX),
            measurement: seconds_at_most_the_maximum(seconds),
            only,
        })
    }

    /// Whether the peer of this name takes part.
    pub fn wants(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.only.is_empty() || self.only.iter().any(|start| name.starts_with(start))
    }
}

fn value<'a>(option: &str, word: Option<&&'a str>) -> io::Result<&'a str> {
    word.copied().ok_or_else(|| io::Error::other(format!("{option} needs a value after it")))
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_lowercase()).collect()
}

fn number<T: std::str::FromStr>(text: &str) -> io::Result<T> {
    text.parse().map_err(|_| io::Error::other(format!("cannot read {text:?} as a value")))
}

fn seconds_at_most_the_maximum(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.2, SECONDS_MAX))
}

fn unknown(option: &str) -> io::Error {
    io::Error::other(format!(
        "unknown option {option}; there are --quick, --rounds N, --seconds S and --only NAME,NAME"
    ))
}
