//! One exchange: an agent's request, and the answer it gets. Read this first.
//!
//! The order of the stages is the product. It cannot be changed by accident: each stage takes the
//! value that only the stage before it can make.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use http::{Request, Response};
use http_body::Body as _;
use hyper::body::Incoming;

use crate::enforce::authorize;
use crate::listener::Connection;
use crate::proxy::account::Account;
use crate::proxy::answer::Answer;
use crate::proxy::arrival::Arrival;
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::proxy::listing::Listing;
use crate::proxy::plane::Plane;
use crate::proxy::proposals::{mcp_tasks, proposing, resuming};
use crate::proxy::reading::Reading;
use crate::proxy::{agent, work};

impl Plane {
    /// Answers one request of a connection. Whatever was granted or refused ends on the record.
    pub async fn exchange(
        self: Rc<Self>,
        connection: Rc<Connection>,
        request: Request<Incoming>,
    ) -> Response<Answer> {
        let mut account = Account::open(self, connection, &request);
        let tether = account.tether.clone();
        let carried = tokio::select! {
            biased;
            carried = caught(carry_out(&mut account, request)) => carried,
            why = tether.cut() => Err(Failure::Cut(why)),
        };
        match carried {
            Ok(carried) => account.settle(carried),
            Err(failure) => account.refuse(&failure),
        }
    }
}

/// Prove, resolve, read, authorize, record, inject, send.
async fn carry_out(account: &mut Account, request: Request<Incoming>) -> Result<Carried, Failure> {
    let view = Rc::clone(&account.view);
    let snapshot = &view.snapshot;

    let caller = account.connection.caller(&snapshot.security.trust)?;
    account.tether.check()?;
    let Arrival { head, mut body, upgrade } = Arrival::read(request, &account.connection)?;
    // Countersign's own paths come before routes, so that no route can stand in front of them.
    if agent::mcp::is_for(&head) {
        return agent::mcp::answer(account, caller, &head, &mut body).await;
    }
    if agent::api::is_reserved(&head) {
        return agent::api::answer(account, &head, &mut body, &caller).await;
    }
    let target = snapshot.routes.resolve(head)?;
    let route = Arc::clone(target.route());
    account.route = Some(Arc::clone(&route));
    let inspected = body.inspect(target.head().headers(), route.inspect).await?;
    account.inspected.clone_from(&inspected);
    let reading = Reading::of(target, inspected, &account.plane.shared.definitions)?;
    if let Some(restated) = &reading.body {
        body.restate(restated);
    }

    if let Some(proposal) = mcp_tasks::asked(account, &reading) {
        return mcp_tasks::answer(account, &caller, &reading, proposal).await;
    }

    let shared = Arc::clone(&account.plane.shared);
    let who = (caller.principal.spiffe_id(), reading.target.head().task());
    let read = (&reading.target, reading.body.as_ref(), &reading.operations);
    let situation = work::look(&shared, &view, who, read, &account.tether).await?;
    let now = (account.id, shared.clock.now());
    let ask = reading.asked_by(caller, now, situation, account.tether.clone());
    if let Some(id) = ask.target.head().proposal() {
        return resuming::carry_out(account, id, ask, body).await;
    }
    let listing = Listing::of(&account.plane, &view, &ask);
    let tunnel = upgrade.filter(|_| ask.target.upgrade().is_some()).map(|side| (ask.clone(), side));
    let judged = authorize(&mut view.judge.borrow_mut(), ask, &shared.metrics.policy);
    let grant = match judged {
        Err(refusal) if proposing::can_wait(account, &refusal) => {
            return proposing::carry_out(account, refusal, body).await;
        }
        Err(refusal) => {
            work::refused(&shared, &refusal).await?;
            return Err(refusal.into());
        }
        Ok(grant) => grant,
    };
    account.answer_headers = grant.answer_headers();
    account.meter = work::enter(&shared, &grant, body.size_hint().exact(), None).await?;
    let durability = grant.durability();
    let grant = account.trail.commit(grant, durability).await?;
    account.sent = body.passed();
    let (request, guard) = snapshot.credentials.inject(grant, body)?;
    let response = account.plane.client.send(request).await?;
    match listing {
        Some(listing) => listing.read(response, guard, account.meter.as_mut()).await,
        None => Ok(Carried::Upstream { response, guard, tunnel, sieve: None }),
    }
}

/// A panic ends its own exchange, which says so, and nothing else.
async fn caught<T>(exchange: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut exchange = pin!(exchange);
    std::future::poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| exchange.as_mut().poll(cx)))
            .unwrap_or(Poll::Ready(Err(Failure::Panicked)))
    })
    .await
}
