//! What an MCP server's lists may show an agent: asked of the same rules that judge its calls.
//!
//! An item is shown exactly when policy allows its call, observed or not, the arguments not known; a
//! tool, where people can be asked, also when it takes their agreement. Policy that errs shows nothing.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use http::Response;
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
};
use http_body::Body;
use http_body_util::BodyExt;
use serde_json::Value;

use crate::credential::Guard;
use crate::enforce::{Ask, Cause, Refusal, consider};
use crate::operation::Operations;
use crate::operation::mcp::call::Kind;
use crate::operation::mcp::events::MOST;
use crate::operation::mcp::list::{self, Unreadable};
use crate::operation::mcp::{List, field};
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::proxy::meter::Meter;
use crate::proxy::plane::{Plane, View};
use crate::proxy::sieve::Sieve;
use crate::route::Inspected;
use crate::upstream;

/// What one agent may see in the answer to one request.
#[derive(Debug)]
pub(super) struct Listing {
    plane: Rc<Plane>,
    /// The rules in force when the list was asked for.
    view: Rc<View>,
    /// What was asked, and by whom.
    ask: Ask,
    /// The list that was asked for; none where one may come unasked, on a stream that goes on.
    asked: Option<List>,
}

impl Listing {
    /// What is needed to filter the answer to `ask`; `None` where no list can be in it.
    pub(super) fn of(plane: &Rc<Plane>, view: &Rc<View>, ask: &Ask) -> Option<Self> {
        let call = ask.operations.call()?;
        let asked = call.list();
        if asked.is_none() && call.kind != Kind::Stream {
            return None;
        }
        let (plane, view) = (Rc::clone(plane), Rc::clone(view));
        Some(Self { plane, view, ask: ask.clone(), asked })
    }

    /// Takes out of `message` what may not be shown.
    ///
    /// # Errors
    /// [`Unreadable`]; the message may then not be passed on.
    pub(super) fn filter(&self, message: &mut Value) -> Result<(), Unreadable> {
        list::filter(message, self.asked, |list, name, item| self.shows(list, name, item))
    }

    /// Filters the upstream's answer: a stream as it passes, a document when it is whole.
    ///
    /// # Errors
    /// [`Failure::Opaque`], for an answer that cannot be read, [`Failure::Upstream`], and
    /// [`Failure::State`], if it is more than the task has left.
    pub(super) async fn read(
        self,
        mut response: Response<upstream::Answer>,
        guard: Guard,
        meter: Option<&mut Meter>,
    ) -> Result<Carried, Failure> {
        let form = Form::of(&response)?;
        if form == Form::Other {
            return Ok(Carried::Upstream { response, guard, tunnel: None, sieve: None });
        }
        for name in [CONTENT_LENGTH, ETAG, CONTENT_DIGEST] {
            response.headers_mut().remove(name);
        }
        if form == Form::Stream {
            let sieve = Some(Sieve::new(self));
            return Ok(Carried::Upstream { response, guard, tunnel: None, sieve });
        }
        let (parts, body) = response.into_parts();
        let body = whole(body).await?;
        if let Some(meter) = meter {
            meter.pass(body.len() as u64).await?;
        }
        let mut message = serde_json::from_slice(&body).map_err(|_| Failure::Opaque)?;
        self.filter(&mut message).map_err(|_| Failure::Opaque)?;
        let response = Response::from_parts(parts, Bytes::from(message.to_string()));
        Ok(Carried::Listed { response, guard })
    }

    fn shows(&self, list: List, name: &str, item: &Value) -> bool {
        let Some(call) = self.ask.operations.call() else { return false };
        let route = self.ask.target.route();
        let definition = match list {
            List::Tools => self.plane.shared.definitions.note(&route.name, name, item),
            _ => None,
        };
        let call = call.offered(list.subject(), name, definition);
        let mut ask = self.ask.clone();
        let head = ask.target.head_mut();
        let method = call.method.as_deref().unwrap_or_default();
        head.restate(&[(field::METHOD, field::write(method)), (field::NAME, field::write(name))]);
        ask.body = Some(Inspected::restated(Bytes::from(call.body().to_string())));
        ask.operations = Operations::of_call(call);
        match consider(&mut self.view.judge.borrow_mut(), ask) {
            Ok(_) => true,
            // Once people agree it can be called.
            Err(refusal) => list == List::Tools && asks_people(&self.plane, &refusal),
        }
    }
}

/// Whether people are to be asked, and can be.
fn asks_people(plane: &Plane, refusal: &Refusal) -> bool {
    *refusal.cause() == Cause::NeedsApproval && plane.shared.docket.is_some()
}

/// How an answer says what it says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    /// One JSON text.
    Document,
    /// Nothing that a client takes for a list.
    Other,
    /// Server-sent events.
    Stream,
}

impl Form {
    fn of(response: &Response<upstream::Answer>) -> Result<Self, Failure> {
        let headers = response.headers();
        if response.body().is_end_stream() {
            return Ok(Self::Other);
        }
        if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(Failure::Opaque);
        }
        match kind(headers).as_str() {
            "application/json" => Ok(Self::Document),
            "text/event-stream" => Ok(Self::Stream),
            _ if response.status().is_success() => Err(Failure::Opaque),
            _ => Ok(Self::Other),
        }
    }
}

/// The type of a body, without its parameters.
fn kind(headers: &HeaderMap<HeaderValue>) -> String {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn whole(mut body: upstream::Answer) -> Result<Bytes, Failure> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if whole.len() + data.len() > MOST {
            return Err(Failure::Opaque);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
