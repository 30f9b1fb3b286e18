//! The control door's thread: it accepts, lets in, and answers.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use http::{Response, StatusCode};
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::{JoinError, JoinSet, LocalSet};
use tracing::{error, info, warn};

use crate::control::events;
use crate::control::failure::Failure;
use crate::control::gate::Shown;
use crate::control::reply::{Reply, Sending};
use crate::control::request::Request;
use crate::control::routes;
use crate::control::service::{Service, Visit};
use crate::control::signals;
use crate::listener::serve::Site;
use crate::listener::{Bound, Census, Guest, ListenerConfig};
use crate::metrics::ListenerMetrics;
use crate::shutdown::Shutdown;

/// What the thread is started with.
#[derive(Debug)]
pub struct Door {
    /// The listeners that it serves.
    pub listeners: Vec<(ListenerConfig, Bound)>,
    /// What they share.
    pub service: Arc<Service>,
    /// Asks to stop.
    pub shutdown: Shutdown,
}

impl Door {
    /// Starts the thread; it ends when it was asked to and its connections have, or after `grace`.
    ///
    /// # Errors
    /// If the system gives no thread or no poller.
    pub fn start(self, grace: Duration) -> io::Result<thread::JoinHandle<()>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("control".to_owned()).spawn(move || {
            LocalSet::new().block_on(&runtime, self.run(grace));
        })
    }

    async fn run(self, grace: Duration) {
        let Self { listeners, service, mut shutdown } = self;
        let of = Arc::clone(&service);
        let background =
            tokio::task::spawn_local(
                async move { tokio::join!(of.follow_keys(), events::look(&of)) },
            );
        let mut accepting = JoinSet::new();
        for (config, bound) in listeners {
            let metrics = service.shared.metrics.listener.clone();
            let place = Acceptor::new(config, metrics, &service, &shutdown);
            accepting.spawn_local(place.run(bound, shutdown.clone(), grace));
        }
        shutdown.wait().await;
        while accepting.join_next().await.is_some() {}
        background.abort();
    }
}

/// One listener.
struct Acceptor {
    site: Rc<Site>,
    service: Arc<Service>,
}

impl Acceptor {
    fn new(
        config: ListenerConfig,
        metrics: ListenerMetrics,
        service: &Arc<Service>,
        shutdown: &Shutdown,
    ) -> Self {
        let site = Site {
            name: config.name,
            limits: Arc::new(config.limits),
            census: Census::default(),
            metrics,
            shutdown: shutdown.clone(),
        };
        Self { site: Rc::new(site), service: Arc::clone(service) }
    }

    async fn run(self, bound: Bound, mut shutdown: Shutdown, grace: Duration) {
        let socket = match TcpListener::from_std(bound.socket) {
            Ok(socket) => socket,
            Err(cause) => return error!(%cause, "the control door cannot be polled"),
        };
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = shutdown.wait() => break,
                Some(ended) = connections.join_next(), if !connections.is_empty() => {
                    report(ended);
                    continue;
                }
                accepted = socket.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                warn!(listener = %self.site.name, "cannot accept a connection");
                tokio::time::sleep(BACK_OFF).await;
                continue;
            };
            let Some(place) = self.site.census.enter(self.site.limits.connections) else {
                self.site.refused("connections");
                continue;
            };
            let (site, service) = (Rc::clone(&self.site), Arc::clone(&self.service));
            connections.spawn_local(async move {
                let security = service.gate().security.clone();
                let answer = move |guest, request| answer(Arc::clone(&service), guest, request);
                site.serve_guest(stream, place, security, answer).await;
            });
        }
        let drained = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(grace, drained).await;
    }
}

async fn answer(
    service: Arc<Service>,
    guest: Rc<Guest>,
    request: http::Request<Incoming>,
) -> Response<Sending> {
    let progress = guest.begin();
    let reply = match visited(&service, guest, request).await {
        Ok(reply) => reply,
        Err(failure) => {
            note(&failure);
            Reply::problem(&failure)
        }
    };
    let class = reply.status.as_u16().to_string();
    service.shared.metrics.control.requests.with_label_values(&[class.as_str()]).inc();
    reply.into_response(progress)
}

/// Says in the log what operators have to know: that somebody may not, or that something is broken.
fn note(failure: &Failure) {
    let (code, detail) = (failure.code(), failure.detail());
    match failure {
        Failure::Store(why) if failure.status().is_server_error() => {
            error!("the control door cannot ask the store: {why}");
        }
        _ if matches!(failure.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            info!(code, "refused at the control door: {detail}");
        }
        _ => {}
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(cause) = ended {
        error!(%cause, "a connection's task ended badly");
    }
}

/// Who asks, what, and its answer. Who it is comes first: a stranger does not learn what is here.
async fn visited(
    service: &Arc<Service>,
    guest: Rc<Guest>,
    request: http::Request<Incoming>,
) -> Result<Reply, Failure> {
    let (parts, body) = request.into_parts();
    // Taking the head apart leaves out what an agent must not say; here it says who asks.
    let headers = parts.headers.clone();
    let mut request = Request::read(parts, body, &guest)?;
    let shown = Rc::new(Shown { guest, headers });
    let (snapshot, now) = (service.shared.snapshot(), service.shared.clock.now());
    let gate = service.gate();
    if signals::is_one(&request, &gate) {
        return signals::take(service, &gate, &snapshot.people, &mut request, now).await;
    }
    let caller = gate.admit(&shown, &snapshot.people, now)?;
    let (shown, caller, snapshot) = (&shown, &caller, &*snapshot);
    routes::answer(Visit { service, shown, caller, snapshot, now, request: &mut request }).await
}

/// How long to wait after the operating system refused to accept.
const BACK_OFF: Duration = Duration::from_millis(50);
