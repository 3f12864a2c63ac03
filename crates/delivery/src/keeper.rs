//! Looks after all connections with one timer and one list, so that a connection that waits is woken by nothing but
//! what it waits for.
//!
//! ```text
//!  keeper: every few seconds, a look at each ─┬─▶ leash of a connection ─▶ its task: finish, or close
//!          the server stops ──────────────────┘
//! ```

use std::collections::HashMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;
use tracing::debug;

use crate::activity::{Activity, Reason, Watchdog};
use crate::counters::Counters;
use crate::limits::ServerLimits;

/// What a connection is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Order {
    /// Go on.
    Serve,
    /// Finish what is being answered, then close.
    Finish,
    /// Close now.
    Close,
}

/// Looks after the open connections.
#[derive(Debug)]
pub(crate) struct Keeper {
    counters: Arc<Counters>,
    list: Mutex<List>,
}

#[derive(Debug)]
struct List {
    kept: HashMap<u64, Kept>,
    next: u64,
    /// What was told to all, and is to who comes later.
    order: Order,
}

/// A connection that is looked after.
#[derive(Debug)]
struct Kept {
    activity: Arc<Activity>,
    watchdog: Watchdog,
    signal: Arc<Signal>,
    peer: SocketAddr,
}

/// How a connection's task is told something.
#[derive(Debug)]
struct Signal {
    /// An [`Order`]; it only grows.
    order: AtomicU8,
    waker: AtomicWaker,
}

impl Signal {
    fn give(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::Relaxed);
        self.waker.wake();
    }
}

impl Keeper {
    pub(crate) fn new(counters: Arc<Counters>) -> Self {
        let list = List { kept: HashMap::new(), next: 0, order: Order::Serve };
        Self { counters, list: Mutex::new(list) }
    }

    /// Looks after a connection for as long as the leash is held.
    pub(crate) fn keep(
        self: &Arc<Self>,
        limits: Arc<ServerLimits>,
        activity: Arc<Activity>,
        peer: SocketAddr,
    ) -> Leash {
        let mut list = self.lock();
        let order = AtomicU8::new(list.order as u8);
        let signal = Arc::new(Signal { order, waker: AtomicWaker::new() });
        let number = list.next;
        list.next += 1;
        let watchdog = Watchdog::new(limits);
        list.kept.insert(number, Kept { activity, watchdog, signal: Arc::clone(&signal), peer });
        Leash { keeper: Arc::clone(self), number, signal }
    }

    /// Tells all connections, and those that come.
    pub(crate) fn order(&self, order: Order) {
        let mut list = self.lock();
        list.order = list.order.max(order);
        for kept in list.kept.values() {
            kept.signal.give(order);
        }
    }

    /// Closes who breaks a rule.
    pub(crate) fn look(&self, now: Instant) {
        for kept in self.lock().kept.values_mut() {
            let Some(reason) = kept.watchdog.look(now, &kept.activity) else { continue };
            kept.signal.give(Order::Close);
            if matches!(reason, Reason::Stalled | Reason::SlowResponse) {
                self.counters.slow_viewers.add_one();
                debug!(peer = %kept.peer, ?reason, "slow viewer closed");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds a connection to what the keeper tells it.
#[derive(Debug)]
pub(crate) struct Leash {
    keeper: Arc<Keeper>,
    number: u64,
    signal: Arc<Signal>,
}

impl Leash {
    /// Whether nothing new is to be begun.
    pub(crate) fn is_finishing(&self) -> bool {
        self.signal.order.load(Ordering::Relaxed) >= Order::Finish as u8
    }

    /// Runs a connection until it ends by itself, or has to (`None`). `finish` is called once, when it is to finish; the
    /// connection is polled afterwards.
    pub(crate) async fn drive<C: Future>(
        &self,
        mut connection: Pin<&mut C>,
        finish: impl Fn(Pin<&mut C>),
    ) -> Option<C::Output> {
        let mut finishing = false;
        poll_fn(|cx| {
            self.signal.waker.register(cx.waker());
            let order = self.signal.order.load(Ordering::Relaxed);
            if order == Order::Close as u8 {
                return Poll::Ready(None);
            }
            if order == Order::Finish as u8 && !finishing {
                finishing = true;
                finish(connection.as_mut());
            }
            connection.as_mut().poll(cx).map(Some)
        })
        .await
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.keeper.lock().kept.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::pending;
    use std::pin::pin;

    fn keeper() -> Arc<Keeper> {
        Arc::new(Keeper::new(Arc::default()))
    }

    fn leash(keeper: &Arc<Keeper>) -> Leash {
        let activity = Arc::new(Activity::new(Instant::now()));
        keeper.keep(Arc::default(), activity, ([192, 0, 2, 1], 1).into())
    }

    #[tokio::test(start_paused = true)]
    async fn who_breaks_a_rule_is_closed_and_forgotten() {
        let keeper = keeper();
        let first = leash(&keeper);
        tokio::time::advance(ServerLimits::default().first_request_timeout).await;
        let second = leash(&keeper);
        keeper.look(Instant::now());
        assert_eq!(first.drive(pin!(pending::<()>()), |_| ()).await, None);
        assert!(!second.is_finishing());
        drop(first);
        assert_eq!(keeper.lock().kept.len(), 1);
    }

    #[tokio::test]
    async fn an_order_wakes_who_waits_and_holds_for_who_comes() {
        let keeper = keeper();
        let early = leash(&keeper);
        let finished = Cell::new(0);
        let finish = |_: Pin<&mut _>| finished.set(finished.get() + 1);
        let waiting = pin!(pending::<()>());
        let (ended, ()) = tokio::join!(biased; early.drive(waiting, finish), async {
            keeper.order(Order::Finish);
            tokio::task::yield_now().await;
            assert_eq!(finished.get(), 1);
            keeper.order(Order::Finish);
            tokio::task::yield_now().await;
            assert!(leash(&keeper).is_finishing());
            keeper.order(Order::Close);
        });
        assert_eq!((ended, finished.get()), (None, 1));
        let late = leash(&keeper);
        assert_eq!(late.drive(pin!(pending::<()>()), |_| ()).await, None);
    }

    #[tokio::test]
    async fn a_connection_may_end_by_itself() {
        let keeper = keeper();
        let only = leash(&keeper);
        assert_eq!(only.drive(pin!(async { 7 }), |_| ()).await, Some(7));
        drop(only);
        assert!(keeper.lock().kept.is_empty());
    }
}
