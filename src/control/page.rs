//! Lists, one page at a time.
//!
//! A cursor is a name that the last of a page has, in base64: nobody is to make one up, and one from
//! yesterday still says where to go on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Serialize;

use crate::control::failure::Failure;
use crate::control::request::Request;

/// One page of a list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "PageOf{T}")]
pub(super) struct Page<T> {
    /// What is on it.
    pub(super) items: Vec<T>,
    /// For the next one: `after`. Not there on the last page. A page may be short, or even empty, and
    /// not be the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// Which page is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Behind what; empty for the first page.
    pub(super) after: String,
    /// How much of it.
    pub(super) limit: usize,
}

impl Wanted {
    /// What the query says: `after` and `limit`.
    ///
    /// # Errors
    /// [`Failure::Malformed`].
    pub(super) fn of(request: &Request) -> Result<Self, Failure> {
        let after = request.query("after").map(|cursor| read(&cursor)).transpose()?;
        let limit = match request.query("limit") {
            Some(text) => text.parse().ok().filter(|limit| (1..=MOST).contains(limit)),
            None => Some(USUAL),
        };
        let limit = limit.ok_or(Failure::Malformed("`limit` is from 1 to 100".into()))?;
        Ok(Self { after: after.unwrap_or_default(), limit })
    }
}

impl<T> Page<T> {
    /// A page with these, behind which more may come after what is called `last`.
    pub(super) fn new(items: Vec<T>, last: Option<&str>) -> Self {
        Self { items, next: last.map(|last| URL_SAFE_NO_PAD.encode(last)) }
    }
}

fn read(cursor: &str) -> Result<String, Failure> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let sound = text.filter(|text| !text.is_empty() && text.len() <= LONGEST);
    sound.ok_or(Failure::Malformed("`after` is what an earlier page said was `next`".into()))
}

/// The most on one page, and how many are on one unless the caller says.
pub(super) const MOST: usize = 100;
const USUAL: usize = 50;

/// The longest name that a cursor stands for: a kind and a SPIFFE ID.
const LONGEST: usize = 2_100;
