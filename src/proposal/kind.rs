//! Which proposals are alike: so that a person sees what is new about this one.
//!
//! Nothing is decided by it. It is a digest because paths are long and columns that are searched for
//! must not be.

use crate::proposal::digest::Digest;
use crate::proposal::encoding::Writer;
use crate::proposal::substance::Substance;
use crate::proposal::terms::Terms;

/// What `substance` has in common with others of its kind: who asks, the method, the host, and the
/// path without what names one thing among many.
pub fn kind(substance: &Substance) -> Digest {
    let request = substance.request();
    let mut writer = Writer::new(KIND);
    writer.text(substance.owner().as_str());
    writer.text(request.method().as_str());
    writer.text(request.authority());
    for segment in request.path().split('/') {
        writer.text(if names_one(segment) { "*" } else { segment });
    }
    Digest::over(&writer.finish())
}

/// The rule that asked: the codes of its reasons. Nothing, where nobody was asked.
pub fn rule(terms: &Terms) -> Option<Digest> {
    if terms.needs.is_empty() {
        return None;
    }
    let mut writer = Writer::new(RULE);
    terms.reasons.iter().for_each(|reason| writer.text(&reason.code));
    Some(Digest::over(&writer.finish()))
}

/// Whether a segment is a number or an id rather than a word; `v1` is a word.
fn names_one(segment: &str) -> bool {
    let is_version = segment.strip_prefix('v').is_some_and(|rest| rest.len() < 3);
    let has_digit = segment.bytes().any(|byte| byte.is_ascii_digit());
    (has_digit && !is_version) || segment.len() > LONGEST_WORD
}

const KIND: &str = "countersign/kind/v1";
const RULE: &str = "countersign/rule/v1";

/// Longer segments are taken for ids.
const LONGEST_WORD: usize = 40;

#[cfg(test)]
mod tests {
    use super::{kind, rule};
    use crate::proposal::tests::draft;
    use crate::proposal::{Need, Request, Stage, Substance, Terms};
    use bytes::Bytes;
    use http::{HeaderMap, Method, Uri};

    fn asked(method: Method, uri: &'static str) -> Substance {
        let base = draft().substance;
        let uri = Uri::from_static(uri);
        let request = Request::new(method, &uri, &HeaderMap::new(), Bytes::new()).unwrap();
        Substance::new(base.owner().clone(), request, base.policy_revision())
    }

    #[test]
    fn one_thing_is_as_another_and_a_word_is_not() {
        let post = |uri| kind(&asked(Method::POST, uri));
        let one = post("https://a/v1/charges/ch_77/refunds?x=1");
        assert_eq!(one, post("https://a/v1/charges/ch_8/refunds"));
        for other in [
            "https://a/v2/charges/ch_8/refunds",
            "https://a/v1/charges/all/refunds",
            "https://b/v1/charges/ch_8/refunds",
            "https://a/v1/charges/ch_8",
        ] {
            assert_ne!(one, post(other), "{other}");
        }
        assert_ne!(one, kind(&asked(Method::PUT, "https://a/v1/charges/ch_77/refunds")));
    }

    #[test]
    fn nobody_was_asked_by_no_rule() {
        assert_eq!(rule(&Terms::default()), None);
        let need = Need::once(Stage { quorum: 1, approvers: vec![] });
        assert!(rule(&Terms { needs: vec![need], ..Terms::default() }).is_some());
    }
}
