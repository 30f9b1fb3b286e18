//! Why the store did not do what it was asked.

use std::{fmt, io};

use crate::approval::Refusal;
use crate::id::ProposalId;
use crate::proposal::{Illegal, Undecodable};
use crate::store::tasks::MAX_TASKS;
use crate::task;

/// Nothing was changed. Whoever waits for a yes must take every one of these as a no.
#[derive(Debug)]
pub enum Error {
    /// This person has answered already, or with a signature that was handed in before.
    Answered,
    /// The store has too much to do, or takes too long.
    Busy,
    /// The database failed or could not be reached.
    Database(sqlx::Error),
    /// The thread that owns the store has ended.
    Gone,
    /// The proposal cannot make this transition.
    Illegal(Illegal),
    /// The system gives no thread, or the database's file cannot be made.
    Io(io::Error),
    /// The agent used this idempotency key for another request.
    KeyReused(ProposalId),
    /// The database's tables could not be brought up to date.
    Migration(sqlx::migrate::MigrateError),
    /// What was handed in is not the answer of a person who may give it.
    Refused(Refusal),
    /// The agent has no such task.
    NoTask,
    /// A task does not let it.
    Task(task::Refusal),
    /// The task is over.
    TaskOver(task::Status),
    /// The agent, or the one that it would be handed on to, has as many tasks as it may.
    TooManyTasks,
    /// The agent has as many undecided proposals as it may.
    TooMany,
    /// This person has said as much as one may: about a proposal, or in advance.
    TooManyWords,
    /// A row is not what was written.
    Undecodable,
    /// There is no such proposal.
    Unknown(ProposalId),
    /// The address is neither `sqlite:` nor `postgres:`.
    Url,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => {
                f.write_str("this person has answered already, or with a signature used before")
            }
            Self::Busy => f.write_str("the store does not answer in time"),
            Self::Database(source) => write!(f, "the store failed: {source}"),
            Self::Gone => f.write_str("the store is closed"),
            Self::Illegal(source) => source.fmt(f),
            Self::Io(source) => write!(f, "the store: {source}"),
            Self::KeyReused(id) => {
                write!(f, "this idempotency key stands for another request, {id}; choose a new one")
            }
            Self::Migration(source) => write!(f, "the store's tables: {source}"),
            Self::Refused(why) => why.fmt(f),
            Self::NoTask => f.write_str("the agent has no such task"),
            Self::Task(why) => why.fmt(f),
            Self::TaskOver(status) => write!(f, "the task is {status}"),
            Self::TooManyTasks => {
                write!(f, "{MAX_TASKS} tasks of one agent are enough; complete some")
            }
            Self::TooMany => {
                f.write_str("too many proposals of this agent wait already; let them be decided")
            }
            Self::TooManyWords => f.write_str(
                "this person has said as much as one may, about this or in advance; let some of it end",
            ),
            Self::Undecodable => f.write_str(
                "a row of the store was not written by this version of countersign, or was changed",
            ),
            Self::Unknown(id) => write!(f, "there is no proposal {id}"),
            Self::Url => f.write_str(
                "the store's url is wrong; write sqlite:FILE or postgres://USER@HOST/DATABASE",
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(source) => Some(source),
            Self::Io(source) => Some(source),
            Self::Migration(source) => Some(source),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(source: sqlx::Error) -> Self {
        Self::Database(source)
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Self {
        Self::Io(source)
    }
}

impl From<Illegal> for Error {
    fn from(source: Illegal) -> Self {
        Self::Illegal(source)
    }
}

impl From<Refusal> for Error {
    fn from(why: Refusal) -> Self {
        Self::Refused(why)
    }
}

impl From<task::Refusal> for Error {
    fn from(why: task::Refusal) -> Self {
        Self::Task(why)
    }
}

impl From<Undecodable> for Error {
    fn from(_: Undecodable) -> Self {
        Self::Undecodable
    }
}
