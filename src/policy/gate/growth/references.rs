//! From references to sizes: to locals, to rules, into the input and into the data.

use crate::policy::gate::growth::known::Known;
use crate::policy::gate::growth::scope::Scope;
use crate::policy::gate::growth::size::Size;
use crate::policy::gate::growth::sizing::Sizing;
use crate::policy::syntax::{Expr, Head, Rule, Step};

impl<'a> Sizing<'_, 'a> {
    pub(super) fn reference(&mut self, expr: &'a Expr, scope: &mut Scope<'a>) -> Size {
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
            let loops = self.has_free(index, scope);
            if loops {
                let replaced = self.replaced.data != Size::NOTHING;
                let told = known.as_ref().filter(|_| size == Size::NOTHING && !replaced);
                let count = told.map(Known::count);
                let all = known.as_ref().map_or(Size::NOTHING, |known| known.size(&mut self.steps));
                let all = all.or(known.as_ref().map_or(Size::NOTHING, |_| self.replaced.data));
                let element = scope.turns.over(size.plus(all), count);
                self.bind_free(index, element, scope);
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

    /// How many elements a collection has, where a literal or the data tells.
    pub(super) fn count(&mut self, collection: &'a Expr, scope: &Scope<'a>) -> Option<u64> {
        if let Expr::Array { items, .. } | Expr::Set { items, .. } = collection {
            return u64::try_from(items.len()).ok();
        }
        let root = collection.reference().0.variable()?;
        if scope.local(root).is_some() {
            return None;
        }
        if let Some(target) = self.names.targets(scope.file, collection).first() {
            return self.written_out(*target, collection);
        }
        let (known, keys) = self.data_at(collection, scope.file)?;
        let steps = collection.reference().1;
        let fixed = self.replaced.data == Size::NOTHING;
        (fixed && steps.len() == keys).then(|| known.count())
    }

    /// The elements of a rule that is one literal, as `methods := {"GET", "HEAD"}` is.
    fn written_out(&self, target: usize, reference: &'a Expr) -> Option<u64> {
        let node = self.names.nodes().get(target)?;
        let name = reference.reference().1.last().map_or_else(
            || reference.variable(),
            |step| match step {
                Step::Key(key) => Some(*key),
                Step::Index(_) => None,
            },
        );
        let [(_, Rule::Spec { head: Head::Compr { assign: Some(assign), .. }, bodies, .. })] =
            node.rules.as_slice()
        else {
            return None;
        };
        let (Expr::Array { items, .. } | Expr::Set { items, .. }) = &assign.value else {
            return None;
        };
        let fixed = !self.replaced.rules.contains_key(&target);
        let whole = fixed && bodies.is_empty() && node.path.last().copied() == name;
        whole.then(|| u64::try_from(items.len()).ok())?
    }
}
