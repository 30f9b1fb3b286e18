//! What the store's errors are to an agent.

use std::borrow::Cow;

use http::StatusCode;

use crate::proxy::failure::Fault;
use crate::store::Error;
use crate::task::Stop;

/// Whose fault it is.
pub(super) fn fault(why: &Error) -> Fault {
    match why {
        Error::KeyReused(_)
        | Error::NoTask
        | Error::TaskOver(_)
        | Error::TooMany
        | Error::TooManyTasks => Fault::Agent,
        Error::Task(_) => Fault::Policy,
        _ => Fault::Countersign,
    }
}

/// The status of the answer.
pub(super) fn status(why: &Error) -> StatusCode {
    match why {
        Error::KeyReused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::NoTask | Error::Task(_) => StatusCode::FORBIDDEN,
        Error::TaskOver(_) => StatusCode::CONFLICT,
        Error::TooMany | Error::TooManyTasks => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A stable word.
pub(super) fn code(why: &Error) -> &'static str {
    match why {
        Error::KeyReused(_) => "idempotency_key_reused",
        Error::NoTask => "no_such_task",
        Error::Task(refusal) => match refusal.why {
            Stop::Budget(_) => "task_budget_used",
            Stop::Scope => "task_scope",
            Stop::Status(_) => "task_over",
            Stop::Unmeasured => "task_bytes_unknown",
            Stop::Wider => "task_wider",
        },
        Error::TaskOver(_) => "task_over",
        Error::TooMany => "too_many_proposals",
        Error::TooManyTasks => "too_many_tasks",
        _ => "state_unavailable",
    }
}

/// What the agent may know.
pub(super) fn detail(why: &Error) -> Cow<'static, str> {
    match why {
        Error::KeyReused(id) => {
            format!("Your Idempotency-Key stands for another request, {id}. Choose a new one.")
                .into()
        }
        Error::NoTask => "You have no such task.".into(),
        Error::Task(refusal) => format!("Not for this work: {refusal}.").into(),
        Error::TaskOver(status) => format!("The task is {status}.").into(),
        Error::TooMany => {
            "Too many of your requests wait already, for people or to be carried out. Let some end."
                .into()
        }
        Error::TooManyTasks => "Too many tasks are open already. Complete some first.".into(),
        _ => "What is kept of your work cannot be looked up, so nothing is sent. Try again later."
            .into(),
    }
}

/// Whether the same request can succeed later without anyone changing it.
pub(super) fn is_retryable(why: &Error) -> bool {
    matches!(fault(why), Fault::Countersign) || matches!(why, Error::TooMany)
}
