//! Why a security event was not taken, in the words of RFC 8935 §2.3.

use http::StatusCode;
use serde_json::json;

use crate::control::failure::Failure;
use crate::control::reply::Reply;
use crate::signal::Unfit;

/// Why a security event was not taken.
#[derive(Debug)]
pub(super) enum Unheard {
    /// It is not for us.
    Audience,
    /// The request failed, as any other could have.
    Failed(Failure),
    /// Nobody is heard who calls themselves so.
    Issuer,
    /// Its issuer has no such key, or not for such a signature.
    Key,
    /// The issuer's keys are not known, so nothing can be said.
    NoKeys,
    /// Its issuer may not speak about that agent.
    NotTheirs,
    /// It is not its issuer's signature over that event.
    Signature,
    /// The token is of another type, or has an extension that must be understood.
    Type,
    /// What it says cannot be understood.
    Unfit(Unfit),
    /// It is no token that can be read.
    Unreadable,
}

impl Unheard {
    /// What is answered.
    ///
    /// # Errors
    /// A failure that is none of the event's, which is answered as any other.
    pub(super) fn reply(self) -> Result<Reply, Failure> {
        let (err, description) = match self {
            Self::Failed(failure) => return Err(failure),
            Self::NoKeys => return Err(Failure::Unavailable("the issuer's keys")),
            Self::Audience => ("invalid_audience", "the event is not for Countersign"),
            Self::Issuer => ("invalid_issuer", "nobody is heard here who is called so"),
            Self::Key => ("invalid_key", "the issuer has no such key for such a signature"),
            Self::NotTheirs => ("access_denied", "the issuer may not speak about that agent"),
            Self::Signature => ("authentication_failed", "the event's signature is wrong"),
            Self::Type => ("invalid_request", "the token is no security event: secevent+jwt"),
            Self::Unfit(why) => ("invalid_request", unfit(why)),
            Self::Unreadable => ("invalid_request", "this is no signed token that can be read"),
        };
        let document = json!({ "err": err, "description": description });
        Ok(Reply::json(&document).with_status(StatusCode::BAD_REQUEST))
    }
}

fn unfit(why: Unfit) -> &'static str {
    match why {
        Unfit::Events => "`events` holds one event, and that is an object",
        Unfit::Id => "`jti` has 1 to 255 visible characters",
        Unfit::Old => "`iat` is in the future, or more than a day ago",
        Unfit::Subject => "`sub_id` is no subject identifier of RFC 9493",
        Unfit::Time => "`iat` is a number of seconds",
    }
}

impl From<Failure> for Unheard {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Unfit> for Unheard {
    fn from(why: Unfit) -> Self {
        Self::Unfit(why)
    }
}
