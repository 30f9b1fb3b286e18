//! A PostgreSQL of the test's own: the one that the store's tests start.

#[path = "../../src/store/tests/postgres.rs"]
mod postgres;

/// The URL of an empty one, which lasts as long as the second value does.
pub fn postgres() -> (String, impl Sized) {
    let server = postgres::Postgres::start();
    (server.url.clone(), server)
}
