//! Guards against floods: connections per address, and the price of refused keys.
//!
//! An IPv6 /64 counts as one address, because one host has all of it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use genlock_media::EventTime;

use crate::config::IngestConfig;
use crate::counters::IngestStats;
use crate::limits::{
    FREE_REFUSALS, REFUSAL_DELAY_MAX, REFUSAL_DELAY_STEP, REFUSALS_FORGOTTEN_AFTER,
    REFUSED_ADDRESSES_MAX,
};

/// Counts connections.
#[derive(Debug, Default)]
pub(crate) struct Occupancy {
    state: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    accepted: u64,
    refused: u64,
    addresses: HashMap<IpAddr, usize>,
}

/// A connection that is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    occupancy: Arc<Occupancy>,
    address: IpAddr,
}

impl Occupancy {
    /// Counts a connection, or names the limit of `config` that it would break.
    pub(crate) fn enter(
        self: &Arc<Self>,
        peer: IpAddr,
        config: &IngestConfig,
    ) -> Result<Permit, &'static str> {
        let address = host(peer);
        let mut counts = lock(&self.state);
        let here = counts.addresses.get(&address).copied().unwrap_or(0);
        let refusal = if counts.total >= config.connections {
            Some("too many connections")
        } else if here >= config.connections_per_address {
            Some("too many connections from one address")
        } else {
            None
        };
        if let Some(reason) = refusal {
            counts.refused += 1;
            return Err(reason);
        }
        counts.total += 1;
        counts.accepted += 1;
        counts.addresses.insert(address, here + 1);
        Ok(Permit { occupancy: Arc::clone(self), address })
    }

    /// What was counted so far.
    pub(crate) fn read(&self) -> IngestStats {
        let counts = lock(&self.state);
        IngestStats {
            connections_open: counts.total,
            connections: counts.accepted,
            connections_refused: counts.refused,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = lock(&self.occupancy.state);
        counts.total = counts.total.saturating_sub(1);
        if let Some(here) = counts.addresses.get_mut(&self.address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                counts.addresses.remove(&self.address);
            }
        }
    }
}

/// Makes trying keys slow: after some refusals an address waits before each further answer, longer
/// each time. Nobody is locked out, so a camera with the right key behind the same address as one
/// with a wrong key is only delayed.
#[derive(Debug, Default)]
pub(crate) struct RefusalThrottle {
    refused: Mutex<HashMap<IpAddr, Refused>>,
}

#[derive(Debug, Clone, Copy)]
struct Refused {
    count: u32,
    last: EventTime,
}

impl RefusalThrottle {
    /// How long an answer to this address is put off, whatever the answer will be.
    pub(crate) fn delay(&self, now: EventTime, peer: IpAddr) -> Duration {
        let refused = lock(&self.refused).get(&host(peer)).copied();
        match refused.filter(|refused| !refused.is_forgotten(now)) {
            None => Duration::ZERO,
            Some(Refused { count, .. }) => {
                let beyond = count.saturating_sub(FREE_REFUSALS).min(16);
                let steps = (1u32 << beyond) - 1;
                REFUSAL_DELAY_STEP.saturating_mul(steps).min(REFUSAL_DELAY_MAX)
            }
        }
    }

    /// A key from this address was refused.
    pub(crate) fn note(&self, now: EventTime, peer: IpAddr) {
        let mut refused = lock(&self.refused);
        if refused.len() >= REFUSED_ADDRESSES_MAX {
            refused.retain(|_, entry| !entry.is_forgotten(now));
        }
        if refused.len() >= REFUSED_ADDRESSES_MAX {
            refused.clear();
        }
        let entry = refused.entry(host(peer)).or_insert(Refused { count: 0, last: now });
        if entry.is_forgotten(now) {
            entry.count = 0;
        }
        *entry = Refused { count: entry.count.saturating_add(1), last: now };
    }
}

impl Refused {
    fn is_forgotten(&self, now: EventTime) -> bool {
        now.saturating_since(self.last) > REFUSALS_FORGOTTEN_AFTER
    }
}

/// The host behind an address.
fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Counters are whole after every statement: a panic elsewhere leaves them usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn limits(connections: usize, connections_per_address: usize) -> IngestConfig {
        IngestConfig { connections, connections_per_address, ..IngestConfig::default() }
    }

    #[test]
    fn connections_are_counted_in_all_and_per_address() {
        let (occupancy, limits) = (Arc::new(Occupancy::default()), limits(3, 2));
        let first = occupancy.enter(ip("192.0.2.1"), &limits).unwrap();
        let _second = occupancy.enter(ip("::ffff:192.0.2.1"), &limits).unwrap();
        assert!(occupancy.enter(ip("192.0.2.1"), &limits).is_err());
        let _third = occupancy.enter(ip("192.0.2.2"), &limits).unwrap();
        assert_eq!(occupancy.enter(ip("192.0.2.3"), &limits).unwrap_err(), "too many connections");
        drop(first);
        assert!(occupancy.enter(ip("192.0.2.1"), &limits).is_ok());
        let expect = IngestStats { connections_open: 2, connections: 4, connections_refused: 2 };
        assert_eq!(occupancy.read(), expect);
    }

    #[test]
    fn a_network_of_one_host_counts_once() {
        let (occupancy, limits) = (Arc::new(Occupancy::default()), limits(9, 1));
        let _held = occupancy.enter(ip("2001:db8::1"), &limits).unwrap();
        assert!(occupancy.enter(ip("2001:db8::ffff"), &limits).is_err());
        assert!(occupancy.enter(ip("2001:db8:0:1::1"), &limits).is_ok());
    }

    #[test]
    fn refusals_cost_time_that_is_forgotten_again() {
        let throttle = RefusalThrottle::default();
        let (now, peer) = (EventTime::from_millis(1_000), ip("192.0.2.1"));
        for _ in 0..FREE_REFUSALS {
            throttle.note(now, peer);
            assert_eq!(throttle.delay(now, peer), Duration::ZERO);
        }
        throttle.note(now, peer);
        assert_eq!(throttle.delay(now, peer), REFUSAL_DELAY_STEP);
        for _ in 0..40 {
            throttle.note(now, peer);
        }
        assert_eq!(throttle.delay(now, peer), REFUSAL_DELAY_MAX);
        assert_eq!(throttle.delay(now, ip("192.0.2.2")), Duration::ZERO);
        let later = now + REFUSALS_FORGOTTEN_AFTER + Duration::from_millis(1);
        assert_eq!(throttle.delay(later, peer), Duration::ZERO);
    }

    #[test]
    fn addresses_remembered_are_bounded() {
        let throttle = RefusalThrottle::default();
        for number in 0..2 * REFUSED_ADDRESSES_MAX {
            let address = IpAddr::V4(u32::try_from(number).unwrap().into());
            throttle.note(EventTime::ZERO, address);
        }
        assert!(lock(&throttle.refused).len() <= REFUSED_ADDRESSES_MAX);
    }
}
