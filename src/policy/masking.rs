//! The bundle's own rule about what of its decisions nobody is to read.
//!
//! It is OPA's: `data.system.log.mask`, whose input is the event that is to be written. It decides
//! nothing, and is never on a request's path. It passes the gate like every other rule, with a bill
//! of its own: an event may cost more than a request, and no request pays for it.

use std::sync::Arc;

use serde_json::Value;

use crate::policy::bundle::Bundle;
use crate::policy::engine::bulk::Bulk;
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::failure::{Cause, Failure};
use crate::policy::gate::{self, Bill, File};
use crate::policy::problem::{Place, Problem};

/// The rule, as a full path.
pub(super) const MASK: &str = "data.system.log.mask";

/// The package that is about events, and not about requests.
pub(super) const PACKAGE: [&str; 3] = ["data", "system", "log"];

/// A rule that has passed the gate.
#[derive(Debug)]
pub(super) struct Masking {
    bill: Bill,
    place: Place,
}

/// Asks the rule of one bundle.
#[derive(Debug)]
pub struct Masker {
    bundle: Arc<Bundle>,
    interpreter: Box<Interpreter>,
}

impl Masking {
    /// The rule among `served`, if there is one; `files` has the tests as well.
    ///
    /// # Errors
    /// Whatever keeps it from being asked: a rule that covers nothing without a word is worse than
    /// a bundle that does not load.
    pub(super) fn find(
        files: &[File<'_>],
        data: &str,
        parsed: &Document,
    ) -> Result<Option<Self>, Vec<Problem>> {
        let rules = gate::reached(files, MASK);
        let Some(first) = rules.first() else {
            let written = parsed.member("system").member("log").member("mask");
            return match written.is_undefined() {
                true => Ok(None),
                false => Err(vec![unfit(Place::file("data.json"), "is data")]),
            };
        };
        match rules.iter().find(|rule| rule.path == MASK) {
            None => Err(vec![unfit(first.place.clone(), "is a package")]),
            Some(rule) if rule.is_function => {
                Err(vec![unfit(rule.place.clone(), "takes arguments")])
            }
            Some(rule) => {
                let bill = gate::refusals(files, data, &[MASK])?;
                Ok(Some(Self { bill, place: rule.place.clone() }))
            }
        }
    }
}

fn unfit(place: Place, what: &str) -> Problem {
    let fix =
        "write a rule: `mask contains \"/input/parsed_body/password\"` in `package system.log`";
    Problem::new(place, format!("`{MASK}` {what}, and is never asked"), fix)
}

impl Masker {
    /// Asks the rule of `bundle`.
    pub fn new(bundle: Arc<Bundle>) -> Self {
        let interpreter = Box::new(bundle.interpreter());
        Self { bundle, interpreter }
    }

    /// Whether it is the rule of `bundle` that is asked.
    pub fn is_of(&self, bundle: &Arc<Bundle>) -> bool {
        Arc::ptr_eq(&self.bundle, bundle)
    }

    /// What the rule says about `event`, which is JSON text; sets are arrays, and nothing is null.
    ///
    /// # Errors
    /// [`Failure`], where it gives no answer.
    pub fn ask(&mut self, event: &str) -> Result<Value, Failure> {
        let Some(masking) = self.bundle.masking() else { return Ok(Value::Null) };
        let event = Document::parse(event).map_err(|why| Failure::new(Cause::Input, why))?;
        masking.bill.admit(Bulk::of(&event))?;
        let said = self.interpreter.evaluate(MASK, &event);
        let said = said.map_err(|failure| failure.or_at(&masking.place))?;
        if said.is_undefined() {
            return Ok(Value::Null);
        }
        let said = serde_json::from_str(&said.to_string());
        said.map_err(|why| Failure::new(Cause::Answer, why.to_string()))
    }
}
