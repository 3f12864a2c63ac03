//! Connections by address. An IPv6 /64 counts as one, because one host has all of it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many connections each address has.
#[derive(Debug, Default)]
pub(crate) struct Addresses(Mutex<HashMap<IpAddr, usize>>);

/// An address whose connection is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted(IpAddr);

impl Addresses {
    /// Counts a connection unless its address has `limit` of them.
    pub(crate) fn enter(&self, peer: IpAddr, limit: usize) -> Option<Counted> {
        let host = host(peer);
        let mut counts = self.lock();
        let here = counts.get(&host).copied().unwrap_or(0);
        (here < limit).then(|| {
            counts.insert(host, here + 1);
            Counted(host)
        })
    }

    /// Counts it out again.
    pub(crate) fn leave(&self, Counted(host): Counted) {
        let mut counts = self.lock();
        if let Some(here) = counts.get_mut(&host) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                counts.remove(&host);
            }
        }
    }

    /// Each change is whole, so a panic elsewhere leaves the counts right.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host behind an address: of IPv6 the /64, because a host changes the rest of its own accord (RFC 8981).
pub(crate) fn host(address: IpAddr) -> IpAddr {
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

    #[test]
    fn an_address_has_so_many_and_no_more_and_others_do_not_count() {
        let addresses = Addresses::default();
        let first = addresses.enter(ip("192.0.2.1"), 1).unwrap();
        assert!(addresses.enter(ip("192.0.2.1"), 1).is_none());
        assert!(addresses.enter(ip("::ffff:192.0.2.1"), 1).is_none(), "the same, mapped");
        assert!(addresses.enter(ip("192.0.2.2"), 1).is_some());
        addresses.leave(first);
        assert!(addresses.enter(ip("192.0.2.1"), 1).is_some());
    }

    #[test]
    fn all_of_a_64_is_one_host() {
        let addresses = Addresses::default();
        let first = addresses.enter(ip("2001:db8:0:1::1"), 1).unwrap();
        assert!(addresses.enter(ip("2001:db8:0:1:ffff::2"), 1).is_none());
        assert!(addresses.enter(ip("2001:db8:0:2::1"), 1).is_some());
        addresses.leave(first);
        assert_eq!(addresses.lock().len(), 1, "what has no connection is forgotten");
    }
}
