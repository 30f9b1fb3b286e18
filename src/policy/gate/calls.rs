//! Who calls whom, and that it ends.
//!
//! Both engines recurse with the rules they run, and neither stops in time: a rule that reaches
//! itself overflows the stack, and the process is gone. So before anything is evaluated, no rule
//! and no function may reach itself, by whatever way, and the longest way down is bounded.

use std::collections::BTreeMap;

use crate::policy::gate::names::{Names, dotted};
use crate::policy::gate::walk::{self, Visitor};
use crate::policy::gate::{File, problem_at};
use crate::policy::problem::Problem;
use crate::policy::syntax::{Expr, Literal, Rule, Statement, Step};

/// The deepest an evaluation may nest: rules that call each other, the expressions in them and the
/// loops around those. It keeps the interpreter within the two megabytes of a worker's stack.
pub(super) const NESTING: usize = 160;

/// Refuses rules that reach themselves, and ways down that are too long.
pub(in crate::policy) fn check<'a>(files: &'a [File<'a>], names: &Names<'a>) -> Vec<Problem> {
    let graph = Graph::new(names);
    match graph.heights() {
        Ok(heights) => too_deep(files, names, &graph, &heights).into_iter().collect(),
        Err(cycle) => vec![cyclic(files, names, &cycle)],
    }
}

