//! From expressions to sizes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::policy::gate::growth::bill::{BUDGET, Bill, REQUEST};
use crate::policy::gate::growth::builtins;
use crate::policy::gate::growth::known::Known;
use crate::policy::gate::growth::scope::Scope;
use crate::policy::gate::growth::size::{ELEMENT, Size};
use crate::policy::gate::names::{Names, Path, dotted};
use crate::policy::gate::{File, builtins as allowed};
use crate::policy::syntax::{
    ArithOp, Assign, AssignOp, Body, Expr, Head, Literal, Query, Rule, Span, Statement, Step, With,
};

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

/// The sizes of a bundle's rules, each found once.
#[derive(Debug)]
pub(super) struct Sizing<'n, 'a> {
    files: &'a [File<'a>],
    names: &'n Names<'a>,
    data: &'a Value,
    known: Vec<Option<Summary>>,
    /// What `with` was seen to put in, the last time and this time.
    replaced: Replaced<'a>,
    pub(super) seen: Replaced<'a>,
    pub(super) excesses: Vec<Excess>,
    steps: u64,
    /// What the rule at hand takes, and the costliest of the functions that it calls.
    taken: Size,
    called: Size,
}

/// What `with` puts in the place of rules, and of builtins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Replaced<'a> {
    rules: BTreeMap<usize, Size>,
    names: BTreeMap<Path<'a>, Size>,
    data: Size,
    /// For the input, and for parts of it: file, place and size.
    pub(super) inputs: Vec<(usize, Span, Size)>,
}

/// The most expressions that are looked at: rules that need more are beyond checking.
const STEPS: u64 = 4_000_000;

/// How often a body is gone through whose names are used before they are bound.
const PASSES: usize = 12;

/// The largest number that rules may compute, in bytes.
pub(super) const DIGITS: u64 = 1 << 20;

