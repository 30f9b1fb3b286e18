//! git over HTTP: it prints a plain text behind `remote:`, and nothing else.

use bytes::Bytes;
use http::HeaderMap;

use crate::proxy::dialect::Written;
use crate::proxy::problem::Problem;

pub(super) fn write(problem: &Problem<'_>) -> Written {
    Written {
        status: problem.status,
        content_type: "text/plain",
        body: Bytes::from(format!("{}\n", problem.message())),
        headers: HeaderMap::new(),
    }
}