fn cyclic(files: &[File<'_>], names: &Names<'_>, cycle: &[usize]) -> Problem {
    let nodes = || cycle.iter().filter_map(|index| names.nodes().get(*index));
    let way: Vec<String> = nodes().chain(nodes().take(1)).map(|node| node.path.join(".")).collect();
    let message = format!("a rule reaches itself: {}", way.join(" -> "));
    let fix = "break the circle; a local variable with the name of a rule counts as that rule";
    at_first(files, nodes().find_map(|node| node.rules.first()), message, fix)
}

fn too_deep(
    files: &[File<'_>],
    names: &Names<'_>,
    graph: &Graph,
    heights: &[usize],
) -> Option<Problem> {
    let (index, height) = heights.iter().enumerate().max_by_key(|(_, height)| **height)?;
    if *height <= NESTING {
        return None;
    }
    let node = names.nodes().get(index)?;
    let deepest = graph.weights.get(index).copied().unwrap_or_default();
    let message = format!(
        "evaluating {} nests {height} deep, {deepest} of it in the rule itself; {NESTING} is the most",
        node.path.join(".")
    );
    let fix = "shorten the chain of rules that call each other, or split the deepest expressions";
    Some(at_first(files, node.rules.first(), message, fix))
}

fn at_first(
    files: &[File<'_>],
    rule: Option<&(usize, &Rule)>,
    message: String,
    fix: &str,
) -> Problem {
    let (file, span) = rule.map_or((0, None), |(file, rule)| (*file, Some(rule.span())));
    problem_at(files, file, span, message, fix)
}

/// The calls between rules, by their numbers in [`Names`].
struct Graph {
    edges: Vec<Vec<usize>>,
    /// How deep each rule nests by itself.
    weights: Vec<usize>,
}

impl Graph {
    fn new<'a>(names: &Names<'a>) -> Self {
        let count = names.nodes().len();
        let mut graph = Self { edges: vec![Vec::new(); count], weights: vec![0; count] };
        let mut replaced = Replaced::default();
        for (index, node) in names.nodes().iter().enumerate() {
            for (file, rule) in &node.rules {
                let mut calls = Calls::new(names, *file);
                walk::rule(rule, &mut calls);
                replaced.add(names, *file, calls.withs);
                graph.add(index, calls.edges, calls.deepest + calls.loops + 1);
                replaced.callers(index, calls.unknown);
            }
        }
        replaced.connect(&mut graph);
        graph
    }

    fn add(&mut self, node: usize, edges: Vec<usize>, weight: usize) {
        if let (Some(out), Some(heaviest)) = (self.edges.get_mut(node), self.weights.get_mut(node))
        {
            out.extend(edges);
            *heaviest = weight.max(*heaviest);
        }
    }

    /// How deep an evaluation of each node nests, or the first circle that is found.
    ///
    /// Depth first with a stack of its own: the graph may be as deep as the bundle is large.
    fn heights(&self) -> Result<Vec<usize>, Vec<usize>> {
        let mut states = vec![State::New; self.edges.len()];
        let mut heights = self.weights.clone();
        for start in 0..self.edges.len() {
            let mut way: Vec<(usize, usize)> = vec![(start, 0)];
            while let Some((node, next)) = way.pop() {
                if states.get(node) == Some(&State::Done) {
                    continue;
                }
                set(&mut states, node, State::Open);
                let Some(&callee) = self.edges.get(node).and_then(|out| out.get(next)) else {
                    set(&mut states, node, State::Done);
                    self.settle(node, &mut heights);
                    continue;
                };
                way.push((node, next + 1));
                match states.get(callee) {
                    Some(State::New) => way.push((callee, 0)),
                    Some(State::Open) => return Err(circle(&way, callee)),
                    _ => {}
                }
            }
        }
        Ok(heights)
    }

    fn settle(&self, node: usize, heights: &mut [usize]) {
        let callees = self.edges.get(node).into_iter().flatten();
        let below = callees.filter_map(|callee| heights.get(*callee)).max().copied().unwrap_or(0);
        if let Some(height) = heights.get_mut(node) {
            *height += below;
        }
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

fn set(states: &mut [State], node: usize, state: State) {
    if let Some(entry) = states.get_mut(node) {
        *entry = state;
    }
}

/// The nodes of the way from `callee` on.
fn circle(way: &[(usize, usize)], callee: usize) -> Vec<usize> {
    way.iter().map(|(node, _)| *node).skip_while(|node| *node != callee).collect()
}

/// What one rule calls, and how deep it nests.
struct Calls<'n, 'a> {
    names: &'n Names<'a>,
    file: usize,
    edges: Vec<usize>,
    /// Names that are no rule: builtins, which a `with` may replace by a rule.
    unknown: Vec<Vec<&'a str>>,
    withs: Vec<(&'a Expr, &'a Expr)>,
    depth: usize,
    deepest: usize,
    loops: usize,
}

impl<'n, 'a> Calls<'n, 'a> {
    fn new(names: &'n Names<'a>, file: usize) -> Self {
        let (edges, unknown, withs) = (Vec::new(), Vec::new(), Vec::new());
        Self { names, file, edges, unknown, withs, depth: 0, deepest: 0, loops: 0 }
    }
}

impl<'a> Visitor<'a> for Calls<'_, 'a> {
    fn expression(&mut self, expr: &'a Expr) {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        match expr {
            Expr::Var { .. } | Expr::RefBrack { .. } | Expr::RefDot { .. } => {
                let targets = self.names.targets(self.file, expr);
                if targets.is_empty() {
                    self.unknown.push(dotted(expr));
                }
                self.edges.extend(targets);
                let (_, steps) = expr.reference();
                self.loops += steps.iter().filter(|step| matches!(step, Step::Index(_))).count();
            }
            _ => {}
        }
    }

    fn statement(&mut self, statement: &'a Statement) {
        let looping = matches!(statement.literal, Literal::SomeIn { .. } | Literal::Every { .. });
        self.loops += usize::from(looping);
        let withs = statement.with_mods.iter().map(|with| (&with.refr, &with.value));
        self.withs.extend(withs);
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }
}

/// What `with` puts in the place of rules and builtins.
#[derive(Default)]
struct Replaced<'a> {
    rules: Vec<(usize, Vec<usize>)>,
    builtins: Vec<(Vec<&'a str>, Vec<usize>)>,
    callers: BTreeMap<Vec<&'a str>, Vec<usize>>,
}

impl<'a> Replaced<'a> {
    fn add(&mut self, names: &Names<'a>, file: usize, withs: Vec<(&'a Expr, &'a Expr)>) {
        for (target, value) in withs {
            let mut calls = Calls::new(names, file);
            walk::expression(value, &mut calls);
            let targets = names.targets(file, target);
            if targets.is_empty() {
                self.builtins.push((dotted(target), calls.edges.clone()));
            }
            self.rules.extend(targets.into_iter().map(|target| (target, calls.edges.clone())));
        }
    }

    fn callers(&mut self, node: usize, unknown: Vec<Vec<&'a str>>) {
        for name in unknown {
            self.callers.entry(name).or_default().push(node);
        }
    }

    /// Whoever called what was replaced now calls the replacement.
    fn connect(self, graph: &mut Graph) {
        for (node, edges) in self.rules {
            graph.add(node, edges, 0);
        }
        for (name, edges) in self.builtins {
            for caller in self.callers.get(&name).into_iter().flatten() {
                graph.add(*caller, edges.clone(), 0);
            }
        }
    }
}
