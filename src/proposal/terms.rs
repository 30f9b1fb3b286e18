//! On what terms a proposal may be approved, as policy named them.
//!
//! They are shown to people beside the request. They are policy's words: an agent's never stand here.

use crate::policy::{ApprovalNeed, Reason};
use crate::proposal::encoding::{Reader, Undecodable, Writer};

/// What people are told, and how many of whom must agree.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Terms {
    /// Each must be met.
    pub needs: Vec<Need>,
    /// One sentence, from a rule's template.
    pub summary: Option<String>,
    /// How grave it is, in the rules' own word.
    pub risk: Option<String>,
    /// Why agreement is needed.
    pub reasons: Vec<Reason>,
}

/// How many people of which groups must say yes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Need {
    /// How many; at least one.
    pub quorum: u32,
    /// The groups; empty means those that the configuration names.
    pub approvers: Vec<String>,
}

impl Terms {
    /// The terms of an answer that escalates. Of several needs the first that has words is shown.
    pub fn new(needs: &[ApprovalNeed], reasons: &[Reason]) -> Self {
        Self {
            needs: needs.iter().map(Need::from).collect(),
            summary: needs.iter().find_map(|need| need.summary.clone()),
            risk: needs.iter().find_map(|need| need.risk.clone()),
            reasons: reasons.to_vec(),
        }
    }

    /// The one form in bytes, which [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(DOMAIN);
        writer.number(self.needs.len() as u64);
        for need in &self.needs {
            writer.number(u64::from(need.quorum));
            writer.number(need.approvers.len() as u64);
            need.approvers.iter().for_each(|group| writer.text(group));
        }
        writer.option(self.summary.as_deref());
        writer.option(self.risk.as_deref());
        writer.number(self.reasons.len() as u64);
        for reason in &self.reasons {
            writer.text(&reason.code);
            writer.text(&reason.message);
        }
        writer.finish()
    }

    /// Reads back what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`Undecodable`], for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut reader = Reader::new(bytes, DOMAIN)?;
        let needs = reader.list(|reader| {
            let quorum = u32::try_from(reader.number()?).map_err(|_| Undecodable)?;
            let approvers = reader.list(|reader| reader.text().map(str::to_owned))?;
            Ok(Need { quorum, approvers })
        })?;
        let summary = reader.option()?.map(str::to_owned);
        let risk = reader.option()?.map(str::to_owned);
        let reasons = reader.list(|reader| {
            let code = reader.text()?.to_owned();
            Ok(Reason { code, message: reader.text()?.to_owned() })
        })?;
        reader.finish()?;
        Ok(Self { needs, summary, risk, reasons })
    }
}

impl From<&ApprovalNeed> for Need {
    fn from(need: &ApprovalNeed) -> Self {
        Self { quorum: need.quorum, approvers: need.approvers.clone() }
    }
}

const DOMAIN: &str = "countersign/terms/v1";
