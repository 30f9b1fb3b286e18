//! What one decision may cost in memory, for a request of any size.

use crate::policy::gate::growth::size::{ELEMENT, NUMBER, Size};

/// The most that the values of one evaluation may take, by this count: 256 MiB.
pub(in crate::policy) const BUDGET: u64 = 256 << 20;

/// The request that any rule must be able to judge: this large, with so many elements.
pub(super) const REQUEST: Bulk = Bulk { bytes: 8 << 10, elements: 256 };

/// How much there is of a request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::policy) struct Bulk {
    /// Its text as rules could print it, and something for each element.
    pub(in crate::policy) bytes: u64,
    /// Its values, containers and scalars.
    pub(in crate::policy) elements: u64,
}

impl Bulk {
    /// What every element counts for, in bytes.
    pub(in crate::policy) const ELEMENT: u64 = ELEMENT;

    /// What a number counts for that is printed in full, in bytes.
    pub(in crate::policy) const NUMBER: u64 = NUMBER;

    /// More than any listener lets through as the head of a request, in all the forms of it.
    pub(in crate::policy) const HEAD: Self = Self { bytes: 24 << 20, elements: 3 << 20 };

    /// A document that is written out in `bytes`.
    pub(super) fn written(bytes: u64) -> Self {
        Self { bytes, elements: bytes / ELEMENT }
    }
}

/// A bound of what evaluating all rules of a bundle once can keep in memory.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::policy) struct Bill {
    fixed: u64,
    whole: u64,
    product: u64,
    square: u64,
    boundless: bool,
}

impl Bill {
    pub(super) fn of(size: Size) -> Self {
        let Size { fixed, whole, product, square, boundless, .. } = size.settled();
        Self { fixed, whole, product, square, boundless }
    }

    /// The bytes it comes to for a request of that bulk.
    pub(in crate::policy) fn total(&self, bulk: Bulk) -> u64 {
        if self.boundless {
            return u64::MAX;
        }
        let Bulk { bytes, elements } = bulk;
        let terms = [
            self.fixed,
            self.whole.saturating_mul(bytes),
            self.product.saturating_mul(bytes).saturating_mul(elements),
            self.square.saturating_mul(bytes).saturating_mul(bytes),
        ];
        terms.into_iter().fold(0, u64::saturating_add)
    }
}
