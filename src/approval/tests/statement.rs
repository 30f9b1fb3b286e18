//! What is printed parses back, and nothing else parses.

use std::time::Duration;

use proptest::prelude::*;

use crate::approval::identity::Identity;
use crate::approval::statement::{Malformed, Nonce, Reason, Statement, Verdict};
use crate::clock::Timestamp;
use crate::proposal::Digest;

fn statement(verdict: Verdict) -> Statement {
    let issued = Timestamp::from_secs(1_795_461_720);
    let approver = Identity::parse("maria@example.org").unwrap();
    let expires = issued.plus(Duration::from_secs(900));
    let (proposal, nonce) = (Digest::from_bytes(&[0xab; 32]).unwrap(), Nonce::new([7; 16]));
    Statement::new(verdict, proposal, approver, nonce, issued, expires).unwrap()
}

#[test]
fn a_statement_reads_as_what_it_says() {
    let reason = Reason::parse("payments are down").unwrap();
    assert_eq!(
        statement(Verdict::BreakGlass(reason)).to_string(),
        "countersign approval v1\n\
         verdict: break-glass\n\
         proposal: sha-256:abababababababababababababababababababababababababababababababab\n\
         approver: maria@example.org\n\
         nonce: 07070707070707070707070707070707\n\
         issued: 2026-11-23T19:22:00.000000Z\n\
         expires: 2026-11-23T19:37:00.000000Z\n\
         reason: payments are down\n"
    );
}

#[test]
fn another_spelling_of_the_same_is_refused() {
    let text = statement(Verdict::Approve).to_string();
    for (what, with, why) in [
        (" v1", " v2", Malformed::Version),
        ("approve\n", "approve \n", Malformed::Line("verdict")),
        ("verdict: approve", "verdict: allow", Malformed::Line("verdict")),
        ("verdict: approve", "verdict: break-glass", Malformed::Line("reason")),
        ("abab", "ABAB", Malformed::Line("proposal")),
        ("sha-256:ab", "sha-256:+b", Malformed::Line("proposal")),
        ("sha-256:ab", "sha-256:", Malformed::Line("proposal")),
        ("0707", "07070", Malformed::Line("nonce")),
        ("maria", "Maria", Malformed::Form),
        ("maria@", "maria @", Malformed::Approver),
        ("approver", "approve", Malformed::Line("approver")),
        (".000000Z", "Z", Malformed::Form),
        (".000000Z", ".000000+00:00", Malformed::Form),
        (":37:00", ":22:00", Malformed::Lifetime),
        ("11-23T19:37", "12-23T19:37", Malformed::Lifetime),
        ("\n", "\r\n", Malformed::Form),
        ("37:00.000000Z\n", "37:00.000000Z", Malformed::Form),
        ("37:00.000000Z\n", "37:00.000000Z\n\n", Malformed::Form),
        ("37:00.000000Z\n", "37:00.000000Z\nmore: x\n", Malformed::Form),
        ("37:00.000000Z\n", "37:00.000000Z\nreason: x\n", Malformed::Line("verdict")),
    ] {
        let other = text.replace(what, with);
        assert_ne!(other, text);
        assert_eq!(Statement::parse(&other), Err(why), "{other}");
    }
}

#[test]
fn a_reason_hides_nothing() {
    for text in ["", " a", "a\n", "a\nverdict: approve", "\u{202e}a", "a\u{200b}b", "\u{1b}[2J"] {
        assert_eq!(Reason::parse(text), Err(Malformed::Reason), "{text:?}");
    }
    assert_eq!(Reason::parse(&"a".repeat(1_001)), Err(Malformed::Reason));
    assert_eq!(Reason::parse("it's \"größer\"").unwrap().as_str(), "it's \"größer\"");
}

#[test]
fn the_longest_statement_fits() {
    let reason = Reason::parse(&"r".repeat(1_000)).unwrap();
    let approver = Identity::parse(&"a".repeat(2_048)).unwrap();
    let (verdict, issued) = (Verdict::Deny(Some(reason)), Timestamp::from_secs(0));
    let (proposal, nonce) = (Digest::from_bytes(&[0; 32]).unwrap(), Nonce::new([0; 16]));
    let expires = Timestamp::from_secs(1);
    let long = Statement::new(verdict, proposal, approver, nonce, issued, expires).unwrap();
    assert_eq!(Statement::parse(&long.to_string()), Ok(long));
}

proptest! {
    #[test]
    fn what_is_printed_parses_back(
        verdict in 0..4,
        words in "[ -~é]{1,40}",
        name in "[!-~]{1,30}",
        proposal: [u8; 32],
        nonce: [u8; 16],
        issued in 0..250_000_000_000_000_000_u64,
        life in 1..604_800_000_000_u64,
    ) {
        let reason = Reason::parse(words.trim());
        let verdict = match (verdict, reason) {
            (0, Ok(reason)) => Verdict::BreakGlass(reason),
            (1, reason) => Verdict::Deny(reason.ok()),
            _ => Verdict::Approve,
        };
        let approver = Identity::parse(&name).unwrap();
        let (issued, expires) = (Timestamp::from_micros(issued), Timestamp::from_micros(issued + life));
        let (proposal, nonce) = (Digest::from_bytes(&proposal).unwrap(), Nonce::new(nonce));
        let made = Statement::new(verdict, proposal, approver, nonce, issued, expires).unwrap();
        prop_assert_eq!(Statement::parse(&made.to_string()), Ok(made));
    }

    #[test]
    fn a_changed_byte_is_another_statement_or_none(at in 0..200_usize, byte in 0..128_u8) {
        let original = statement(Verdict::Approve);
        let mut bytes = original.to_string().into_bytes();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        prop_assert_ne!(Statement::parse(std::str::from_utf8(&bytes).unwrap()), Ok(original));
    }
}
