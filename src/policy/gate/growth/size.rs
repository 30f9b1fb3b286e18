//! How large a value can get, as a sum of few terms.
//!
//! The unknown is the request: `W`, the bytes of its input, and `n`, the elements in it. Every
//! element counts for eight bytes at least, so `n` is never above `W / 8`. A term that would grow
//! faster than `W * W` has no number here: such a value is boundless, and its rule is refused.

use crate::policy::engine::bulk::Bulk;

/// The least that an element of a document counts for, in bytes.
pub(super) const ELEMENT: u64 = Bulk::ELEMENT;

/// The bytes of any number of a request: the engine writes doubles out, digit by digit.
pub(super) const NUMBER: u64 = Bulk::NUMBER;

/// The bytes in which a number of a request is computed with.
const DIGITS: u64 = 128;

/// More turns of loops than either engine has time for.
const TURNS: u64 = 250_000;

/// An upper bound of a value's size, written out in full.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Size {
    /// Bytes, whatever the request.
    pub(super) fixed: u64,
    /// Times `W`.
    pub(super) whole: u64,
    /// Times `n * W`.
    pub(super) product: u64,
    /// Times `W * W`.
    pub(super) square: u64,
    /// Times `W` in all turns of the loop together, each turn with its own part of it.
    pub(super) drawn: u64,
    /// The same in bytes, for loops over what is known.
    pub(super) drawn_fixed: u64,
    /// Bytes of the largest number in it.
    pub(super) digits: u64,
    /// Whether it may have more elements than the request, though each still counts for eight bytes.
    pub(super) torn: bool,
    /// Whether the input was read for it, other than through parameters.
    pub(super) global: bool,
    /// Whether it is certainly no container.
    pub(super) scalar: bool,
    /// Whether there is no bound.
    pub(super) boundless: bool,
}

impl Size {
    /// Any part of the request.
    pub(super) const INPUT: Self = Self { global: true, ..Self::PARAMETER };

    /// What a function is given: counted as the request, and replaced by what it is given.
    pub(super) const PARAMETER: Self = Self { whole: 1, digits: DIGITS, ..Self::NOTHING };

    /// Of something that cannot be.
    pub(super) const NOTHING: Self = Self {
        fixed: 0,
        whole: 0,
        product: 0,
        square: 0,
        drawn: 0,
        drawn_fixed: 0,
        digits: 0,
        torn: false,
        global: false,
        scalar: false,
        boundless: false,
    };

    /// A text or a container of so many bytes.
    pub(super) fn fixed(bytes: u64) -> Self {
        Self { fixed: bytes, digits: DIGITS, ..Self::NOTHING }
    }

    /// A number of so many bytes, printed in any base.
    pub(super) fn number(digits: u64) -> Self {
        let printed = digits.saturating_mul(8).saturating_add(ELEMENT);
        Self { digits: digits.max(DIGITS), scalar: true, ..Self::fixed(printed) }
    }

    /// A boolean, a small number, a place in a text.
    pub(super) fn small() -> Self {
        Self { scalar: true, ..Self::fixed(32) }
    }

    pub(super) const BOUNDLESS: Self = Self { boundless: true, ..Self::NOTHING };

    /// Both together.
    pub(super) fn plus(self, other: Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    /// One or the other.
    pub(super) fn or(self, other: Self) -> Self {
        let scalar = self.scalar && other.scalar;
        Self { scalar, ..self.with(other, u64::max) }
    }

    fn with(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            fixed: join(self.fixed, other.fixed),
            whole: join(self.whole, other.whole),
            product: join(self.product, other.product),
            square: join(self.square, other.square),
            drawn: join(self.drawn, other.drawn),
            drawn_fixed: join(self.drawn_fixed, other.drawn_fixed),
            digits: self.digits.max(other.digits),
            torn: self.torn || other.torn,
            global: self.global || other.global,
            scalar: false,
            boundless: self.boundless || other.boundless,
        }
    }

    /// So many of them.
    pub(super) fn times(self, count: u64) -> Self {
        let by = |term: u64| term.saturating_mul(count);
        Self {
            fixed: by(self.fixed),
            whole: by(self.whole),
            product: by(self.product),
            square: by(self.square),
            drawn: by(self.drawn),
            drawn_fixed: by(self.drawn_fixed),
            ..self
        }
    }

    /// Whether it is the same for every request.
    pub(super) fn is_fixed(self) -> bool {
        !self.boundless && self.whole == 0 && self.drawn == 0 && !self.is_steep()
    }

    /// Whether it grows faster than the request.
    pub(super) fn is_steep(self) -> bool {
        self.product > 0 || self.square > 0
    }

    /// The same outside of the loop that it is drawn from.
    pub(super) fn settled(self) -> Self {
        Self {
            fixed: self.fixed.saturating_add(self.drawn_fixed),
            whole: self.whole.saturating_add(self.drawn),
            drawn: 0,
            drawn_fixed: 0,
            ..self
        }
    }

