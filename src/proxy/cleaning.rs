//! What an upstream's answer must not bring to the agent: hop-by-hop fields, sessions, and the
//! injected value.

use bytes::Bytes;
use http::Response;
use http::header::{HeaderMap, HeaderName, SET_COOKIE};
use prometheus::IntCounter;
use tracing::warn;

use crate::credential::Guard;
use crate::proxy::failure::Failure;
use crate::route::headers::is_per_hop;

/// Counts the injected values that answers of one credential brought back.
#[derive(Debug)]
pub(super) struct Finds(IntCounter);

impl Finds {
    /// A count that goes to `counter`.
    pub(super) fn new(counter: IntCounter) -> Self {
        Self(counter)
    }

    /// Counts what was replaced, and says so.
    pub(super) fn note(&self, hits: usize) {
        if hits > 0 {
            self.0.inc_by(hits as u64);
            warn!(hits, "an upstream's answer held an injected secret; it was replaced");
        }
    }
}

/// Cleans the head of an upstream's answer.
///
/// # Errors
/// [`Failure::Opaque`], if the answer cannot be searched and must be.
pub(super) fn readable<B>(
    mut response: Response<B>,
    guard: &Guard,
    finds: &Finds,
) -> Result<Response<B>, Failure> {
    // hyper would pass a reason phrase on unsearched, and upgrades are not the agent's to take.
    response.extensions_mut().clear();
    clean(response.headers_mut(), guard);
    let hits = guard.clean(response.headers_mut()).map_err(|_| Failure::Opaque)?;
    finds.note(hits);
    Ok(response)
}

/// Searches a body that is there whole.
pub(super) fn searched(body: Bytes, guard: &Guard, finds: &Finds) -> Bytes {
    let Some(mut scanner) = guard.scanner() else { return body };
    let searched = [scanner.push(body), scanner.finish()].concat();
    finds.note(scanner.take_found());
    searched.into()
}

/// Removes what is said for one hop, what would lead the agent around us, and what would be a
/// credential in its hands.
pub(super) fn clean(headers: &mut HeaderMap, guard: &Guard) {
    let dropped: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            let name = name.as_str();
            (is_per_hop(name) && name != "content-length")
                || name.starts_with("proxy-")
                || name.starts_with("countersign-")
                || name.starts_with("x-accel-")
                || name == "alt-svc"
        })
        .cloned()
        .collect();
    for name in dropped {
        headers.remove(name);
    }
    if guard.is_watching() {
        // A session that began with the credential is worth as much as the credential.
        headers.remove(SET_COOKIE);
    }
}
