//! Whose a bearer token is (RFC 7519), or why it is nobody's.
//!
//! The key comes from the issuer's set alone, and the algorithm has to be one of that key's: what a
//! token says of itself chooses among them and nothing else. Times are held against our own clock.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde_json::{Map, Value};
use std::time::Duration;

use crate::approval::Identity;
use crate::clock::Timestamp;
use crate::control::config::Oidc;
use crate::control::keys::{Key, Keys, KeysError};

/// Whose tokens are believed.
#[derive(Debug)]
pub(super) struct Issuer {
    oidc: Oidc,
    pub(super) keys: Arc<Keys>,
}

/// Why a token is nobody's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refused {
    /// It is signed in a way that is not accepted here.
    Algorithm,
    /// It is for somebody else, or not for us alone.
    Audience,
    /// A claim that is needed is missing or of another kind.
    Claim,
    /// Its time is over.
    Expired,
    /// Somebody else made it.
    Issuer,
    /// The issuer has no such key.
    Key,
    /// The issuer's keys are not known, so nothing can be said.
    NoKeys,
    /// Its name is one that only a certificate can show.
    Name,
    /// It is no token.
    Malformed,
    /// It is not that key's signature over that token.
    Signature,
    /// It counts only later.
    Untimely,
    /// The issuer has not verified the address that it names the caller by.
    Unverified,
}

impl Issuer {
    /// The issuer that `oidc` describes. Blocks on the disk.
    ///
    /// # Errors
    /// [`KeysError`].
    pub(super) fn load(oidc: Oidc) -> Result<Self, KeysError> {
        let keys = Arc::new(Keys::load(&oidc.keys)?);
        Ok(Self { oidc, keys })
    }

    /// The `iss` of their tokens.
    pub(super) fn name(&self) -> &str {
        &self.oidc.issuer
    }

    /// Whose `token` is, at the time `now`.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<Identity, Refused> {
        if token.len() > LONGEST {
            return Err(Refused::Malformed);
        }
        let head = decode_header(token).map_err(|why| Refused::from(&why))?;
        let found = self.keys.look(now, |keys| {
            let is_only = keys.len() == 1;
            let key = keys.iter().find(|key| key.is(head.kid.as_deref(), is_only, head.alg));
            key.map(|key| self.opened(token, key, head.alg))
        });
        match found {
            Some(Some(claims)) => self.bearer(&claims?, now),
            Some(None) => {
                self.keys.want();
                Err(Refused::Key)
            }
            None => Err(Refused::NoKeys),
        }
    }

    /// What the token says, if it is the issuer's and for us.
    fn opened(
        &self,
        token: &str,
        key: &Key,
        algorithm: Algorithm,
    ) -> Result<Map<String, Value>, Refused> {
        let mut rules = Validation::new(algorithm);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        rules.set_issuer(&[&self.oidc.issuer]);
        rules.set_audience(&[&self.oidc.audience]);
        // The library reads the machine's clock; `bearer` reads ours.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let opened = decode(token, &key.key, &rules).map_err(|why| Refused::from(&why))?;
        Ok(opened.claims)
    }

    fn bearer(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<Identity, Refused> {
        // The library also accepts lists that hold ours among others.
        if claims.get("iss") != Some(&Value::from(self.oidc.issuer.as_str())) {
            return Err(Refused::Issuer);
        }
        let ours = Value::from(self.oidc.audience.as_str());
        let audience = claims.get("aud");
        if audience != Some(&ours) && audience != Some(&Value::Array(vec![ours])) {
            return Err(Refused::Audience);
        }
        let ends = time(claims, "exp")?.ok_or(Refused::Claim)?;
        if now >= ends.plus(SKEW) {
            return Err(Refused::Expired);
        }
        let begins = [time(claims, "nbf")?, time(claims, "iat")?];
        if begins.into_iter().flatten().any(|begins| begins > now.plus(SKEW)) {
            return Err(Refused::Untimely);
        }
        let claim = self.oidc.claim.as_str();
        if claim == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
            return Err(Refused::Unverified);
        }
        let name = claims.get(claim).and_then(Value::as_str).ok_or(Refused::Claim)?;
        let name = Identity::parse(name).map_err(|_| Refused::Claim)?;
        match name.as_str().starts_with(SPIFFE) {
            true => Err(Refused::Name),
            false => Ok(name),
        }
    }
}

/// A time in seconds since the epoch; what is there and is none is refused.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Refused> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
    seconds.map(Timestamp::from_secs).map(Some).ok_or(Refused::Claim)
}

impl From<&jsonwebtoken::errors::Error> for Refused {
    fn from(why: &jsonwebtoken::errors::Error) -> Self {
        use jsonwebtoken::errors::ErrorKind;
        match why.kind() {
            ErrorKind::InvalidAlgorithm
            | ErrorKind::InvalidAlgorithmName
            | ErrorKind::UnsupportedAlgorithm => Self::Algorithm,
            ErrorKind::InvalidAudience => Self::Audience,
            ErrorKind::InvalidIssuer => Self::Issuer,
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => Self::Claim,
            _ => Self::Malformed,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Algorithm => "the token is signed in a way that is not accepted here",
            Self::Audience => "the token is not for Countersign, or not for it alone",
            Self::Claim => "a claim that is needed is missing, or of another kind",
            Self::Expired => "the token has expired; sign in again",
            Self::Issuer => "the token is another issuer's",
            Self::Key => "the token's issuer has no such key",
            Self::NoKeys => "the issuer's keys are not known yet, or were not confirmed for a day",
            Self::Name => "the token names its bearer as only a certificate may",
            Self::Malformed => "this is no token that can be read",
            Self::Signature => "the token's signature is wrong",
            Self::Untimely => "the token counts only later",
            Self::Unverified => "the issuer has not verified the address that the token names",
        })
    }
}

/// What the names begin with that certificates show.
const SPIFFE: &str = "spiffe://";

/// How far the issuer's clock may be off.
const SKEW: Duration = Duration::from_secs(60);

/// The longest token, in bytes.
const LONGEST: usize = 8 << 10;
