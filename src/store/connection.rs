//! Either database behind one small interface: a transaction that takes statements with values.

use std::borrow::Cow;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool};

use crate::store::bounds::MAX_PENDING;
use crate::store::error::Error;
use crate::store::row::Row;

/// The open store; clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Pool,
    /// How many proposals of one agent may wait.
    pub(super) pending: usize,
}

#[derive(Clone, Debug)]
enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

/// One transaction; undone if it is dropped before [`commit`](Self::commit).
pub(super) enum Transaction {
    Postgres(sqlx::Transaction<'static, Postgres>),
    Sqlite(sqlx::Transaction<'static, Sqlite>),
}

/// What stands for `$1`, `$2`, … in a statement.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Bytes(Option<Vec<u8>>),
    Integer(Option<i64>),
    Text(Option<String>),
}

impl Store {
    /// Opens the store at `url` and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error`], if it cannot be reached or its tables are those of a newer version.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let (kind, file) = url.split_once(':').ok_or(Error::Url)?;
        let pool = match kind {
            "postgres" | "postgresql" => Pool::Postgres(open_postgres(url).await?),
            "sqlite" => Pool::Sqlite(open_sqlite(file).await?),
            _ => return Err(Error::Url),
        };
        Ok(Self { pool, pending: MAX_PENDING })
    }

    /// The same, where so many proposals of one agent may wait, instead of [`MAX_PENDING`].
    pub fn with_pending(self, pending: usize) -> Self {
        Self { pending, ..self }
    }

    /// What this process is called as an executor. A file is one process's at a time, so whoever
    /// opens it takes the place of the one before.
    pub(super) fn executor(&self) -> String {
        match &self.pool {
            Pool::Postgres(_) => uuid::Uuid::now_v7().to_string(),
            Pool::Sqlite(_) => "local".to_owned(),
        }
    }

    /// Ends every connection, after what they are doing.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Postgres(pool) => pool.close().await,
            Pool::Sqlite(pool) => pool.close().await,
        }
    }

    /// A transaction that changes nothing, and waits for nobody who does.
    pub(super) async fn begin_to_read(&self) -> Result<Transaction, Error> {
        Ok(match &self.pool {
            Pool::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
            Pool::Sqlite(pool) => Transaction::Sqlite(pool.begin().await?),
        })
    }

    pub(super) async fn begin(&self) -> Result<Transaction, Error> {
        Ok(match &self.pool {
            Pool::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
            // Taken at once: a lock that is taken later can fail where waiting cannot help.
            Pool::Sqlite(pool) => Transaction::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
        })
    }
}

impl Transaction {
    pub(super) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Postgres(transaction) => transaction.commit().await?,
            Self::Sqlite(transaction) => transaction.commit().await?,
        }
        Ok(())
    }

    /// Runs `sql` and says how many rows it changed.
    pub(super) async fn execute(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, Error> {
        Ok(match self {
            Self::Postgres(transaction) => {
                let query = values.into_iter().fold(sqlx::query(sql), |query, value| match value {
                    Value::Bytes(bytes) => query.bind(bytes),
                    Value::Integer(integer) => query.bind(integer),
                    Value::Text(text) => query.bind(text),
                });
                query.execute(&mut **transaction).await?.rows_affected()
            }
            Self::Sqlite(transaction) => {
                let query = values.into_iter().fold(sqlx::query(sql), |query, value| match value {
                    Value::Bytes(bytes) => query.bind(bytes),
                    Value::Integer(integer) => query.bind(integer),
                    Value::Text(text) => query.bind(text),
                });
                query.execute(&mut **transaction).await?.rows_affected()
            }
        })
    }

    /// The rows that `sql` finds.
    pub(super) async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        Ok(match self {
            Self::Postgres(transaction) => {
                let query = values.into_iter().fold(sqlx::query(sql), |query, value| match value {
                    Value::Bytes(bytes) => query.bind(bytes),
                    Value::Integer(integer) => query.bind(integer),
                    Value::Text(text) => query.bind(text),
                });
                let rows = query.fetch_all(&mut **transaction).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
            Self::Sqlite(transaction) => {
                let query = values.into_iter().fold(sqlx::query(sql), |query, value| match value {
                    Value::Bytes(bytes) => query.bind(bytes),
                    Value::Integer(integer) => query.bind(integer),
                    Value::Text(text) => query.bind(text),
                });
                let rows = query.fetch_all(&mut **transaction).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
        })
    }

    /// The rows that `sql` finds, locked until the end of the transaction. `sqlite` is the same
    /// without the lock's words: its transactions have the whole file to themselves.
    pub(super) async fn locked(
        &mut self,
        postgres: &'static str,
        sqlite: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        let sql = match self {
            Self::Postgres(_) => postgres,
            Self::Sqlite(_) => sqlite,
        };
        self.rows(sql, values).await
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

async fn open_postgres(url: &str) -> Result<PgPool, Error> {
    let mut options: PgConnectOptions = url.parse()?;
    let is_here = options.get_socket().is_some()
        || options.get_host().starts_with('/')
        || matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1");
    // The library's own default goes on in the clear if the other side says so.
    if !is_here && !url.contains("sslmode=") {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    let pool = PgPoolOptions::new().max_connections(MAX_CONNECTIONS).acquire_timeout(WAIT);
    let pool = pool.connect_with(options).await?;
    let tables = migrator(STEPS.iter().map(|step| (step.name, step.postgres)));
    tables.run(&pool).await?;
    Ok(pool)
}

async fn open_sqlite(file: &str) -> Result<SqlitePool, Error> {
    create(Path::new(file))?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        // What was answered must survive the machine, not only the process.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(WAIT);
    // One writer: others of this process queue for it here, fairly, and not in the file.
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(WAIT);
    let pool = pool.connect_with(options).await?;
    let tables = migrator(STEPS.iter().map(|step| (step.name, step.sqlite)));
    tables.run(&pool).await?;
    Ok(pool)
}

/// Makes the file, if it is not there, so that nobody else may read it, nor what stands beside it.
fn create(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(file).map(drop)
}

/// The tables, in the order in which they came.
fn migrator(steps: impl IntoIterator<Item = (&'static str, &'static str)>) -> Migrator {
    let steps = (1..).zip(steps).map(|(number, (name, sql))| {
        let (name, sql) = (Cow::Borrowed(name), sql.into_sql_str());
        Migration::new(number, name, MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(steps.collect())
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(source: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(source)
    }
}

/// The most connections that one replica holds to PostgreSQL.
const MAX_CONNECTIONS: u32 = 8;

/// The longest wait for a connection, and for another process's lock on the file.
const WAIT: Duration = Duration::from_secs(5);

/// One change of the tables, in either database's words.
struct Step {
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// A step of this name, from the files that are called so.
macro_rules! step {
    ($file:literal) => {
        Step {
            name: $file,
            sqlite: include_str!(concat!("migrations/sqlite/", $file, ".sql")),
            postgres: include_str!(concat!("migrations/postgres/", $file, ".sql")),
        }
    };
}

/// Every step; a new one is added at the end, and none is ever changed once it was released.
const STEPS: &[Step] = &[
    step!("0001_proposals"),
    step!("0002_revocations"),
    step!("0003_tasks"),
    step!("0004_executors"),
    step!("0005_people"),
    step!("0006_budgets"),
    step!("0007_events"),
    step!("0008_signals"),
];
