//! A PostgreSQL of the test's own: the one that the store's tests start.

#[allow(dead_code, reason = "the store's tests start other databases, too")]
#[path = "../../src/store/tests/database.rs"]
mod store;

/// The URL of an empty one, which lasts as long as the second value does.
pub fn postgres() -> (String, impl Sized) {
    let database = store::Database::postgres();
    (database.url.clone(), database)
}
