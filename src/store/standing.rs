//! Standing approvals: granted, used up one by one, taken back.
//!
//! A use is taken in the transaction that puts the proposal forward, with the row locked: however
//! many replicas put however many forward, no more are decided than the person said. What comes of
//! the proposal afterwards gives no use back.

use crate::approval::standing::StandingProof;
use crate::approval::{Answer, People, is_due, tally};
use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::proposal::{Proposal, Verdict};
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::proposals::MAX_PAGE;
use crate::store::row::{Row, needed};

/// The most standing approvals of one person that have not ended.
pub const MAX_STANDING: usize = 100;

/// One that was granted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StandingApproval {
    /// What it is called: its nonce.
    pub name: String,
    /// Who granted it, by the name that counts.
    pub approver: String,
    /// What they signed.
    pub proof: StandingProof,
    /// For how many requests it is still good.
    pub left: u32,
    /// What its requests have come to.
    pub spent: u64,
    /// From this time on it is worth nothing.
    pub expires_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// Keeps a standing approval of one of `people`.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Answered`], if it was handed in before; [`Error::TooManyWords`].
    pub async fn grant(
        &self,
        proof: StandingProof,
        people: &People,
        now: Timestamp,
    ) -> Result<StandingApproval, Error> {
        let (standing, person) = proof.verify(people, now)?;
        let approver = person.name.to_string();
        let mut transaction = self.begin().await?;
        let most = Value::Integer(i64::try_from(MAX_STANDING).ok());
        let values = vec![Value::from(&*approver), now.into(), most];
        if transaction.rows(OF_PERSON, values).await?.len() >= MAX_STANDING {
            return Err(Error::TooManyWords);
        }
        let granted = StandingApproval {
            name: standing.nonce().to_string(),
            approver,
            proof,
            left: standing.uses(),
            spent: 0,
            expires_at: standing.expires(),
            revoked_at: None,
        };
        let values = columns(&granted, standing.predicate().agent.as_str(), now);
        if transaction.execute(INSERT, values).await? == 0 {
            return Err(Error::Answered);
        }
        transaction.commit().await?;
        Ok(granted)
    }

    /// Up to [`MAX_PAGE`] of those behind `after` that have not ended, by name.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn standing(
        &self,
        after: &str,
        now: Timestamp,
    ) -> Result<Vec<StandingApproval>, Error> {
        let values = vec![after.into(), now.into(), Value::Integer(Some(MAX_PAGE))];
        self.begin_to_read().await?.rows(OPEN, values).await?.iter().map(read).collect()
    }

    /// Takes one back: nothing is decided by it any more, and what was is not sent any more. Returns
    /// whether there was one.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn revoke_standing(&self, name: &str, now: Timestamp) -> Result<bool, Error> {
        let mut transaction = self.begin().await?;
        let revoked = transaction.execute(REVOKE, vec![name.into(), now.into()]).await?;
        transaction.commit().await?;
        Ok(revoked == 1)
    }

    /// The standing approvals that decided the proposal `id` and were not taken back, in the order in
    /// which they counted.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn standing_for(&self, id: ProposalId) -> Result<Vec<StandingApproval>, Error> {
        used(&mut self.begin_to_read().await?, id).await
    }
}

pub(super) async fn used(
    transaction: &mut Transaction,
    id: ProposalId,
) -> Result<Vec<StandingApproval>, Error> {
    let rows = transaction.rows(USED, vec![Value::from(&*id.to_string())]).await?;
    rows.iter().map(read).collect()
}

/// Decides a proposal that was just put forward, if standing approvals of enough people fit it, and
/// takes one use of each. Returns whether it did.
pub(super) async fn decide(
    transaction: &mut Transaction,
    proposal: &mut Proposal,
    people: &People,
    now: Timestamp,
) -> Result<bool, Error> {
    let agent = proposal.substance().owner().as_str();
    if proposal.draft().terms.needs.is_empty() {
        return Ok(false);
    }
    let values = vec![agent.into(), now.into(), Value::Integer(Some(MAX_PAGE))];
    let rows = transaction.locked(FITTING_LOCKED, FITTING, values).await?;
    let fitting = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let Some(chosen) = enough(proposal, &fitting, people, now) else { return Ok(false) };
    for (place, (one, amount)) in chosen.into_iter().enumerate() {
        let name = Value::from(&*one.name);
        transaction.execute(TAKE, vec![name.clone(), number(amount)]).await?;
        let id = Value::from(&*proposal.id().to_string());
        let values = vec![id, name, number(place as u64), number(amount), now.into()];
        transaction.execute(USE, values).await?;
    }
    proposal.decide(Verdict::Approve, now)?;
    Ok(true)
}

