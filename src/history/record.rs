//! One decision as it is kept: an event of OPA's decision log.
//!
//! The names are OPA's, so that what reads its logs reads these: `decision_id`, `path`, `input`,
//! `result`, `bundles`, `erased`, `masked`, `metrics`. What OPA has no name for stands under `custom`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::history::change::Change;
use crate::history::mask::{COVER, Mask};
use crate::history::told::Told;
use crate::id::{DecisionId, RuleName};
use crate::policy::{Decision, EntryPoint, Observed, Revision};

/// One decision as it is kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Record {
    decision_id: String,
    timestamp: String,
    /// The rule that was asked, with slashes.
    path: String,
    labels: BTreeMap<String, String>,
    bundles: BTreeMap<String, BundleInfo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<Erred>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    erased: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    masked: Vec<String>,
    metrics: BTreeMap<String, u64>,
    custom: Custom,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct BundleInfo {
    revision: String,
}

/// Why there was no clear answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Erred {
    code: String,
    message: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Custom {
    /// `allow`, `deny`, `escalate` or `error`.
    effect: String,
    /// The rule above the route's, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    guardrails: Option<RuleName>,
    /// Whether a no was only observed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    only_observed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    candidate: Option<Disagreed>,
}

/// What a candidate would have changed.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Disagreed {
    revision: String,
    effect: String,
    change: String,
}

/// What a record says about who asked for what.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Asked {
    /// The agent.
    pub principal: String,
    /// The route.
    pub route: String,
    /// The method.
    pub method: String,
    /// The host.
    pub host: String,
    /// The path, without its query.
    pub path: String,
}

/// A record in which nothing is covered yet. Only what is [`covered`](Self::covered) is written.
#[derive(Debug)]
pub(super) struct Bare(Record);

impl Bare {
    /// The record of `observed`.
    pub(super) fn of(observed: &Observed) -> Self {
        let decision = &observed.decision;
        let input = observed.input().and_then(|text| RawValue::from_string(text).ok());
        let EntryPoint { rule, guardrails } = &observed.point;
        let rule = rule.as_str();
        let path = rule.strip_prefix("data.").unwrap_or(rule).replace('.', "/");
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let revision = decision.revision().to_string();
        let nanos = u64::try_from(observed.took.as_nanos()).unwrap_or(u64::MAX);
        Self(Record {
            decision_id: observed.id().to_string(),
            timestamp: observed.at.to_string(),
            path,
            labels: BTreeMap::from([("version".to_owned(), version)]),
            bundles: BTreeMap::from([(BUNDLE.to_owned(), BundleInfo { revision })]),
            input,
            result: decision.document(),
            error: erred(decision),
            erased: Vec::new(),
            masked: Vec::new(),
            metrics: BTreeMap::from([("timer_rego_query_eval_ns".to_owned(), nanos)]),
            custom: Custom {
                effect: decision.label().to_owned(),
                guardrails: guardrails.clone(),
                only_observed: !observed.enforced && is_clear_no(decision),
                candidate: None,
            },
        })
    }

    /// The event as the bundle's own rule sees it, whole; `None` where it cannot be written.
    pub(super) fn event(&self) -> Option<String> {
        serde_json::to_string(&self.0).ok()
    }

    /// The record as it may be written: covered by `mask`, and by what the bundle's own rule said.
    pub(super) fn covered(self, mask: &Mask, told: &Told) -> Record {
        let Self(mut record) = self;
        let Told::These(orders) = told else { return record.wholly_covered() };
        let mut event = Map::new();
        let input = record.input.as_ref().and_then(|input| serde_json::from_str(input.get()).ok());
        // What cannot be read cannot be covered.
        record.input = record.input.take().filter(|_| input.is_some());
        event.extend(input.map(|input: Value| ("input".to_owned(), input)));
        event.extend(record.result.clone().map(|result| ("result".to_owned(), result)));
        let places = mask.cover(&mut event, orders);
        // What nothing was covered in stays as the engine wrote it, its numbers digit by digit.
        if !places.is_empty() {
            record.input = event.remove("input").and_then(|input| raw(&input));
            record.result = event.remove("result");
            record.masked = places.masked.into_iter().collect();
            record.erased = places.erased.into_iter().collect();
        }
        record
    }

