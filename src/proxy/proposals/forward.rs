//! A request that an agent puts forward by itself, to be carried out by Countersign: at once, once
//! people agreed, or not before some time. The agent need not be there for it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use serde::Deserialize;

use crate::callback::Endpoint;
use crate::clock::Timestamp;
use crate::enforce::substance;
use crate::event::Kind;
use crate::id::{ProposalId, TaskId};
use crate::identity::Caller;
use crate::policy::ApprovalNeed;
use crate::proposal::{Callback, Draft, IdempotencyKey, MAX_BODY, Oversized, Proposal, Verdict};
use crate::proxy::account::Account;
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::proxy::proposals::docket::Docket;
use crate::proxy::proposals::judged::Judged;
use crate::proxy::proposals::{mailbox, offline, proposing};
use crate::route::terms::{Encoding, Inspect};
use crate::route::{Body, Head};
use crate::store::Put;

/// What an agent puts forward.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::proxy) struct Wanted {
    request: Wish,
    /// It is not carried out before this time.
    not_before: Option<String>,
    /// How long it may take until it is carried out, in seconds from `not_before`.
    expires_in: Option<u64>,
    /// Where the agent wants to hear what becomes of it.
    callback: Option<Callback>,
}

/// The request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    method: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The body as text.
    body: Option<String>,
    /// The body as Base64.
    body_base64: Option<String>,
}

/// Puts forward what the body says, under the `Idempotency-Key` of the request.
///
/// # Errors
/// [`Failure::Unfit`]; what keeps the request from being asked for now; [`Failure::Refused`], if the
/// rules say no; [`Failure::State`].
pub(in crate::proxy) async fn answer(
    account: &Account,
    docket: &Docket,
    head: &Head,
    body: &mut Body,
    caller: Rc<Caller>,
) -> Result<Carried, Failure> {
    let key = head.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    let wanted = wanted(head, body).await?;
    let put = put(account, docket, caller, (key, head.task()), &wanted).await?;
    let hold = proposing::preferred(head.headers()).unwrap_or_default();
    let put = mailbox::linger(account, docket, put, hold).await?;
    let now = account.plane.shared.clock.now();
    Ok(Carried::Put { id: put.id(), document: mailbox::told(&put, now) })
}

/// Puts `wanted` forward for `caller`, under `key` and as a part of `task`.
///
/// # Errors
/// As [`answer`].
pub(in crate::proxy) async fn put(
    account: &Account,
    docket: &Docket,
    caller: Rc<Caller>,
    (key, task): (Option<&str>, Option<TaskId>),
    wanted: &Wanted,
) -> Result<Proposal, Failure> {
    let key = key.and_then(IdempotencyKey::parse).ok_or(Failure::Unfit(KEY))?;
    let now = account.plane.shared.clock.now();
    let request = wanted.request.read()?;
    let body = request.1.clone();
    let who = (caller, task, account.tether.clone());
    let ask = offline::ask(&account.plane, &account.view, who, request).await?;
    if !proposing::can_be_kept(&ask) {
        return Err(Failure::Unfit(KIND));
    }
    let judged = Judged::of(account, &ask).await?;
    let (needs, amount) = (&judged.needs, judged.decision.amount().cloned());
    let not_before = wanted.not_before(now)?;
    let draft = Draft {
        id: ProposalId::new(),
        substance: substance(&ask, &judged.decision, body)?,
        origin: proposing::origin(account, &ask),
        terms: judged.terms(),
        key: Some(key),
        callback: wanted.callback(docket)?,
        created: now,
        not_before,
        expires_at: not_before.plus(wanted.life(account, needs)?),
    };
    if !needs.is_empty() && !draft.substance.request().can_be_shown() {
        return Err(Oversized::Hidden.into());
    }
    let mut proposal = Proposal::new(draft);
    if needs.is_empty() {
        proposal.decide(Verdict::Approve, now).map_err(crate::store::Error::from)?;
    }
    let (Put::Fresh(put) | Put::Standing(put)) =
        docket.desk.put(proposal, amount, &account.view.snapshot.people, now).await?;
    Ok(put)
}

impl Wanted {
    fn callback(&self, docket: &Docket) -> Result<Option<Callback>, Failure> {
        let Some(callback) = &self.callback else { return Ok(None) };
        if docket.caller.is_none() {
            return Err(Failure::Unfit(NO_CALLBACK));
        }
        let fits = Endpoint::parse(&callback.endpoint).is_some()
            && callback.state.as_ref().is_none_or(|state| state.len() <= MAX_STATE)
            && callback.events.iter().all(|kind| Kind::parse(kind).is_some());
        match fits {
            true => Ok(Some(callback.clone())),
            false => Err(Failure::Unfit(CALLBACK)),
        }
    }