impl<'n, 'a> Sizing<'n, 'a> {
    pub(super) fn new(files: &'a [File<'a>], names: &'n Names<'a>, data: &'a Value) -> Self {
        Self {
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

    /// Goes through a body until every name has its size.
    fn query(&mut self, query: &'a Query, scope: &mut Scope<'a>) {
        let mut backwards = false;
        for _ in 0..PASSES {
            let before = backwards.then(|| scope.locals());
            scope.start();
            query.stmts.iter().for_each(|statement| self.statement(statement, scope));
            backwards |= scope.again();
            if !backwards || before.is_some_and(|before| before == scope.locals()) {
                return;
            }
        }
        self.steps = STEPS + 1;
    }

    fn statement(&mut self, statement: &'a Statement, scope: &mut Scope<'a>) {
        for with in &statement.with_mods {
            let size = self.expression(&with.value, scope).settled();
            self.replace(with, scope.file, size);
        }
        match &statement.literal {
            Literal::Every { key, value, domain, query } => {
                let text = self.files.get(scope.file).map_or("", |file| &file.source.text);
                let domain = self.expression(domain, scope).settled();
                let mut inner = scope.inner();
                for name in key.iter().chain([value]) {
                    inner.bind(name.text(text), domain);
                }
                self.query(query, &mut inner);
                scope.learn(&inner);
            }
            Literal::Expr { expr: Expr::Assignment { op: AssignOp::ColEq, lhs, rhs, .. } } => {
                let given = self.expression(rhs, scope);
                scope.bind_all(lhs, given);
            }
            Literal::Expr { expr: Expr::Assignment { lhs, rhs, .. } } => {
                let one = self.unified(lhs, scope);
                let two = self.unified(rhs, scope);
                self.bind_free(lhs, two, scope);
                self.bind_free(rhs, one, scope);
            }
            Literal::Expr { expr } | Literal::NotExpr { expr } => self.looked_at(expr, scope),
            Literal::SomeIn { key, value, collection } => {
                let size = self.expression(collection, scope);
                let count = self.count(collection, scope);
                let element = scope.turns.over(size, count);
                key.iter().for_each(|key| scope.bind_all(key, element));
                scope.bind_all(value, element);
            }
            Literal::SomeVars {} => {}
        }
    }

    /// One side of `=`; a bare name without a value takes that of the other side.
    fn unified(&mut self, side: &'a Expr, scope: &mut Scope<'a>) -> Size {
        if self.is_free(side, scope) { Size::NOTHING } else { self.expression(side, scope) }
    }

    /// Whether it is a name that has no value yet: no local, no rule.
    fn is_free(&self, expr: &'a Expr, scope: &Scope<'a>) -> bool {
        expr.variable().is_some_and(|name| name != "input" && scope.local(name).is_none())
            && self.names.targets(scope.file, expr).is_empty()
    }

    /// Binds the names in a pattern that are those of no rule.
    fn bind_free(&self, pattern: &'a Expr, size: Size, scope: &mut Scope<'a>) {
        let mut names = Scope::new(scope.file);
        names.bind_all(pattern, size);
        let rule = |name: &str| self.names.is_rule(scope.file, name);
        let free: Vec<&'a str> = names.names().filter(|name| !rule(name)).collect();
        free.into_iter().for_each(|name| scope.bind(name, size.settled()));
    }

    /// Notes what `with` puts in.
    fn replace(&mut self, with: &'a With, file: usize, size: Size) {
        let path = dotted(&with.refr);
        if path.first() == Some(&"input") {
            return self.seen.inputs.push((file, with.value.span(), size));
        }
        if path.first() == Some(&"data") {
            self.seen.data = self.seen.data.or(size);
        }
        for target in self.names.targets(file, &with.refr) {
            let known = self.seen.rules.entry(target).or_default();
            *known = known.or(size);
        }
        let known = self.seen.names.entry(path).or_default();
        *known = known.or(size);
    }

    /// The size of the expression's value.
    pub(super) fn expression(&mut self, expr: &'a Expr, scope: &mut Scope<'a>) -> Size {
        self.steps += 1;
        if self.is_lost() {
            return Size::NOTHING;
        }
        match expr {
            Expr::Bool { .. } | Expr::Null { .. } => Size::small(),
            Expr::Number { span, .. } => {
                Size::number(u64::from(span.end.saturating_sub(span.start)))
            }
            Expr::RawString { value, .. } | Expr::String { value, .. } => {
                let bytes = u64::try_from(value.len()).unwrap_or(u64::MAX);
                Size { scalar: true, ..Size::fixed(bytes.saturating_add(ELEMENT)) }
            }
            Expr::Array { items, span } | Expr::Set { items, span } => {
                self.container(items, *span, scope)
            }
            Expr::Object { fields, span } => {
                let parts = fields.iter().flat_map(|(_, key, value)| [key, value]);
                self.container(parts, *span, scope)
            }
            Expr::ArrayCompr { term, query, span } | Expr::SetCompr { term, query, span } => {
                self.comprehension([Some(term.as_ref()), None], query, *span, scope)
            }
            Expr::ObjectCompr { key, value, query, span } => {
                self.comprehension([Some(key.as_ref()), Some(value.as_ref())], query, *span, scope)
            }
            Expr::Arith { op, lhs, rhs, span } => self.arithmetic(*op, [lhs, rhs], *span, scope),
            Expr::SetOperation { lhs, rhs, span } => {
                let size = self.expression(lhs, scope).plus(self.expression(rhs, scope));
                self.made(*span, scope.file, size)
            }
            Expr::Assignment { lhs, rhs, .. } | Expr::Comparison { lhs, rhs, .. } => {
                [lhs, rhs].into_iter().for_each(|side| self.looked_at(side, scope));
                Size::small()
            }
            Expr::Membership { key, value, collection, .. } => {
                let parts = key.iter().chain([value, collection]);
                parts.for_each(|part| self.looked_at(part, scope));
                Size::small()
            }
            Expr::Minus { expr, .. } => self.expression(expr, scope),
            Expr::Call { fcn, params, span } => self.call(fcn, params, *span, scope),
            Expr::RefBrack { .. } | Expr::RefDot { .. } | Expr::Var { .. } => {
                self.reference(expr, scope)
            }
        }
    }

    /// A part whose value goes no further.
    fn looked_at(&mut self, expr: &'a Expr, scope: &mut Scope<'a>) {
        self.expression(expr, scope);
    }

    fn container(
        &mut self,
        parts: impl IntoIterator<Item = &'a Expr>,
        span: Span,
        scope: &mut Scope<'a>,
    ) -> Size {
        let (mut size, mut scalar) = (Size::fixed(ELEMENT), true);
        for part in parts {
            let part = self.expression(part, scope);
            scalar &= part.scalar;
            size = size.plus(part).plus(Size::fixed(ELEMENT));
        }
        // A list of texts is told from a list of containers: it is what `sprintf` prints as it is.
        self.checked(span, scope.file, Size { scalar, ..size })
    }

    fn comprehension(
        &mut self,
        terms: [Option<&'a Expr>; 2],
        query: &'a Query,
        span: Span,
        scope: &mut Scope<'a>,
    ) -> Size {
        let mut inner = scope.inner();
        self.query(query, &mut inner);
        let mut head = Size::NOTHING;
        for term in terms.into_iter().flatten() {
            head = head.plus(self.expression(term, &mut inner));
        }
        scope.learn(&inner);
        self.made(span, scope.file, inner.turns.collected(head))
    }

    fn arithmetic(
        &mut self,
        op: ArithOp,
        sides: [&'a Expr; 2],
        span: Span,
        scope: &mut Scope<'a>,
    ) -> Size {
        let [one, two] = sides.map(|side| self.expression(side, scope));
        let digits = match op {
            ArithOp::Add | ArithOp::Sub => one.digits.max(two.digits).saturating_add(1),
            ArithOp::Mul | ArithOp::Div => one.digits.saturating_add(two.digits),
            ArithOp::Mod => one.digits.max(two.digits),
        };
        // Sets are subtracted, too; what is left is no larger than what was there.
        let set = op == ArithOp::Sub && !one.scalar && !two.scalar;
        let number = Size::number(digits);
        self.made(span, scope.file, if set { number.or(one) } else { number })
    }

    fn call(
        &mut self,
        function: &'a Expr,
        params: &'a [Expr],
        span: Span,
        scope: &mut Scope<'a>,
    ) -> Size {
        let targets = self.names.targets(scope.file, function);
        let name = dotted(function);
        // What is written behind the arguments takes the result apart.
        let (given, results) = params.split_at(self.arity(&targets, &name).min(params.len()));
        let args: Vec<Size> = given.iter().map(|param| self.expression(param, scope)).collect();
        let largest = args.iter().fold(Size::NOTHING, |largest, arg| largest.or(*arg));
        let mut value = Size::NOTHING;
        for target in &targets {
            let summary = self.node(*target);
            value = value.or(summary.value.given(largest));
            self.called = self.called.or(summary.taken.given(largest).settled());
        }
        if let Some(instead) = self.replaced.names.get(&name) {
            value = value.or(instead.given(largest));
        }
        let mut taken = value;
        if targets.is_empty() {
            let outcome = builtins::outcome(&name.join("."), params, &args);
            (value, taken) = (value.or(outcome.value), taken.plus(outcome.taken));
            value.scalar = outcome.value.scalar;
        }
        results.iter().for_each(|result| self.bind_free(result, value, scope));
        self.take(span, scope.file, taken);
        self.checked(span, scope.file, value)
    }

    /// How many arguments the function takes.
    fn arity(&self, targets: &[usize], name: &[&str]) -> usize {
        let rules = targets.iter().filter_map(|target| self.names.nodes().get(*target));
        let args = rules.flat_map(|node| &node.rules).map(|(_, rule)| match rule {
            Rule::Default { args, .. } | Rule::Spec { head: Head::Func { args, .. }, .. } => {
                args.len()
            }
            Rule::Spec { .. } => 0,
        });
        let builtin = || allowed::find(&name.join(".")).map(|builtin| builtin.takes.len());
        args.max().or_else(builtin).unwrap_or(usize::MAX)
    }

    fn reference(&mut self, expr: &'a Expr, scope: &mut Scope<'a>) -> Size {
        let (root, steps) = expr.reference();
        let Some(name) = root.variable() else {
            let size = self.expression(root, scope);
            return self.below(size, None, &steps, scope);
        };
        if name == "input" {
            return self.below(Size::INPUT, None, &steps, scope);
        }
        if let Some(local) = scope.local(name) {
            return self.below(local, None, &steps, scope);
        }
        let known = self.data_at(expr, scope.file);
        let mut size = Size::NOTHING;
        let targets = self.names.targets(scope.file, expr);
        for target in &targets {
            size = size.plus(self.node(*target).value);
        }
        match known {
            Some((known, below)) => {
                let rest = steps.get(below..).unwrap_or_default();
                self.below(size, Some(known), rest, scope)
            }
            None if targets.is_empty() => {
                scope.missed(name);
                self.below(size, None, &steps, scope)
            }
            None => self.below(size, None, &steps, scope),
        }
    }

    /// The data that a reference means, and how many of its steps lead there.
    fn data_at(&self, expr: &'a Expr, file: usize) -> Option<(Known<'a>, usize)> {
        let path = self.names.data_path(file, expr)?;
        let keys = expr.reference().1.iter().take_while(|s| matches!(s, Step::Key(_))).count();
        let all = Known::all(self.data);
        Some((path.iter().skip(1).fold(all, |known, key| known.member(key)), keys))
    }

    /// What is below a value: every step leads to a part of it, and an unbound name to all parts.
    fn below(
        &mut self,
        mut size: Size,
        mut known: Option<Known<'a>>,
        steps: &[Step<'a>],
        scope: &mut Scope<'a>,
    ) -> Size {
        for step in steps {
            let index = match step {
                Step::Key(key) => {
                    known = known.map(|known| known.member(key));
                    continue;
                }
                Step::Index(index) => index,
            };
            let loops = self.is_free(index, scope);
            if loops {
                let count = known.as_ref().filter(|_| size == Size::NOTHING).map(Known::count);
                let all = known.as_ref().map_or(Size::NOTHING, |known| known.size(&mut self.steps));
                let element = scope.turns.over(size.plus(all), count);
                scope.bind_all(index, element);
                size = if known.is_some() && size == Size::NOTHING { size } else { element };
            } else {
                self.expression(index, scope);
            }
            known = known.map(|known| known.elements());
        }
        let instead = known.as_ref().map_or(Size::NOTHING, |_| self.replaced.data);
        let data = known.map_or(Size::NOTHING, |known| known.size(&mut self.steps)).or(instead);
        Size { scalar: false, ..size.plus(data) }
    }

    /// How many elements a collection has, where the data tells.
    fn count(&mut self, collection: &'a Expr, scope: &Scope<'a>) -> Option<u64> {
        if let Expr::Array { items, .. } | Expr::Set { items, .. } = collection {
            return u64::try_from(items.len()).ok();
        }
        let root = collection.reference().0.variable()?;
        if scope.local(root).is_some() || !self.names.targets(scope.file, collection).is_empty() {
            return None;
        }
        let (known, keys) = self.data_at(collection, scope.file)?;
        let steps = collection.reference().1;
        (steps.len() == keys).then(|| known.count())
    }

    /// A value that is new in memory.
    fn made(&mut self, span: Span, file: usize, size: Size) -> Size {
        self.take(span, file, size);
        self.checked(span, file, size)
    }

    fn take(&mut self, span: Span, file: usize, size: Size) {
        let size = self.checked(span, file, size).settled();
        self.taken = self.taken.plus(size);
    }

    /// The size, or a report that it is too large; that is said once, where it happens.
    fn checked(&mut self, span: Span, file: usize, size: Size) -> Size {
        if Bill::of(size).total(REQUEST) <= BUDGET && size.digits <= DIGITS {
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
