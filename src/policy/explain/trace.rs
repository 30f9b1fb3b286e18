//! Which definitions held, from the rule that was asked down to those that it asked.

use std::collections::BTreeSet;

use crate::policy::explain::conditions::{Body, Prober};
use crate::policy::explain::explanation::{Condition, Held, RulePlace, State};
use crate::policy::explain::reading::{one_line, references, references_in, written};
use crate::policy::gate::place_at;
use crate::policy::syntax::{Expr, Head, Literal, Rule};

/// One way for a rule to have a value: a definition, or one `else` of it.
#[derive(Clone, Copy)]
pub(super) struct Definition<'a> {
    pub(super) node: usize,
    pub(super) rule: &'a Rule,
    pub(super) body: Body<'a>,
    /// What it says; `None` is `true`, or for a set its element.
    pub(super) value: Option<&'a Expr>,
    line: u32,
}

/// How far down definitions are followed.
const DEPTH: usize = 3;

/// The most definitions that are told.
const TOLD: usize = 12;

impl<'a> Prober<'a> {
    /// The branches of every definition of `node`, defaults excepted.
    pub(super) fn definitions(&self, node: usize) -> Vec<Vec<Definition<'a>>> {
        let Some(named) = self.names.nodes().get(node) else { return Vec::new() };
        let definitions = named.rules.iter().filter_map(|(file, rule)| match rule {
            Rule::Spec { head, bodies, .. } => Some((*file, *rule, head, bodies)),
            Rule::Default { .. } => None,
        });
        let branches = definitions.map(|(file, rule, head, bodies)| {
            let own = value_of(head);
            let line = rule.span().line;
            if bodies.is_empty() {
                let body = Body { file, statements: &[], also: None };
                return vec![Definition { node, rule, body, value: own, line }];
            }
            let branch = |(branch, body): (usize, &'a crate::policy::syntax::Body)| {
                let statements = body.query.stmts.as_slice();
                let value = body.assign.as_ref().map(|assign| &assign.value);
                let first = statements.first().map_or(line, |first| first.span.line);
                let first = value.map_or(first, |value| value.span().line);
                Definition {
                    node,
                    rule,
                    body: Body { file, statements, also: None },
                    value: value.or(own.filter(|_| branch == 0)),
                    line: if branch == 0 { line } else { first },
                }
            };
            bodies.iter().enumerate().map(branch).collect()
        });
        branches.collect()
    }

    /// Where a definition stands.
    pub(super) fn place(&self, definition: &Definition<'a>) -> RulePlace {
        let place = place_at(self.files, definition.body.file, definition.rule.span());
        let path = self.names.nodes().get(definition.node).map(|node| node.path.as_slice());
        let place = RulePlace::new(path.unwrap_or_default(), &place);
        RulePlace { line: definition.line, ..place }
    }

    /// Whether every condition holds.
    pub(super) fn holds(&self, body: Body<'a>) -> bool {
        self.conditions(body).iter().all(|condition| condition.state == State::Held)
    }

    /// The definitions of `node` that give it its value, and those of the rules they ask.
    pub(super) fn trace(&self, node: usize) -> Vec<Held> {
        let (mut told, mut visited) = (Vec::new(), BTreeSet::new());
        self.follow(node, 0, &mut visited, &mut told);
        told
    }

    fn follow(
        &self,
        node: usize,
        depth: usize,
        visited: &mut BTreeSet<usize>,
        told: &mut Vec<Held>,
    ) {
        if depth > DEPTH || told.len() >= TOLD || !visited.insert(node) {
            return;
        }
        let holding = self.holding(node);
        if holding.is_empty() {
            told.extend(self.default_of(node, depth));
        }
        for definition in holding {
            if told.len() >= TOLD {
                return;
            }
            let text = self.line(&definition);
            let is_alias = depth > 0 && definition.body.statements.is_empty();
            if !is_alias {
                told.push(Held { place: self.place(&definition), text, depth });
            }
            for asked in self.asked(&definition) {
                let says_something =
                    self.value(asked).is_some_and(|value| depth == 0 || !value.is_nothing());
                if says_something {
                    self.follow(asked, depth + 1, visited, told);
                }
            }
        }
    }

    /// The branches that hold: of each definition the first that does.
    pub(super) fn holding(&self, node: usize) -> Vec<Definition<'a>> {
        let definitions = self.definitions(node).into_iter();
        let first = |branches: Vec<Definition<'a>>| {
            branches.into_iter().find(|definition| self.holds(definition.body))
        };
        definitions.filter_map(first).collect()
    }

    /// Whether evaluating the rule may depend on anything that it says itself.
    pub(super) fn has_conditions(&self, node: usize) -> bool {
        let mut definitions = self.definitions(node).into_iter().flatten();
        definitions.any(|one| !one.body.statements.is_empty())
    }

    /// The condition that errs when `node` is evaluated, in the deepest rule that it can be told of.
    pub(super) fn erring(&self, node: usize, depth: usize) -> Option<Held> {
        for definition in self.definitions(node).into_iter().flatten() {
            let conditions = self.conditions(definition.body);
            let erred = |one: &&Condition| matches!(one.state, State::Erred(_));
            let index = conditions.iter().position(|one| erred(&one));
            let Some((index, condition)) = index.and_then(|at| Some((at, conditions.get(at)?)))
            else {
                continue;
            };
            let statement = definition.body.statements.get(index);
            let asked = statement.map(references).unwrap_or_default().into_iter();
            let deeper = asked
                .filter_map(|expr| self.rule_named(definition.body.file, expr))
                .filter(|asked| depth > 0 && self.value(*asked).is_none())
                .find_map(|asked| self.erring(asked, depth - 1));
            let here = || {
                let line = condition.line;
                let place = RulePlace { line, ..self.place(&definition) };
                Held { place, text: condition.text.clone(), depth: 0 }
            };
            return Some(deeper.unwrap_or_else(here));
        }
        None
    }

    fn default_of(&self, node: usize, depth: usize) -> Option<Held> {
        let named = self.names.nodes().get(node)?;
        let is_default = |(_, rule): &&(usize, &Rule)| matches!(rule, Rule::Default { .. });
        let (file, rule) = named.rules.iter().find(is_default)?;
        let place = RulePlace::new(&named.path, &place_at(self.files, *file, rule.span()));
        let text = self.text_at(*file, place.line);
        Some(Held { place, text, depth })
    }

    /// The rules that a definition asks, in its head and, not negated, in its conditions.
    pub(super) fn asked(&self, definition: &Definition<'a>) -> Vec<usize> {
        let mut found = Vec::new();
        definition.value.iter().for_each(|value| references_in(value, &mut found));
        for statement in definition.body.statements {
            if !matches!(statement.literal, Literal::NotExpr { .. }) {
                found.extend(references(statement));
            }
        }
        let file = definition.body.file;
        let mut nodes: Vec<usize> = Vec::new();
        for node in found.into_iter().filter_map(|expr| self.rule_named(file, expr)) {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        nodes
    }

    /// The line on which a definition begins.
    fn line(&self, definition: &Definition<'a>) -> String {
        self.text_at(definition.body.file, definition.line)
    }

    fn text_at(&self, file: usize, line: u32) -> String {
        let text = self.files.get(file).map_or("", |file| file.source.text.as_str());
        let index = usize::try_from(line).unwrap_or(0).wrapping_sub(1);
        one_line(text.lines().nth(index).unwrap_or_default())
    }

    /// Whether a definition names `word` as a string.
    pub(super) fn names_text(&self, definition: &Definition<'a>, word: &str) -> bool {
        let text = self.files.get(definition.body.file).map(|file| file.source.text.as_str());
        let span = definition.rule.span();
        text.is_some_and(|text| written(span, text).contains(&format!("\"{word}\"")))
    }
}

/// What a rule's head says it is.
fn value_of(head: &Head) -> Option<&Expr> {
    match head {
        Head::Compr { assign, .. } | Head::Func { assign, .. } => {
            assign.as_ref().map(|assign| &assign.value)
        }
        Head::Set { key, .. } => key.as_ref(),
    }
}
