//! On what terms a proposal may be approved, as policy named them.
//!
//! They are shown to people beside the request. They are policy's words: an agent's never stand here.

use crate::policy::{ApprovalNeed, ApprovalStage, Reason};
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
    /// What makes it that grave, likewise.
    pub risk_reasons: Vec<String>,
    /// Why agreement is needed.
    pub reasons: Vec<Reason>,
}

/// Whose yes it takes: that of each stage's people, one stage after the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Need {
    /// In the order in which they are met. Nobody's yes counts in two of them.
    pub stages: Vec<Stage>,
    /// The groups of which one person may decide alone, in an emergency; empty means nobody.
    pub break_glass: Vec<String>,
}

/// How many people of which groups must say yes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stage {
    /// How many; at least one.
    pub quorum: u32,
    /// The groups; empty means everybody who may answer.
    pub approvers: Vec<String>,
}

/// How far a need has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// How many of its stages are met.
    pub met: usize,
    /// How many people have said yes in the next one.
    pub agreed: usize,
    /// How many it takes there; nothing if all stages are met.
    pub wanted: usize,
}

impl Terms {
    /// The terms of an answer that escalates. Of several needs the first that has words is shown.
    pub fn new(needs: &[ApprovalNeed], reasons: &[Reason]) -> Self {
        Self {
            needs: needs.iter().map(Need::from).collect(),
            summary: needs.iter().find_map(|need| need.summary.clone()),
            risk: needs.iter().find_map(|need| need.risk.clone()),
            risk_reasons: needs.iter().flat_map(|need| need.risk_reasons.clone()).collect(),
            reasons: reasons.to_vec(),
        }
    }

    /// The one form in bytes, which [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(DOMAIN);
        writer.number(self.needs.len() as u64);
        self.needs.iter().for_each(|need| need.write(&mut writer));
        writer.option(self.summary.as_deref());
        writer.option(self.risk.as_deref());
        write_texts(&self.risk_reasons, &mut writer);
        writer.number(self.reasons.len() as u64);
        for reason in &self.reasons {
            writer.text(&reason.code);
            writer.text(&reason.message);
        }
        writer.finish()
    }

    /// Reads back what [`to_bytes`](Self::to_bytes) wrote, also before there were stages.
    ///
    /// # Errors
    /// [`Undecodable`], for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Undecodable> {
        let (mut reader, is_old) = match Reader::new(bytes, DOMAIN) {
            Ok(reader) => (reader, false),
            Err(_) => (Reader::new(bytes, OLD_DOMAIN)?, true),
        };
        let needs = match is_old {
            true => reader.list(|reader| Ok(Need::once(Stage::read(reader)?)))?,
            false => reader.list(Need::read)?,
        };
        let summary = reader.option()?.map(str::to_owned);
        let risk = reader.option()?.map(str::to_owned);
        let risk_reasons = if is_old { Vec::new() } else { read_texts(&mut reader)? };
        let reasons = reader.list(|reader| {
            let code = reader.text()?.to_owned();
            Ok(Reason { code, message: reader.text()?.to_owned() })
        })?;
        reader.finish()?;
        Ok(Self { needs, summary, risk, risk_reasons, reasons })
    }
}

impl Need {
    /// One stage, and nobody who may decide alone.
    pub fn once(stage: Stage) -> Self {
        Self { stages: vec![stage], break_glass: Vec::new() }
    }

    fn write(&self, writer: &mut Writer) {
        writer.number(self.stages.len() as u64);
        for stage in &self.stages {
            writer.number(u64::from(stage.quorum));
            write_texts(&stage.approvers, writer);
        }
        write_texts(&self.break_glass, writer);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Undecodable> {
        let stages = reader.list(Stage::read)?;
        Ok(Self { stages, break_glass: read_texts(reader)? })
    }
}

impl Stage {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Undecodable> {
        let quorum = u32::try_from(reader.number()?).map_err(|_| Undecodable)?;
        Ok(Self { quorum, approvers: read_texts(reader)? })
    }
}

impl From<&ApprovalNeed> for Need {
    fn from(need: &ApprovalNeed) -> Self {
        let stages = need.stages.iter().map(Stage::from).collect();
        Self { stages, break_glass: need.break_glass.clone() }
    }
}

impl From<&ApprovalStage> for Stage {
    fn from(stage: &ApprovalStage) -> Self {
        Self { quorum: stage.quorum, approvers: stage.approvers.clone() }
    }
}

fn write_texts(texts: &[String], writer: &mut Writer) {
    writer.number(texts.len() as u64);
    texts.iter().for_each(|text| writer.text(text));
}

fn read_texts(reader: &mut Reader<'_>) -> Result<Vec<String>, Undecodable> {
    reader.list(|reader| reader.text().map(str::to_owned))
}

const DOMAIN: &str = "countersign/terms/v2";

/// Of terms with one stage in each need, which nobody could overrule.
const OLD_DOMAIN: &str = "countersign/terms/v1";
