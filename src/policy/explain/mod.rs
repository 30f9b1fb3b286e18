//! Why policy answered as it did.
//!
//! The question is asked again, on the interpreter, with the input that was kept and the rules that
//! decided then. The rules' conditions are then tried one by one, each together with those before
//! it in its rule, so that a variable keeps what it was bound to: the first that fails is why a rule
//! did not hold, and what it looked at is what was seen.
//!
//! None of it is ever on a request's path, and nothing here decides anything. An explanation holds
//! other people's data; an agent gets [`Explanation::for_agent`] of its own decisions only.

mod reading;
mod conditions;
mod trace;
mod nearest;
mod explainer;
mod explanation;
mod print;

#[cfg(test)]
mod tests;

pub use explainer::Explainer;
pub use explanation::{AgentView, Condition, Explanation, Held, Near, RulePlace, Seen, State};
