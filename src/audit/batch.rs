//! Records that are written but not yet bound into the trail.
//!
//! A worker encodes its records here, outside every lock; the ledger then only puts a head before
//! each. The buffers are kept from one batch to the next.

use crate::audit::entry::Kind;
use crate::audit::json::Object;
use crate::id::DecisionId;

/// Records in the order they will have in the trail.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    items: Vec<Item>,
}

/// Where one record of a batch ends, and what the ledger must know of it.
#[derive(Clone, Copy, Debug)]
struct Item {
    kind: Kind,
    id: Option<DecisionId>,
    end: usize,
}

/// One record of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) kind: Kind,
    pub(super) id: Option<DecisionId>,
    /// The entry from `"type"` to its closing brace.
    pub(super) body: &'a [u8],
}

impl Batch {
    /// Adds a record about one exchange.
    pub(super) fn about(
        &mut self,
        id: DecisionId,
        kind: Kind,
        members: impl FnOnce(&mut Object<'_>),
    ) {
        self.push(kind, Some(id), members);
    }

    /// Adds a record about the trail itself.
    pub(super) fn note(&mut self, kind: Kind, members: impl FnOnce(&mut Object<'_>)) {
        self.push(kind, None, members);
    }

    fn push(&mut self, kind: Kind, id: Option<DecisionId>, members: impl FnOnce(&mut Object<'_>)) {
        let mut object = Object::within(&mut self.bytes);
        object.word("type", kind.word());
        if let Some(id) = id {
            object.shown("id", id);
        }
        members(&mut object);
        // The line feed is not part of the record: it tells the next one that it is the first of
        // its object.
        self.bytes.extend_from_slice(b"}\n");
        self.items.push(Item { kind, id, end: self.bytes.len() - 1 });
    }

    /// Copies `record` to the end.
    pub(super) fn copy(&mut self, record: Record<'_>) {
        self.bytes.extend_from_slice(record.body);
        self.bytes.push(b'\n');
        let end = self.bytes.len() - 1;
        self.items.push(Item { kind: record.kind, id: record.id, end });
    }

    pub(super) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let starts = std::iter::once(0).chain(self.items.iter().map(|item| item.end + 1));
        self.items.iter().zip(starts).map(|(item, start)| Record {
            kind: item.kind,
            id: item.id,
            body: &self.bytes[start..item.end],
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How much memory the records take, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.items.len() * size_of::<Item>()
    }

    /// Forgets the records and keeps the memory, unless it has grown out of the ordinary.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
        self.items.shrink_to(KEPT / 256);
    }
}

/// How many bytes of memory a batch keeps between uses.
const KEPT: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::Batch;
    use crate::audit::entry::Kind;
    use crate::id::DecisionId;

    #[test]
    fn a_batch_gives_its_records_back_in_order() {
        let mut batch = Batch::default();
        let id = DecisionId::new();
        batch.note(Kind::Start, |object| object.word("version", "1"));
        batch.about(id, Kind::Outcome, |_| {});
        let bodies: Vec<_> = batch.records().map(|record| record.body.to_vec()).collect();
        assert_eq!(bodies[0], br#""type":"start","version":"1"}"#);
        assert_eq!(bodies[1], format!(r#""type":"outcome","id":"{id}"}}"#).as_bytes());
        batch.clear();
        assert!(batch.is_empty());
    }
}
