//! The reserved path on the agents' doors: what an agent may ask Countersign itself.

use std::rc::Rc;

use http::Method;
use serde_json::{Value, json};

use crate::id::ProposalId;
use crate::identity::Caller;
use crate::proxy::account::Account;
use crate::proxy::agent::tasks;
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::proxy::proposals::{forward, mailbox};
use crate::route::{Body, Head, NoRoute, Route, Table};

/// Whether a request is for Countersign itself rather than for an upstream.
pub fn is_reserved(head: &Head) -> bool {
    let path = head.path().as_str();
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request for Countersign itself.
///
/// # Errors
/// [`Failure::NoRoute`], for a path or a method that is not there; as [`mailbox`] and [`tasks`] say.
pub(in crate::proxy) async fn answer(
    account: &Account,
    head: &Head,
    body: &mut Body,
    caller: &Rc<Caller>,
) -> Result<Carried, Failure> {
    let path = head.path().as_str().strip_prefix(V1).unwrap_or_default();
    let (noun, rest) = match path.split_once('/') {
        Some((noun, rest)) => (noun, Some(rest)),
        None => (path, None),
    };
    match (noun, rest) {
        ("whoami", None) => {
            only(Method::GET, head)?;
            Ok(Carried::Ours(whoami(caller, &account.view.snapshot.routes)))
        }
        ("keys", None) => {
            only(Method::GET, head)?;
            let docket = account.plane.shared.docket.as_ref();
            let key = docket.and_then(|docket| Some(docket.caller.as_ref()?.key.jwk()));
            Ok(Carried::Ours(json!({ "keys": key.into_iter().collect::<Vec<_>>() })))
        }
        ("tasks", rest) if rest != Some("") => {
            tasks::answer(account, rest.unwrap_or_default(), head, body, caller).await
        }
        ("proposals", None) => {
            only(Method::POST, head)?;
            let docket = account.plane.shared.docket.as_ref().ok_or(Failure::NoProposal)?;
            forward::answer(account, docket, head, body, Rc::clone(caller)).await
        }
        ("proposals", Some(rest)) => mailbox::answer(account, rest, head, caller).await,
        _ => Err(Failure::NoRoute(NoRoute::Path)),
    }
}

fn only(served: Method, head: &Head) -> Result<(), Failure> {
    match *head.method() == served {
        true => Ok(()),
        false => Err(Failure::NoRoute(NoRoute::Method(vec![served]))),
    }
}

/// Where an agent asks after a proposal.
pub(in crate::proxy) fn proposal_path(id: ProposalId) -> String {
    format!("{V1}proposals/{id}")
}

/// Who the agent is, until when, and which routes exist. Whether policy lets it use one is decided
/// for each request.
pub(in crate::proxy) fn whoami(caller: &Caller, routes: &Table) -> Value {
    let principal = &caller.principal;
    json!({
        "spiffe_id": principal.spiffe_id().as_str(),
        "trust_domain": principal.spiffe_id().trust_domain(),
        "valid_until": principal.valid_until().to_string(),
        "listener": caller.listener,
        "routes": routes.routes().iter().map(|route| describe(route)).collect::<Vec<_>>(),
    })
}

pub(in crate::proxy) fn describe(route: &Route) -> Value {
    let methods: Vec<_> = route.served_methods().iter().map(|m| m.as_str().to_owned()).collect();
    let mut described = json!({
        "name": route.name,
        "hosts": route.hosts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "path": route.path.to_string(),
        "methods": methods,
    });
    if let Some(until) = route.observe_until {
        described["observed_until"] = until.to_string().into();
    }
    described
}

const PREFIX: &str = "/.countersign";

const V1: &str = "/.countersign/v1/";
