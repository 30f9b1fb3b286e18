//! What rules give and take, each found once, and what is too much of it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::policy::gate::File;
use crate::policy::gate::growth::bill::{self, Bill, REQUEST};
use crate::policy::gate::growth::scope::Scope;
use crate::policy::gate::growth::size::Size;
use crate::policy::gate::growth::tested;
use crate::policy::gate::names::{Names, Path};
use crate::policy::syntax::{Assign, Body, Head, Rule, Span, Step};

/// What a rule gives, and what evaluating it keeps in memory meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summary {
    pub(super) value: Size,
    pub(super) taken: Size,
}

/// An expression that may get too large.
#[derive(Clone, Copy, Debug)]
pub(super) struct Excess {
    pub(super) file: usize,
    pub(super) span: Span,
    pub(super) size: Size,
}

/// Whose evaluations the sizes are of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Whose {
    /// Those that serve: what tests put in never meets a request.
    Requests,
    /// The bundle's own tests.
    Tests,
}

impl Whose {
    /// The most that one value may take.
    fn budget(self) -> u64 {
        match self {
            Self::Requests => bill::BUDGET,
            Self::Tests => tested::BUDGET,
        }
    }
}

/// The sizes of a bundle's rules, each found once.
#[derive(Debug)]
pub(super) struct Sizing<'n, 'a> {
    pub(super) whose: Whose,
    pub(super) files: &'a [File<'a>],
    pub(super) names: &'n Names<'a>,
    pub(super) data: &'a Value,
    known: Vec<Option<Summary>>,
    /// What `with` was seen to put in, the last time and this time.
    pub(super) replaced: Replaced<'a>,
    pub(super) seen: Replaced<'a>,
    pub(super) excesses: Vec<Excess>,
    pub(super) steps: u64,
    /// What the rule at hand takes, and the costliest of the functions that it calls.
    pub(super) taken: Size,
    pub(super) called: Size,
}

/// What `with` puts in the place of rules, and of builtins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Replaced<'a> {
    pub(super) rules: BTreeMap<usize, Size>,
    pub(super) names: BTreeMap<Path<'a>, Size>,
    pub(super) data: Size,
    /// What the functions among it take when they are called.
    pub(super) called: Size,
    /// For the input, and for parts of it: file, place and size.
    pub(super) inputs: Vec<(usize, Span, Size)>,
}

/// The most expressions that are looked at: rules that need more are beyond checking.
pub(super) const STEPS: u64 = 4_000_000;

/// The largest number that rules may compute, in bytes.
pub(super) const DIGITS: u64 = 1 << 20;

impl<'n, 'a> Sizing<'n, 'a> {
    pub(super) fn new(
        files: &'a [File<'a>],
        names: &'n Names<'a>,
        data: &'a Value,
        whose: Whose,
    ) -> Self {
        Self {
            whose,
            files,
            names,
            data,
            known: vec![None; names.nodes().len()],
            replaced: Replaced::default(),
            seen: Replaced::default(),
            excesses: Vec::new(),
            steps: 0,
            taken: Size::NOTHING,
            called: Size::NOTHING,
        }
    }

    /// Begins anew, with what `with` was seen to put in; whether there is anything new in that.
    pub(super) fn again(&mut self) -> bool {
        let seen = std::mem::take(&mut self.seen);
        if seen == self.replaced || self.is_lost() {
            self.seen = seen;
            return false;
        }
        self.replaced = seen;
        self.known.fill(None);
        self.excesses.clear();
        true
    }

    /// Whether the rules were too intertwined to look at all of them.
    pub(super) fn is_lost(&self) -> bool {
        self.steps > STEPS
    }

    /// What is known of everything that defines one path. No rule reaches itself.
    pub(super) fn node(&mut self, index: usize) -> Summary {
        if let Some(known) = self.known.get(index).copied().flatten() {
            return known;
        }
        let names = self.names;
        let around = (std::mem::take(&mut self.taken), std::mem::take(&mut self.called));
        let mut value = Size::NOTHING;
        for (file, rule) in names.nodes().get(index).into_iter().flat_map(|node| &node.rules) {
            let size = self.rule(*file, rule);
            value = if collects(rule) { value.plus(size) } else { value.or(size) };
        }
        value = value.or(self.replaced.rules.get(&index).copied().unwrap_or_default());
        let summary = Summary { value, taken: self.taken.plus(self.called) };
        (self.taken, self.called) = around;
        if let Some(known) = self.known.get_mut(index) {
            *known = Some(summary);
        }
        summary
    }

    fn rule(&mut self, file: usize, rule: &'a Rule) -> Size {
        let mut outer = Scope::new(file);
        let (head, bodies) = match rule {
            Rule::Default { value, .. } => return self.expression(value, &mut outer).settled(),
            Rule::Spec { head, bodies, .. } => (head, bodies),
        };
        if let Head::Func { args, .. } = head {
            args.iter().for_each(|arg| outer.bind_all(arg, Size::PARAMETER));
        }
        if bodies.is_empty() {
            return self.head(head, None, outer);
        }
        let mut value = Size::NOTHING;
        for Body { assign, query } in bodies {
            let mut scope = outer.clone();
            self.query(query, &mut scope);
            value = value.or(self.head(head, assign.as_ref(), scope));
        }
        value
    }

    /// The value that a head gives in the scope of its body.
    fn head(&mut self, head: &'a Head, own: Option<&'a Assign>, mut scope: Scope<'a>) -> Size {
        let (name, value, collects) = match head {
            Head::Compr { refr, assign } => (refr, assign.as_ref().map(|one| &one.value), false),
            Head::Func { refr, assign, .. } => (refr, assign.as_ref().map(|one| &one.value), false),
            Head::Set { refr, key } => (refr, key.as_ref(), true),
        };
        let mut size = Size::small();
        for step in name.reference().1 {
            if let Step::Index(index) = step {
                size = size.plus(self.expression(index, &mut scope));
            }
        }
        if let Some(value) = own.map(|own| &own.value).or(value) {
            let given = self.expression(value, &mut scope);
            let bare = name.reference().1.is_empty() && !collects;
            size = if bare { given } else { size.plus(given) };
        }
        if !collects && name.reference().1.is_empty() {
            return size.settled();
        }
        self.made(name.span(), scope.file, scope.turns.collected(size))
    }

    /// A value that is new in memory.
    pub(super) fn made(&mut self, span: Span, file: usize, size: Size) -> Size {
        self.take(span, file, size);
        self.checked(span, file, size)
    }

    pub(super) fn take(&mut self, span: Span, file: usize, size: Size) {
        let size = self.checked(span, file, size).settled();
        self.taken = self.taken.plus(size);
    }

    /// The size, or a report that it is too large; that is said once, where it happens.
    pub(super) fn checked(&mut self, span: Span, file: usize, size: Size) -> Size {
        if Bill::of(size).total(REQUEST) <= self.whose.budget() && size.digits <= DIGITS {
            return size;
        }
        self.excesses.push(Excess { file, span, size });
        Size::NOTHING
    }
}

/// Whether definitions of the rule add to each other.
fn collects(rule: &Rule) -> bool {
    matches!(rule, Rule::Spec { head: Head::Set { .. }, .. })
        || !rule.name().reference().1.is_empty()
}
