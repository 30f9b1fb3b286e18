//! Whether Countersign can do its work now.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::proxy::Shared;

/// What `/readyz` answers: each thing that an exchange needs, and what is wrong with it.
#[derive(Debug)]
pub struct Health {
    checks: [(&'static str, Option<String>); 3],
}

impl Health {
    /// Looks at everything now.
    pub fn of(shared: &Arc<Shared>) -> Self {
        let snapshot = shared.snapshot();
        let now = shared.clock.now();
        let expired = (snapshot.svid_ends <= now)
            .then(|| format!("our certificate ended at {}", snapshot.svid_ends));
        // A snapshot without a policy cannot be made, so one that is in force has one.
        let checks = [
            ("audit", shared.log.ready().err().map(|why| why.to_string())),
            ("identity", expired),
            ("policy", None),
        ];
        Self { checks }
    }

    /// Whether nothing is wrong.
    pub fn is_ready(&self) -> bool {
        self.checks.iter().all(|(_, problem)| problem.is_none())
    }

    /// As JSON: `{"ready":…,"checks":{"audit":"ok",…}}`.
    pub fn document(&self) -> Value {
        let checks: serde_json::Map<_, _> = self
            .checks
            .iter()
            .map(|(name, problem)| ((*name).to_owned(), json!(problem.as_deref().unwrap_or("ok"))))
            .collect();
        json!({ "ready": self.is_ready(), "checks": checks })
    }
}
