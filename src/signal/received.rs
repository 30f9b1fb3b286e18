//! What somebody else's security event says, once it is known to be theirs.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::approval::Identity;
use crate::clock::Timestamp;
use crate::identity::SpiffeId;
use crate::signal::kind::{CREDENTIAL_CHANGE, RISK_LEVEL_CHANGE, SESSION_REVOKED, VERIFICATION};

/// A security event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Received {
    /// What its issuer calls it, and nothing else.
    pub jti: String,
    /// What it says.
    pub news: News,
}

/// What an event says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum News {
    /// Somebody is not to be trusted any more, for this reason.
    Ended(Whom, &'static str),
    /// Something that nothing is done about: another kind of event, or one that is no bad news.
    Other(String),
    /// The issuer tries whether it is heard.
    Verification,
}

/// Whom an event is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Whom {
    /// An agent.
    Agent(SpiffeId),
    /// A person, by any of these names; where they are names of an issuer's, by whose.
    Person(Vec<Identity>, Option<String>),
    /// Nobody whom Countersign could know.
    Unknown,
}

/// Why an event cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// There is not one event in `events`.
    Events,
    /// There is no `jti` of 1 to 255 visible characters.
    Id,
    /// It was issued in the future, or longer ago than an event may be.
    Old,
    /// It says nobody whom it is about, in a form of RFC 9493.
    Subject,
    /// There is no `iat`.
    Time,
}

impl Received {
    /// Reads the claims of an event.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn read(claims: &Map<String, Value>, now: Timestamp) -> Result<Self, Unfit> {
        let jti = claims.get("jti").and_then(Value::as_str).ok_or(Unfit::Id)?;
        if !(1..=MAX_ID).contains(&jti.len()) || !jti.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Unfit::Id);
        }
        let issued = claims.get("iat").and_then(Value::as_i64).ok_or(Unfit::Time)?;
        let issued = Timestamp::from_secs(issued);
        if issued > now.plus(SKEW) || now.since(issued) > MAX_AGE {
            return Err(Unfit::Old);
        }
        let events = claims.get("events").and_then(Value::as_object).ok_or(Unfit::Events)?;
        let mut events = events.iter();
        let (Some((kind, said)), None) = (events.next(), events.next()) else {
            return Err(Unfit::Events);
        };
        let said = said.as_object().ok_or(Unfit::Events)?;
        let news = match (kind.as_str(), ends(kind, said)) {
            (VERIFICATION, _) => News::Verification,
            (_, Some(how)) => News::Ended(whom(claims.get("sub_id"))?, how),
            (_, None) => News::Other(kind.chars().take(MAX_ID).collect()),
        };
        Ok(Self { jti: jti.to_owned(), news })
    }
}

/// In a word, how an event of this kind ends the trust in somebody; `None`, if it does not.
fn ends(kind: &str, said: &Map<String, Value>) -> Option<&'static str> {
    let word = |name: &str| said.get(name).and_then(Value::as_str);
    match kind {
        SESSION_REVOKED => Some("session-revoked"),
        RISK_LEVEL_CHANGE if word("current_level") == Some("HIGH") => Some("risk-level-change"),
        CREDENTIAL_CHANGE if matches!(word("change_type"), Some("revoke" | "delete")) => {
            Some("credential-change")
        }
        _ => None,
    }
}

/// Whom a subject identifier names (RFC 9493 §3). A form that names nobody here is no error: others
/// may know them.
fn whom(subject: Option<&Value>) -> Result<Whom, Unfit> {
    let subject = subject.and_then(Value::as_object).ok_or(Unfit::Subject)?;
    let word = |name: &str| subject.get(name).and_then(Value::as_str).ok_or(Unfit::Subject);
    Ok(match word("format")? {
        "uri" => SpiffeId::parse(word("uri")?).map_or(Whom::Unknown, Whom::Agent),
        "email" => person([word("email")?], None),
        "opaque" => person([word("id")?], None),
        "account" => {
            let uri = word("uri")?;
            person([uri, uri.strip_prefix("acct:").ok_or(Unfit::Subject)?], None)
        }
        "iss_sub" => person([word("sub")?], Some(word("iss")?.to_owned())),
        _ => Whom::Unknown,
    })
}

fn person<const N: usize>(names: [&str; N], issuer: Option<String>) -> Whom {
    let names: Vec<_> = names.iter().filter_map(|name| Identity::parse(name).ok()).collect();
    match names.is_empty() {
        true => Whom::Unknown,
        false => Whom::Person(names, issuer),
    }
}

/// How old an event may be: its issuer may have been unable to tell it for as long, and a late
/// revocation is better than none.
pub const MAX_AGE: Duration = Duration::from_secs(86_400);

/// How far the issuer's clock may be off.
const SKEW: Duration = Duration::from_secs(60);

/// The longest `jti`, in bytes.
const MAX_ID: usize = 255;

#[cfg(test)]
mod tests {
    use super::{MAX_AGE, News, Received, Unfit, Whom};
    use crate::approval::Identity;
    use crate::clock::Timestamp;
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;
    const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";

