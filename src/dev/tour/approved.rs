//! Step: a call that waits for a person, who is shown it whole, and signs.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::approval::{Identity, MAX_LIFE, Nonce, Statement, Verdict};
use crate::clock::Clock;
use crate::dev::tour::transcript::{Missed, Transcript, expect};
use crate::dev::tour::visit::Visit;
use crate::proposal::{Card, Execution, Proposal};
use crate::store::Store;

pub(super) async fn walk(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    transcript.step("A call that waits for a person's signature")?;
    let before = visit.deployment.sample.requests();
    transcript.tell("POST /v1/refunds {\"amount\":250}  →  held")?;
    let refund = json!({ "amount": 250 });
    let called = visit.agent.post("/v1/refunds", &refund);
    let (answer, agreed) = tokio::join!(called, agree(visit, before, transcript));
    let (answer, (store, proposal)) = (answer?, agreed?);
    transcript.tell(format_args!("the held call  →  {} {}", answer.status, answer.document()))?;
    expect("the status", StatusCode::OK, answer.status)?;
    // The same once more gets the same answer, and moves no money.
    let again = visit.agent.post("/v1/refunds", &refund).await?;
    expect("the answer to the same call", &answer.body, &again.body)?;
    expect("the API's count of requests", before + 1, visit.deployment.sample.requests())?;
    let kept = loaded(&store, &proposal).await?;
    expect("the execution", Execution::Succeeded, kept.state().execution)?;
    store.close().await;
    transcript.check("the call went on by itself, and was carried out once, as it was signed")?;
    Ok(())
}

/// Waits for the proposal, shows it, and signs it as the person would.
async fn agree(
    visit: &Visit,
    before: u64,
    transcript: &mut Transcript<'_>,
) -> Result<(Store, Proposal), Missed> {
    let (file, layout) = (&visit.deployment.file, &visit.deployment.layout);
    let state = file.state().ok_or_else(|| Missed::new("`state` to be configured", "none"))?;
    let store = Store::open(&state.url).await.map_err(stored)?;
    let found = timeout(PATIENCE, waiting(&store)).await;
    let proposal = found.map_err(|_| Missed::new("a proposal to wait", "none"))??;
    let seen = store.dossier(proposal.id(), &file.people(), Clock::System.now()).await;
    let (proposal, background) = seen.map_err(stored)?;
    for line in Card::new(&proposal, &background, Clock::System.now()).to_string().lines() {
        transcript.tell(line)?;
    }
    expect("the API's count of requests", before, visit.deployment.sample.requests())?;
    transcript.check("a person sees every byte of it, and the API has seen nothing")?;

    let keys = layout.approver_keys().map_err(|why| Missed::new("the person's key", why))?;
    let now = Clock::System.now();
    let you = Identity::parse("you").map_err(|why| Missed::new("a name", why))?;
    let (nonce, end) = (Nonce::fresh(), now.plus(MAX_LIFE));
    let statement = Statement::new(Verdict::Approve, proposal.digest(), you, nonce, now, end);
    let statement = statement.map_err(|why| Missed::new("a statement to sign", why))?;
    let proof = keys.sign(&statement)?;
    let signed = store.answer(proposal.id(), proof, &file.people(), now).await.map_err(stored)?;
    transcript.tell(format_args!(
        "signed with {}  →  {}",
        layout.approver().display(),
        signed.state().status
    ))?;
    Ok((store, proposal))
}

async fn waiting(store: &Store) -> Result<Proposal, Missed> {
    loop {
        if let Some(proposal) = store.waiting(None).await.map_err(stored)?.pop() {
            return Ok(proposal);
        }
        sleep(LOOK).await;
    }
}

async fn loaded(store: &Store, proposal: &Proposal) -> Result<Proposal, Missed> {
    store.load(proposal.id()).await.map_err(stored)
}

fn stored(why: crate::store::Error) -> Missed {
    Missed::new("the store to answer", why)
}

/// The longest wait for the proposal.
const PATIENCE: Duration = Duration::from_secs(4);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
