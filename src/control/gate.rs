//! Lets in whom a certificate of people's own trust domains or a token names, and nobody else.
//!
//! An agent's certificate says nothing here: its trust domain is not one of these, which the
//! configuration makes sure of.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use crate::approval::{Identity, People};
use crate::clock::Timestamp;
use crate::control::caller::Caller;
use crate::control::config::{self, Config};
use crate::control::failure::Failure;
use crate::control::keys::{Keys, KeysError};
use crate::control::token::Issuer;
use crate::control::transmitter::Transmitter;
use crate::listener::Guest;
use crate::listener::serve::Security;

/// Who is let in, as one configuration says. A reload makes another.
#[derive(Debug)]
pub struct Gate {
    /// For handshakes, and for the check before each request.
    pub(super) security: Security,
    pub(super) issuer: Option<Issuer>,
    /// Whose security events are heard.
    pub(super) transmitters: Vec<Transmitter>,
    operators: BTreeSet<Identity>,
}

/// What somebody shows to say who they are.
#[derive(Debug)]
pub(super) struct Shown {
    /// Their connection, with its certificate.
    pub(super) guest: Rc<Guest>,
    /// The request's headers, with its token.
    pub(super) headers: HeaderMap,
}

/// Whose keys cannot be used, and why.
#[derive(Debug)]
pub enum GateError {
    /// Those of the issuer of people's tokens.
    Issuer(KeysError),
    /// Those of the transmitter of this name.
    Transmitter(String, KeysError),
}

impl Gate {
    /// The gate that `config` describes, with what its handshakes need. Blocks on the disk.
    ///
    /// # Errors
    /// [`GateError`].
    pub fn load(config: Config, security: Security) -> Result<Self, GateError> {
        let issuer = config.oidc.map(Issuer::load).transpose().map_err(GateError::Issuer)?;
        let transmitter = |config: config::Transmitter| {
            let name = config.name.clone();
            Transmitter::load(config).map_err(|why| GateError::Transmitter(name, why))
        };
        let transmitters = config.transmitters.into_iter().map(transmitter);
        let transmitters = transmitters.collect::<Result<_, _>>()?;
        Ok(Self { security, issuer, transmitters, operators: config.operators })
    }

    /// All keys that are to be kept up to date, each with whose they are.
    pub(super) fn keys(&self) -> Vec<(String, Arc<Keys>)> {
        let issuer = self.issuer.iter().map(|one| ("control.oidc".to_owned(), &one.keys));
        let transmitters = self.transmitters.iter();
        let transmitters =
            transmitters.map(|one| (format!("signals.receive.{}", one.name()), &one.keys));
        issuer.chain(transmitters).map(|(whose, keys)| (whose, Arc::clone(keys))).collect()
    }

    /// Whether people's tokens are those of `issuer`.
    pub(super) fn is_issuer(&self, issuer: &str) -> bool {
        self.issuer.as_ref().is_some_and(|one| one.name() == issuer)
    }

    /// Takes over what `before` has fetched.
    pub(super) fn adopt(&self, before: &Self) {
        for (whose, keys) in self.keys() {
            let before = before.keys().into_iter().find(|(one, _)| *one == whose);
            before.iter().for_each(|(_, before)| keys.adopt(before));
        }
    }

    /// Who asks, by their certificate or by their token.
    ///
    /// # Errors
    /// [`Failure::Anonymous`], [`Failure::Certificate`], [`Failure::Token`], [`Failure::TwoNames`];
    /// [`Failure::Stranger`], if they are nobody who may do anything.
    pub(super) fn admit(
        &self,
        shown: &Shown,
        people: &People,
        now: Timestamp,
    ) -> Result<Caller, Failure> {
        let shown_id = shown.guest.spiffe_id(&self.security.trust);
        let token = bearer(&shown.headers)?;
        let name = match (shown_id.map_err(Failure::Certificate)?, token) {
            (Some(_), Some(_)) => return Err(Failure::TwoNames),
            (Some(id), None) => Identity::parse(id.as_str()).map_err(|_| Failure::Anonymous)?,
            (None, Some(token)) => {
                let issuer = self.issuer.as_ref().ok_or(Failure::Anonymous)?;
                issuer.verify(token, now).map_err(Failure::Token)?
            }
            (None, None) => return Err(Failure::Anonymous),
        };
        let is_operator = self.operators.get(&name).is_some_and(|one| one.is_exactly(&name));
        Caller::new(name.clone(), is_operator, people).ok_or(Failure::Stranger(name))
    }
}

/// The one bearer token (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (all.next(), all.next());
    if second.is_some() {
        return Err(Failure::TwoNames);
    }
    let Some(value) = first else { return Ok(None) };
    let text = HeaderValue::to_str(value).map_err(|_| Failure::Anonymous)?;
    let (scheme, token) = text.split_once(' ').ok_or(Failure::Anonymous)?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    is_bearer.then_some(Some(token)).ok_or(Failure::Anonymous)
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issuer(why) | Self::Transmitter(_, why) => why.fmt(f),
        }
    }
}

impl std::error::Error for GateError {}
