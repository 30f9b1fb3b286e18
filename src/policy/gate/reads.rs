//! Which parts of the input a rule can reach, through all the rules that it can reach.
//!
//! Nothing is evaluated: every reference in every rule that may run counts, whether or not it ever
//! does. Up to the first index the keys are known; from there on the whole subtree is read.

use std::collections::BTreeMap;

use crate::policy::engine::reads::Reads;
use crate::policy::gate::File;
use crate::policy::gate::builtins::{self, Nature};
use crate::policy::gate::names::{Names, dotted};
use crate::policy::gate::walk::{self, Visitor};
use crate::policy::syntax::{Expr, Module, Statement, Step};

/// What was found out about some rules.
pub(super) struct Found {
    /// What they can read.
    pub(super) reads: Reads,
    /// The rules that they can reach, themselves included, by their numbers in [`Names`].
    pub(super) rules: Vec<usize>,
}

/// What the rules with these full paths can read and reach.
pub(super) fn find<'a>(files: &'a [File<'a>], names: &Names<'a>, rules: &[&str]) -> Found {
    let imports = files.iter().map(|file| imports(&file.module, &file.source.text)).collect();
    let mut looking =
        Looking { names, imports, file: 0, reads: Reads::nothing(), next: Vec::new() };
    for rule in rules {
        looking.next.extend(names.reached(&rule.split('.').collect::<Vec<_>>()));
    }
    let mut seen = vec![false; names.nodes().len()];
    while let Some(index) = looking.next.pop() {
        let (Some(node), Some(seen)) = (names.nodes().get(index), seen.get_mut(index)) else {
            continue;
        };
        if std::mem::replace(seen, true) {
            continue;
        }
        for (file, rule) in &node.rules {
            looking.file = *file;
            walk::rule(rule, &mut looking);
        }
    }
    let rules = (0..seen.len()).filter(|index| seen.get(*index) == Some(&true)).collect();
    Found { reads: looking.reads, rules }
}

/// What one file calls parts of the input: `import input.attributes.request.http as request`. The
/// path is `None` where it is not all written out.
type Imports<'a> = BTreeMap<&'a str, Option<Vec<&'a str>>>;

fn imports<'a>(module: &'a Module, text: &'a str) -> Imports<'a> {
    let of_input = module.imports.iter().filter_map(|import| {
        let (root, steps) = import.refr.reference();
        if root.variable() != Some("input") {
            return None;
        }
        let path: Vec<&str> = dotted(&import.refr).into_iter().skip(1).collect();
        let alias = import.alias.map(|span| span.text(text));
        let name = alias.or(path.last().copied()).unwrap_or("input");
        Some((name, Some(path).filter(|path| path.len() == steps.len())))
    });
    of_input.collect()
}

struct Looking<'n, 'a> {
    names: &'n Names<'a>,
    imports: Vec<Imports<'a>>,
    file: usize,
    reads: Reads,
    /// Rules that may run and were not looked at yet.
    next: Vec<usize>,
}

impl<'a> Looking<'_, 'a> {
    /// Takes a reference below the input, or below what the file imported of it.
    fn input(&mut self, root: &str, steps: &[Step<'a>]) {
        let imported = self.imports.get(self.file).and_then(|imports| imports.get(root));
        let base = match imported {
            Some(Some(path)) => path.clone(),
            Some(None) => return self.reads = Reads::everything(),
            None if root == "input" => Vec::new(),
            None => return,
        };
        let keys = steps.iter().map_while(|step| match step {
            Step::Key(key) => Some(*key),
            Step::Index(_) => None,
        });
        let path: Vec<&str> = base.into_iter().chain(keys).collect();
        self.reads.add(&path);
    }
}

impl<'a> Visitor<'a> for Looking<'_, 'a> {
    fn expression(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Var { .. } | Expr::RefBrack { .. } | Expr::RefDot { .. } => {
                let (root, steps) = expr.reference();
                if let Some(root) = root.variable() {
                    self.input(root, &steps);
                }
                self.next.extend(self.names.targets(self.file, expr));
            }
            Expr::Call { fcn, .. } => {
                let builtin = builtins::find(&dotted(fcn).join("."));
                if builtin.is_some_and(|builtin| builtin.nature == Nature::Varying) {
                    self.reads.add_chance();
                }
            }
            _ => {}
        }
    }

    /// What a `with` puts in the place of the input is not looked into.
    fn statement(&mut self, statement: &'a Statement) {
        if !statement.with_mods.is_empty() {
            self.reads = Reads::everything();
        }
    }
}
