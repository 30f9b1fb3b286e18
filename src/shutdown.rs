//! Who asks the process to stop, and who still has work to finish.
//!
//! A [`Shutdown`] is handed to everything that accepts work. Once it is asked for, nothing new is
//! accepted; connections finish what they have begun, and the process leaves when the last one has
//! or when the grace period is over.

use tokio::sync::watch;

/// The asking side. Dropping it asks, too: a process without its owner should not linger.
#[derive(Debug)]
pub struct Trigger(watch::Sender<bool>);

impl Trigger {
    /// Asks everyone who holds the matching [`Shutdown`] to stop. Asking twice changes nothing.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }
}

/// The listening side; clones hear the same call.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// A fresh pair: who asks, and who is asked.
    pub fn pair() -> (Trigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (Trigger(sender), Self(receiver))
    }

    /// Whether stopping has been asked for.
    pub fn asked(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Resolves once stopping has been asked for. Cancel-safe.
    pub async fn wait(&mut self) {
        // An error means that the trigger is gone, which asks as well.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}

#[cfg(test)]
mod tests {
    use super::Shutdown;

    #[test]
    fn asking_or_dropping_the_trigger_is_heard() {
        let (trigger, shutdown) = Shutdown::pair();
        assert!(!shutdown.asked());
        trigger.ask();
        assert!(shutdown.asked());

        let (trigger, shutdown) = Shutdown::pair();
        drop(trigger);
        assert!(shutdown.asked());
    }
}
