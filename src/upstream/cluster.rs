//! One upstream as one worker sees it: a pool for each endpoint, and the choice between them.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;

use crate::id::UpstreamName;
use crate::metrics::UpstreamNumbers;
use crate::upstream::config::{Host, Timeouts};
use crate::upstream::error::Cause;
use crate::upstream::pool::Pool;
use crate::upstream::resolve::Resolver;
use crate::upstream::snapshot::Upstream;

/// An upstream's endpoints on one worker.
pub(super) struct Cluster {
    pub(super) numbers: UpstreamNumbers,
    upstream: Arc<Upstream>,
    pools: Vec<Rc<Pool>>,
    /// Where the search begins, so that equals take turns.
    turn: Cell<usize>,
}

impl Cluster {
    /// A cluster without connections.
    pub(super) fn new(
        upstream: &Arc<Upstream>,
        resolver: &Resolver,
        numbers: UpstreamNumbers,
    ) -> Self {
        let endpoints = upstream.config.endpoints.iter();
        let pools = endpoints.map(|e| Pool::new(upstream, e, resolver, &numbers)).collect();
        Self { numbers, upstream: upstream.clone(), pools, turn: Cell::new(0) }
    }

    pub(super) fn name(&self) -> &UpstreamName {
        &self.upstream.config.name
    }

    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.upstream.config.timeouts
    }

    pub(super) fn pools(&self) -> &[Rc<Pool>] {
        &self.pools
    }

    /// Whether its connections may serve `upstream`.
    pub(super) fn serves(&self, upstream: &Upstream) -> bool {
        self.upstream.is_same(upstream)
    }

    /// Whether an endpoint's name leads to addresses that it may lead to.
    ///
    /// # Errors
    /// Why the last one's does not.
    pub(super) async fn resolve(&self, resolver: &Resolver) -> Result<(), Cause> {
        let config = &self.upstream.config;
        let mut last = Cause::Unknown;
        for endpoint in &config.endpoints {
            let Host::Name(name) = endpoint.host() else { return Ok(()) };
            match resolver.resolve(name, endpoint.port(), &config.allow_addresses).await {
                Ok(_) => return Ok(()),
                Err(cause) => last = cause,
            }
        }
        Err(last)
    }

    /// The endpoint to ask: of those that are healthy and not to `avoid`, the one with the fewest
    /// exchanges. When none is, the one that comes back soonest: an upstream is never given up.
    pub(super) fn choose(&self, avoid: Option<&Rc<Pool>>) -> Option<&Rc<Pool>> {
        if let [only] = self.pools.as_slice() {
            return Some(only);
        }
        let turn = self.turn.get().wrapping_add(1);
        self.turn.set(turn);
        let (late, early) = self.pools.split_at(turn % self.pools.len());
        let asked = early.iter().chain(late).filter(|pool| !is_avoided(pool, avoid));
        let now = self.pools.iter().any(|pool| pool.back().is_some()).then(Instant::now);
        let is_in = |pool: &Rc<Pool>| now.is_none_or(|now| pool.back().is_none_or(|b| b <= now));
        let healthy = asked.clone().filter(|pool| is_in(pool)).min_by_key(|pool| pool.load());
        healthy.or_else(|| asked.min_by_key(|pool| pool.back()))
    }
}

fn is_avoided(pool: &Rc<Pool>, avoid: Option<&Rc<Pool>>) -> bool {
    avoid.is_some_and(|avoided| Rc::ptr_eq(pool, avoided))
}
