//! What one decision may cost in memory, for a request of any size.

use crate::policy::engine::bulk::Bulk;
use crate::policy::failure::{Cause, Failure};
use crate::policy::gate::growth::size::Size;
use crate::policy::problem::Place;

/// The most that the values of one evaluation may take, by this count: 256 MiB.
pub(super) const BUDGET: u64 = 256 << 20;

/// The request that any rule must be able to judge: this large, with so many values.
pub(super) const REQUEST: Bulk = Bulk { bytes: 8 << 10, elements: 256 };

/// A bound of what evaluating all rules of a bundle once can keep in memory.
#[derive(Clone, Debug, Default)]
pub(in crate::policy) struct Bill {
    fixed: u64,
    whole: u64,
    product: u64,
    square: u64,
    boundless: bool,
    /// The rule with the largest part in it.
    costliest: Option<Place>,
}

impl Bill {
    pub(super) fn of(size: Size) -> Self {
        let Size { fixed, whole, product, square, boundless, .. } = size.settled();
        Self { fixed, whole, product, square, boundless, costliest: None }
    }

    pub(super) fn mostly(self, place: Option<Place>) -> Self {
        Self { costliest: place, ..self }
    }

    /// Whether the rules can judge any request without a body.
    pub(in crate::policy) fn is_light(&self) -> bool {
        self.total(Bulk::HEAD) <= BUDGET
    }

    /// Refuses a request of that bulk if the rules might take more than the budget for it.
    pub(in crate::policy) fn admit(&self, bulk: Bulk) -> Result<(), Failure> {
        let total = self.total(bulk);
        if total <= BUDGET {
            return Ok(());
        }
        let message = format!(
            "the rules, this one most of all, may take {total} bytes for an input of {} bytes with \
             {} values; {BUDGET} is the most",
            bulk.bytes, bulk.elements
        );
        let failure = Failure::new(Cause::Memory, message);
        Err(match &self.costliest {
            Some(place) => failure.or_at(place),
            None => failure,
        })
    }

    /// The bytes it comes to for a request of that bulk.
    pub(super) fn total(&self, bulk: Bulk) -> u64 {
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
