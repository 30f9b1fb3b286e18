//! How much is done at once, in all and for each, so that one who is slow or has much to do does not
//! keep the others waiting: calls that are held, by their agents; and what is carried out without
//! them, by its upstreams.

use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of one process.
#[derive(Debug)]
pub(in crate::proxy) struct Places {
    all: Arc<Semaphore>,
    /// The most for one.
    each: usize,
    /// How many each has; none where it has none.
    taken: Arc<DashMap<String, usize>>,
}

/// One place, for as long as it lives.
#[derive(Debug)]
pub(in crate::proxy) struct Place {
    _one: OwnedSemaphorePermit,
    whose: String,
    taken: Arc<DashMap<String, usize>>,
}

impl Places {
    /// So many in all, and for each.
    pub(in crate::proxy) fn new(all: usize, each: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), each, taken: Arc::default() }
    }

    /// How many are free.
    pub(in crate::proxy) fn free(&self) -> usize {
        self.all.available_permits()
    }

    /// A place for `whose`, if there is one.
    pub(in crate::proxy) fn take(&self, whose: &str) -> Option<Place> {
        let one = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut taken = self.taken.entry(whose.to_owned()).or_default();
        if *taken >= self.each {
            return None;
        }
        *taken += 1;
        drop(taken);
        let (whose, taken) = (whose.to_owned(), Arc::clone(&self.taken));
        Some(Place { _one: one, whose, taken })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut count) = self.taken.get_mut(&self.whose) {
            *count -= 1;
        }
        self.taken.remove_if(&self.whose, |_, count| *count == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    const ALL: usize = 32;
    const EACH: usize = 16;

    #[test]
    fn a_slow_upstream_leaves_places_to_the_others() {
        let places = Places::new(ALL, EACH);
        let slow: Vec<_> = (0..ALL).filter_map(|_| places.take("slow.example.org")).collect();
        assert_eq!((slow.len(), places.free()), (EACH, ALL - EACH));
        let other = places.take("other.example.org");
        assert!(other.is_some() && places.take("slow.example.org").is_none());
        drop(slow);
        assert!(places.take("slow.example.org").is_some());
        drop(other);
        assert_eq!((places.free(), places.taken.len()), (ALL, 0));
    }
}
