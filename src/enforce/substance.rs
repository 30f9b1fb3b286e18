//! A request and its decision as people are shown them: what a proposal is about.

use bytes::Bytes;
use http::Uri;

use crate::enforce::ask::Ask;
use crate::policy::Decision;
use crate::proposal::{Oversized, Request, Substance};

/// What `ask` is as a proposal, under the rules and with the credential of `decision`; `body` is the
/// whole body, also where policy did not see it.
///
/// # Errors
/// [`Oversized`], if it cannot be kept whole.
pub fn of(ask: &Ask, decision: &Decision, body: Bytes) -> Result<Substance, Oversized> {
    let head = ask.target.head();
    let uri = format!("https://{}{}", head.authority(), head.target());
    // A head that was parsed is a URI, unless it is longer than one may be.
    let uri = Uri::try_from(uri).map_err(|_| Oversized::Head)?;
    let request = Request::new(head.method().clone(), &uri, head.headers(), body)?;
    let owner = ask.caller.principal.spiffe_id().clone();
    let substance = Substance::new(owner, request, decision.revision());
    let substance = match ask.situation.as_ref().and_then(|known| known.lineage.as_ref()) {
        Some(lineage) => {
            substance.within(lineage.task().id).on_behalf_of(lineage.chain().cloned().collect())?
        }
        None => substance,
    };
    let credential = decision.credential().or(ask.target.route().credential.as_ref());
    Ok(match credential {
        Some(name) => substance.with_credential(name.clone()),
        None => substance,
    })
}
