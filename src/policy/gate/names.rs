//! Which rules a name may mean.
//!
//! Answers are generous: a local variable that is called like a rule counts as that rule. The
//! checks that build on this look for danger, and must not be talked out of it by a name.

use std::collections::BTreeMap;

use crate::policy::gate::File;
use crate::policy::syntax::{Expr, Module, Rule, Step};

/// A full path: `data`, the package, the rule's name.
pub(in crate::policy) type Path<'a> = Vec<&'a str>;

/// All rules of a bundle, by full path.
#[derive(Debug)]
pub(in crate::policy) struct Names<'a> {
    nodes: Vec<Node<'a>>,
    by_path: BTreeMap<Path<'a>, usize>,
    scopes: Vec<Scope<'a>>,
}

/// Everything that defines one path.
#[derive(Debug)]
pub(in crate::policy) struct Node<'a> {
    pub(in crate::policy) path: Path<'a>,
    /// The file by its number, and the rule.
    pub(in crate::policy) rules: Vec<(usize, &'a Rule)>,
}

/// What short names mean in one file.
#[derive(Debug)]
struct Scope<'a> {
    package: Path<'a>,
    imports: BTreeMap<&'a str, Path<'a>>,
}

impl<'a> Names<'a> {
    pub(in crate::policy) fn new(files: &'a [File<'a>]) -> Self {
        let scopes = files.iter().map(|file| Scope::new(&file.module, &file.source.text)).collect();
        let mut names = Self { nodes: Vec::new(), by_path: BTreeMap::new(), scopes };
        for (number, file) in files.iter().enumerate() {
            for rule in &file.module.rules {
                let path = names.path_of(number, rule.name());
                let index = names.node(path);
                if let Some(node) = names.nodes.get_mut(index) {
                    node.rules.push((number, rule));
                }
            }
        }
        names
    }

    /// The node of that path, made if there is none.
    fn node(&mut self, path: Path<'a>) -> usize {
        if let Some(&index) = self.by_path.get(&path) {
            return index;
        }
        let index = self.nodes.len();
        self.nodes.push(Node { path: path.clone(), rules: Vec::new() });
        self.by_path.insert(path, index);
        index
    }

    /// The package of a file, by the file's number.
    pub(in crate::policy) fn package(&self, file: usize) -> &[&'a str] {
        self.scopes.get(file).map_or(&[], |scope| &scope.package)
    }

    pub(in crate::policy) fn nodes(&self) -> &[Node<'a>] {
        &self.nodes
    }

    /// The node that is exactly this path.
    pub(in crate::policy) fn exact(&self, path: &[&str]) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// The rules that reading `path` may evaluate: those at it, above it and below it.
    pub(in crate::policy) fn reached(&self, path: &[&str]) -> Vec<usize> {
        let mut found: Vec<usize> =
            (1..path.len()).filter_map(|length| self.exact(path.get(..length)?)).collect();
        let from = (std::ops::Bound::Included(path), std::ops::Bound::Unbounded);
        let below = self.by_path.range::<[&str], _>(from);
        found.extend(below.take_while(|(at, _)| at.starts_with(path)).map(|(_, node)| *node));
        found
    }

    /// Every path that the reference `expr` in that file may stand for: its written keys, up to the
    /// first index. Empty for what is not a name.
    pub(in crate::policy) fn meanings(&self, file: usize, expr: &'a Expr) -> Vec<Path<'a>> {
        let (root, steps) = expr.reference();
        let (Some(root), Some(scope)) = (root.variable(), self.scopes.get(file)) else {
            return Vec::new();
        };
        let keys: Vec<&str> = steps.iter().map_while(key).collect();
        let under = |base: &[&'a str]| base.iter().copied().chain(keys.iter().copied()).collect();
        match root {
            "data" => vec![under(&["data"])],
            "input" => Vec::new(),
            name => {
                let own: Path<'a> = scope.package.iter().copied().chain([name]).collect();
                let imported = scope.imports.get(name).map(|base| under(base));
                imported.into_iter().chain([under(&own)]).collect()
            }
        }
    }

    /// The rules that evaluating the reference may evaluate.
    pub(in crate::policy) fn targets(&self, file: usize, expr: &'a Expr) -> Vec<usize> {
        self.meanings(file, expr).iter().flat_map(|path| self.reached(path)).collect()
    }

    /// The path into `data` that the reference in that file means, if it means one.
    pub(in crate::policy) fn data_path(&self, file: usize, expr: &'a Expr) -> Option<Path<'a>> {
        let root = expr.reference().0.variable()?;
        let imported = self.scopes.get(file)?.imports.contains_key(root);
        (root == "data" || imported).then(|| self.meanings(file, expr).into_iter().next())?
    }

    /// Whether the bare name, in that file, is that of a rule or of an import.
    pub(in crate::policy) fn is_rule(&self, file: usize, name: &str) -> bool {
        let Some(scope) = self.scopes.get(file) else { return false };
        let own: Path<'_> = scope.package.iter().copied().chain([name]).collect();
        self.exact(&own).is_some() || scope.imports.contains_key(name)
    }

    fn path_of(&self, file: usize, name: &'a Expr) -> Path<'a> {
        let (root, steps) = name.reference();
        let package = self.scopes.get(file).map(|scope| scope.package.clone()).unwrap_or_default();
        let keys = steps.iter().map_while(key);
        package.into_iter().chain(root.variable()).chain(keys).collect()
    }
}

impl<'a> Scope<'a> {
    fn new(module: &'a Module, text: &'a str) -> Self {
        let mut package = vec!["data"];
        package.extend(dotted(&module.package.refr));
        let mut imports = BTreeMap::new();
        for import in &module.imports {
            let path = dotted(&import.refr);
            let alias = import.alias.map(|span| span.text(text)).or(path.last().copied());
            if let (Some(alias), Some(&"data")) = (alias, path.first()) {
                imports.insert(alias, path);
            }
        }
        Self { package, imports }
    }
}

fn key<'a>(step: &Step<'a>) -> Option<&'a str> {
    match step {
        Step::Key(key) => Some(key),
        Step::Index(_) => None,
    }
}

/// A reference as the names in it: `data.a.b`.
pub(in crate::policy) fn dotted(expr: &Expr) -> Path<'_> {
    let (root, steps) = expr.reference();
    root.variable().into_iter().chain(steps.iter().map_while(key)).collect()
}
