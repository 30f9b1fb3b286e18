//! Reloads: a whole new snapshot or none.

use crate::harness::{RULES, Setup, Upstream, reply};

#[tokio::test]
async fn kept_connections_see_the_new_policy_at_their_next_request() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let mut site = Setup::new(&upstream).start();
    let agent = site.agent("reader");
    let (mut h1, mut h2) = (agent.h1().await, agent.h2().await);
    assert_eq!((h1.get("/").await.status.as_u16(), h2.get("/").await.status.as_u16()), (200, 200));
    site.reload(|setup| setup.rules(&RULES.replace("\"GET\", ", ""))).await;
    for client in [&mut h1, &mut h2] {
        assert_eq!(client.get("/").await.problem(), (403, "read_only".to_owned()));
    }
    assert_eq!(upstream.requests().len(), 2);
}

#[tokio::test]
async fn a_broken_reload_keeps_the_last_good_configuration() {
    let upstream = Upstream::answering(|_| reply("reached"));
    let mut site = Setup::new(&upstream).start();
    let mut kept = site.agent("reader").h1().await;
    assert_eq!(kept.get("/").await.status, 200);
    site.reload_in_vain(|setup| setup.rules("package countersign.authz\n\ndecision := {")).await;
    assert_eq!(kept.get("/").await.status, 200);
    assert_eq!(site.metric("countersign_config_last_reload_success", &[]).await, 0.0);
    site.reload_in_vain(|setup| setup.rules(RULES).file("pki/agents.pem", "nothing")).await;
    assert_eq!(site.agent("reader").get("/").await.status, 200);
    let bundle = site.authority.pem().to_owned();
    site.reload(|setup| setup.file("pki/agents.pem", &bundle)).await;
    assert_eq!(site.metric("countersign_config_last_reload_success", &[]).await, 1.0);
    assert_eq!(kept.get("/").await.status, 200);
}
