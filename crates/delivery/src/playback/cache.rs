//! Tokens that were right.
//!
//! A fixed number of places, found by a keyed hash: a new token takes the place of whatever was there. Two requests
//! meet at a lock only if they are about the same place, and hold it for a comparison.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use subtle::ConstantTimeEq;

use super::token::Verified;
use crate::limits::VERIFIED_TOKENS_MAX;

pub(super) struct Cache {
    places: Box<[Mutex<Option<Box<Entry>>>]>,
    hashes: RandomState,
}

struct Entry {
    token: Box<str>,
    event: Box<str>,
    host: IpAddr,
    verified: Verified,
}

impl Cache {
    pub(super) fn get(&self, token: &str, event: &str, host: IpAddr) -> Option<Verified> {
        let place = self.place(token, event, host);
        let entry = place.as_ref()?;
        let same = entry.event.as_ref() == event
            && entry.host == host
            && bool::from(entry.token.as_bytes().ct_eq(token.as_bytes()));
        same.then_some(entry.verified)
    }

    pub(super) fn put(&self, token: &str, event: &str, host: IpAddr, verified: Verified) {
        let entry = Entry { token: token.into(), event: event.into(), host, verified };
        *self.place(token, event, host) = Some(Box::new(entry));
    }

    fn place(&self, token: &str, event: &str, host: IpAddr) -> MutexGuard<'_, Option<Box<Entry>>> {
        let hash = self.hashes.hash_one((token, event, host));
        // The remainder fits whatever the width of usize.
        let index = (hash % self.places.len() as u64) as usize;
        self.places[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Cache {
    fn default() -> Self {
        let places = std::iter::repeat_with(Mutex::default).take(VERIFIED_TOKENS_MAX).collect();
        Self { places, hashes: RandomState::new() }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}
