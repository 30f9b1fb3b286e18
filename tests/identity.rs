//! Who may connect at all, and for how long: every rule of an X.509-SVID, at the handshake, on
//! resumed sessions and on kept connections.

use std::time::Duration;

use crate::harness::{
    Agent, Authority, Identity, Setup, Site, Upstream, reply, request, soon, svid,
};
use countersign::clock::{Clock, Manual, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType,
    date_time_ymd,
};

const ID: &str = "spiffe://example.org/agent/reader";
const DAY: Duration = Duration::from_secs(86_400);

/// Fails unless the site refuses this identity, at the handshake or right behind it.
async fn assert_refused(what: &str, site: &Site, identity: Option<Identity>) {
    let before = site.metric("countersign_tls_handshakes_total", &[("result", "failed")]).await;
    if let Ok(mut client) = site.agent_with(identity).try_h1().await {
        let answer = client.try_send(request("GET", "/")).await;
        assert!(answer.is_err(), "{what}: {answer:?}");
    }
    // The agent hears of it before it is counted.
    soon(&format!("{what} is counted"), async {
        while site.metric("countersign_tls_handshakes_total", &[("result", "failed")]).await
            <= before
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn changed(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = svid(ID);
    change(&mut params);
    params
}

#[tokio::test]
async fn a_certificate_that_breaks_a_rule_of_svids_is_refused() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).start();
    let uri = |text: &str| SanType::URI(text.try_into().unwrap());
    let dns = |text: &str| SanType::DnsName(text.try_into().unwrap());
    let cases: Vec<(&str, CertificateParams)> = vec![
        ("two URI names", changed(|p| p.subject_alt_names.push(uri("spiffe://example.org/b")))),
        ("another URI name", changed(|p| p.subject_alt_names.push(uri("https://example.org/")))),
        ("no URI name", changed(|p| p.subject_alt_names = vec![dns("reader.example.org")])),
        ("the id as a DNS name", changed(|p| p.subject_alt_names = vec![dns("example.org")])),
        ("an authority", changed(|p| p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))),
        ("no key usage", changed(|p| p.key_usages.clear())),
        (
            "a key that signs certificates",
            changed(|p| p.key_usages.push(KeyUsagePurpose::KeyCertSign)),
        ),
        ("a key that signs lists", changed(|p| p.key_usages.push(KeyUsagePurpose::CrlSign))),
        ("no digital signature", changed(|p| p.key_usages = vec![KeyUsagePurpose::KeyAgreement])),
        (
            "clients' usage only",
            changed(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
        ),
        (
            "code signing",
            changed(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning]),
        ),
        ("an id without a path", svid("spiffe://example.org")),
        ("an id with a trailing slash", svid("spiffe://example.org/a/")),
        ("an id with a dot segment", svid("spiffe://example.org/a/../b")),
        ("an id with a query", svid("spiffe://example.org/a?b")),
        ("another trust domain", svid("spiffe://example.com/agent/reader")),
        ("another scheme", svid("https://example.org/agent/reader")),
        ("expired", changed(|p| p.not_after = date_time_ymd(2020, 1, 1))),
        ("not valid yet", changed(|p| p.not_before = date_time_ymd(2999, 1, 1))),
    ];
    for (what, params) in cases {
        assert_refused(what, &site, Some(site.authority.issue(params))).await;
    }
    assert_refused("no certificate", &site, None).await;
    assert_refused("a stranger's", &site, Some(Authority::new("stranger").agent("reader"))).await;
    assert!(upstream.is_untouched());
    assert_eq!(site.agent("reader").get("/").await.status, 200);
}

#[tokio::test]
async fn one_trust_domains_authority_cannot_vouch_for_anothers_agents() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let other = Authority::new("example.com");
    let site = Setup::new(&upstream)
        .trust("example.org: { bundle: pki/agents.pem }")
        .trust("example.com: { bundle: pki/other.pem }")
        .file("pki/other.pem", other.pem())
        .start();
    let theirs = other.issue(svid("spiffe://example.com/agent/reader"));
    assert_eq!(site.agent_with(Some(theirs)).get("/").await.status, 200);
    assert_refused("forged by the other", &site, Some(other.issue(svid(ID)))).await;
    let ours = site.authority.issue(svid("spiffe://example.com/agent/reader"));
    assert_refused("forged by the first", &site, Some(ours)).await;
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_and_so_is_everything_under_an_expired_list() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let setup =
        Setup::new(&upstream).trust("example.org: { bundle: pki/agents.pem, crl: pki/crl.pem }");
    let (good, bad) = (setup.authority.agent("good"), setup.authority.agent("bad"));
    let list = setup.authority.revoke(&[bad.serial], DAY * 365 * 200);
    let mut site = setup.file("pki/crl.pem", &list).start();
    let good = site.agent_with(Some(good));
    assert_eq!(good.get("/").await.status, 200);
    assert_refused("revoked", &site, Some(bad)).await;
    let expired = site.authority.revoke(&[], DAY * 365);
    site.reload(|setup| setup.file("pki/crl.pem", &expired)).await;
    let another = site.authority.agent("another");
    assert_refused("under an expired list", &site, Some(another)).await;
}

