//! A camera's place for one publisher, and what happens when a second one comes.
//!
//! Refusing the second locks a creator out whose first connection is half dead; admitting it lets the
//! thief of a key push the owner out. The default is in between: the newcomer takes over when the old
//! session has been silent for some seconds or comes from the same address.
//!
//! A takeover keeps the camera's place, its Feed and its health; the newcomer waits for nothing.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use genlock_media::EventTime;
use tokio::sync::oneshot;

use crate::gate::Refusal;

/// What happens when a second publisher comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeoverPolicy {
    /// It is refused.
    Reject,
    /// It takes over.
    Takeover,
    /// It takes over if the session in place has been silent for this long or has the same address.
    TakeoverIfStale {
        /// Time without a byte.
        silent: Duration,
    },
}

impl Default for TakeoverPolicy {
    /// Stale after 3 s: longer than the hiccups of a network, shorter than an encoder's patience
    /// between two tries to reconnect.
    fn default() -> Self {
        Self::TakeoverIfStale { silent: Duration::from_secs(3) }
    }
}

/// A camera's place for one publisher.
#[derive(Debug, Default)]
pub struct CameraSlot {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    policy: TakeoverPolicy,
    occupant: Option<Occupant>,
    sessions: u64,
}

#[derive(Debug)]
struct Occupant {
    session: u64,
    address: IpAddr,
    last_byte_micros: Arc<AtomicI64>,
    evict: oneshot::Sender<Eviction>,
}

/// Why a session loses its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Eviction {
    /// Another publisher took over.
    TakenOver,
    /// The camera or its key is no more, with a sentence for the publisher.
    Revoked(String),
}

/// A place taken. Dropping it frees the place, unless somebody has taken over.
#[derive(Debug)]
pub(crate) struct Claim {
    slot: Arc<CameraSlot>,
    session: u64,
    last_byte_micros: Arc<AtomicI64>,
    evicted: oneshot::Receiver<Eviction>,
}

impl CameraSlot {
    /// A free place.
    #[must_use]
    pub fn new(policy: TakeoverPolicy) -> Self {
        Self { state: Mutex::new(State { policy, ..State::default() }) }
    }

    /// Changes the policy for publishers to come.
    pub fn set_policy(&self, policy: TakeoverPolicy) {
        self.lock().policy = policy;
    }

    /// Ends the session in place: the camera was deleted, or its publisher was thrown out. The publisher is told
    /// the reason. Returns whether there was one.
    pub fn revoke(&self, reason: &str) -> bool {
        let occupant = self.lock().occupant.take();
        let occupied = occupant.is_some();
        if let Some(occupant) = occupant {
            occupant.evict(Eviction::Revoked(reason.to_owned()));
        }
        occupied
    }

    /// Takes the place for a publisher at `address`.
    pub(crate) fn claim(
        self: &Arc<Self>,
        now: EventTime,
        address: IpAddr,
    ) -> Result<Claim, Refusal> {
        let mut state = self.lock();
        if let Some(occupant) = &state.occupant
            && !occupant.yields(now, address, state.policy)
        {
            return Err(Refusal::InUse);
        }
        state.sessions += 1;
        let session = state.sessions;
        let last_byte_micros = Arc::new(AtomicI64::new(now.as_micros()));
        let (evict, evicted) = oneshot::channel();
        let newcomer =
            Occupant { session, address, last_byte_micros: Arc::clone(&last_byte_micros), evict };
        if let Some(old) = state.occupant.replace(newcomer) {
            old.evict(Eviction::TakenOver);
        }
        Ok(Claim { slot: Arc::clone(self), session, last_byte_micros, evicted })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Occupant {
    fn yields(&self, now: EventTime, address: IpAddr, policy: TakeoverPolicy) -> bool {
        match policy {
            TakeoverPolicy::Reject => false,
            TakeoverPolicy::Takeover => true,
            TakeoverPolicy::TakeoverIfStale { silent } => {
                let last = EventTime::from_micros(self.last_byte_micros.load(Ordering::Relaxed));
                self.address == address || now.saturating_since(last) >= silent
            }
        }
    }

    fn evict(self, eviction: Eviction) {
        // A session that has ended by itself does not listen any more.
        let _ = self.evict.send(eviction);
    }
}

impl Claim {
    /// The publisher sent something.
    pub(crate) fn touch(&self, now: EventTime) {
        self.last_byte_micros.store(now.as_micros(), Ordering::Relaxed);
    }

    /// Resolves when the place is lost. Cancel-safe.
    pub(crate) async fn evicted(&mut self) -> Eviction {
        (&mut self.evicted).await.unwrap_or(Eviction::TakenOver)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut state = self.slot.lock();
        if state.occupant.as_ref().is_some_and(|occupant| occupant.session == self.session) {
            state.occupant = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn at(millis: i64) -> EventTime {
        EventTime::from_millis(millis)
    }

    fn slot(policy: TakeoverPolicy) -> Arc<CameraSlot> {
        Arc::new(CameraSlot::new(policy))
    }

    #[tokio::test]
    async fn a_stale_session_is_taken_over_and_told() {
        let slot = slot(TakeoverPolicy::default());
        let mut old = slot.claim(at(0), OWNER).unwrap();
        old.touch(at(1_000));
        assert_eq!(slot.claim(at(3_999), OTHER).unwrap_err(), Refusal::InUse);
        let _new = slot.claim(at(4_000), OTHER).unwrap();
        assert_eq!(old.evicted().await, Eviction::TakenOver);
    }

    #[test]
    fn the_same_address_takes_over_at_once() {
        let slot = slot(TakeoverPolicy::default());
        let _old = slot.claim(at(0), OWNER).unwrap();
        assert!(slot.claim(at(1), OWNER).is_ok());
    }

    #[test]
    fn reject_and_takeover_do_not_look_at_the_session_in_place() {
        let strict = slot(TakeoverPolicy::Reject);
        let _held = strict.claim(at(0), OWNER).unwrap();
        assert!(strict.claim(at(60_000), OWNER).is_err());
        let open = slot(TakeoverPolicy::Takeover);
        let _held = open.claim(at(0), OWNER).unwrap();
        assert!(open.claim(at(1), OTHER).is_ok());
    }

    #[test]
    fn the_end_of_a_session_frees_its_own_place_only() {
        let slot = slot(TakeoverPolicy::Takeover);
        let old = slot.claim(at(0), OWNER).unwrap();
        let new = slot.claim(at(1), OTHER).unwrap();
        slot.set_policy(TakeoverPolicy::Reject);
        drop(old);
        assert!(slot.claim(at(2), OWNER).is_err());
        drop(new);
        assert!(slot.claim(at(3), OWNER).is_ok());
    }

    #[tokio::test]
    async fn a_revoked_session_is_told_the_reason() {
        let slot = slot(TakeoverPolicy::Reject);
        let mut held = slot.claim(at(0), OWNER).unwrap();
        assert!(slot.revoke("the key was changed"));
        assert!(!slot.revoke("again"));
        assert_eq!(held.evicted().await, Eviction::Revoked("the key was changed".to_owned()));
        assert!(slot.claim(at(1), OTHER).is_ok());
    }
}
