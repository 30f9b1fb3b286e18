//! `/v1/signals`: security events of other systems, pushed here (RFC 8935).
//!
//! The only place of this door where nobody has to be let in: an event says itself who made it, and
//! its signature proves that. All that it can do is to revoke agents that its issuer may speak about.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{Method, StatusCode};

use crate::approval::{Identity, People};
use crate::clock::Timestamp;
use crate::control::failure::Failure;
use crate::control::gate::Gate;
use crate::control::reply::Reply;
use crate::control::request::Request;
use crate::control::service::Service;
use crate::control::transmitter::{Transmitter, opened};
use crate::control::unheard::Unheard;
use crate::identity::SpiffeId;
use crate::revocation::Subject;
use crate::signal::{MEDIA_TYPE, News, Received, Whom};
use crate::store::{Heard, Heeded, Revocation};

/// What came of an event, in a word.
type Outcome = &'static str;

/// Whether a request brings an event to somebody who hears them.
pub(super) fn is_one(request: &Request, gate: &Gate) -> bool {
    let is_here = request.method() == Method::POST && request.segments() == ["v1", "signals"];
    is_here && !gate.transmitters.is_empty()
}

/// Takes an event, does what it asks, and gives a receipt.
pub(super) async fn take(
    service: &Service,
    gate: &Gate,
    people: &People,
    request: &mut Request,
    now: Timestamp,
) -> Result<Reply, Failure> {
    let outcome = heard(service, gate, people, request, now).await;
    let result = match &outcome {
        Ok(result) => result,
        Err(Unheard::Failed(_) | Unheard::NoKeys) => "failed",
        Err(_) => "refused",
    };
    service.shared.metrics.control.signals.with_label_values(&[result]).inc();
    match outcome {
        Ok(_) => Ok(Reply::done().with_status(StatusCode::ACCEPTED)),
        Err(why) => {
            tracing::info!("a security event is not taken: {why:?}");
            why.reply()
        }
    }
}

async fn heard(
    service: &Service,
    gate: &Gate,
    people: &People,
    request: &mut Request,
    now: Timestamp,
) -> Result<Outcome, Unheard> {
    request.check_query(&[])?;
    let is_plain = !request.headers().contains_key(CONTENT_ENCODING);
    if !is_plain || request.header(&CONTENT_TYPE) != Some(MEDIA_TYPE) {
        return Err(Unheard::Type);
    }
    let body = request.bytes().await?;
    let token = std::str::from_utf8(&body).map_err(|_| Unheard::Unreadable)?;
    let (transmitter, claims) = opened(&gate.transmitters, token, now)?;
    let Received { jti, news } = Received::read(&claims, now)?;
    let name = transmitter.name();
    let (whom, how) = match news {
        News::Ended(whom, how) => (whom, how),
        News::Verification => {
            tracing::info!(transmitter = name, "its security events are heard");
            return Ok("nothing");
        }
        News::Other(kind) => {
            tracing::info!(transmitter = name, kind, "nothing is done about such an event");
            return Ok("nothing");
        }
    };
    let agents = concerned(whom, (gate, transmitter), people)?;
    if agents.is_empty() {
        tracing::warn!(transmitter = name, jti, how, "an event is about nobody who is known here");
        return Ok("nothing");
    }
    let reason = format!("{how}, says {name} ({jti})");
    let revoke =
        |agent| Revocation { subject: Subject::Agent(agent), reason: reason.clone(), at: now };
    let revocations = agents.into_iter().map(revoke).collect();
    let heard = Heard { issuer: transmitter.issuer().to_owned(), jti, revocations };
    match service.desk.heed(heard, now).await.map_err(Failure::from)? {
        Heeded::Before => Ok("repeated"),
        Heeded::Now(count) => {
            tracing::warn!(transmitter = name, reason, count, "agents were revoked");
            Ok("revoked")
        }
    }
}

/// The agents that an event is about. Of a person's, those that its issuer may speak about.
///
/// # Errors
/// [`Unheard::NotTheirs`], if there are some and it is none of them.
fn concerned(
    whom: Whom,
    (gate, transmitter): (&Gate, &Transmitter),
    people: &People,
) -> Result<Vec<SpiffeId>, Unheard> {
    let agents = match whom {
        Whom::Agent(agent) => vec![agent],
        Whom::Person(names, issuer) => match issuer {
            // Somebody may be called the same at another issuer.
            Some(issuer) if issuer != transmitter.issuer() && !gate.is_issuer(&issuer) => {
                Vec::new()
            }
            _ => agents_of(&names, people),
        },
        Whom::Unknown => Vec::new(),
    };
    let found = agents.len();
    let theirs: Vec<_> =
        agents.into_iter().filter(|agent| transmitter.may_speak_of(agent)).collect();
    match theirs.is_empty() && found > 0 {
        true => Err(Unheard::NotTheirs),
        false => Ok(theirs),
    }
}

fn agents_of(names: &[Identity], people: &People) -> Vec<SpiffeId> {
    let person = names.iter().find_map(|name| people.called(name));
    person.map(|person| person.owns.clone()).unwrap_or_default()
}
