//! Rules that nothing asks for.
//!
//! A denial that the answer does not gather never denies. The roots are the entry point and whatever
//! is annotated with `entrypoint: true`, and the rule about what is masked; functions that nobody
//! calls are a library's affair.

use std::collections::BTreeSet;

use crate::policy::check::Findings;
use crate::policy::check::code::Code;
use crate::policy::check::metadata::Metadata;
use crate::policy::check::scope::Context;
use crate::policy::gate::names::{Names, Node, dotted};
use crate::policy::gate::walk::{self, Visitor};
use crate::policy::masking::MASK;
use crate::policy::syntax::{Expr, Head, Rule};

/// What is reached from where.
#[derive(Debug)]
pub(super) struct Reach {
    /// The rules that the entry point reaches, itself included.
    served: BTreeSet<usize>,
    /// The same for every entry point.
    all: BTreeSet<usize>,
}

impl Reach {
    pub(super) fn new(context: Context<'_, '_>, query: &str) -> Self {
        let path: Vec<&str> = query.split('.').collect();
        let served = reached(context.names, context.names.exact(&path));
        let annotated = context.names.nodes().iter().enumerate().filter(|(_, node)| {
            let own = |(file, rule): &(usize, &Rule)| {
                Metadata::above(context.text(*file), rule.span()).is_entry_point
            };
            node.rules.iter().any(own)
        });
        let mut all = reached(context.names, annotated.map(|(index, _)| index));
        let mask: Vec<&str> = MASK.split('.').collect();
        all.extend(reached(context.names, context.names.exact(&mask)));
        all.extend(&served);
        Self { served, all }
    }

    /// Whether the entry point needs this rule.
    pub(super) fn serves(&self, node: usize) -> bool {
        self.served.contains(&node)
    }

    /// Reports the rules that no entry point needs.
    pub(super) fn report(&self, context: Context<'_, '_>, findings: &mut Findings<'_>) {
        let nodes = context.names.nodes();
        let package =
            |node: &Node<'_>| node.path.split_last().map(|(_, package)| package.join("."));
        let used: BTreeSet<_> =
            self.all.iter().filter_map(|index| nodes.get(*index)).filter_map(package).collect();
        let functions =
            nodes.iter().filter(|node| node.rules.iter().any(|(_, rule)| is_function(rule)));
        // A library whose functions nobody calls yet is no mistake.
        let mut unused: BTreeSet<_> = functions.filter_map(package).collect();
        for (index, node) in nodes.iter().enumerate() {
            let Some((file, rule)) = node.rules.first().filter(|_| !self.all.contains(&index))
            else {
                continue;
            };
            let Some(package) = package(node).filter(|_| !is_function(rule)) else { continue };
            let path = node.path.join(".");
            let (message, help) = if used.contains(&package) {
                (
                    format!("`{path}` is reached from no entry point, so it decides nothing"),
                    "use it in the answer, or remove it; `entrypoint: true` in its metadata keeps it",
                )
            } else if unused.insert(package.clone()) {
                (
                    format!("no rule of `{package}` is reached from an entry point"),
                    "use it in the answer, set `policy.query`, or annotate its answer with \
                     `entrypoint: true`",
                )
            } else {
                continue;
            };
            findings.add(Code::Unreached, *file, rule.span(), message, help);
        }
    }
}

fn is_function(rule: &Rule) -> bool {
    match rule {
        Rule::Default { args, .. } => !args.is_empty(),
        Rule::Spec { head, .. } => matches!(head, Head::Func { .. }),
    }
}

fn reached(names: &Names<'_>, from: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open: Vec<usize> = from.into_iter().collect();
    while let Some(index) = open.pop() {
        if !found.insert(index) {
            continue;
        }
        for (file, rule) in names.nodes().get(index).into_iter().flat_map(|node| &node.rules) {
            let mut uses = Uses { names, file: *file, found: Vec::new() };
            walk::rule(rule, &mut uses);
            open.append(&mut uses.found);
        }
    }
    found
}

struct Uses<'n, 'a> {
    names: &'n Names<'a>,
    file: usize,
    found: Vec<usize>,
}

impl<'a> Visitor<'a> for Uses<'_, 'a> {
    fn expression(&mut self, expr: &'a Expr) {
        if matches!(expr, Expr::Var { .. } | Expr::RefBrack { .. } | Expr::RefDot { .. }) {
            self.found.extend(self.names.targets(self.file, expr));
        }
    }
}

/// Reports references to a rule that its package does not have: they never have a value.
pub(super) fn misnamed(context: Context<'_, '_>, findings: &mut Findings<'_>) {
    let packages: BTreeSet<&[&str]> =
        context.names.nodes().iter().filter_map(|node| Some(node.path.split_last()?.1)).collect();
    for (number, file) in context.files.iter().enumerate() {
        let mut misnamed = Misnamed { context, packages: &packages, file: number, findings };
        file.module.rules.iter().for_each(|rule| walk::rule(rule, &mut misnamed));
    }
}

struct Misnamed<'m, 'c, 'a, 'f> {
    context: Context<'c, 'a>,
    packages: &'m BTreeSet<&'m [&'m str]>,
    file: usize,
    findings: &'m mut Findings<'f>,
}

impl<'a> Visitor<'a> for Misnamed<'_, '_, 'a, '_> {
    fn expression(&mut self, expr: &'a Expr) {
        if !matches!(expr, Expr::RefBrack { .. } | Expr::RefDot { .. }) {
            return;
        }
        let names = self.context.names;
        let meanings = names.meanings(self.file, expr);
        let written = dotted(expr).first() == Some(&"data") || meanings.len() > 1;
        let Some(path) = meanings.first().filter(|_| written) else { return };
        if meanings.iter().any(|path| !names.reached(path).is_empty()) {
            return;
        }
        let within = (2..path.len()).filter_map(|length| path.split_at_checked(length));
        let Some((package, rest)) =
            within.rev().find(|(package, _)| self.packages.contains(package))
        else {
            return;
        };
        let mut data = path.iter().skip(1);
        let Some(name) = rest.first() else { return };
        if data.try_fold(self.context.data, |at, key| at.get(key)).is_some() {
            return;
        }
        let message = format!("package `{}` has no rule `{name}`", package.join("."));
        let known = names.nodes().iter().filter(|node| node.path.starts_with(package));
        let known: BTreeSet<&str> =
            known.filter_map(|node| node.path.get(package.len()).copied()).collect();
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        let help = format!("it has: {known}");
        self.findings.add(Code::Rule, self.file, expr.span(), message, help);
    }
}
