//! Who waits for a publication's next change: one list, one timer for all of it.
//!
//! ```text
//!  held request: round? ─▶ look ─▶ nothing yet ─▶ a place in the list, unless the round is over: then look again
//!  a change: the next round begins ─▶ everybody in the list is woken
//!  time: whose patience is at its end is woken, and gives up
//! ```
//!
//! The list lies together in memory. What waits in a list of `tokio::sync` lies in the state of its own task, and waking ten thousand
//! of them is as many steps from one cold line to the next, and a timer each is as many entries in the timer's wheel
//! (`docs/decisions.md` has the figures).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use slab::Slab;
use tokio::sync::Notify;
use tokio::time::Instant;

/// See the module documentation.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    /// Grows with every change, while the list is locked.
    round: AtomicU64,
    list: Mutex<List>,
    /// Somebody's patience ends before the timer does.
    sooner: Notify,
}

#[derive(Debug, Default)]
struct List {
    /// Who waits in this round.
    places: Slab<Place>,
    /// When the timer ends, if it runs.
    timer: Option<Instant>,
}

#[derive(Debug)]
struct Place {
    /// `None` once its patience was at its end.
    waker: Option<Waker>,
    deadline: Instant,
}

/// A round of waiting: from one change to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Round(u64);

/// Something has changed since the round began.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changed;

impl Waiters {
    /// The round, to be asked before one looks whether there is something to wait for.
    pub(crate) fn round(&self) -> Round {
        Round(self.round.load(Ordering::Acquire))
    }

    /// A change: wakes everybody.
    pub(crate) fn wake_all(&self) {
        let mut list = self.lock();
        self.round.fetch_add(1, Ordering::Release);
        let places = std::mem::take(&mut list.places);
        drop(list);
        places.into_iter().filter_map(|(_, place)| place.waker).for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those whose patience is at its end at `now`. Answers when the next one's is; without one the timer ends.
    fn wake_overdue(&self, now: Instant) -> Option<Instant> {
        let mut overdue = Vec::new();
        let mut list = self.lock();
        let mut next: Option<Instant> = None;
        for (_, place) in &mut list.places {
            if place.deadline <= now {
                overdue.extend(place.waker.take());
            } else {
                next = Some(next.map_or(place.deadline, |next| next.min(place.deadline)));
            }
        }
        list.timer = next;
        drop(list);
        overdue.into_iter().for_each(Waker::wake);
        next
    }

    async fn keep_time(self: Arc<Self>) {
        while let Some(next) = self.wake_overdue(Instant::now()) {
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                () = self.sooner.notified() => {}
            }
        }
    }
}

/// A place in the list, from when it is first taken until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    waiters: Arc<Waiters>,
    taken: Option<(Round, usize)>,
}

impl Seat {
    pub(crate) const fn new(waiters: Arc<Waiters>) -> Self {
        Self { waiters, taken: None }
    }

    /// See [`Waiters::round`].
    pub(crate) fn round(&self) -> Round {
        self.waiters.round()
    }

