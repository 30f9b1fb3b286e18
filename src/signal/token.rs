//! A revocation as a security event token (RFC 8417). The same event becomes the same token however
//! often it is sent, so that a receiver knows it again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::callback::Key;
use crate::event::{Event, Subject};
use crate::revocation;
use crate::signal::kind::{CREDENTIAL_CHANGE, SESSION_REVOKED};

/// The token that tells `audience` of `event`, said by `issuer`; `None`, if nothing was revoked.
pub(super) fn token(event: &Event, issuer: &str, audience: &str, key: &Key) -> Option<String> {
    let Subject::Revocation(subject) = &event.subject else { return None };
    let head = json!({ "alg": "EdDSA", "kid": key.id(), "typ": "secevent+jwt" });
    let (kind, said) = said(subject, event);
    let events = Map::from_iter([(kind.to_owned(), said)]);
    let claims = json!({
        "iss": issuer,
        "jti": event.id,
        "iat": event.id.made().secs(),
        "aud": audience,
        "sub_id": sub_id(subject),
        "events": events,
    });
    let [head, claims] = [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{head}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    Some(format!("{signed}.{signature}"))
}

/// Whom or what it is about (RFC 9493).
fn sub_id(subject: &revocation::Subject) -> Value {
    match subject {
        revocation::Subject::Agent(id) => json!({ "format": "uri", "uri": id.as_str() }),
        revocation::Subject::TrustDomain(domain) => {
            json!({ "format": "uri", "uri": format!("spiffe://{}", domain.as_str()) })
        }
        revocation::Subject::Credential(_) | revocation::Subject::Task(_) => {
            json!({ "format": "opaque", "id": subject.name() })
        }
    }
}

/// What happened to it, as CAEP has it.
fn said(subject: &revocation::Subject, event: &Event) -> (&'static str, Value) {
    let mut said = json!({
        "event_timestamp": event.id.made().secs(),
        "initiating_entity": "admin",
    });
    if let Some(reason) = event.detail.as_deref().filter(|reason| !reason.is_empty()) {
        said["reason_admin"] = json!({ "en": reason });
    }
    if !matches!(subject, revocation::Subject::Credential(_)) {
        return (SESSION_REVOKED, said);
    }
    said["credential_type"] = CREDENTIAL_TYPE.into();
    said["change_type"] = "revoke".into();
    said["friendly_name"] = subject.name().into();
    (CREDENTIAL_CHANGE, said)
}

/// What CAEP's list has no word for: something that Countersign puts on requests.
const CREDENTIAL_TYPE: &str = "countersign-credential";

#[cfg(test)]
mod tests {
    use super::{said, sub_id, token};
    use crate::callback::Key;
    use crate::ed25519::Pair;
    use crate::event::{Event, Kind, Subject};
    use crate::id::ProposalId;
    use crate::revocation;
    use serde_json::json;

    fn revoked(kind: &str, name: &str, reason: &str) -> (revocation::Subject, Event) {
        let subject = revocation::Subject::parse(kind, name).unwrap();
        let event = Event::new(Kind::RevocationMade, Subject::Revocation(subject.clone()));
        (subject, event.because(reason))
    }

    #[test]
    fn each_thing_that_can_be_revoked_is_said_as_caep_has_it() {
        let task = "tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0";
        for (kind, name, id, word) in [
            (
                "agent",
                "spiffe://example.org/a",
                json!({ "format": "uri", "uri": "spiffe://example.org/a" }),
                "session-revoked",
            ),
            ("task", task, json!({ "format": "opaque", "id": task }), "session-revoked"),
            (
                "trust-domain",
                "example.org",
                json!({ "format": "uri", "uri": "spiffe://example.org" }),
                "session-revoked",
            ),
            (
                "credential",
                "orders",
                json!({ "format": "opaque", "id": "orders" }),
                "credential-change",
            ),
        ] {
            let (subject, event) = revoked(kind, name, "it was lost");
            assert_eq!(sub_id(&subject), id);
            let (uri, said) = said(&subject, &event);
            assert_eq!(uri.rsplit('/').next(), Some(word));
            assert_eq!(said["reason_admin"], json!({ "en": "it was lost" }));
            assert_eq!(said["change_type"] == "revoke", kind == "credential", "{kind}");
        }
        let (subject, event) = revoked("credential", "orders", "");
        assert_eq!(said(&subject, &event).1.get("reason_admin"), None);
    }

    #[test]
    fn the_same_event_is_the_same_token_and_nothing_else_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::from(Pair::make(&folder.path().join("key")).unwrap());
        let (_, event) = revoked("credential", "orders", "");
        let made = || token(&event, "https://us.example.org", "them", &key);
        assert!(made().is_some());
        assert_eq!(made(), made());
        let other = Event::new(Kind::ProposalDenied, Subject::Proposal(ProposalId::new()));
        assert_eq!(token(&other, "https://us.example.org", "them", &key), None);
    }
}
