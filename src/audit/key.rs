//! The Ed25519 key that signs a trail's checkpoints, and the name that it signs under.

use std::fmt;
use std::path::Path;

use crate::audit::note::{Checkpoint, Origin, VerifierKey, signed_note};
use crate::ed25519::{KeyError, Pair};

/// A private key with the name that it signs under.
pub struct SigningKey {
    pair: Pair,
    verifier: VerifierKey,
}

impl SigningKey {
    /// Loads the key in `path`, to sign as `origin`.
    ///
    /// # Errors
    /// As [`Pair::load`].
    pub fn load(path: &Path, origin: Origin) -> Result<Self, KeyError> {
        Ok(Self::new(Pair::load(path)?, origin))
    }

    /// Makes a fresh key and writes it to `path`, which must not exist yet, with mode 0600.
    ///
    /// # Errors
    /// As [`Pair::make`].
    pub fn make(path: &Path, origin: Origin) -> Result<Self, KeyError> {
        Ok(Self::new(Pair::make(path)?, origin))
    }

    /// `pair`, to sign as `origin`.
    pub(super) fn new(pair: Pair, origin: Origin) -> Self {
        let verifier = VerifierKey::new(origin, pair.public());
        Self { pair, verifier }
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// `checkpoint` as a signed note.
    pub(super) fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let signature = self.pair.sign(text.as_bytes());
        signed_note(&text, &self.verifier, &signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifier)
    }
}
