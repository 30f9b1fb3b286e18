//! What a configuration says of the control door.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::approval::Identity;
use crate::fetch;
use crate::identity::trust::TrustConfig;
use crate::identity::{SpiffeId, TrustDomain};

/// Who is let in, and who of them may change things.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Whose certificates say who calls. None of these trust domains has agents.
    pub trust: Vec<TrustConfig>,
    /// Whose tokens do.
    pub oidc: Option<Oidc>,
    /// Who may read everything, and revoke, cancel and lift.
    pub operators: BTreeSet<Identity>,
    /// Whose security events are heard.
    pub transmitters: Vec<Transmitter>,
}

/// Somebody whose security events are heard.
#[derive(Clone, Debug)]
pub struct Transmitter {
    /// What the operator calls them.
    pub name: String,
    /// Who makes the events: their `iss`.
    pub issuer: String,
    /// Whom they are made for: ours among their `aud`.
    pub audience: String,
    /// Where the issuer's public keys are.
    pub keys: KeysAt,
    /// The trust domains whose agents they may speak about.
    pub trust_domains: Vec<TrustDomain>,
    /// The agents that they may speak about, and those whose path goes on from there.
    pub agents: Vec<SpiffeId>,
}

/// Whose tokens are believed, and what of them.
#[derive(Clone, Debug)]
pub struct Oidc {
    /// Who makes them: their `iss`.
    pub issuer: String,
    /// Whom they are made for: their one `aud`.
    pub audience: String,
    /// The claim that is the caller's name.
    pub claim: String,
    /// Where the issuer's public keys are.
    pub keys: KeysAt,
}

/// Where an issuer's public keys are: a JSON Web Key Set (RFC 7517).
#[derive(Clone, Debug)]
pub enum KeysAt {
    /// In this file.
    File(PathBuf),
    /// At this server, asked again and again.
    Server(Box<fetch::Config>),
}
