//! Waiting for what happens elsewhere, and for no longer than a test may take.

use std::time::Duration;

/// Looks again and again whether `happened`; fails with `what` if it does not.
pub async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let waited = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waited).await.is_ok(), "this never happened: {what}");
}

/// The outcome of `work`; fails with `what` if it never ends.
pub async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.unwrap_or_else(|_| panic!("this never ended: {what}"))
}

/// How long anything may take before it counts as never happening; generous, for a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);
