//! One token at a time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;

use super::{NOW, Signer, claims, issuer, whose};
use crate::control::token::Refused;

#[test]
fn a_good_token_is_its_bearers() {
    let signer = Signer::new();
    let issuer = issuer(&json!({ "keys": [signer.jwk("a"), Signer::new().jwk("b")] }), "sub");
    for change in [
        json!({}),
        json!({ "aud": ["countersign"] }),
        json!({ "exp": NOW.secs() - 59 }),
        json!({ "nbf": NOW.secs() + 59 }),
        json!({ "exp": f64::from(u32::try_from(NOW.secs()).unwrap()) + 0.5 }),
    ] {
        assert_eq!(whose(&issuer, &signer.sign(Some("a"), &claims(&change))), Ok("ann".to_owned()));
    }
}

#[test]
fn what_it_says_must_be_all_right() {
    let signer = Signer::new();
    let issuer = issuer(&json!({ "keys": [signer.jwk("a")] }), "sub");
    for (change, why) in [
        (json!({ "aud": "other" }), Refused::Audience),
        (json!({ "aud": ["countersign", "other"] }), Refused::Audience),
        (json!({ "aud": [] }), Refused::Audience),
        (json!({ "aud": null }), Refused::Claim),
        (json!({ "iss": "https://id.example.com" }), Refused::Issuer),
        (json!({ "iss": "https://id.example.org/" }), Refused::Issuer),
        (json!({ "iss": ["https://id.example.org"] }), Refused::Issuer),
        (json!({ "iss": null }), Refused::Claim),
        (json!({ "exp": null }), Refused::Claim),
        (json!({ "exp": "2099-01-01" }), Refused::Claim),
        (json!({ "exp": NOW.secs() - 60 }), Refused::Expired),
        (json!({ "exp": -1 }), Refused::Claim),
        (json!({ "nbf": NOW.secs() + 61 }), Refused::Untimely),
        (json!({ "iat": NOW.secs() + 61 }), Refused::Untimely),
        (json!({ "nbf": "soon" }), Refused::Claim),
        (json!({ "sub": null }), Refused::Claim),
        (json!({ "sub": 7 }), Refused::Claim),
        (json!({ "sub": "" }), Refused::Claim),
        (json!({ "sub": "a nn" }), Refused::Claim),
        (json!({ "sub": "spiffe://people.example.org/ops" }), Refused::Name),
        (json!({ "sub": "SPIFFE://people.example.org/ops" }), Refused::Name),
    ] {
        let token = signer.sign(Some("a"), &claims(&change));
        assert_eq!(whose(&issuer, &token), Err(why), "{change}");
    }
}

#[test]
fn an_address_counts_only_where_its_issuer_has_verified_it() {
    let signer = Signer::new();
    let issuer = issuer(&json!({ "keys": [signer.jwk("a")] }), "email");
    let whose = |change| whose(&issuer, &signer.sign(Some("a"), &claims(&change)));
    assert_eq!(whose(json!({ "email_verified": true })), Ok("ann@example.org".to_owned()));
    for change in
        [json!({}), json!({ "email_verified": false }), json!({ "email_verified": "true" })]
    {
        assert_eq!(whose(change), Err(Refused::Unverified));
    }
}

#[test]
fn only_the_issuers_keys_sign_and_each_by_its_name() {
    let (signer, other) = (Signer::new(), Signer::new());
    let two = issuer(&json!({ "keys": [signer.jwk("a"), other.jwk("b")] }), "sub");
    let one = issuer(&json!({ "keys": [signer.jwk("a")] }), "sub");
    let good = claims(&json!({}));
    for (issuer, token, why) in [
        (&two, signer.sign(None, &good), Refused::Key),
        (&two, signer.sign(Some("c"), &good), Refused::Key),
        (&two, signer.sign(Some("b"), &good), Refused::Signature),
        (&one, other.sign(Some("a"), &good), Refused::Signature),
        (&one, other.sign(None, &good), Refused::Signature),
    ] {
        assert_eq!(whose(issuer, &token), Err(why));
    }
    assert_eq!(whose(&one, &signer.sign(None, &good)), Ok("ann".to_owned()));
}

#[test]
fn no_algorithm_but_the_keys_own_is_believed() {
    let signer = Signer::new();
    let issuer = issuer(&json!({ "keys": [signer.jwk("a")] }), "sub");
    let good = claims(&json!({}));
    // The public key, which everybody knows, as if it were a secret that two share.
    for secret in [signer.public.clone(), signer.jwk("a").to_string().into_bytes()] {
        let header = Header { kid: Some("a".to_owned()), ..Header::new(Algorithm::HS256) };
        let token = encode(&header, &good, &EncodingKey::from_secret(&secret).unwrap()).unwrap();
        assert_eq!(whose(&issuer, &token), Err(Refused::Key));
    }
    let signed = signer.sign(Some("a"), &good);
    let [_, payload, signature] = signed.split('.').collect::<Vec<_>>().try_into().unwrap();
    for (alg, why) in [
        ("none", Refused::Algorithm),
        ("None", Refused::Algorithm),
        ("", Refused::Algorithm),
        ("ES384", Refused::Key),
        ("RS256", Refused::Key),
    ] {
        for signature in ["", signature] {
            let head = URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "kid": "a" }).to_string());
            let refused = whose(&issuer, &format!("{head}.{payload}.{signature}"));
            assert!(matches!(refused, Err(Refused::Malformed)) || refused == Err(why), "{alg}");
        }
    }
}

#[test]
fn what_is_no_token_is_nobodys() {
    let signer = Signer::new();
    let issuer = issuer(&json!({ "keys": [signer.jwk("a")] }), "sub");
    let good = signer.sign(Some("a"), &claims(&json!({})));
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let critical = json!({ "alg": "ES256", "kid": "a", "crit": ["exp"], "exp": 1 }).to_string();
    let critical = URL_SAFE_NO_PAD.encode(critical);
    let other = URL_SAFE_NO_PAD.encode(claims(&json!({ "sub": "bob" })).to_string());
    for token in [
        String::new(),
        ".".repeat(2),
        format!("{head}.{payload}"),
        format!("{good}.{signature}"),
        format!("{critical}.{payload}.{signature}"),
        format!("{head}.{other}.{signature}"),
        format!("{head}.{payload}.{}", &signature[1..]),
        format!("{head}.{payload}.AA{signature}"),
        format!("{head}.{payload}.{signature}="),
        format!("{head}.{payload}\u{fc}.{signature}"),
        format!("{good}{}", "A".repeat(9000)),
    ] {
        assert!(whose(&issuer, &token).is_err(), "{token}");
    }
}