    /// What a candidate would change about it, if anything; that stands in the record from now on.
    pub(super) fn ask(&mut self, candidate: &Decision) -> Option<Change> {
        let change = Change::between((self.0.effect(), self.0.result()), candidate)?;
        self.0.custom.candidate = Some(Disagreed {
            revision: candidate.revision().to_string(),
            effect: candidate.label().to_owned(),
            change: change.word().to_owned(),
        });
        Some(change)
    }
}

impl Record {
    /// Nothing of what was asked and answered is left to be read.
    fn wholly_covered(mut self) -> Self {
        let cover = Value::from(COVER);
        if self.input.is_some() {
            self.input = raw(&cover);
            self.masked.push("/input".to_owned());
        }
        if self.result.is_some() {
            self.result = Some(cover);
            self.masked.push("/result".to_owned());
        }
        // The engine's words may repeat what it stumbled over.
        if let Some(error) = &mut self.error {
            COVER.clone_into(&mut error.message);
            self.masked.push("/error/message".to_owned());
        }
        self
    }

    /// The exchange; `None` if the line was not written by Countersign.
    pub fn id(&self) -> Option<DecisionId> {
        DecisionId::parse(&self.decision_id)
    }

    /// The rules that were asked.
    pub fn point(&self) -> EntryPoint {
        let rule = format!("data.{}", self.path.replace('/', "."));
        let guardrails = self.custom.guardrails.clone();
        EntryPoint { rule: rule.as_str().into(), guardrails }
    }

    /// When policy was asked.
    pub fn at(&self) -> Timestamp {
        Timestamp::parse(&self.timestamp).unwrap_or_default()
    }

    /// The rules that decided.
    pub fn revision(&self) -> Option<Revision> {
        self.bundles.get(BUNDLE).and_then(|bundle| Revision::parse(&bundle.revision))
    }

    /// What the rules read, as JSON text; `None` where it could not be made.
    pub fn input(&self) -> Option<&str> {
        self.input.as_ref().map(|input| input.get())
    }

    /// What they answered; `None` where that was no clear answer.
    pub fn result(&self) -> Option<&Value> {
        self.result.as_ref()
    }

    /// `allow`, `deny`, `escalate` or `error`.
    pub fn effect(&self) -> &str {
        &self.custom.effect
    }

    /// Whether it was let pass although it is a no.
    pub fn is_only_observed(&self) -> bool {
        self.custom.only_observed
    }

    /// The parts of the input and the result that were covered, or erased.
    pub fn covered(&self) -> Vec<String> {
        self.masked.iter().chain(&self.erased).cloned().collect()
    }

    /// Why there was no clear answer.
    pub fn error(&self) -> Option<&str> {
        self.error.as_ref().map(|error| error.message.as_str())
    }

    /// How long the decision took, in nanoseconds.
    pub fn nanos(&self) -> u64 {
        self.metrics.get("timer_rego_query_eval_ns").copied().unwrap_or_default()
    }

    /// The codes of the reasons, in order.
    pub fn codes(&self) -> Vec<String> {
        let reasons = self.result.as_ref().and_then(|result| result.get("reasons")?.as_array());
        let code = |reason: &Value| reason.get("code")?.as_str().map(str::to_owned);
        reasons.into_iter().flatten().filter_map(code).collect()
    }

    /// Who asked for what.
    pub fn asked(&self) -> Asked {
        let Some(Ok(input)) = self.input().map(serde_json::from_str::<Value>) else {
            return Asked::default();
        };
        let text = |pointer: &str| {
            let found = input.pointer(pointer).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        let path = text("/attributes/request/http/path");
        Asked {
            principal: text("/countersign/principal/spiffe_id"),
            route: text("/countersign/route"),
            method: text("/attributes/request/http/method"),
            host: text("/attributes/request/http/host"),
            path: path.split('?').next().unwrap_or_default().to_owned(),
        }
    }
}

fn raw(value: &Value) -> Option<Box<RawValue>> {
    RawValue::from_string(value.to_string()).ok()
}

fn is_clear_no(decision: &Decision) -> bool {
    decision.clone().only_observed().is_only_observed()
}

fn erred(decision: &Decision) -> Option<Erred> {
    let failure = decision.failure()?;
    let code = failure.cause().word().to_owned();
    Some(Erred { code, message: failure.message().to_owned() })
}

/// The name of the one bundle there is.
const BUNDLE: &str = "policy";
