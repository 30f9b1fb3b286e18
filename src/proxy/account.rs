//! What is known of one exchange while it runs: for its answer, its record and its metrics.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio::time::Instant;
use tracing::{error, info, warn};

use crate::audit::{Outcome, Trail};
use crate::credential::Guard;
use crate::enforce::Ask;
use crate::id::DecisionId;
use crate::listener::Connection;
use crate::listener::connection::InProgress;
use crate::metrics::method_label;
use crate::proxy::answer::Answer;
use crate::proxy::arrived::Arrived;
use crate::proxy::carried::Carried;
use crate::proxy::cleaning::{self, Finds};
use crate::proxy::dialect::Asked;
use crate::proxy::failure::{Failure, Fault};
use crate::proxy::meter::Meter;
use crate::proxy::plane::{Plane, View};
use crate::proxy::relay::{Record, Relay};
use crate::proxy::reply;
use crate::proxy::sieve::Sieve;
use crate::proxy::tunnel::Tunnel;
use crate::revocation::Tether;
use crate::route::body::Passed;
use crate::route::terms::Dialect;
use crate::route::{Inspected, Route};
use crate::upstream;

/// One exchange, from its head to its answer.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: DecisionId,
    pub(super) plane: Rc<Plane>,
    pub(super) view: Rc<View>,
    pub(super) connection: Rc<Connection>,
    pub(super) trail: Trail,
    /// What it hangs on.
    pub(super) tether: Tether,
    /// The shape of our own answers where no route says it.
    pub(super) dialect: Dialect,
    /// The route that was found.
    pub(super) route: Option<Arc<Route>>,
    /// The body that was inspected.
    pub(super) inspected: Option<Inspected>,
    /// What policy wants on the answer.
    pub(super) answer_headers: HeaderMap,
    /// How much of the request's body was sent.
    pub(super) sent: Passed,
    /// What the bytes of the answer are taken off, where they are bounded.
    pub(super) meter: Option<Meter>,
    arrived: Arrived,
    progress: InProgress,
    started: Instant,
}

impl Account {
    pub(super) fn open(
        plane: Rc<Plane>,
        connection: Rc<Connection>,
        request: &Request<Incoming>,
    ) -> Self {
        let id = DecisionId::new();
        let tether = plane.shared.tether(connection.last_caller().principal.spiffe_id());
        Self {
            tether,
            id,
            view: plane.view(),
            trail: plane.recorder.open(id),
            progress: connection.begin(),
            dialect: Dialect::default(),
            route: None,
            inspected: None,
            answer_headers: HeaderMap::new(),
            sent: Passed::default(),
            meter: None,
            arrived: Arrived::of(request),
            started: Instant::now(),
            plane,
            connection,
        }
    }

    /// The answer to a request that was carried out.
    pub(super) fn settle(self, carried: Carried) -> Response<Answer> {
        match carried {
            Carried::Ours(document) => {
                self.count(StatusCode::OK);
                reply::document(&document, self.id, self.progress)
            }
            Carried::Put { id, document } => {
                self.count(StatusCode::ACCEPTED);
                reply::put(&document, id, self.id, self.progress)
            }
            Carried::Noted => {
                self.count(StatusCode::ACCEPTED);
                reply::noted(self.id, self.progress)
            }
            Carried::Kept { id, answer } => {
                self.count(answer.status());
                let kept = reply::kept(&answer, id, self.id, self.progress);
                reply::for_version(kept, self.arrived.version)
            }
            Carried::Listed { response, guard } => self.list(response, guard),
            Carried::Upstream { response, guard, sieve, .. }
                if response.status() != reply::SWITCHING =>
            {
                self.relay(response, guard, sieve)
            }
            Carried::Upstream { response, guard, tunnel: Some((ask, agent)), .. } => {
                self.switch(response, guard, ask, agent)
            }
            // Nobody asked for another protocol: no tunnel opens.
            Carried::Upstream { .. } => self.refuse(&Failure::Unasked),
        }
    }

    /// The answer to a request that failed, which is recorded, counted and logged.
    pub(super) fn refuse(self, failure: &Failure) -> Response<Answer> {
        let status = failure.status();
        self.count(status);
        self.log(failure);
        let dialect = self.route.as_ref().map_or(self.dialect, |route| route.dialect);
        let asked = Asked {
            method: Some(&self.arrived.method),
            accept: self.arrived.accept.as_ref().and_then(|kinds| kinds.to_str().ok()),
            content_type: self.arrived.content_type.as_ref().and_then(|kind| kind.to_str().ok()),
            body: self.inspected.as_ref().map(|body| &body.bytes()[..]),
        };
        let response = reply::to(failure, self.id, dialect, asked, self.progress);
        match self.trail.is_committed() {
            true => self.trail.close(failure.outcome()),
            false => {
                self.arrived.record(self.trail, failure, &self.connection, self.route.as_ref())
            }
        }
        reply::for_version(response, self.arrived.version)
    }

