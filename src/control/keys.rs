//! An issuer's public keys: from a file, or from its server and fetched again as they change.
//!
//! What was fetched last stays in use while the server cannot be reached, for a day and no longer: a
//! key that its issuer has withdrawn must not count for ever.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use std::time::Duration;
use tokio::sync::Notify;

use crate::clock::Timestamp;
use crate::control::config::KeysAt;
use crate::fetch::{self, FetchError, Place};
use crate::upstream::tls::TlsError;

/// The keys as they are known now.
pub(super) struct Keys {
    known: ArcSwapOption<Known>,
    server: Option<Server>,
}

/// A server that has keys.
struct Server {
    config: fetch::Config,
    place: Place,
    /// Somebody shows a key that is not known.
    wanted: Notify,
}

struct Known {
    keys: Vec<Key>,
    /// When the server said so; nothing, where they are a file's.
    since: Option<Timestamp>,
}

/// One key, and the algorithms that it may be used with.
pub(super) struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    pub(super) key: DecodingKey,
}

/// Why there are no keys.
#[derive(Debug)]
pub enum KeysError {
    /// The file cannot be read.
    Read(std::io::Error),
    /// It is no set of keys, or none of them can be used.
    Set(&'static str),
    /// TLS with the server cannot be set up.
    Tls(TlsError),
}

/// Why a fetch brought nothing.
#[derive(Debug)]
pub(super) enum Unfetched {
    Fetch(FetchError),
    Set(&'static str),
}

impl Keys {
    /// The keys at that place; those of a server are fetched later. Blocks on the disk.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(super) fn load(at: &KeysAt) -> Result<Self, KeysError> {
        match at {
            KeysAt::File(path) => {
                let known = Known { keys: from_file(path)?, since: None };
                Ok(Self { known: ArcSwapOption::from_pointee(known), server: None })
            }
            KeysAt::Server(config) => {
                let place = Place::new(fetch::Config::clone(config)).map_err(KeysError::Tls)?;
                let server =
                    Server { config: fetch::Config::clone(config), place, wanted: Notify::new() };
                Ok(Self { known: ArcSwapOption::empty(), server: Some(server) })
            }
        }
    }

    /// Takes over what `before` has fetched from the same server.
    pub(super) fn adopt(&self, before: &Self) {
        let config = |keys: &Self| keys.server.as_ref().map(|server| server.config.clone());
        if self.server.is_some() && config(self) == config(before) {
            self.known.store(before.known.load_full());
        }
    }

    /// What `look` finds among the keys that count at `now`; `None` if none do.
    pub(super) fn look<T>(&self, now: Timestamp, look: impl FnOnce(&[Key]) -> T) -> Option<T> {
        let known = self.known.load();
        let known = known.as_deref()?;
        let counts = known.since.is_none_or(|since| now.since(since) < STALE);
        counts.then(|| look(&known.keys))
    }

    /// Says that a key is missing which the server may have by now.
    pub(super) fn want(&self) {
        if let Some(server) = &self.server {
            server.wanted.notify_one();
        }
    }

    /// Fetches them, if they are a server's.
    ///
    /// # Errors
    /// [`Unfetched`]; what was known before still is.
    pub(super) async fn fetch(&self, now: Timestamp) -> Result<(), Unfetched> {
        let Some(server) = &self.server else { return Ok(()) };
        let fetched = server.place.get(None, Duration::ZERO).await.map_err(Unfetched::Fetch)?;
        let document = fetched.document.unwrap_or_default();
        let keys = usable(&document).map_err(Unfetched::Set)?;
        self.known.store(Some(Arc::new(Known { keys, since: Some(now) })));
        Ok(())
    }

    /// Resolves when it is time to fetch them again; never, if they are a file's.
    pub(super) async fn due(&self) {
        let Some(server) = &self.server else { return std::future::pending().await };
        let missing = async {
            server.wanted.notified().await;
            tokio::time::sleep(SHORTEST).await;
        };
        tokio::select! {
            () = tokio::time::sleep(server.config.every) => {}
            () = missing => {}
        }
    }
}

impl Key {
    /// Whether it is called `id` and may be used with `algorithm`. A key of a set of one need not be
    /// named.
    pub(super) fn is(&self, id: Option<&str>, is_only: bool, algorithm: Algorithm) -> bool {
        let is_named = match id {
            Some(id) => self.id.as_deref() == Some(id),
            None => is_only,
        };
        is_named && self.algorithms.contains(&algorithm)
    }

    fn of(jwk: &Jwk) -> Option<Self> {
        let is_for_signing =
            jwk.common.public_key_use.as_ref().is_none_or(|u| *u == PublicKeyUse::Signature);
        let fitting = fitting(&jwk.algorithm);
        let stated = jwk.common.key_algorithm;
        let algorithms = fitting.iter().copied();
        let algorithms: Vec<_> = algorithms
            .filter(|one| stated.is_none_or(|stated| KeyAlgorithm::from(*one) == stated))
            .collect();
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let id = jwk.common.key_id.clone();
        (is_for_signing && !algorithms.is_empty()).then_some(Self { id, algorithms, key })
    }
}

/// The algorithms that such a key can be used with. None that shares a secret with the verifier.
fn fitting(key: &AlgorithmParameters) -> &'static [Algorithm] {
    use jsonwebtoken::jwk::EllipticCurve;
    match key {
        AlgorithmParameters::RSA(_) => &[
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
        ],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[Algorithm::ES256],
            EllipticCurve::P384 => &[Algorithm::ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            &[Algorithm::EdDSA]
        }
        _ => &[],
    }
}

fn from_file(path: &Path) -> Result<Vec<Key>, KeysError> {
    let document = std::fs::read(path).map_err(KeysError::Read)?;
    usable(&document).map_err(KeysError::Set)
}

/// The keys of a set that can be used; others are passed over, as RFC 7517 §5 asks.
fn usable(document: &[u8]) -> Result<Vec<Key>, &'static str> {
    if document.len() > LARGEST {
        return Err("it is larger than 256 KiB");
    }
    let set: JwkSet =
        serde_json::from_slice(document).map_err(|_| "it is no JSON Web Key Set (RFC 7517)")?;
    if set.keys.len() > MOST {
        return Err("it has more than 100 keys");
    }
    let keys: Vec<_> = set.keys.iter().filter_map(Key::of).collect();
    match keys.is_empty() {
        true => Err("it has no public key of a kind that signs: RSA, P-256, P-384 or Ed25519"),
        false => Ok(keys),
    }
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(why) => write!(f, "the keys cannot be read: {why}"),
            Self::Set(why) => write!(f, "the keys cannot be used: {why}"),
            Self::Tls(why) => write!(f, "the keys' server cannot be asked: {why}"),
        }
    }
}

impl fmt::Display for Unfetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(why) => why.fmt(f),
            Self::Set(why) => f.write_str(why),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// How long keys count that their server does not confirm.
const STALE: Duration = Duration::from_secs(86_400);

/// The shortest time between two fetches that unknown keys bring about.
const SHORTEST: Duration = Duration::from_secs(10);

/// The largest set, in bytes.
const LARGEST: usize = 256 << 10;

/// The most keys of one set.
const MOST: usize = 100;
