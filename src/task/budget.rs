//! How much may be used up, and what was.

use std::fmt;

use crate::task::amount::{Amount, Amounts, Quantity, Unit};

/// How much may be used up; what is not named is not bounded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Budget {
    /// How many requests.
    pub requests: Option<u64>,
    /// How many bytes of bodies, there and back.
    pub bytes: Option<u64>,
    /// How much of which units; nothing of all others.
    pub amounts: Option<Amounts>,
}

/// What was used up, or is kept back for what may still be made.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Spent {
    /// How many requests.
    pub requests: u64,
    /// How many bytes.
    pub bytes: u64,
    /// How much of which units.
    pub amounts: Amounts,
}

/// What one request takes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cost {
    /// How many bytes its body has; `None`, where nobody can say.
    pub bytes: Option<u64>,
    /// What policy says that it costs.
    pub amount: Option<Amount>,
}

/// What a budget is of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Measure {
    /// Of one unit.
    Amount(Unit),
    /// Of bytes.
    Bytes,
    /// Of requests.
    Requests,
}

impl Budget {
    /// Whether everything within `other` is within this, too.
    pub fn contains(&self, other: &Self) -> bool {
        let amounts = match (&self.amounts, &other.amounts) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => {
                narrow.iter().all(|(unit, most)| *most <= within(wide, unit))
            }
        };
        holds(self.requests, other.requests) && holds(self.bytes, other.bytes) && amounts
    }

    /// What is left of it once `spent` is gone.
    #[must_use]
    pub fn without(&self, spent: &Spent) -> Self {
        let left = |(unit, most): (&Unit, &Quantity)| {
            (unit.clone(), most.minus(within(&spent.amounts, unit)))
        };
        Self {
            requests: self.requests.map(|requests| requests.saturating_sub(spent.requests)),
            bytes: self.bytes.map(|bytes| bytes.saturating_sub(spent.bytes)),
            amounts: self.amounts.as_ref().map(|amounts| amounts.iter().map(left).collect()),
        }
    }

    /// What of it does not suffice for one request that takes `cost`.
    pub fn lacks(&self, cost: &Cost) -> Option<Measure> {
        if self.requests == Some(0) {
            return Some(Measure::Requests);
        }
        let needed = cost.bytes.unwrap_or_default();
        if self.bytes.is_some_and(|bytes| bytes == 0 || bytes < needed) {
            return Some(Measure::Bytes);
        }
        match (&self.amounts, &cost.amount) {
            (Some(left), Some(Amount { unit, value })) if *value > within(left, unit) => {
                Some(Measure::Amount(unit.clone()))
            }
            _ => None,
        }
    }
}

impl Spent {
    /// With what one request takes.
    pub fn add(&mut self, cost: &Cost) {
        self.requests = self.requests.saturating_add(1);
        self.bytes = self.bytes.saturating_add(cost.bytes.unwrap_or_default());
        if let Some(Amount { unit, value }) = &cost.amount {
            let sum = within(&self.amounts, unit).plus(*value);
            self.amounts.insert(unit.clone(), sum);
        }
    }

    /// Both together.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.requests = sum.requests.saturating_add(other.requests);
        sum.bytes = sum.bytes.saturating_add(other.bytes);
        for (unit, value) in &other.amounts {
            let value = within(&sum.amounts, unit).plus(*value);
            sum.amounts.insert(unit.clone(), value);
        }
        sum
    }
}

/// How much of `unit` is among `amounts`.
fn within(amounts: &Amounts, unit: &Unit) -> Quantity {
    amounts.get(unit).copied().unwrap_or(Quantity::ZERO)
}

fn holds(wide: Option<u64>, narrow: Option<u64>) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow <= wide,
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Amount(unit) => unit.fmt(f),
            Self::Bytes => f.write_str("bytes"),
            Self::Requests => f.write_str("requests"),
        }
    }
}