    fn relay(
        self,
        response: Response<upstream::Answer>,
        guard: Guard,
        sieve: Option<Sieve>,
    ) -> Response<Answer> {
        let finds = self.finds(&guard);
        let status = response.status();
        let (id, version) = (self.id, self.arrived.version);
        match cleaning::readable(response, &guard, &finds) {
            Ok(response) => {
                self.count(status);
                let record = Record {
                    trail: self.trail,
                    status,
                    cutting: self.tether.cutting(),
                    sent: self.sent,
                    started: self.started,
                    meter: self.meter,
                    metrics: self.plane.shared.metrics.state.clone(),
                };
                let patience = self.connection.limits().idle;
                let mut response = response.map(|body| {
                    let relay = Relay::new(body, guard, finds, sieve, record, self.progress);
                    Answer::relayed(relay, patience, self.tether)
                });
                mark(response.headers_mut(), self.answer_headers, id);
                reply::for_version(response, version)
            }
            Err(failure) => self.refuse(&failure),
        }
    }

    /// Answers with a list that was read and filtered: whole, and searched like any other answer.
    fn list(self, response: Response<Bytes>, guard: Guard) -> Response<Answer> {
        let finds = self.finds(&guard);
        let (id, version, status) = (self.id, self.arrived.version, response.status());
        let response = match cleaning::readable(response, &guard, &finds) {
            Ok(response) => response,
            Err(failure) => return self.refuse(&failure),
        };
        self.count(status);
        let (mut parts, body) = response.into_parts();
        let body = cleaning::searched(body, &guard, &finds);
        self.trail.close(Outcome::Answered {
            status: status.as_u16(),
            request_bytes: self.sent.bytes(),
            response_bytes: body.len() as u64,
            duration: self.started.elapsed(),
        });
        mark(&mut parts.headers, self.answer_headers, id);
        let response = Response::from_parts(parts, Answer::whole(body, self.progress));
        reply::for_version(response, version)
    }

    /// Agrees to an upgrade that both sides want.
    fn switch(
        self,
        mut response: Response<upstream::Answer>,
        guard: Guard,
        ask: Ask,
        agent: OnUpgrade,
    ) -> Response<Answer> {
        let Some(upstream) = response.extensions_mut().remove::<OnUpgrade>() else {
            return self.refuse(&Failure::Unasked);
        };
        let response = match cleaning::readable(response, &guard, &self.finds(&guard)) {
            Ok(response) => response,
            Err(failure) => return self.refuse(&failure),
        };
        self.count(reply::SWITCHING);
        self.connection.becomes_tunnel();
        let (mut parts, _) = response.into_parts();
        parts.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        mark(&mut parts.headers, self.answer_headers, self.id);
        let tunnel = Tunnel {
            plane: self.plane,
            progress: self.connection.begin(),
            connection: self.connection,
            ask,
            agent,
            upstream,
            scanner: guard.scanner(),
            trail: self.trail,
        };
        tokio::task::spawn_local(tunnel.run());
        Response::from_parts(parts, Answer::whole(Bytes::new(), self.progress))
    }

    /// Counts the occurrences of the injected value in this answer.
    fn finds(&self, guard: &Guard) -> Finds {
        let name = guard.credential().map_or("-", |name| name.as_str());
        Finds::new(self.plane.shared.metrics.credential.replaced.with_label_values(&[name]))
    }

    fn count(&self, status: StatusCode) {
        let http = &self.plane.shared.metrics.http;
        let listener = self.connection.listener().as_str();
        let route = self.route.as_ref().map_or(reply::NO_ROUTE, |route| route.name.as_str());
        let method = method_label(&self.arrived.method);
        http.requests.with_label_values(&[listener, route, method, status.as_str()]).inc();
        let duration = http.duration.with_label_values(&[listener, route]);
        duration.observe(self.started.elapsed().as_secs_f64());
    }

    /// Loud where the operator has to do something, quiet where an agent has.
    fn log(&self, failure: &Failure) {
        let metrics = &self.plane.shared.metrics.http;
        if let Some(rule) = failure.broken_rule() {
            metrics.refused.with_label_values(&[rule]).inc();
        }
        match failure {
            Failure::Cut(_) => self.plane.shared.metrics.state.cut.inc(),
            Failure::Panicked => metrics.panics.inc(),
            _ => {}
        }
        let (decision, code) = (self.id, failure.code());
        let caller = self.connection.last_caller();
        let principal = caller.principal.spiffe_id();
        let route = self.route.as_ref().map_or(reply::NO_ROUTE, |route| route.name.as_str());
        match failure.fault() {
            Fault::Countersign => error!(%decision, code, %principal, route, "{failure}"),
            Fault::Upstream => warn!(%decision, code, %principal, route, "{failure}"),
            Fault::Agent | Fault::Policy => info!(%decision, code, %principal, route, "{failure}"),
        }
    }
}

/// What every answer carries: policy's own headers, and the handle.
fn mark(headers: &mut HeaderMap, demanded: HeaderMap, id: DecisionId) {
    headers.extend(demanded);
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(reply::DECISION, id);
    }
}
