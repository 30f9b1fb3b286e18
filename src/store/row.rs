//! One row of either database, read by the names of its columns.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::clock::Timestamp;
use crate::store::connection::Value;
use crate::store::error::Error;

/// One row.
pub(super) enum Row {
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

impl Row {
    pub(super) fn text(&self, column: &str) -> Result<Option<String>, Error> {
        Ok(match self {
            Self::Postgres(row) => row.try_get(column)?,
            Self::Sqlite(row) => row.try_get(column)?,
        })
    }

    pub(super) fn bytes(&self, column: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(match self {
            Self::Postgres(row) => row.try_get(column)?,
            Self::Sqlite(row) => row.try_get(column)?,
        })
    }

    pub(super) fn number(&self, column: &str) -> Result<Option<u64>, Error> {
        let number: Option<i64> = match self {
            Self::Postgres(row) => row.try_get(column)?,
            Self::Sqlite(row) => row.try_get(column)?,
        };
        number.map(u64::try_from).transpose().map_err(|_| Error::Undecodable)
    }

    pub(super) fn time(&self, column: &str) -> Result<Option<Timestamp>, Error> {
        Ok(self.number(column)?.map(Timestamp::from_micros))
    }

    /// A column that `parse` makes something of.
    pub(super) fn parsed<T>(
        &self,
        column: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Error> {
        needed(self.text(column)?).and_then(|text| parse(&text).ok_or(Error::Undecodable))
    }
}

/// A column that is never null.
pub(super) fn needed<T>(column: Option<T>) -> Result<T, Error> {
    column.ok_or(Error::Undecodable)
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::from(Some(time))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(time: Option<Timestamp>) -> Self {
        Self::Integer(time.map(|time| i64::try_from(time.micros()).unwrap_or(i64::MAX)))
    }
}