    fn claims(kind: &str, said: &Value, subject: &Value) -> Value {
        json!({ "jti": "1", "iat": NOW, "sub_id": subject, "events": { kind: said } })
    }

    fn read(claims: &Value) -> Result<News, Unfit> {
        let claims = claims.as_object().unwrap();
        Received::read(claims, Timestamp::from_secs(NOW)).map(|received| received.news)
    }

    fn agent() -> Value {
        json!({ "format": "uri", "uri": "spiffe://example.org/a" })
    }

    #[test]
    fn only_bad_news_of_a_known_kind_ends_something() {
        let high = json!({ "current_level": "HIGH", "previous_level": "LOW" });
        for (kind, said, ends) in [
            ("session-revoked", json!({}), true),
            ("risk-level-change", high, true),
            ("risk-level-change", json!({ "current_level": "MEDIUM" }), false),
            ("risk-level-change", json!({}), false),
            ("credential-change", json!({ "change_type": "revoke" }), true),
            ("credential-change", json!({ "change_type": "delete" }), true),
            ("credential-change", json!({ "change_type": "create" }), false),
            ("session-established", json!({}), false),
            ("session-revoked/", json!({}), false),
        ] {
            let news = read(&claims(&format!("{CAEP}{kind}"), &said, &agent())).unwrap();
            assert_eq!(matches!(news, News::Ended(Whom::Agent(_), _)), ends, "{kind} {said}");
        }
        let kind = "https://schemas.openid.net/secevent/ssf/event-type/verification";
        let news = read(&claims(kind, &json!({ "state": "x" }), &json!({ "format": "opaque" })));
        assert_eq!(news, Ok(News::Verification));
    }

    #[test]
    fn a_subject_is_an_agent_a_person_or_nobody_here() {
        let name = |text: &str| Identity::parse(text).unwrap();
        let ann = |issuer: Option<&str>| {
            Ok(Whom::Person(vec![name("ann@example.org")], issuer.map(str::to_owned)))
        };
        for (subject, whom) in [
            (json!({ "format": "email", "email": "Ann@example.org" }), ann(None)),
            (json!({ "format": "opaque", "id": "ann@example.org" }), ann(None)),
            (
                json!({ "format": "iss_sub", "iss": "https://id", "sub": "ann@example.org" }),
                ann(Some("https://id")),
            ),
            (
                json!({ "format": "account", "uri": "acct:ann@example.org" }),
                Ok(Whom::Person(vec![name("acct:ann@example.org"), name("ann@example.org")], None)),
            ),
            (json!({ "format": "uri", "uri": "https://example.org/ann" }), Ok(Whom::Unknown)),
            (json!({ "format": "phone_number", "phone_number": "+1" }), Ok(Whom::Unknown)),
            (json!({ "format": "email", "email": "a b" }), Ok(Whom::Unknown)),
            (json!({ "format": "email" }), Err(Unfit::Subject)),
            (json!({ "format": "account", "uri": "ann@example.org" }), Err(Unfit::Subject)),
            (json!({ "format": "iss_sub", "sub": "ann" }), Err(Unfit::Subject)),
            (json!("ann"), Err(Unfit::Subject)),
            (json!(null), Err(Unfit::Subject)),
        ] {
            let news = read(&claims(&format!("{CAEP}session-revoked"), &json!({}), &subject));
            let expected = whom.map(|whom| News::Ended(whom, "session-revoked"));
            assert_eq!(news, expected, "{subject}");
        }
    }

    #[test]
    fn what_lacks_something_or_says_two_things_is_refused() {
        let good = claims(&format!("{CAEP}session-revoked"), &json!({}), &agent());
        let age = i64::try_from(MAX_AGE.as_secs()).unwrap();
        let two = json!({ "a": {}, "b": {} });
        for (claim, value, why) in [
            ("jti", Value::Null, Unfit::Id),
            ("jti", json!(""), Unfit::Id),
            ("jti", json!(7), Unfit::Id),
            ("jti", json!("a\nb"), Unfit::Id),
            ("jti", json!("x".repeat(256)), Unfit::Id),
            ("iat", Value::Null, Unfit::Time),
            ("iat", json!("now"), Unfit::Time),
            ("iat", json!(NOW - age - 1), Unfit::Old),
            ("iat", json!(NOW + 61), Unfit::Old),
            ("events", Value::Null, Unfit::Events),
            ("events", json!({}), Unfit::Events),
            ("events", two, Unfit::Events),
            ("events", json!({ "a": "b" }), Unfit::Events),
        ] {
            let mut wrong = good.clone();
            wrong[claim] = value;
            assert_eq!(read(&wrong), Err(why), "{claim} {}", wrong[claim]);
        }
        for iat in [NOW - age, NOW + 60] {
            let mut good = good.clone();
            good["iat"] = iat.into();
            assert!(read(&good).is_ok(), "{iat}");
        }
    }
}
