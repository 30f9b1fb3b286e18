//! Checkpoints: the size and the root of a trail, signed (C2SP tlog-checkpoint and signed-note).
//!
//! A hash chain alone still fits after its tail is cut off; a signed size does not. The text that
//! is signed is three lines (origin, size, root) and nothing else: extension lines are allowed by
//! the format and not recommended, so a note that has one is not ours. A note is only ever believed
//! after [`VerifierKey::open`] has checked its signature.

use std::fmt;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::audit::tree::Hash;

/// What a checkpoint says: the trail of `origin` had `size` entries under `root`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// Which trail; a URL without a scheme, by convention.
    pub origin: Origin,
    /// How many entries.
    pub size: u64,
    /// The RFC 6962 root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed: three lines.
    pub(super) fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let origin = Origin::parse(lines.next()?)?;
        let digits = lines.next()?;
        let size: u64 = digits.parse().ok()?;
        let root = Hash::parse(lines.next()?)?;
        let parsed = Self { origin, size, root };
        // What parses must be what would have been printed: no `+1`, no leading zero, no more lines.
        (parsed.text() == text).then_some(parsed)
    }
}

/// The name of a trail and of the key that signs it: not empty, no spaces, no `+`, no controls.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin(String);

impl Origin {
    /// Checks `text`; `None` if it cannot stand in a signed note.
    pub fn parse(text: &str) -> Option<Self> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        (!text.is_empty() && text.len() <= ORIGIN && !text.contains(bad))
            .then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public half of a trail's key, in C2SP's `name+id+key` form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifierKey {
    name: Origin,
    key: [u8; 32],
}

impl VerifierKey {
    pub(super) fn new(name: Origin, key: [u8; 32]) -> Self {
        Self { name, key }
    }

    /// Reads what [`Display`](fmt::Display) printed; a final newline is allowed.
    ///
    /// # Errors
    /// If it is not a verifier key, is not of the Ed25519 kind, or its id is not its own.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let name = Origin::parse(name).ok_or(NoteError::Key)?;
        let typed = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let Some((&ALGORITHM, key)) = typed.split_first() else { return Err(NoteError::Key) };
        let parsed = Self::new(name, key.try_into().map_err(|_| NoteError::Key)?);
        if parsed.to_string() != format!("{}+{id}+{}", parsed.name, STANDARD.encode(&typed)) {
            return Err(NoteError::Key);
        }
        Ok(parsed)
    }

    /// Whose key it is.
    pub fn name(&self) -> &Origin {
        &self.name
    }

    /// The first four bytes of `SHA-256(name || 0x0A || 0x01 || key)`.
    pub(super) fn id(&self) -> [u8; 4] {
        let mut bytes = self.name.as_str().as_bytes().to_vec();
        bytes.extend([b'\n', ALGORITHM]);
        bytes.extend(self.key);
        let hash = Hash::of(&bytes);
        let [a, b, c, d, ..] = *hash.as_bytes();
        [a, b, c, d]
    }

    /// Checks a signed note and returns what it says.
    ///
    /// Signatures by other keys (witnesses) are passed over, as the format asks; one by this key
    /// must be there and must be good.
    ///
    /// # Errors
    /// If the note is malformed, lacks this key's signature, or that signature is wrong.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let at = note.find("\n\n").ok_or(NoteError::Malformed)?;
        let (text, signatures) = (&note[..at + 1], &note[at + 2..]);
        let signatures = signatures.strip_suffix('\n').ok_or(NoteError::Malformed)?;
        let mut signed = false;
        for line in signatures.split('\n').take(SIGNATURES) {
            signed |= self.signed(text, line)?;
        }
        if !signed {
            return Err(NoteError::Unsigned);
        }
        let checkpoint = Checkpoint::parse(text).ok_or(NoteError::Malformed)?;
        if checkpoint.origin != self.name {
            return Err(NoteError::Unsigned);
        }
        Ok(checkpoint)
    }

    /// Whether `line` is this key's good signature of `text`; `false` if it is another key's.
    fn signed(&self, text: &str, line: &str) -> Result<bool, NoteError> {
        let line = line.strip_prefix(DASH).ok_or(NoteError::Malformed)?;
        let (name, signature) = line.split_once(' ').ok_or(NoteError::Malformed)?;
        let signature = STANDARD.decode(signature).map_err(|_| NoteError::Malformed)?;
        let Some((id, signature)) = signature.split_at_checked(4) else {
            return Err(NoteError::Malformed);
        };
        if name != self.name.as_str() || id != self.id() {
            return Ok(false);
        }
        let key = UnparsedPublicKey::new(&ED25519, self.key);
        key.verify(text.as_bytes(), signature).map_err(|_| NoteError::Signature)?;
        Ok(true)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let typed = [&[ALGORITHM], &self.key[..]].concat();
        write!(f, "{}+{id:08x}+{}", self.name, STANDARD.encode(typed))
    }
}