    fn not_before(&self, now: Timestamp) -> Result<Timestamp, Failure> {
        let Some(text) = &self.not_before else { return Ok(now) };
        let time = Timestamp::parse(text).ok_or(Failure::Unfit(TIME))?;
        match time.since(now) > LONGEST {
            true => Err(Failure::Unfit(TIME)),
            false => Ok(time.max(now)),
        }
    }

    fn life(&self, account: &Account, needs: &[ApprovalNeed]) -> Result<Duration, Failure> {
        let usual = account.view.snapshot.waiting.expires_after;
        let rules = needs.iter().filter_map(|need| need.expires_in).min();
        let asked = self.expires_in.map(Duration::from_secs);
        if asked.is_some_and(|asked| asked.is_zero() || asked > LONGEST) {
            return Err(Failure::Unfit(LIFE));
        }
        // The rules bound how long people may take.
        Ok(match (asked, rules) {
            (Some(asked), Some(rules)) => asked.min(rules),
            (one, other) => one.or(other).unwrap_or(usual),
        })
    }
}

impl Wish {
    /// The request as if it had come from the wire.
    fn read(&self) -> Result<(Parts, Bytes), Failure> {
        let url = Uri::try_from(&self.url).map_err(|_| Failure::Unfit(URL))?;
        let (Some("https"), Some(authority)) = (url.scheme_str(), url.authority()) else {
            return Err(Failure::Unfit(URL));
        };
        let target = url.path_and_query().map_or("/", |target| target.as_str());
        let method = Method::try_from(self.method.as_str()).map_err(|_| Failure::Unfit(METHOD))?;
        let mut request = Request::builder().method(method).uri(target);
        request = request.header(HOST, authority.as_str());
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name).map_err(|_| Failure::Unfit(HEADERS))?;
            let value = HeaderValue::from_str(value).map_err(|_| Failure::Unfit(HEADERS))?;
            request = request.header(name, value);
        }
        let (parts, ()) = request.body(()).map_err(|_| Failure::Unfit(URL))?.into_parts();
        Ok((parts, self.body()?))
    }

    fn body(&self) -> Result<Bytes, Failure> {
        match (&self.body, &self.body_base64) {
            (None, None) => Ok(Bytes::new()),
            (Some(text), None) => Ok(Bytes::from(text.clone())),
            (None, Some(text)) => {
                let bytes = STANDARD.decode(text).map_err(|_| Failure::Unfit(BODY))?;
                Ok(bytes.into())
            }
            (Some(_), Some(_)) => Err(Failure::Unfit(BODY)),
        }
    }
}

async fn wanted(head: &Head, body: &mut Body) -> Result<Wanted, Failure> {
    let inspect = Inspect { encoding: Encoding::Json, limit: LIMIT };
    let inspected = body.inspect(head.headers(), Some(inspect)).await?;
    let bytes = inspected.as_ref().map(|body| &body.bytes()[..]).unwrap_or_default();
    serde_json::from_slice(bytes).map_err(|_| Failure::Unfit(FORM))
}

pub(in crate::proxy) const FORM: &str = "a JSON object with `request` (`method`, `url`, and, if wanted, `headers` and `body` or \
     `body_base64`), and, if wanted, `not_before`, `expires_in` and `callback`";

const NO_CALLBACK: &str = "it without `callback`: the operator has not set up callbacks";

const CALLBACK: &str = "`callback` with `endpoint`, an https URL, and, if wanted, `state` of at most 512 bytes and `events`, \
     a list like `proposal.approved`";

const KEY: &str = "an `Idempotency-Key` of 1 to 255 visible characters with what you put forward";

const KIND: &str = "such a call directly: upgrades, gRPC and messages of MCP cannot be put forward";

const URL: &str = "`url` as `https://`, a host that a route serves, and a path";

const METHOD: &str = "`method` as a method of HTTP";

const HEADERS: &str = "`headers` as names with values of visible characters";

const BODY: &str = "either `body` or `body_base64`, the latter in Base64 with padding";

const TIME: &str = "`not_before` as a time like 2026-12-01T00:00:00Z, at most 30 days ahead";

const LIFE: &str = "`expires_in` in seconds, at most 30 days of them";

/// The longest until it is carried out, and the furthest ahead that it may begin.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

/// The longest word of an agent's own that comes back with a callback, in bytes.
const MAX_STATE: usize = 512;

/// The most bytes of what is put forward: the body may take a third more as Base64.
const LIMIT: usize = 2 * MAX_BODY;