/// Those of `fitting` that decide `proposal` together, each with its amount: one of a person, in the
/// order in which the stages ask.
fn enough<'a>(
    proposal: &Proposal,
    fitting: &'a [StandingApproval],
    people: &People,
    now: Timestamp,
) -> Option<Vec<(&'a StandingApproval, u64)>> {
    let terms = &proposal.draft().terms;
    let mut open: Vec<_> =
        fitting.iter().filter_map(|one| Some((one, one.fits(proposal, people, now)?))).collect();
    let (mut answers, mut chosen): (Vec<Answer>, Vec<_>) = (Vec::new(), Vec::new());
    while tally(terms, people, &answers).is_none() {
        let at = open.iter().position(|(_, (answer, _))| {
            let person = people.called(answer.approver());
            person.is_some_and(|person| is_due(terms, people, &answers, person))
        })?;
        let (one, (answer, amount)) = open.remove(at);
        open.retain(|(_, (other, _))| other.approver() != answer.approver());
        answers.push(answer);
        chosen.push((one, amount));
    }
    Some(chosen)
}

impl StandingApproval {
    /// The yes to `proposal` that it is, with its amount, if one more request may be made by it.
    fn fits(&self, proposal: &Proposal, people: &People, now: Timestamp) -> Option<(Answer, u64)> {
        let (answer, amount) = self.proof.answer(proposal, people, now).ok()?;
        let sum = self.spent.checked_add(amount)?;
        let standing = self.proof.claimed()?;
        let is_within = standing.predicate().cap.as_ref().is_none_or(|cap| sum <= cap.sum);
        (is_within && self.left > 0).then_some((answer, amount))
    }
}

fn columns(granted: &StandingApproval, agent: &str, now: Timestamp) -> Vec<Value> {
    vec![
        Value::from(&*granted.name),
        Value::from(&*granted.approver),
        agent.into(),
        granted.proof.as_str().into(),
        number(u64::from(granted.left)),
        now.into(),
        granted.expires_at.into(),
    ]
}

fn read(row: &Row) -> Result<StandingApproval, Error> {
    let left = needed(row.number("uses_left")?)?;
    Ok(StandingApproval {
        name: needed(row.text("name")?)?,
        approver: needed(row.text("approver")?)?,
        proof: StandingProof::from_text(needed(row.text("proof")?)?),
        left: u32::try_from(left).map_err(|_| Error::Undecodable)?,
        spent: needed(row.number("spent")?)?,
        expires_at: needed(row.time("expires_at")?)?,
        revoked_at: row.time("revoked_at")?,
    })
}

fn number(number: u64) -> Value {
    Value::Integer(Some(i64::try_from(number).unwrap_or(i64::MAX)))
}

const INSERT: &str = "INSERT INTO standing_approvals (name, approver, agent, proof, uses_left, spent, \
     granted_at, expires_at) VALUES ($1, $2, $3, $4, $5, 0, $6, $7) ON CONFLICT DO NOTHING";

const OF_PERSON: &str = "SELECT name FROM standing_approvals WHERE approver = $1 AND expires_at > $2 \
     AND revoked_at IS NULL AND uses_left > 0 LIMIT $3";

const OPEN: &str = "SELECT * FROM standing_approvals WHERE name > $1 AND expires_at > $2 \
     AND revoked_at IS NULL ORDER BY name LIMIT $3";

const REVOKE: &str =
    "UPDATE standing_approvals SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL";

const USED: &str = "SELECT s.* FROM standing_approvals s JOIN standing_uses u ON u.standing = s.name \
     WHERE u.proposal = $1 AND s.revoked_at IS NULL ORDER BY u.place";

/// Always locked in the same order, so that nobody waits for who waits for them.
macro_rules! fitting {
    ($lock:literal) => {
        concat!(
            "SELECT * FROM standing_approvals WHERE agent = $1 AND expires_at > $2 \
             AND revoked_at IS NULL AND uses_left > 0 ORDER BY expires_at, name LIMIT $3",
            $lock
        )
    };
}

const FITTING: &str = fitting!("");
const FITTING_LOCKED: &str = fitting!(" FOR UPDATE");

const TAKE: &str = "UPDATE standing_approvals SET uses_left = uses_left - 1, spent = spent + $2 \
     WHERE name = $1";

const USE: &str = "INSERT INTO standing_uses (proposal, standing, place, amount, used_at) \
     VALUES ($1, $2, $3, $4, $5)";
