//! What a connection is doing, and the rules by which it is closed.
//!
//! One coarse timer for all connections looks at these counters instead of one for each request, write
//! and header:
//!
//! | state | rule |
//! |---|---|
//! | no request yet | closed after `first_request_timeout` |
//! | nothing asked | closed after `idle_timeout` |
//! | media being sent, or the socket full | must move `write_progress_bytes` in every `write_timeout` |
//! | media being sent | one response within `response_timeout` |
//! | a request held, or an API call at work | nothing: whoever holds it has a bound of its own |

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::ServerLimits;

/// Counters of one connection, shared by its socket, its requests and its watchdog.
#[derive(Debug)]
pub(crate) struct Activity {
    /// Bytes that the kernel took.
    written: AtomicU64,
    /// The last write found the socket full.
    blocked: AtomicBool,
    requests: Mutex<Requests>,
}

#[derive(Debug)]
struct Requests {
    /// Requests that are not answered in full.
    open: usize,
    /// Media responses being sent: when each of them became ready, oldest first.
    sending: Vec<(u64, Instant)>,
    next_id: u64,
    /// When the connection was opened or its last request ended.
    quiet_since: Instant,
    /// A request head has been read.
    asked: bool,
}

impl Activity {
    pub(crate) fn new(now: Instant) -> Self {
        let requests =
            Requests { open: 0, sending: Vec::new(), next_id: 0, quiet_since: now, asked: false };
        Self {
            written: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            requests: Mutex::new(requests),
        }
    }

    pub(crate) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
        self.blocked.store(false, Ordering::Relaxed);
    }

    pub(crate) fn write_blocked(&self) {
        self.blocked.store(true, Ordering::Relaxed);
    }

    /// A request head has been read; it is open until the lease is dropped.
    pub(crate) fn request(self: &Arc<Self>) -> Lease {
        let mut requests = self.lock();
        requests.open += 1;
        requests.asked = true;
        drop(requests);
        Lease { activity: Arc::clone(self), sending: None }
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn glance(&self) -> Glance {
        let requests = self.lock();
        Glance {
            written: self.written.load(Ordering::Relaxed),
            blocked: self.blocked.load(Ordering::Relaxed),
            open: requests.open > 0,
            sending_since: requests.sending.first().map(|(_, since)| *since),
            quiet_since: requests.quiet_since,
            asked: requests.asked,
        }
    }
}

/// An open request. It travels with the response's bytes, so that the request ends when the last of
/// them has left for the kernel or was given up.
#[derive(Debug)]
pub(crate) struct Lease {
    activity: Arc<Activity>,
    sending: Option<u64>,
}

impl Lease {
    /// The response is ready: from now on the viewer's speed counts.
    pub(crate) fn start_sending(&mut self) {
        let mut requests = self.activity.lock();
        let id = requests.next_id;
        requests.next_id += 1;
        requests.sending.push((id, Instant::now()));
        drop(requests);
        self.sending = Some(id);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut requests = self.activity.lock();
        requests.open = requests.open.saturating_sub(1);
        requests.quiet_since = Instant::now();
        if let Some(id) = self.sending {
            requests.sending.retain(|(held, _)| *held != id);
        }
    }
}

/// Time between two looks: a limit is found exceeded at most this much late.
pub(crate) fn time_between_looks(limits: &ServerLimits) -> Duration {
    let shortest = limits.write_timeout.min(limits.first_request_timeout);
    (shortest / 2).max(Duration::from_millis(1))
}

/// What the watchdog sees of a connection at one moment.
#[derive(Debug, Clone, Copy)]
struct Glance {
    written: u64,
    blocked: bool,
    open: bool,
    sending_since: Option<Instant>,
    quiet_since: Instant,
    asked: bool,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No request came.
    NoRequest,
    /// No further request came.
    Idle,
    /// The peer takes too little.
    Stalled,
    /// One response took too long.
    SlowResponse,
}

/// Applies the rules of this module to what it sees of one connection at each look.
#[derive(Debug)]
pub(crate) struct Watchdog {
    limits: Arc<ServerLimits>,
    /// Bytes written at the last progress, and when that was, while something is to be written.
    mark: Option<(u64, Instant)>,
}

impl Watchdog {
    pub(crate) const fn new(limits: Arc<ServerLimits>) -> Self {
        Self { limits, mark: None }
    }

