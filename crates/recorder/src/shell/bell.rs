//! What wakes the recorder's thread.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::time::Duration;

/// Rung by whoever wants something else recorded, and by Feeds that were silent: as a waker it is what they wake.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Bell {
    pub(super) fn ring(&self) {
        *self.lock() = true;
        self.heard.notify_all();
    }

    /// Waits until it rings, `at_most` for so long. Whether it has rung since it was last asked.
    pub(super) fn wait(&self, at_most: Duration) -> bool {
        let waited = self.heard.wait_timeout_while(self.lock(), at_most, |rung| !*rung);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *rung)
    }

    /// Nothing is done under the lock that could leave it half done.
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn it_is_heard_once_whenever_it_was_rung() {
        let bell = Arc::new(Bell::default());
        assert!(!bell.wait(Duration::ZERO));
        Waker::from(Arc::clone(&bell)).wake();
        bell.ring();
        assert!(bell.wait(LONG));
        assert!(!bell.wait(Duration::ZERO));
    }

    #[test]
    fn who_waits_hears_it_at_once() {
        let bell = Arc::new(Bell::default());
        let other = Arc::clone(&bell);
        let waiting = std::thread::spawn(move || other.wait(LONG));
        bell.ring();
        assert!(waiting.join().unwrap());
    }
}
