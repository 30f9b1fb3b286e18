//! The definition that allowed, or came nearest to it.

use crate::policy::explain::conditions::{Body, Prober};
use crate::policy::explain::explanation::{Condition, Near, RulePlace, State};
use crate::policy::explain::reading::{references, references_in};
use crate::policy::explain::trace::Definition;
use crate::policy::syntax::{BoolOp, Expr, Literal, Statement};

/// How many rules a near miss is followed through.
const DEPTH: usize = 6;

/// What a definition of the rule that is asked would answer.
enum Gives<'a> {
    Allow,
    /// It allows if this is true.
    AllowIf(&'a Expr),
    /// It says what another rule says.
    As(usize),
    NoAllow,
}

/// A definition, how much of it held, and the rest of what is told of it.
struct Candidate {
    near: Near,
    /// Infinite where all of it held.
    score: f64,
}

impl<'a> Prober<'a> {
    /// The definition of `node`, the rule that is asked, that allows or nearly does.
    pub(super) fn nearest_allow(&self, node: usize) -> Option<Near> {
        self.allowing(node, DEPTH).map(|candidate| candidate.near)
    }

    fn allowing(&self, node: usize, depth: usize) -> Option<Candidate> {
        let mut best = None;
        for definition in self.definitions(node).into_iter().flatten() {
            let candidate = match self.gives(&definition) {
                Gives::Allow => Some(self.candidate(&definition, definition.body, depth)),
                Gives::AllowIf(condition) => {
                    let body = Body { also: Some(condition), ..definition.body };
                    Some(self.candidate(&definition, body, depth))
                }
                Gives::As(other) if depth > 0 => self.allowing(other, depth - 1),
                Gives::As(_) | Gives::NoAllow => None,
            };
            best = better(best, candidate);
        }
        best
    }

    /// The definition of `node` that holds, or most of which does.
    fn nearest(&self, node: usize, depth: usize) -> Option<Candidate> {
        let definitions = self.definitions(node).into_iter().flatten();
        let candidates =
            definitions.map(|definition| self.candidate(&definition, definition.body, depth));
        candidates.fold(None, |best, candidate| better(best, Some(candidate)))
    }

    fn candidate(&self, definition: &Definition<'a>, body: Body<'a>, depth: usize) -> Candidate {
        let mut conditions = self.conditions(body);
        let held = conditions.iter().take_while(|one| one.state == State::Held).count();
        let decisive = match held == conditions.len() {
            true => self.last_rule(body),
            false => self.rules_of(body, held).into_iter().next(),
        };
        if let Some(condition) = conditions.get_mut(held) {
            condition.against = self.against(body, held);
        }
        let through = decisive
            .filter(|_| depth > 0 && conditions.get(held).is_none_or(|one| one.against.is_empty()))
            .and_then(|node| self.nearest(node, depth - 1));
        let score = score(&conditions, held, through.as_ref());
        let through = through.map(|candidate| Box::new(candidate.near));
        Candidate { near: Near { place: self.place(definition), conditions, through }, score }
    }

    /// The rules that the condition at `index` asks and that do not say what it wants.
    fn rules_of(&self, body: Body<'a>, index: usize) -> Vec<usize> {
        let asked = self.asked_at(body, index).into_iter();
        asked.filter(|node| self.value(*node).is_some_and(|value| value.is_nothing())).collect()
    }

    /// The last rule that any of the conditions asks: where all hold, it is what made them.
    fn last_rule(&self, body: Body<'a>) -> Option<usize> {
        let count = body.statements.len() + usize::from(body.also.is_some());
        (0..count).rev().find_map(|index| self.asked_at(body, index).into_iter().next())
    }

    fn asked_at(&self, body: Body<'a>, index: usize) -> Vec<usize> {
        let found = match (body.statements.get(index), body.also) {
            (Some(statement), _) if negates(statement) || counts_none(statement) => Vec::new(),
            (Some(statement), _) => references(statement),
            (None, Some(expr)) => {
                let mut found = Vec::new();
                references_in(expr, &mut found);
                found
            }
            (None, None) => Vec::new(),
        };
        let named = found.into_iter().filter_map(|expr| self.rule_named(body.file, expr));
        named.filter(|node| self.has_conditions(*node)).collect()
    }

    /// The definitions that held where the condition at `index` wanted none to.
    fn against(&self, body: Body<'a>, index: usize) -> Vec<RulePlace> {
        let Some(statement) = body.statements.get(index) else { return Vec::new() };
        if !negates(statement) && !counts_none(statement) {
            return Vec::new();
        }
        let asked = references(statement).into_iter();
        let nodes = asked.filter_map(|expr| self.rule_named(body.file, expr));
        let saying = nodes.filter(|node| self.value(*node).is_some_and(|one| !one.is_nothing()));
        saying.flat_map(|node| self.holding(node)).map(|one| self.place(&one)).collect()
    }

    fn gives(&self, definition: &Definition<'a>) -> Gives<'a> {
        let file = definition.body.file;
        let Some(source) = self.files.get(file) else { return Gives::NoAllow };
        let said = |expr: &'a Expr| match expr {
            Expr::Bool { span } if span.text(&source.source.text) == "true" => Gives::Allow,
            Expr::Bool { .. } => Gives::NoAllow,
            other => Gives::AllowIf(other),
        };
        match definition.value {
            None => Gives::Allow,
            Some(Expr::Object { fields, .. }) => {
                let is_allowed =
                    |key: &Expr| matches!(key, Expr::String { value, .. } if value == "allowed");
                let field = fields.iter().find(|(_, key, _)| is_allowed(key));
                field.map_or(Gives::NoAllow, |(_, _, value)| said(value))
            }
            Some(expr @ Expr::Bool { .. }) => said(expr),
            Some(other) => match self.rule_named(file, other) {
                Some(node) => Gives::As(node),
                None => Gives::AllowIf(other),
            },
        }
    }
}

fn negates(statement: &Statement) -> bool {
    matches!(statement.literal, Literal::NotExpr { .. })
}

/// Whether it is `count(…) == 0`, which fails because a rule says something, as `not` does.
fn counts_none(statement: &Statement) -> bool {
    let Literal::Expr { expr: Expr::Comparison { op: BoolOp::Eq, lhs, rhs, .. } } =
        &statement.literal
    else {
        return false;
    };
    let is_count =
        |expr: &Expr| matches!(expr, Expr::Call { fcn, .. } if fcn.variable() == Some("count"));
    let is_zero = |expr: &Expr| matches!(expr, Expr::Number { value, .. } if value.to_string().trim_matches('"') == "0");
    (is_count(lhs) && is_zero(rhs)) || (is_count(rhs) && is_zero(lhs))
}

/// The better one, and the first of equals.
fn better(best: Option<Candidate>, other: Option<Candidate>) -> Option<Candidate> {
    match (best, other) {
        (Some(best), Some(other)) if other.score > best.score => Some(other),
        (Some(best), _) => Some(best),
        (None, other) => other,
    }
}

/// How many conditions held, those of the rule that the failing one asks among them; of as many, the
/// rule that says more is better: a request that meets two of five is meant more than one that meets
/// two of three.
#[expect(clippy::cast_precision_loss, reason = "a rule has few conditions")]
fn score(conditions: &[Condition], held: usize, through: Option<&Candidate>) -> f64 {
    if held == conditions.len() {
        return f64::INFINITY;
    }
    let inner = through.map_or(0.0, |candidate| candidate.score);
    let inner = if inner.is_finite() { inner } else { 1.0 };
    let held = held as f64 + inner;
    held.floor() + conditions.len() as f64 / 1_000.0
}
