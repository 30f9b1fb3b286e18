//! The way out, one for each worker.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use http::{Request, Response};

use crate::clock::Clock;
use crate::credential::Authorized;
use crate::id::UpstreamName;
use crate::metrics::UpstreamMetrics;
use crate::route::Body;
use crate::route::terms::Retry;
use crate::upstream::answer::Answer;
use crate::upstream::cluster::Cluster;
use crate::upstream::deadline::Deadlines;
use crate::upstream::error::{Cause, Error, Sent};
use crate::upstream::exchange::exchange;
use crate::upstream::outgoing::framed;
use crate::upstream::pool::SWEEP;
use crate::upstream::resolve::Resolver;
use crate::upstream::snapshot::Upstreams;

/// Sends authorized requests to upstreams, over this worker's own connections. Clones are the same
/// client; none can leave the thread. It must be made and used inside a `LocalSet`.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    clusters: RefCell<HashMap<UpstreamName, Rc<Cluster>>>,
    clock: Clock,
    deadlines: Deadlines,
    metrics: UpstreamMetrics,
    resolver: Resolver,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.clusters.borrow().keys()).finish()
    }
}

impl Client {
    /// A client for `upstreams`, without connections yet.
    pub fn new(upstreams: &Upstreams, metrics: UpstreamMetrics, clock: Clock) -> Self {
        let inner = Rc::new(Inner {
            clusters: RefCell::default(),
            clock,
            deadlines: Deadlines::default(),
            metrics,
            resolver: Resolver::new(),
        });
        tokio::task::spawn_local(sweep(Rc::downgrade(&inner)));
        let client = Self(inner);
        client.adopt(upstreams);
        client
    }

    /// Takes over a new snapshot. Connections to upstreams that have not changed are kept, those of
    /// all others dropped; exchanges under way end as they would have.
    pub fn adopt(&self, upstreams: &Upstreams) {
        let mut before = self.0.clusters.borrow_mut();
        let mut after = HashMap::new();
        for upstream in upstreams.iter() {
            let name = &upstream.config.name;
            let kept = before.remove(name.as_str()).filter(|cluster| {
                let serves = cluster.serves(upstream);
                if !serves {
                    retire(cluster);
                }
                serves
            });
            let numbers = || self.0.metrics.of(name.as_str());
            let cluster = kept
                .unwrap_or_else(|| Rc::new(Cluster::new(upstream, &self.0.resolver, numbers())));
            after.insert(name.clone(), cluster);
        }
        before.values().for_each(|cluster| retire(cluster));
        *before = after;
    }

    /// Sends an authorized request, and resolves when the head of the response is there. The
    /// response is as the upstream gave it: a redirect is an answer like any other, and hyper drops
    /// interim responses (1xx) other than a switch of protocols. After that switch the response
    /// carries hyper's `OnUpgrade`, and no deadline applies any more.
    ///
    /// Dropping the future cancels the exchange; whether it was sent is then unknown.
    ///
    /// # Errors
    /// [`Error`], which says whether the request may have reached the upstream.
    pub async fn send(&self, authorized: Authorized) -> Result<Response<Answer>, Error> {
        let (upstream, retry) = (authorized.upstream().clone(), authorized.retry());
        self.forward(&upstream, retry, authorized.into_request()).await
    }

    /// Whether the name of `upstream` leads to addresses that it may lead to; of several endpoints one
    /// is enough. Nothing is sent, and no connection made.
    ///
    /// # Errors
    /// [`Error`], and why not.
    pub async fn resolve(&self, upstream: &UpstreamName) -> Result<(), Error> {
        let cluster = self.0.clusters.borrow().get(upstream).cloned();
        let failed = |cause| Error::new(upstream, None, Sent::Nothing, cause);
        let cluster = cluster.ok_or_else(|| failed(Cause::Unknown))?;
        cluster.resolve(&self.0.resolver).await.map_err(failed)
    }

    /// What [`Client::send`] does once the proof has been shown. Never visible outside this part.
    pub(super) async fn forward(
        &self,
        upstream: &UpstreamName,
        retry: Retry,
        request: Request<Body>,
    ) -> Result<Response<Answer>, Error> {
        let cluster = self.0.clusters.borrow().get(upstream).cloned();
        let Some(cluster) = cluster else {
            return Err(Error::new(upstream, None, Sent::Nothing, Cause::Unknown));
        };
        let begun = self.0.clock.instant();
        let alarm = self.0.deadlines.alarm(cluster.timeouts().whole);
        let request = framed(request, &alarm, cluster.timeouts());
        let result = exchange(&cluster, request, retry, &alarm).await;
        match &result {
            Ok(response) => {
                let took = self.0.clock.instant().saturating_duration_since(begun);
                cluster.numbers.answered(response.status(), took);
            }
            Err(error) => {
                cluster.numbers.failed(error.reason());
            }
        }
        result
    }

    /// Connections to `upstream` that are open, on this worker.
    #[cfg(test)]
    pub(super) fn connections(&self, upstream: &str) -> usize {
        let clusters = self.0.clusters.borrow();
        clusters[upstream].pools().iter().map(|pool| pool.connections()).sum()
    }
}

fn retire(cluster: &Cluster) {
    cluster.pools().iter().for_each(|pool| pool.retire());
}

async fn sweep(client: Weak<Inner>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(client) = client.upgrade() else { return };
        for cluster in client.clusters.borrow().values() {
            cluster.pools().iter().for_each(|pool| pool.sweep());
        }
    }
}
