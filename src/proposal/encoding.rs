//! Bytes that say one thing only: what digests are taken over and what the store keeps.
//!
//! Every field stands behind its length as eight big-endian bytes, so that no two different lists
//! of fields make the same bytes. The first field names what follows and its version, so that bytes
//! made for one purpose are never read, or signed, as those of another.

use std::fmt;

/// Writes fields in order.
pub(super) struct Writer(Vec<u8>);

/// Reads fields in the order in which they were written.
pub(super) struct Reader<'a>(&'a [u8]);

/// Bytes that are not what the writer makes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Undecodable;

impl Writer {
    /// Begins bytes of the kind that `domain` names.
    pub(super) fn new(domain: &str) -> Self {
        let mut writer = Self(Vec::new());
        writer.bytes(domain.as_bytes());
        writer
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    /// A field that may be missing: none is another thing than an empty one.
    pub(super) fn option(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

impl<'a> Reader<'a> {
    /// Begins to read bytes of the kind that `domain` names.
    pub(super) fn new(bytes: &'a [u8], domain: &str) -> Result<Self, Undecodable> {
        let mut reader = Self(bytes);
        if reader.bytes()? != domain.as_bytes() {
            return Err(Undecodable);
        }
        Ok(reader)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Undecodable> {
        let length = usize::try_from(self.number()?).map_err(|_| Undecodable)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Undecodable)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Undecodable> {
        str::from_utf8(self.bytes()?).map_err(|_| Undecodable)
    }

    pub(super) fn number(&mut self) -> Result<u64, Undecodable> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Undecodable)?;
        self.0 = rest;
        Ok(u64::from_be_bytes(*bytes))
    }

    pub(super) fn option(&mut self) -> Result<Option<&'a str>, Undecodable> {
        match self.number()? {
            0 => Ok(None),
            1 => self.text().map(Some),
            _ => Err(Undecodable),
        }
    }

    /// As many items as the next number says, each read by `item`.
    pub(super) fn list<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, Undecodable>,
    ) -> Result<Vec<T>, Undecodable> {
        let count = self.number()?;
        (0..count).map(|_| item(self)).collect()
    }

    /// Nothing may stand behind the last field.
    pub(super) fn finish(self) -> Result<(), Undecodable> {
        match self.0 {
            [] => Ok(()),
            _ => Err(Undecodable),
        }
    }
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these bytes were not written by this version of countersign, or were changed")
    }
}

impl std::error::Error for Undecodable {}
