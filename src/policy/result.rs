//! A decision as a document: what a log of decisions shows as its result.
//!
//! It has the answer's own keys, so that who reads the log reads what the rules wrote. Of an
//! obligation only the kind is shown: its values may be meant for the upstream alone.

use serde_json::{Map, Value, json};

use crate::policy::decision::{ApprovalNeed, ApprovalStage, Decision, Effect};
use crate::policy::obligation::Duty;
use crate::task::Amount;

impl Decision {
    /// The answer as JSON; `None` where there was no clear one.
    pub fn document(&self) -> Option<Value> {
        if self.failure().is_some() {
            return None;
        }
        let mut result = Map::new();
        result.insert("allowed".to_owned(), json!(*self.effect() == Effect::Allow));
        if let Effect::Escalate(needs) = self.effect() {
            // Beside a route's need there may be one of the guardrails, and both are to be met.
            let approval = match needs.as_slice() {
                [need] => approval(need),
                needs => needs.iter().map(approval).collect(),
            };
            result.insert("approval".to_owned(), approval);
        }
        let reasons = self.reasons().iter();
        let reasons = reasons.map(|one| json!({"code": one.code, "message": one.message}));
        let duties = self.obligations().iter();
        let duties = duties.map(|one| json!({"id": one.id, "type": one.duty.kind()}));
        let lists: [(&str, Vec<Value>); 3] = [
            ("reasons", reasons.collect()),
            ("obligations", duties.collect()),
            ("labels", self.labels().iter().map(|label| json!(label)).collect()),
        ];
        for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            result.insert(key.to_owned(), Value::Array(list));
        }
        if let Some(name) = self.credential() {
            result.insert("credential".to_owned(), json!({"name": name}));
        }
        if let Some(Amount { unit, value }) = self.amount() {
            let amount = json!({"unit": unit.as_str(), "value": value.to_string()});
            result.insert("amount".to_owned(), amount);
        }
        Some(Value::Object(result))
    }
}

fn approval(need: &ApprovalNeed) -> Value {
    let mut shown = json!({
        "expires_in": need.expires_in.map(|time| format!("{}s", time.as_secs())),
        "risk": need.risk,
        "summary": need.summary,
    });
    match need.stages.as_slice() {
        [stage] => {
            shown["approvers"] = json!(stage.approvers);
            shown["quorum"] = json!(stage.quorum);
        }
        stages => shown["stages"] = stages.iter().map(stage).collect(),
    }
    for (key, list) in [("break_glass", &need.break_glass), ("risk_reasons", &need.risk_reasons)] {
        if !list.is_empty() {
            shown[key] = json!(list);
        }
    }
    shown
}

fn stage(stage: &ApprovalStage) -> Value {
    json!({ "approvers": stage.approvers, "quorum": stage.quorum })
}

impl Duty {
    /// Its kind, in one word.
    fn kind(&self) -> &'static str {
        match self {
            Self::AnswerBody(_) => "body",
            Self::AnswerStatus(_) => "http_status",
            Self::DurableOnDisk => "durability",
            Self::QueryRemove(_) => "query_remove",
            Self::QuerySet { .. } => "query_set",
            Self::RequestHeaderRemove(_) => "request_header_remove",
            Self::RequestHeaderSet { .. } => "request_header",
            Self::ResponseHeaderSet { .. } => "response_header",
            Self::Task(_) => "task",
        }
    }
}