    /// As text, a thing of each size for every byte of the other.
    pub(super) fn by(self, other: Self) -> Self {
        let (one, two) = (self.settled(), other.settled());
        let steep = |a: Self, b: Self| a.is_steep() && !b.is_fixed();
        if one.boundless || two.boundless || steep(one, two) || steep(two, one) {
            return Self::BOUNDLESS;
        }
        let sum = one.times(two.fixed).plus(two.times(one.fixed));
        Self {
            fixed: one.fixed.saturating_mul(two.fixed),
            square: sum.square.saturating_add(one.whole.saturating_mul(two.whole)),
            ..sum
        }
    }

    /// What a function gives for an argument of size `given`, where `self` is what it gives for a
    /// parameter.
    pub(super) fn given(self, given: Self) -> Self {
        if self.boundless || given.boundless {
            return Self::BOUNDLESS;
        }
        let settled = given.settled();
        let flat = if self.global {
            Self { whole: settled.whole.max(1), ..settled }
        } else if self.is_steep() {
            settled
        } else {
            given
        };
        if flat.is_steep() && self.is_steep() {
            return Self::BOUNDLESS;
        }
        let once = flat.times(self.whole);
        let pairs = flat.by(flat).times(self.product.saturating_add(self.square));
        let steep = pairs.square;
        let torn = flat.torn || self.square > 0;
        Self {
            fixed: once.fixed.saturating_add(pairs.fixed).saturating_add(self.fixed),
            whole: once.whole.saturating_add(pairs.whole),
            product: once.product.saturating_add(if torn { 0 } else { steep }),
            square: once.square.saturating_add(if torn { steep } else { 0 }),
            digits: self.digits.saturating_mul(given.digits.div_ceil(DIGITS).max(1)),
            torn: self.torn || (given.torn && self.whole > 0),
            global: self.global || given.global,
            scalar: self.scalar,
            drawn_fixed: once.drawn_fixed,
            drawn: once.drawn,
            boundless: false,
        }
    }
}

/// How often the body of a comprehension, or of a rule that collects, is gone through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    /// Loops over what is known: their turns, multiplied.
    known: u64,
    known_loops: u32,
    /// Loops over the request that do not depend on each other.
    groups: u32,
    loops: u32,
    torn: bool,
}

impl Turns {
    pub(super) const ONE: Self =
        Self { known: 1, known_loops: 0, groups: 0, loops: 0, torn: false };

    /// Adds a loop over `collection`, of `count` elements where that is known; gives what each
    /// element is.
    pub(super) fn over(&mut self, collection: Size, count: Option<u64>) -> Size {
        let digits = collection.digits;
        if let (Some(count), false) = (count, collection.is_fixed()) {
            // Written out: its elements are what it says they are.
            self.known = self.known.saturating_mul(count.max(1));
            return Size { scalar: false, ..collection };
        }
        if collection.is_fixed() {
            let count = count.unwrap_or(collection.settled().fixed / ELEMENT + 1).max(1);
            self.known = self.known.saturating_mul(count);
            self.known_loops += 1;
            let drawn_fixed = collection.settled().fixed;
            return Size { fixed: 0, drawn_fixed, scalar: false, ..collection };
        }
        let depends = self.loops > 0 && collection.whole == 0 && !collection.is_steep();
        self.loops += 1;
        self.torn |= collection.torn;
        self.groups += match (depends, collection.is_steep()) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        };
        let parts = collection.whole.saturating_add(collection.drawn);
        let parts = parts.saturating_add(collection.settled().fixed / ELEMENT).max(1);
        self.known = self.known.saturating_mul(parts);
        let (whole, drawn) = (0, 1);
        Size { fixed: 0, whole, drawn, digits, scalar: false, ..collection.settled() }
    }

    /// All of them together, of size `head` each.
    pub(super) fn collected(self, head: Size) -> Size {
        let known = self.known.min(TURNS);
        let rest = Size { drawn: 0, drawn_fixed: 0, ..head };
        if self.groups == 0 {
            let repeats = if self.known_loops > 1 { known } else { 1 };
            let drawn = head.drawn_fixed.saturating_mul(repeats);
            return rest.times(known).plus(Size::fixed(drawn));
        }
        let many = if self.known_loops > 1 { known } else { 1 };
        let fixed = rest.fixed.saturating_mul(known);
        let fixed = fixed.saturating_add(head.drawn_fixed.saturating_mul(many));
        let each = fixed.div_ceil(ELEMENT);
        let (whole, drawn) = (rest.whole.saturating_mul(known), head.drawn.saturating_mul(known));
        let bare = Size { fixed: 0, whole: 0, product: 0, square: 0, scalar: false, ..rest };
        let steep = |terms: u64| match self.torn {
            true => Size { square: terms.div_ceil(ELEMENT), torn: true, ..bare },
            false => Size { product: terms, ..bare },
        };
        match (self.groups, self.loops) {
            _ if rest.boundless || rest.is_steep() => Size::BOUNDLESS,
            (1, 1) => Size { whole: each.saturating_add(drawn), ..steep(whole) },
            (1, _) => Size { whole: each, ..steep(whole.saturating_add(drawn)) },
            (2, 2) if whole == 0 => steep(each.saturating_add(drawn)),
            _ if whole == 0 && drawn == 0 => Size { fixed: fixed.saturating_mul(TURNS), ..bare },
            _ => Size::BOUNDLESS,
        }
    }
}
