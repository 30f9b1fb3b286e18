//! Where an agent wants to hear what becomes of its proposal.
//!
//! No part of the digest: it changes nothing about what people agree to, and nothing of the request
//! or its answer goes there.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Where to, and of what.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// An `https` URL.
    pub endpoint: String,
    /// The agent's own words, which come along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The kinds of event, such as `proposal.approved`; of decisions and ends, if there are none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub events: BTreeSet<String>,
}

impl Callback {
    /// The one form as text, which [`from_text`](Self::from_text) reads.
    pub fn to_text(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// Reads back what [`to_text`](Self::to_text) wrote; `None` for anything else.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
