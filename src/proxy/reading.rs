//! What a request asks for, read as its route's protocol says, and said again where that has to be.
//!
//! A message of MCP is written out anew from what was read, headers and body, before policy sees
//! it: what is judged is what is sent, whatever another parser would have made of the original.

use std::rc::Rc;

use http::header::{ACCEPT_ENCODING, HeaderName, HeaderValue};

use crate::clock::Timestamp;
use crate::enforce::Ask;
use crate::id::DecisionId;
use crate::identity::Caller;
use crate::operation::Operations;
use crate::operation::mcp::method::Subject;
use crate::operation::mcp::{Definitions, Message};
use crate::proxy::failure::Failure;
use crate::revocation::Tether;
use crate::route::protocol::Protocol;
use crate::route::{Inspected, Target};
use crate::task::Situation;

/// A request that is understood.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) target: Target,
    pub(super) body: Option<Inspected>,
    pub(super) operations: Operations,
}

impl Reading {
    /// Reads a request.
    ///
    /// # Errors
    /// [`Failure::Unreadable`] and [`Failure::Malformed`]; nothing of it may then be sent.
    pub(super) fn of(
        target: Target,
        body: Option<Inspected>,
        definitions: &Definitions,
    ) -> Result<Self, Failure> {
        if target.route().protocol != Protocol::Mcp {
            let operations = Operations::read(&target, body.as_ref())?;
            return Ok(Self { target, body, operations });
        }
        Self::of_mcp(target, body.as_ref(), definitions)
    }

    /// What `caller` asks for with it, in the exchange and at the time that are given.
    pub(super) fn asked_by(
        self,
        caller: Rc<Caller>,
        (id, now): (DecisionId, Timestamp),
        situation: Option<Rc<Situation>>,
        tether: Tether,
    ) -> Ask {
        let Self { target, body, operations } = self;
        Ask { id, caller, target, body, operations, now, approval: None, situation, tether }
    }

    fn of_mcp(
        mut target: Target,
        body: Option<&Inspected>,
        definitions: &Definitions,
    ) -> Result<Self, Failure> {
        let route = target.route().name.clone();
        let head = target.head_mut();
        let bytes = body.map(|body| &body.bytes()[..]);
        let message = Message::read(head.method(), head.headers(), bytes)?;
        head.restate(message.headers());
        // Of the original's bytes, which are not sent.
        head.leave_out(&CONTENT_DIGEST);
        // An answer with a coding could not be filtered.
        head.restate(&[(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
        let body = message.body().cloned().map(Inspected::restated);
        let mut call = message.into_call();
        if call.subject == Subject::Tool
            && let Some(name) = &call.name
        {
            call.definition = definitions.of(&route, name);
        }
        let operations = Operations::of_message(&target, call)?;
        Ok(Self { target, body, operations })
    }
}

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