    /// Has `waker` woken at the next change, or at `deadline`. Must be called inside of a runtime.
    ///
    /// # Errors
    /// When `round` is over: what was seen in it is outdated.
    pub(crate) fn take(
        &mut self,
        round: Round,
        waker: &Waker,
        deadline: Instant,
    ) -> Result<(), Changed> {
        let mut list = self.waiters.lock();
        if self.waiters.round() != round {
            return Err(Changed);
        }
        match self.taken.filter(|(taken_in, _)| *taken_in == round) {
            Some((_, key)) => {
                let place = &mut list.places[key];
                if !place.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
                    place.waker = Some(waker.clone());
                }
            }
            None => {
                let place = Place { waker: Some(waker.clone()), deadline };
                self.taken = Some((round, list.places.insert(place)));
            }
        }
        match list.timer {
            None => {
                list.timer = Some(deadline);
                tokio::spawn(Arc::clone(&self.waiters).keep_time());
            }
            Some(timer) if deadline < timer => {
                list.timer = Some(deadline);
                self.waiters.sooner.notify_one();
            }
            Some(_) => {}
        }
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Whoever was woken by a change has no place any more.
        let Some((round, key)) = self.taken.filter(|(round, _)| *round == self.round()) else {
            return;
        };
        let mut list = self.waiters.lock();
        if self.waiters.round() == round {
            list.places.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;
    use std::time::Duration;

    use super::*;

    /// Waits for one change; whether there was one in time.
    async fn wait(waiters: &Arc<Waiters>, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut seat = Seat::new(Arc::clone(waiters));
        let round = seat.round();
        poll_fn(|cx| match seat.take(round, cx.waker(), deadline) {
            Err(Changed) => Poll::Ready(true),
            Ok(()) if Instant::now() >= deadline => Poll::Ready(false),
            Ok(()) => Poll::Pending,
        })
        .await
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_change_wakes_everybody_and_leaves_no_place() {
        let waiters = Arc::<Waiters>::default();
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let waiters = Arc::clone(&waiters);
                tokio::spawn(async move { wait(&waiters, LONG).await })
            })
            .collect();
        while waiters.lock().places.len() < 100 {
            tokio::task::yield_now().await;
        }
        waiters.wake_all();
        for waiting in waiting {
            assert!(waiting.await.unwrap());
        }
        assert!(waiters.lock().places.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_for_each_at_its_own_time() {
        let waiters = Arc::<Waiters>::default();
        let begin = Instant::now();
        let ended_after = |seconds| {
            let waiters = Arc::clone(&waiters);
            tokio::spawn(async move {
                assert!(!wait(&waiters, Duration::from_secs(seconds)).await);
                begin.elapsed().as_secs()
            })
        };
        // The second one's ends before the timer that the first one started.
        let waiting = [9, 3, 12, 3].map(ended_after);
        for (waiting, expect) in waiting.into_iter().zip([9, 3, 12, 3]) {
            assert_eq!(waiting.await.unwrap(), expect);
        }
        tokio::task::yield_now().await;
        assert_eq!(waiters.lock().timer, None, "the timer ends with the last place");
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_gives_the_place_up() {
        let waiters = Arc::<Waiters>::default();
        let waiting = tokio::time::timeout(Duration::from_secs(1), wait(&waiters, LONG));
        assert!(waiting.await.is_err());
        assert!(waiters.lock().places.is_empty());
    }

    #[tokio::test]
    async fn what_was_seen_before_a_change_is_not_waited_on() {
        let waiters = Arc::<Waiters>::default();
        let mut seat = Seat::new(Arc::clone(&waiters));
        let round = seat.round();
        waiters.wake_all();
        let deadline = Instant::now() + LONG;
        assert_eq!(seat.take(round, Waker::noop(), deadline), Err(Changed));
        assert_eq!(seat.take(seat.round(), Waker::noop(), deadline), Ok(()));
        // Its place of the round before is another's now.
        waiters.wake_all();
        let mut other = Seat::new(Arc::clone(&waiters));
        assert_eq!(other.take(other.round(), Waker::noop(), deadline), Ok(()));
        drop(seat);
        assert_eq!(waiters.lock().places.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_waker_of_the_last_poll_counts() {
        let waiters = Arc::<Waiters>::default();
        let mut seat = Seat::new(Arc::clone(&waiters));
        let deadline = Instant::now() + LONG;
        seat.take(seat.round(), Waker::noop(), deadline).unwrap();
        let changed = poll_fn(|cx| match seat.take(Round(0), cx.waker(), deadline) {
            Err(Changed) => Poll::Ready(()),
            Ok(()) => Poll::Pending,
        });
        let (in_time, ()) = tokio::join!(tokio::time::timeout(LONG / 2, changed), async {
            waiters.wake_all();
        });
        assert!(in_time.is_ok());
    }
}
