//! What the origin and its server have done, for metrics and for the limits that count.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use http::StatusCode;

use crate::addresses::{Addresses, Counted};
use crate::limits::ServerLimits;

/// A reading of all counters. Totals count since the start of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryStats {
    /// Connections open now, upgraded ones included.
    pub connections_open: usize,
    /// Connections accepted.
    pub connections: u64,
    /// Connections closed at once because a limit was reached, that of all or that of an address.
    pub connections_refused: u64,
    /// Connections closed because the viewer took too little, too slowly.
    pub slow_viewers: u64,
    /// Bytes that left for the network, heads and API included.
    pub bytes_sent: u64,
    /// Requests for playlists, segments, parts and init sections.
    pub requests: u64,
    /// Of these, those answered 4xx.
    pub client_errors: u64,
    /// Of these, those answered 5xx.
    pub server_errors: u64,
    /// Requests held now: blocking reloads, preload hints, first playlists.
    pub held: usize,
    /// Requests refused because too many were held.
    pub held_refused: u64,
    /// Publications being packaged now.
    pub packaging: usize,
    /// Times that packaging was started.
    pub packaging_runs: u64,
    /// Packaging tasks that ended in a panic and were started again.
    pub panics: u64,
}

/// The counters behind [`DeliveryStats`], shared by everything in the crate.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    connections_open: AtomicUsize,
    addresses: Addresses,
    pub(crate) connections: Total,
    pub(crate) connections_refused: Total,
    pub(crate) slow_viewers: Total,
    bytes_sent: AtomicU64,
    pub(crate) requests: Total,
    client_errors: Total,
    server_errors: Total,
    held: AtomicUsize,
    held_refused: Total,
    packaging: AtomicUsize,
    packaging_runs: Total,
    pub(crate) panics: Total,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Total(AtomicU64);

impl Total {
    /// Adds one; tells how many there were before.
    pub(crate) fn add_one(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(crate) fn read(&self) -> DeliveryStats {
        DeliveryStats {
            connections_open: self.connections_open.load(Ordering::Relaxed),
            connections: self.connections.get(),
            connections_refused: self.connections_refused.get(),
            slow_viewers: self.slow_viewers.get(),
            bytes_sent: self.bytes_sent.load(Ordering::Relaxed),
            requests: self.requests.get(),
            client_errors: self.client_errors.get(),
            server_errors: self.server_errors.get(),
            held: self.held.load(Ordering::Relaxed),
            held_refused: self.held_refused.get(),
            packaging: self.packaging.load(Ordering::Relaxed),
            packaging_runs: self.packaging_runs.get(),
            panics: self.panics.get(),
        }
    }

    /// Takes a place among the open connections, or names the limit that it would break.
    pub(crate) fn open_connection(
        self: &Arc<Self>,
        limits: &ServerLimits,
        peer: IpAddr,
    ) -> Result<OpenConnection, &'static str> {
        if !enter(&self.connections_open, limits.connections) {
            self.connections_refused.add_one();
            return Err("too many connections");
        }
        // From here on it is counted, and the guard counts it out again.
        let mut open = OpenConnection { counters: Arc::clone(self), address: None };
        if limits.connections_per_address < limits.connections {
            open.address = self.addresses.enter(peer, limits.connections_per_address);
            if open.address.is_none() {
                self.connections_refused.add_one();
                return Err("too many connections from one address");
            }
        }
        self.connections.add_one();
        Ok(open)
    }

    /// Takes a place among at most `limit` held requests.
    pub(crate) fn hold(self: &Arc<Self>, limit: usize) -> Option<Place> {
        if !enter(&self.held, limit) {
            self.held_refused.add_one();
            return None;
        }
        Some(Place(Arc::clone(self)))
    }

    /// Counts an answer by its status.
    pub(crate) fn note_status(&self, status: StatusCode) {
        if status.is_client_error() {
            self.client_errors.add_one();
        } else if status.is_server_error() {
            self.server_errors.add_one();
        }
    }

    /// Counts a publication as being packaged until the guard is dropped.
    pub(crate) fn package(self: &Arc<Self>) -> Packaging {
        self.packaging.fetch_add(1, Ordering::Relaxed);
        Packaging { number: self.packaging_runs.add_one(), counters: Arc::clone(self) }
    }
}

/// Counts one in unless `limit` are in already.
fn enter(count: &AtomicUsize, limit: usize) -> bool {
    count
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < limit).then_some(count + 1)
        })
        .is_ok()
}

/// A place among the open connections.
#[derive(Debug)]
pub(crate) struct OpenConnection {
    counters: Arc<Counters>,
    /// Where connections of each address are counted, too.
    address: Option<Counted>,
}

impl OpenConnection {
    pub(crate) fn sent(&self, bytes: usize) {
        self.counters.bytes_sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        if let Some(address) = self.address.take() {
            self.counters.addresses.leave(address);
        }
        self.counters.connections_open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A place among the held requests.
#[derive(Debug)]
pub(crate) struct Place(Arc<Counters>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A publication being packaged.
#[derive(Debug)]
pub(crate) struct Packaging {
    number: u64,
    counters: Arc<Counters>,
}

impl Packaging {
    /// Differs from that of every other run of the process.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Packaging {
    fn drop(&mut self) {
        self.counters.packaging.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_in_all_and_by_address() {
        let counters = Arc::new(Counters::default());
        let limits =
            ServerLimits { connections: 3, connections_per_address: 2, ..ServerLimits::default() };
        let open = |last| counters.open_connection(&limits, [192, 0, 2, last].into());
        let of_one = [open(1).unwrap(), open(1).unwrap()];
        assert_eq!(open(1).unwrap_err(), "too many connections from one address");
        let other = open(2).unwrap();
        assert_eq!(open(3).unwrap_err(), "too many connections");
        let read = counters.read();
        assert_eq!((read.connections_open, read.connections, read.connections_refused), (3, 3, 2));
        drop((of_one, other));
        assert_eq!(counters.read().connections_open, 0);
        assert!(open(1).is_ok());
    }

    #[test]
    fn a_place_is_free_again_when_it_is_given_back() {
        let counters = Arc::new(Counters::default());
        let first = counters.hold(1);
        assert!(first.is_some());
        assert!(counters.hold(1).is_none());
        drop(first);
        assert!(counters.hold(1).is_some());
        assert_eq!(counters.read().held_refused, 1);
        assert_eq!(counters.read().held, 0);
    }
}
