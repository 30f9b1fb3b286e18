//! The Merkle tree over the entries of a trail (RFC 6962 §2.1), kept as its right edge only.
//!
//! A leaf is `SHA-256(0x00 || entry)` and a node `SHA-256(0x01 || left || right)`; the different
//! first bytes keep a node from passing for an entry. Of a tree of any size only the roots of its
//! perfect subtrees are held (at most 64 hashes), which is all that growing it and naming its root
//! takes. Nothing here may look at what an entry says.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A SHA-256 hash, printed in the standard base64 alphabet with padding (44 characters).
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Stands where the first entry names the entry before it.
    pub(super) const ZERO: Self = Self([0; 32]);

    /// The plain SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(hash)
    }

    /// From the 32 bytes of a hash that was computed elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash of a leaf whose entry stands in `prefixed` after one zero byte.
    ///
    /// The caller keeps the zero in its buffer, so that hashing needs neither a copy nor a
    /// streaming context.
    pub(super) fn leaf(prefixed: &[u8]) -> Self {
        debug_assert_eq!(prefixed.first(), Some(&LEAF));
        Self::of(prefixed)
    }

    fn node(left: &Self, right: &Self) -> Self {
        let mut bytes = [NODE; 65];
        bytes[1..33].copy_from_slice(&left.0);
        bytes[33..].copy_from_slice(&right.0);
        Self::of(&bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads back what [`Display`](fmt::Display) printed; `None` if `text` is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        let length = STANDARD.decode_slice(text, &mut hash).ok()?;
        (length == hash.len()).then_some(Self(hash))
    }

    /// The base64 text, without an allocation.
    pub(super) fn text(&self) -> [u8; 44] {
        let mut text = [b'='; 44];
        // 32 bytes always encode to 44 characters, so this cannot fail.
        let _ = STANDARD.encode_slice(self.0, &mut text);
        text
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tree that can grow and name its root.
#[derive(Debug, Default)]
pub(super) struct Tree {
    size: u64,
    /// The roots of the perfect subtrees, largest (leftmost) first: one for each bit of `size`.
    edge: Vec<Hash>,
}

impl Tree {
    /// The tree of `size` leaves whose right edge is `edge`; `None` if the two do not fit.
    pub(super) fn with_edge(size: u64, edge: Vec<Hash>) -> Option<Self> {
        (edge.len() == size.count_ones() as usize).then_some(Self { size, edge })
    }

    pub(super) fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        // Each trailing one of the size is a perfect subtree as large as the one being added.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.edge.pop() else { break };
            node = Hash::node(&left, &node);
        }
        self.edge.push(node);
        self.size += 1;
    }

    /// How many leaves there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn edge(&self) -> &[Hash] {
        &self.edge
    }

    /// The root: the hash of nothing while the tree is empty.
    pub(super) fn root(&self) -> Hash {
        let Some((last, rest)) = self.edge.split_last() else { return Hash::of(b"") };
        rest.iter().rev().fold(*last, |right, left| Hash::node(left, &right))
    }
}

impl Clone for Tree {
    fn clone(&self) -> Self {
        Self { size: self.size, edge: self.edge.clone() }
    }

    /// Keeps the memory of `self`, for the copy that is made for every write.
    fn clone_from(&mut self, source: &Self) {
        self.size = source.size;
        self.edge.clone_from(&source.edge);
    }
}

const LEAF: u8 = 0;
const NODE: u8 = 1;

#[cfg(test)]
mod tests {
    use super::{Hash, Tree};

    /// The leaves of Certificate Transparency's reference tree, in hexadecimal.
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];

    /// Its roots, for 0 to 8 leaves.
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn unhex(text: &str) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }

    #[test]
    fn the_roots_are_those_of_the_reference_tree() {
        let mut tree = Tree::default();
        assert_eq!(tree.root().as_bytes()[..], unhex(ROOTS[0]));
        for (at, leaf) in LEAVES.iter().enumerate() {
            tree.push(Hash::leaf(&[vec![0], unhex(leaf)].concat()));
            assert_eq!(tree.root().as_bytes()[..], unhex(ROOTS[at + 1]), "{} leaves", at + 1);
        }
    }

    #[test]
    fn a_tree_continues_from_its_edge() {
        let mut whole = Tree::default();
        for leaf in 0..100_u8 {
            let mut resumed = Tree::with_edge(whole.size(), whole.edge().to_vec()).unwrap();
            whole.push(Hash::leaf(&[0, leaf]));
            resumed.push(Hash::leaf(&[0, leaf]));
            assert_eq!(resumed.root(), whole.root());
        }
        assert!(Tree::with_edge(3, vec![Hash::ZERO]).is_none());
    }

    #[test]
    fn a_printed_hash_parses_back() {
        let hash = Hash::of(b"x");
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        assert_eq!(hash.text()[..], *hash.to_string().as_bytes());
        assert_eq!(Hash::parse("AAAA"), None);
    }
}
