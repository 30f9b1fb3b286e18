//! Security events, sent and heard, against both databases.

use std::time::Duration;

use super::NOW;
use crate::event::Subject;
use crate::revocation;
use crate::store::{Heard, Heeded, Revocation, Store};

const DAY: Duration = Duration::from_secs(86_400);

fn revocation(name: &str) -> Revocation {
    let subject = revocation::Subject::Credential(name.into());
    Revocation { subject, reason: "lost".to_owned(), at: NOW }
}

fn heard(jti: &str, names: &[&str]) -> Heard {
    let revocations = names.iter().map(|name| revocation(name)).collect();
    Heard { issuer: "https://id.example.org".to_owned(), jti: jti.to_owned(), revocations }
}

pub(super) async fn every_revocation_is_to_be_told_by_one(url: String) {
    let store = Store::open(&url).await.unwrap();
    store.revoke(revocation("orders")).await.unwrap();
    store.revoke(revocation("orders")).await.unwrap();
    store.lift(&revocation("orders").subject).await.unwrap();
    let taken = store.take_signals(NOW, 8).await.unwrap();
    let [one] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!(one.event.subject, Subject::Revocation(revocation("orders").subject));
    assert_eq!((one.tries, one.event.detail.as_deref()), (1, Some("lost")));
    assert_eq!(store.take_signals(NOW, 8).await.unwrap(), []);
    let later = NOW.plus(Duration::from_secs(2));
    store.put_signal_off(one.event.id, later).await.unwrap();
    assert_eq!(store.take_signals(NOW, 8).await.unwrap(), []);
    assert_eq!(store.take_signals(later, 8).await.unwrap()[0].tries, 2);
    store.signal_done(one.event.id).await.unwrap();
    assert_eq!(store.take_signals(later.plus(DAY), 8).await.unwrap(), []);
}

pub(super) async fn what_nobody_takes_is_forgotten(url: String) {
    let store = Store::open(&url).await.unwrap();
    store.revoke(revocation("orders")).await.unwrap();
    let made = store.take_signals(NOW, 8).await.unwrap()[0].event.id.made();
    store.forget_signals(made.plus(DAY)).await.unwrap();
    let later = made.max(NOW).plus(4 * DAY);
    assert_eq!(store.take_signals(later, 8).await.unwrap().len(), 1);
    store.forget_signals(made.plus(3 * DAY)).await.unwrap();
    assert_eq!(store.take_signals(later.plus(DAY), 8).await.unwrap(), []);
}

pub(super) async fn what_was_heard_is_acted_on_once(url: String) {
    let store = Store::open(&url).await.unwrap();
    let first = store.heed(heard("one", &["orders", "mail"]), NOW).await.unwrap();
    assert_eq!(first, Heeded::Now(2));
    store.lift(&revocation("orders").subject).await.unwrap();
    let again = store.heed(heard("one", &["orders"]), NOW).await.unwrap();
    assert_eq!(again, Heeded::Before);
    assert_eq!(store.revocations().await.unwrap(), [revocation("mail")]);
    let second = store.heed(heard("two", &["orders", "mail"]), NOW).await.unwrap();
    assert_eq!(second, Heeded::Now(1));
    let other = Heard { issuer: "https://other.example.org".to_owned(), ..heard("one", &[]) };
    assert_eq!(store.heed(other, NOW).await.unwrap(), Heeded::Now(0));
    // Long enough afterwards nobody may show it any more, and nobody knows it.
    store.forget_signals(NOW.plus(DAY)).await.unwrap();
    assert_eq!(store.heed(heard("one", &[]), NOW).await.unwrap(), Heeded::Before);
    store.forget_signals(NOW.plus(3 * DAY)).await.unwrap();
    assert_eq!(store.heed(heard("one", &[]), NOW).await.unwrap(), Heeded::Now(0));
}

pub(super) async fn of_many_who_show_it_at_once_one_is_heard(url: String) {
    let store = Store::open(&url).await.unwrap();
    let tries = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.heed(heard("one", &["orders"]), NOW).await.unwrap() })
    });
    let mut now = 0;
    for one in tries.collect::<Vec<_>>() {
        now += usize::from(one.await.unwrap() == Heeded::Now(1));
    }
    assert_eq!(now, 1);
}
