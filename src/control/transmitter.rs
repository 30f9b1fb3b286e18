//! Who may tell of security events, and whether an event is theirs.
//!
//! The event's own signature is what proves it: by a key of its issuer's set, with an algorithm of
//! that key, and of the type that no other token has. What its issuer may speak about is written in
//! the configuration, and without a word there it is nobody.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::control::config;
use crate::control::keys::{Key, Keys, KeysError};
use crate::control::unheard::Unheard;
use crate::identity::SpiffeId;

/// Somebody whose events are heard.
#[derive(Debug)]
pub(super) struct Transmitter {
    config: config::Transmitter,
    pub(super) keys: Arc<Keys>,
}

/// The claims of a token, as they are.
type Claims = Map<String, Value>;

impl Transmitter {
    /// Who `config` describes. Blocks on the disk.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(super) fn load(config: config::Transmitter) -> Result<Self, KeysError> {
        let keys = Arc::new(Keys::load(&config.keys)?);
        Ok(Self { config, keys })
    }

    /// What the operator calls them.
    pub(super) fn name(&self) -> &str {
        &self.config.name
    }

    /// The `iss` of their events.
    pub(super) fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// Whether they may say something about `agent`.
    pub(super) fn may_speak_of(&self, agent: &SpiffeId) -> bool {
        let is_of = |path: &SpiffeId| {
            let rest = agent.as_str().strip_prefix(path.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let domain = agent.trust_domain();
        self.config.trust_domains.iter().any(|one| one.as_str() == domain)
            || self.config.agents.iter().any(is_of)
    }

    /// What `token` says, if it is theirs and for us.
    ///
    /// # Errors
    /// [`Unheard`].
    fn opened(&self, token: &str, now: Timestamp) -> Result<Claims, Unheard> {
        let head = decode_header(token).map_err(|_| Unheard::Unreadable)?;
        if !is_security_event(&head) {
            return Err(Unheard::Type);
        }
        let found = self.keys.look(now, |keys| {
            let is_only = keys.len() == 1;
            let key = keys.iter().find(|key| key.is(head.kid.as_deref(), is_only, head.alg));
            key.map(|key| verified(token, key, head.alg))
        });
        let claims = match found {
            Some(Some(claims)) => claims?,
            Some(None) => {
                self.keys.want();
                return Err(Unheard::Key);
            }
            None => return Err(Unheard::NoKeys),
        };
        // What was looked up by its unproved issuer is proved to be theirs now.
        if claims.get("iss").and_then(Value::as_str) != Some(self.issuer()) {
            return Err(Unheard::Issuer);
        }
        match is_for(&claims, &self.config.audience) {
            true => Ok(claims),
            false => Err(Unheard::Audience),
        }
    }
}

/// Whose `token` is, and what it says.
///
/// # Errors
/// [`Unheard`].
pub(super) fn opened<'a>(
    all: &'a [Transmitter],
    token: &str,
    now: Timestamp,
) -> Result<(&'a Transmitter, Claims), Unheard> {
    let issuer = claimed_issuer(token).ok_or(Unheard::Unreadable)?;
    let theirs = all.iter().find(|one| one.issuer() == issuer).ok_or(Unheard::Issuer)?;
    Ok((theirs, theirs.opened(token, now)?))
}

/// Who a token says it is from. Nothing is proved by it.
fn claimed_issuer(token: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    Some(claims.get("iss")?.as_str()?.to_owned())
}

/// Whether a token is meant to be a security event (RFC 8417 §2.3), and asks for nothing that is not
/// known here.
fn is_security_event(head: &Header) -> bool {
    let kind = head.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
    kind.strip_prefix("application/").unwrap_or(&kind) == "secevent+jwt" && head.crit.is_none()
}

fn verified(token: &str, key: &Key, algorithm: Algorithm) -> Result<Claims, Unheard> {
    let mut rules = Validation::new(algorithm);
    // The signature alone: the claims are looked at by us, and their times by our clock.
    rules.set_required_spec_claims::<&str>(&[]);
    rules.validate_exp = false;
    rules.validate_nbf = false;
    rules.validate_aud = false;
    let opened = decode(token, &key.key, &rules).map_err(|_| Unheard::Signature)?;
    Ok(opened.claims)
}

fn is_for(claims: &Claims, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(all)) => all.iter().any(|one| one == audience),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Transmitter, config};
    use crate::control::config::KeysAt;
    use crate::identity::{SpiffeId, TrustDomain};

    #[test]
    fn a_transmitter_speaks_about_nobody_but_those_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#);
        std::fs::write(&path, set).unwrap();
        let of = |domains: &[&str], agents: &[&str]| {
            let agents = agents.iter().map(|id| SpiffeId::parse(id).unwrap());
            let domains = domains.iter();
            Transmitter::load(config::Transmitter {
                name: "idp".to_owned(),
                issuer: "https://id.example.org".to_owned(),
                audience: "countersign".to_owned(),
                keys: KeysAt::File(path.clone()),
                trust_domains: domains.map(|one| TrustDomain::parse(one).unwrap()).collect(),
                agents: agents.collect(),
            })
            .unwrap()
        };
        let team = "spiffe://example.org/team";
        for (transmitter, agent, may) in [
            (of(&[], &[]), "spiffe://example.org/team/a", false),
            (of(&["example.org"], &[]), "spiffe://example.org/team/a", true),
            (of(&["example.org"], &[]), "spiffe://example.organ/team/a", false),
            (of(&[], &[team]), "spiffe://example.org/team/a", true),
            (of(&[], &[team]), team, true),
            (of(&[], &[team]), "spiffe://example.org/teams", false),
            (of(&[], &[team]), "spiffe://other.org/team/a", false),
        ] {
            let agent = SpiffeId::parse(agent).unwrap();
            assert_eq!(transmitter.may_speak_of(&agent), may, "{agent}");
        }
    }
}
