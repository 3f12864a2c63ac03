//! What wrong tokens cost: an address that keeps presenting them is not listened to for a while.
//!
//! Each wrong token takes one of [`FREE_FAILURES`], which come back one every [`FAILURE_INTERVAL`] (the generic
//! cell rate algorithm, ITU-T I.371). Without one left, tokens are not even looked at, so that the
//! answer says nothing about them. A token that was right lately is let through all the same: a colleague behind
//! the same address must not be locked out by somebody's typing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use genlock_store::SecretHash;
use tokio::time::Instant;

use crate::limits::{
    FAILED_ADDRESSES_MAX, FAILURE_INTERVAL, FREE_FAILURES, KNOWN_TOKEN_TIME, KNOWN_TOKENS_MAX,
};

/// Who has presented wrong tokens, and which were right.
#[derive(Default)]
pub(crate) struct Throttle {
    /// When an address has all its tries back.
    failed: HashMap<IpAddr, Instant>,
    /// Until when a token that was right is known.
    known: HashMap<[u8; 32], Instant>,
}

impl Throttle {
    /// Whether a token from `peer` is looked at; if not, for how long.
    pub(crate) fn check(
        &self,
        now: Instant,
        peer: IpAddr,
        token: &SecretHash,
    ) -> Result<(), Duration> {
        let Some(whole_at) = self.failed.get(&host(peer)) else { return Ok(()) };
        let debt = whole_at.saturating_duration_since(now);
        let free = FAILURE_INTERVAL * (FREE_FAILURES - 1);
        let known = self.known.get(token.as_bytes()).is_some_and(|until| *until > now);
        if debt <= free || known { Ok(()) } else { Err(debt - free) }
    }

    /// A token from `peer` was wrong.
    pub(crate) fn failed(&mut self, now: Instant, peer: IpAddr) {
        make_room(&mut self.failed, FAILED_ADDRESSES_MAX, now);
        let whole_at = self.failed.entry(host(peer)).or_insert(now);
        *whole_at = (*whole_at).max(now) + FAILURE_INTERVAL;
    }

    /// A token was right.
    pub(crate) fn succeeded(&mut self, now: Instant, token: &SecretHash) {
        make_room(&mut self.known, KNOWN_TOKENS_MAX, now);
        self.known.insert(*token.as_bytes(), now + KNOWN_TOKEN_TIME);
    }
}

/// Forgets what is over; if that is not enough, everything.
fn make_room<K>(table: &mut HashMap<K, Instant>, max: usize, now: Instant) {
    if table.len() >= max {
        table.retain(|_, until| *until > now);
    }
    if table.len() >= max {
        table.clear();
    }
}

/// The host behind an address: of IPv6 the /64, because one host has all of it.
fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn exhausted(now: Instant) -> Throttle {
        let mut throttle = Throttle::default();
        for _ in 0..FREE_FAILURES {
            assert!(throttle.check(now, ip("192.0.2.1"), &SecretHash::of("x")).is_ok());
            throttle.failed(now, ip("192.0.2.1"));
        }
        throttle
    }

    #[test]
    fn tries_run_out_and_come_back_one_by_one() {
        let (now, token) = (Instant::now(), SecretHash::of("x"));
        let mut throttle = exhausted(now);
        let peer = ip("192.0.2.1");
        assert_eq!(throttle.check(now, peer, &token), Err(FAILURE_INTERVAL));
        let later = now + FAILURE_INTERVAL;
        assert_eq!(throttle.check(later, peer, &token), Ok(()));
        throttle.failed(later, peer);
        assert_eq!(throttle.check(later, peer, &token), Err(FAILURE_INTERVAL));
        let whole = later + FAILURE_INTERVAL * FREE_FAILURES;
        for _ in 0..FREE_FAILURES {
            assert_eq!(throttle.check(whole, peer, &token), Ok(()));
            throttle.failed(whole, peer);
        }
    }

    #[test]
    fn other_addresses_and_tokens_that_were_right_are_not_affected() {
        let now = Instant::now();
        let mut throttle = exhausted(now);
        let good = SecretHash::of("good");
        assert!(throttle.check(now, ip("192.0.2.1"), &good).is_err());
        assert!(throttle.check(now, ip("192.0.2.2"), &good).is_ok());
        throttle.succeeded(now, &good);
        assert!(throttle.check(now, ip("::ffff:192.0.2.1"), &good).is_ok());
        assert!(throttle.check(now, ip("192.0.2.1"), &SecretHash::of("x")).is_err());
    }

    #[test]
    fn a_network_of_one_host_counts_once() {
        let (now, token) = (Instant::now(), SecretHash::of("x"));
        let mut throttle = Throttle::default();
        for number in 0..FREE_FAILURES {
            throttle.failed(now, ip(&format!("2001:db8::{number:x}")));
        }
        assert!(throttle.check(now, ip("2001:db8::ffff"), &token).is_err());
        assert!(throttle.check(now, ip("2001:db8:0:1::1"), &token).is_ok());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut throttle = Throttle::default();
        let now = Instant::now();
        for number in 0..u32::try_from(2 * FAILED_ADDRESSES_MAX).unwrap() {
            throttle.failed(now, IpAddr::V4(number.into()));
        }
        for number in 0..2 * KNOWN_TOKENS_MAX {
            throttle.succeeded(now, &SecretHash::of(&number.to_string()));
        }
        assert!(throttle.failed.len() <= FAILED_ADDRESSES_MAX);
        assert!(throttle.known.len() <= KNOWN_TOKENS_MAX);
    }
}