    /// Looks at the connection at `now`; `Some` if it is to be closed.
    pub(crate) fn look(&mut self, now: Instant, activity: &Activity) -> Option<Reason> {
        let glance = activity.glance();
        if glance.sending_since.is_some() || glance.blocked {
            return self.check_progress(now, &glance);
        }
        self.mark = None;
        if glance.open {
            return None;
        }
        let (timeout, reason) = if glance.asked {
            (self.limits.idle_timeout, Reason::Idle)
        } else {
            (self.limits.first_request_timeout, Reason::NoRequest)
        };
        (now >= glance.quiet_since + timeout).then_some(reason)
    }

    fn check_progress(&mut self, now: Instant, glance: &Glance) -> Option<Reason> {
        if let Some(since) = glance.sending_since
            && now >= since + self.limits.response_timeout
        {
            return Some(Reason::SlowResponse);
        }
        // What was being sent at the last look is through if only younger responses are left.
        let others = |at| !glance.blocked && glance.sending_since.is_some_and(|since| since > at);
        match self.mark {
            Some((written, at))
                if glance.written - written < self.limits.write_progress_bytes && !others(at) =>
            {
                (now >= at + self.limits.write_timeout).then_some(Reason::Stalled)
            }
            _ => {
                self.mark = Some((glance.written, now));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: ServerLimits = ServerLimits {
        connections: 1,
        connections_per_address: 1,
        tls_handshake_timeout: Duration::from_secs(10),
        first_request_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(60),
        write_timeout: Duration::from_secs(10),
        write_progress_bytes: 1000,
        response_timeout: Duration::from_secs(40),
        drain_timeout: Duration::ZERO,
        h2_streams: 1,
        h1_buffer_bytes: 0,
        h2_header_list_bytes: 0,
        h2_send_buffer_bytes: 0,
        backlog: 0,
    };

    /// Looks once a second for `seconds` and tells when and why the connection was closed.
    async fn watch(
        activity: &Activity,
        dog: &mut Watchdog,
        seconds: u64,
        mut each: impl FnMut(),
    ) -> Option<(u64, Reason)> {
        for second in 1..=seconds {
            tokio::time::advance(Duration::from_secs(1)).await;
            each();
            if let Some(reason) = dog.look(Instant::now(), activity) {
                return Some((second, reason));
            }
        }
        None
    }

    fn connection() -> (Arc<Activity>, Watchdog) {
        (Arc::new(Activity::new(Instant::now())), Watchdog::new(Arc::new(LIMITS)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_asks_nothing_is_closed() {
        let (activity, mut dog) = connection();
        assert_eq!(watch(&activity, &mut dog, 99, || ()).await, Some((10, Reason::NoRequest)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_kept_alive_connection_is_closed_after_the_idle_timeout() {
        let (activity, mut dog) = connection();
        drop(activity.request());
        assert_eq!(watch(&activity, &mut dog, 99, || ()).await, Some((60, Reason::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_request_is_nobodys_fault() {
        let (activity, mut dog) = connection();
        let _held = activity.request();
        assert_eq!(watch(&activity, &mut dog, 500, || ()).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_too_little_is_closed() {
        let (activity, mut dog) = connection();
        let mut lease = activity.request();
        lease.start_sending();
        let drip = || activity.wrote(50);
        assert_eq!(watch(&activity, &mut dog, 99, drip).await, Some((11, Reason::Stalled)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_enough_has_the_response_timeout() {
        let (activity, mut dog) = connection();
        let mut lease = activity.request();
        lease.start_sending();
        let flow = || activity.wrote(150);
        assert_eq!(watch(&activity, &mut dog, 99, flow).await, Some((40, Reason::SlowResponse)));
    }

    #[tokio::test(start_paused = true)]
    async fn many_small_responses_are_not_one_slow_one() {
        let (activity, mut dog) = connection();
        let mut current = None;
        let next = || {
            let mut lease = activity.request();
            lease.start_sending();
            activity.wrote(10);
            current = Some(lease);
        };
        assert_eq!(watch(&activity, &mut dog, 300, next).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_socket_counts_for_responses_of_others_too() {
        let (activity, mut dog) = connection();
        let _api = activity.request();
        activity.write_blocked();
        assert_eq!(watch(&activity, &mut dog, 99, || ()).await, Some((11, Reason::Stalled)));
    }
}