/// The signature line that makes `text` a note.
pub(super) fn signed_note(text: &str, key: &VerifierKey, signature: &[u8]) -> String {
    let blob = [&key.id()[..], signature].concat();
    format!("{text}\n{DASH}{} {}\n", key.name, STANDARD.encode(blob))
}

/// Why a note or a verifier key was not believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoteError {
    /// The text is no verifier key of an Ed25519 key.
    Key,
    /// The note does not have the form of a signed checkpoint.
    Malformed,
    /// The signature by this key is wrong.
    Signature,
    /// There is no signature by this key.
    Unsigned,
}

impl fmt::Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "not an Ed25519 verifier key (name+id+key, as in key.vkey)",
            Self::Malformed => "the checkpoint is not a signed note of origin, size and root",
            Self::Signature => "the checkpoint's signature is wrong",
            Self::Unsigned => "the checkpoint is not signed by this key",
        })
    }
}

impl std::error::Error for NoteError {}

/// C2SP's number for Ed25519 keys and signatures.
const ALGORITHM: u8 = 1;
/// What a signature line starts with: an em dash and a space.
const DASH: &str = "\u{2014} ";
/// The longest origin, in bytes.
const ORIGIN: usize = 255;
/// How many signature lines of a note are looked at.
const SIGNATURES: usize = 16;

#[cfg(test)]
mod tests {
    use super::{Checkpoint, NoteError, Origin, VerifierKey};
    use crate::audit::key::SigningKey;
    use crate::audit::tree::Hash;
    use crate::ed25519::Pair;

    /// The verifier key of C2SP's signed-note page.
    const VECTOR: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    fn signed() -> (VerifierKey, Checkpoint, String) {
        let key =
            SigningKey::new(Pair::generate().unwrap(), Origin::parse("example.org/audit").unwrap());
        let origin = key.verifier().name().clone();
        let checkpoint = Checkpoint { origin, size: 7, root: Hash::of(b"root") };
        (key.verifier().clone(), checkpoint.clone(), key.sign(&checkpoint))
    }

    #[test]
    fn the_verifier_key_of_the_specification_parses_and_prints_back() {
        let key = VerifierKey::parse(VECTOR).unwrap();
        assert_eq!(key.id(), [0x53, 0x0d, 0x90, 0x3a]);
        assert_eq!(key.to_string(), VECTOR);
    }

    #[test]
    fn a_verifier_key_with_another_id_kind_or_name_is_refused() {
        for (from, to) in [("530d903a", "530d903b"), ("+Ae", "+Be"), ("/foo", "/fop"), ("+", " ")] {
            assert_eq!(VerifierKey::parse(&VECTOR.replacen(from, to, 1)), Err(NoteError::Key));
        }
    }

    #[test]
    fn a_signed_checkpoint_opens_to_what_was_signed() {
        let (key, checkpoint, note) = signed();
        assert_eq!(key.open(&note), Ok(checkpoint));
    }

    #[test]
    fn a_signature_by_a_witness_is_passed_over() {
        let (key, checkpoint, note) = signed();
        let witnessed = format!("{note}\u{2014} witness.example AAAAAAAA\n");
        assert_eq!(key.open(&witnessed), Ok(checkpoint));
    }

    #[test]
    fn no_changed_byte_of_a_checkpoint_goes_unnoticed() {
        let (key, _, note) = signed();
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8_lossy(&bytes).into_owned();
            assert!(key.open(&changed).is_err(), "byte {at} of {note}");
        }
    }

    #[test]
    fn another_key_of_the_same_name_does_not_open_it() {
        let (_, _, note) = signed();
        assert_eq!(signed().0.open(&note), Err(NoteError::Unsigned));
    }

    #[test]
    fn an_origin_that_a_note_cannot_carry_is_refused() {
        for text in ["", "a b", "a+b", "a\nb", "a\u{a0}b"] {
            assert_eq!(Origin::parse(text), None, "{text:?}");
        }
    }
}
