//! What is known beside a proposal, for the people who are asked about it.

use crate::approval::{People, progress};
use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::proposal::{Background, History, Proposal, Purpose, Word};
use crate::store::approvals::{Approval, all, proved};
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::proposal_row::{asked_kind, asked_rule, owner, read};
use crate::store::standing::used;
use crate::store::tasks;

impl Store {
    /// The proposal `id`, and what is known beside it.
    ///
    /// # Errors
    /// [`Error::Unknown`], if there is none; else as [`Error`] says.
    pub async fn dossier(
        &self,
        id: ProposalId,
        people: &People,
        now: Timestamp,
    ) -> Result<(Proposal, Background), Error> {
        let proposal = self.load(id).await?;
        let mut transaction = self.begin_to_read().await?;
        let said = all(&mut transaction, id).await?;
        let answers = proved(&proposal, &said, people, now);
        let background = Background {
            purposes: purposes(&mut transaction, &proposal).await?,
            progress: progress(&proposal.draft().terms, people, &answers),
            words: words(&mut transaction, &said, id).await?,
            precedent: precedent(&mut transaction, &proposal).await?,
            history: Some(history(&mut transaction, &proposal).await?),
        };
        Ok((proposal, background))
    }
}

/// What people said of this one, behind what some had said before it was there.
async fn words(
    transaction: &mut Transaction,
    said: &[Approval],
    id: ProposalId,
) -> Result<Vec<Word>, Error> {
    let before = used(transaction, id).await?.into_iter().map(|one| Word {
        at: one.proof.claimed().map_or(one.expires_at, |standing| standing.issued()),
        approver: one.approver,
        verdict: format!("standing approval {}", one.name),
        reason: None,
    });
    Ok(before.chain(said.iter().map(Approval::word)).collect())
}

impl Approval {
    /// What is shown of it. One that cannot be read says nothing.
    fn word(&self) -> Word {
        let claimed = self.proof.claimed();
        let reason = claimed.as_ref().and_then(|verdict| verdict.reason());
        Word {
            approver: self.approver.clone(),
            verdict: claimed.as_ref().map_or("unreadable".to_owned(), ToString::to_string),
            reason: reason.map(|reason| reason.as_str().to_owned()),
            at: self.at,
        }
    }
}

/// What each link says that its work is for. A task that was forgotten says nothing.
async fn purposes(
    transaction: &mut Transaction,
    proposal: &Proposal,
) -> Result<Vec<Purpose>, Error> {
    let Some(task) = proposal.substance().task() else { return Ok(Vec::new()) };
    let lineage = match tasks::load(transaction, task, None).await {
        Ok(lineage) => lineage,
        Err(Error::NoTask) => return Ok(Vec::new()),
        Err(why) => return Err(why),
    };
    let purposes = lineage.tasks().iter().map(|task| Purpose {
        task: task.id,
        owner: task.owner.clone(),
        words: task.purpose.clone(),
    });
    Ok(purposes.collect())
}

/// The last of its kind that people agreed to.
async fn precedent(
    transaction: &mut Transaction,
    proposal: &Proposal,
) -> Result<Option<Box<Proposal>>, Error> {
    let values = vec![asked_kind(proposal), Value::from(&*proposal.id().to_string())];
    let rows = transaction.rows(PRECEDENT, values).await?;
    rows.first().map(|row| read(row).map(Box::new)).transpose()
}

async fn history(transaction: &mut Transaction, proposal: &Proposal) -> Result<History, Error> {
    let most = || Value::Integer(i64::try_from(History::MOST).ok());
    let this = || Value::from(&*proposal.id().to_string());
    let mut counts = [0; 5];
    for (count, (sql, by)) in counts.iter_mut().zip([
        (RULE_APPROVED, asked_rule(proposal)),
        (RULE_DENIED, asked_rule(proposal)),
        (AGENT_WAITING, owner(proposal)),
        (AGENT_DENIED, owner(proposal)),
        (ALIKE, asked_kind(proposal)),
    ]) {
        let rows = transaction.rows(sql, vec![by, this(), most()]).await?;
        *count = rows.first().map(|row| row.number("count")).transpose()?.flatten().unwrap_or(0);
    }
    let [rule_approved, rule_denied, agent_waiting, agent_denied, alike] = counts;
    Ok(History { rule_approved, rule_denied, agent_waiting, agent_denied, alike })
}

const PRECEDENT: &str = "SELECT * FROM proposals WHERE kind = $1 AND status = 'approved' \
     AND id <> $2 ORDER BY decided_at DESC, id DESC LIMIT 1";

/// Counts those but this one for which the condition holds.
macro_rules! count {
    ($condition:literal) => {
        concat!(
            "SELECT COUNT(*) AS count FROM (SELECT id FROM proposals WHERE ",
            $condition,
            " AND id <> $2 LIMIT $3) AS found"
        )
    };
}

const RULE_APPROVED: &str = count!("rule = $1 AND status = 'approved'");
const RULE_DENIED: &str = count!("rule = $1 AND status = 'denied'");
const AGENT_WAITING: &str = count!("owner = $1 AND status = 'pending'");
const AGENT_DENIED: &str = count!("owner = $1 AND status = 'denied'");
const ALIKE: &str = count!("kind = $1");
