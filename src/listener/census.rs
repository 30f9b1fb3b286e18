//! How many connections are open, in all and for each principal.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;

use crate::identity::SpiffeId;

/// The count of one listener. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Census(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    all: AtomicUsize,
    principals: DashMap<SpiffeId, usize>,
}

/// One connection's place in the count; dropping it frees the place.
#[derive(Debug)]
pub struct Place(Arc<Counts>);

/// One connection's place among its principal's; dropping it frees the place.
#[derive(Debug)]
pub struct PrincipalPlace(Arc<Counts>, SpiffeId);

impl Census {
    /// A place among all connections, unless `limit` are taken.
    pub fn enter(&self, limit: usize) -> Option<Place> {
        if self.0.all.fetch_add(1, Ordering::Relaxed) >= limit {
            self.0.all.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Place(Arc::clone(&self.0)))
    }

    /// A place among the principal's connections, unless `limit` are taken.
    pub fn enter_as(&self, id: &SpiffeId, limit: usize) -> Option<PrincipalPlace> {
        let mut count = self.0.principals.entry(id.clone()).or_insert(0);
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(PrincipalPlace(Arc::clone(&self.0), id.clone()))
    }

    /// Connections open now.
    pub fn open(&self) -> usize {
        self.0.all.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.all.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for PrincipalPlace {
    fn drop(&mut self) {
        if let Some(mut count) = self.0.principals.get_mut(&self.1) {
            *count -= 1;
        }
        // Principals come and go; the table holds only those that are here.
        self.0.principals.remove_if(&self.1, |_, count| *count == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Census;
    use crate::identity::SpiffeId;

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let census = Census::default();
        let first = census.enter(1);
        assert!(first.is_some());
        assert!(census.enter(1).is_none());
        drop(first);
        assert!(census.enter(1).is_some());
    }

    #[test]
    fn principals_are_counted_apart() {
        let census = Census::default();
        let a = SpiffeId::parse("spiffe://x/a").unwrap();
        let b = SpiffeId::parse("spiffe://x/b").unwrap();
        let place = census.enter_as(&a, 1);
        assert!(place.is_some() && census.enter_as(&a, 1).is_none());
        assert!(census.enter_as(&b, 1).is_some());
        drop(place);
        assert!(census.0.principals.is_empty());
    }
}
