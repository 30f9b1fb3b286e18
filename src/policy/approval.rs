//! What people agreed to, as rules are shown it.
//!
//! It is a fact among others: policy is asked again with it, and has the last word.

use crate::clock::Timestamp;
use crate::id::ProposalId;

/// An approved proposal, shown to rules as `countersign.approval` while it is carried out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Approval {
    /// The proposal.
    pub proposal: ProposalId,
    /// The names of those who agreed, each once, in alphabetical order.
    pub approvers: Vec<String>,
    /// The standing approvals among what they signed, by name.
    pub standing: Vec<String>,
    /// Who decided alone, where somebody did.
    pub break_glass: Option<BreakGlass>,
    /// What was agreed to, as it is printed: `sha-256:` and hexadecimal digits.
    pub digest: String,
    /// When it was.
    pub decided_at: Timestamp,
    /// What they signed, each statement with its signature: for the record, not for rules.
    pub proofs: Vec<String>,
}

/// One person who decided alone, in an emergency.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BreakGlass {
    /// Their name.
    pub approver: String,
    /// Why, in their own words.
    pub reason: String,
}
