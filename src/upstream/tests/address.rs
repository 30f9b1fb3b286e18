//! Names that lead where they may not.

use super::peer::Peer;
use super::{client, config, get, run, text};
use crate::upstream::Sent;

#[test]
fn a_name_may_not_lead_to_this_machine_unless_it_is_allowed() {
    run(async {
        let peer = Peer::friendly().await;
        let mut config = config(&[format!("http://localhost:{}", peer.port)]);
        let error = get(&client(config.clone())).await.unwrap_err();
        assert_eq!((error.reason(), error.sent()), ("address_forbidden", Sent::Nothing));
        assert!(error.to_string().contains("allow_addresses"), "{error}");
        assert_eq!(peer.accepted.get(), 0);
        config.allow_addresses = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        assert_eq!(text(get(&client(config)).await.unwrap()).await, "ok");
    });
}

#[test]
fn an_address_in_the_configuration_is_its_own_permission() {
    run(async {
        let peer = Peer::friendly().await;
        let client = client(config(&[format!("http://127.0.0.1:{}", peer.port)]));
        assert_eq!(text(get(&client).await.unwrap()).await, "ok");
    });
}

#[test]
fn a_name_that_nobody_knows_was_sent_nothing() {
    run(async {
        let client = client(config(&["http://nowhere.invalid:1".to_owned()]));
        let error = get(&client).await.unwrap_err();
        assert_eq!((error.reason(), error.sent()), ("resolve", Sent::Nothing));
    });
}
