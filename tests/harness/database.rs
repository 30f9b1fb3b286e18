//! A PostgreSQL of the test's own: the one that the store's tests start.

#[path = "../../src/store/tests/postgres.rs"]
mod postgres;

/// The URL of an empty one, which lasts as long as the second value does.
pub fn postgres() -> (String, Database) {
    let server = postgres::Postgres::start();
    (server.url.clone(), Database(server))
}

/// A PostgreSQL that runs.
pub struct Database(postgres::Postgres);

impl Database {
    /// Ends it as a crash would, and starts it again.
    pub fn restart(&self) {
        self.0.restart();
    }
}