#[tokio::test]
async fn a_kept_connection_ends_with_its_certificate() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let start = Timestamp::from_secs(1_800_000_000);
    let hands = Manual::new(start);
    let site = Setup::new(&upstream).clock(Clock::Manual(hands.clone())).start();
    let until = date_time_ymd(1970, 1, 1) + Duration::from_secs(start.secs()) + DAY;
    let agent = site.agent_with(Some(site.authority.issue(changed(|p| p.not_after = until))));
    for mut client in [agent.h1().await, agent.h2().await] {
        assert_eq!(client.get("/").await.status, 200);
    }
    let (mut h1, mut h2) = (agent.h1().await, agent.h2().await);
    assert_eq!((h1.get("/").await.status.as_u16(), h2.get("/").await.status.as_u16()), (200, 200));
    let before = upstream.requests().len();
    // `notAfter` is the last moment at which it is valid.
    hands.advance(DAY + Duration::from_secs(1));
    for client in [&mut h1, &mut h2] {
        let answer = client.get("/").await;
        assert_eq!(answer.problem(), (403, "identity_rejected".to_owned()));
        // In HTTP/2, the goodbye and another request may cross.
        soon("the connection's end", async {
            while let Ok(answer) = client.try_send(request("GET", "/")).await {
                assert_eq!(answer.problem(), (403, "identity_rejected".to_owned()));
            }
        })
        .await;
    }
    assert_eq!(upstream.requests().len(), before);
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: api.example.org\r\n\r\n";

/// Connects twice and asks each time: the second connection goes on with the session of the first,
/// and leaves another one to go on with.
async fn assert_resumes(agent: &Agent) {
    for resumed in [false, true] {
        let mut wire = agent.wire().await;
        assert_eq!(wire.is_resumed(), resumed);
        wire.write(GET).await;
        assert_eq!(wire.answer().await.status, 200);
    }
    assert_eq!(agent.offers(), 1);
}

#[tokio::test]
async fn a_resumed_session_is_worth_no_more_than_its_certificate_now() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let hands = Manual::new(Timestamp::from_secs(1_800_000_000));
    let site = Setup::new(&upstream).clock(Clock::Manual(hands.clone())).start();
    let until = date_time_ymd(1970, 1, 1) + Duration::from_secs(1_800_000_000) + DAY;
    let identity = site.authority.issue(changed(|p| p.not_after = until));
    let agent = site.agent_with(Some(identity));
    assert_resumes(&agent).await;
    // `notAfter` is the last moment at which it is valid.
    hands.advance(DAY + Duration::from_secs(1));
    let mut wire = agent.wire().await;
    assert!(wire.is_resumed(), "the session still stands, its certificate does not");
    wire.write(GET).await;
    assert_eq!(wire.end().await, b"");
    assert_eq!(upstream.requests().len(), 2);
}

#[tokio::test]
async fn a_session_of_a_certificate_revoked_meanwhile_is_not_resumed() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let setup =
        Setup::new(&upstream).trust("example.org: { bundle: pki/agents.pem, crl: pki/crl.pem }");
    let identity = setup.authority.agent("reader");
    let serial = identity.serial;
    let list = setup.authority.revoke(&[], DAY * 365 * 200);
    let mut site = setup.file("pki/crl.pem", &list).start();
    let agent = site.agent_with(Some(identity));
    assert_resumes(&agent).await;
    let mut kept = agent.h1().await;
    assert_eq!(kept.get("/").await.status, 200);
    let list = site.authority.revoke(&[serial], DAY * 365 * 200);
    site.reload(|setup| setup.file("pki/crl.pem", &list)).await;
    assert_eq!(kept.get("/").await.problem(), (403, "identity_rejected".to_owned()));
    let offers = agent.offers();
    let mut wire = agent.wire().await;
    assert_eq!(agent.offers(), offers + 1, "it did ask for its session");
    assert!(!wire.is_resumed());
    wire.write(GET).await;
    assert_eq!(wire.end().await, b"");
    assert_eq!(upstream.requests().len(), 3);
}

#[tokio::test]
async fn a_trust_domain_that_is_gone_is_gone_from_kept_connections() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let other = Authority::new("example.com");
    let mut site = Setup::new(&upstream)
        .trust("example.org: { bundle: pki/agents.pem }")
        .trust("example.com: { bundle: pki/other.pem }")
        .file("pki/other.pem", other.pem())
        .start();
    let agent = site.agent_with(Some(other.issue(svid("spiffe://example.com/agent/a"))));
    let (mut gone, mut stays) = (agent.h2().await, site.agent("reader").h2().await);
    assert_eq!(gone.get("/").await.status, 200);
    assert_eq!(stays.get("/").await.status, 200);
    site.reload(|setup| setup.without_trust("example.com")).await;
    assert_eq!(gone.get("/").await.problem(), (403, "identity_rejected".to_owned()));
    assert_eq!(stays.get("/").await.status, 200);
}
