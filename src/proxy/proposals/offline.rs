//! A request that stands in no connection: it was kept, or put forward. It is read and judged as one
//! from the wire is.

use std::rc::Rc;

use bytes::Bytes;
use http::request::Parts;

use crate::enforce::Ask;
use crate::id::{DecisionId, TaskId};
use crate::identity::Caller;
use crate::proxy::agent::api;
use crate::proxy::failure::Failure;
use crate::proxy::plane::{Plane, View};
use crate::proxy::reading::Reading;
use crate::proxy::work;
use crate::revocation::Tether;
use crate::route::{Body, Head, NoRoute};

/// What `caller` asks for with these parts and this body, as a part of `task`, hanging on `tether`.
///
/// # Errors
/// As for a request from the wire, up to where policy would be asked.
pub(in crate::proxy) async fn ask(
    plane: &Plane,
    view: &View,
    (caller, task, tether): (Rc<Caller>, Option<TaskId>, Tether),
    (parts, body): (Parts, Bytes),
) -> Result<Ask, Failure> {
    let head = Head::parse(parts)?;
    // As on the wire, no route stands in front of Countersign's own paths.
    if api::is_reserved(&head) {
        return Err(Failure::NoRoute(NoRoute::Path));
    }
    let target = view.snapshot.routes.resolve(head)?;
    let inspected =
        Body::from(body).inspect(target.head().headers(), target.route().inspect).await?;
    let reading = Reading::of(target, inspected, &plane.shared.definitions)?;
    let who = (caller.principal.spiffe_id(), task);
    let read = (&reading.target, reading.body.as_ref(), &reading.operations);
    let situation = work::look(&plane.shared, view, who, read, &tether).await?;
    let now = (DecisionId::new(), plane.shared.clock.now());
    Ok(reading.asked_by(caller, now, situation, tether))
}
