//! How much is carried out at once without its agent: by this process, and at each upstream, so that
//! one that is slow does not keep the others waiting.

use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of one process.
#[derive(Debug)]
pub(in crate::proxy) struct Places {
    all: Arc<Semaphore>,
    /// How many are taken at each upstream, by its authority; none where none are.
    taken: Arc<DashMap<String, usize>>,
}

/// One place, for as long as it lives.
#[derive(Debug)]
pub(in crate::proxy) struct Place {
    _one: OwnedSemaphorePermit,
    authority: String,
    taken: Arc<DashMap<String, usize>>,
}

impl Places {
    /// How many are free.
    pub(in crate::proxy) fn free(&self) -> usize {
        self.all.available_permits()
    }

    /// A place at the upstream `authority`, if there is one.
    pub(in crate::proxy) fn take(&self, authority: &str) -> Option<Place> {
        let one = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut taken = self.taken.entry(authority.to_owned()).or_default();
        if *taken >= EACH {
            return None;
        }
        *taken += 1;
        drop(taken);
        let (authority, taken) = (authority.to_owned(), Arc::clone(&self.taken));
        Some(Place { _one: one, authority, taken })
    }
}

impl Default for Places {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(ALL)), taken: Arc::default() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut count) = self.taken.get_mut(&self.authority) {
            *count -= 1;
        }
        self.taken.remove_if(&self.authority, |_, count| *count == 0);
    }
}

/// The most at once.
const ALL: usize = 32;

/// The most at once at one upstream.
const EACH: usize = 16;

#[cfg(test)]
mod tests {
    use super::{ALL, EACH, Places};

    #[test]
    fn a_slow_upstream_leaves_places_to_the_others() {
        let places = Places::default();
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
