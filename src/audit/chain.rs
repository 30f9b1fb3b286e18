//! What binds entries together: the hash of the entry before, and the tree over all of them.
//!
//! A write is first drafted: heads are put before the records and the chain is carried on in a copy.
//! Only when the bytes are in the file does the copy take the place of the chain, so a failed write
//! leaves no trace in it.

use std::io::Write;

use crate::audit::entry::write_head;
use crate::audit::tree::{Hash, Tree};
use crate::clock::Timestamp;

/// Where a trail stands.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) tree: Tree,
    /// The leaf hash of the newest entry.
    pub(super) prev: Hash,
}

impl Chain {
    pub(super) fn new(tree: Tree, prev: Hash) -> Self {
        Self { tree, prev }
    }

    fn add(&mut self, leaf: Hash) {
        self.tree.push(leaf);
        self.prev = leaf;
    }
}

/// Entries that are about to be written, and where the trail will stand then.
#[derive(Debug)]
pub(super) struct Draft {
    chain: Chain,
    bytes: Vec<u8>,
    time: Vec<u8>,
    /// A zero byte, for the leaf hash, and then the entry being drafted.
    entry: Vec<u8>,
}

impl Draft {
    pub(super) fn new() -> Self {
        let chain = Chain::new(Tree::default(), Hash::ZERO);
        Self { chain, bytes: Vec::new(), time: Vec::new(), entry: vec![0] }
    }

    /// Begins anew after the end of `chain`; all entries of a draft carry the time `now`.
    pub(super) fn begin(&mut self, chain: &Chain, now: Timestamp) {
        self.chain.tree.clone_from(&chain.tree);
        self.chain.prev = chain.prev;
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.time.clear();
        // Writing to a Vec cannot fail.
        let _ = write!(self.time, "{now}");
    }

    /// Adds the entry whose text from `"type"` on is `body`.
    pub(super) fn add(&mut self, body: &[u8]) {
        self.entry.truncate(1);
        write_head(&mut self.entry, self.chain.tree.size(), &self.chain.prev, &self.time);
        self.entry.extend_from_slice(body);
        self.chain.add(Hash::leaf(&self.entry));
        self.bytes.extend_from_slice(&self.entry[1..]);
        self.bytes.push(b'\n');
    }

    /// The drafted lines.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The lines are written: `chain` moves to where the draft ends. Returns how many they were.
    pub(super) fn adopt(&mut self, chain: &mut Chain) -> u64 {
        let count = self.chain.tree.size() - chain.tree.size();
        std::mem::swap(&mut self.chain, chain);
        count
    }
}

/// How many bytes of memory a draft keeps between uses.
const KEPT: usize = 512 * 1024;
