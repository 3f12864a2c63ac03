//! How many viewers a publication has, told by who reloads its playlists.
//!
//! No cookie, no query, no session: a viewer is an address and what the player calls itself, and, where playback is signed,
//! the token. Whoever reloaded in this or the last [`AUDIENCE_PERIOD`] counts, so that a player that stops leaves
//! the count within two of them.
//!
//! What this cannot know: several equal players behind one address count as one, unless each has a token of its own;
//! a phone that moves to another network counts twice for a while; behind a proxy or a CDN it counts the
//! proxy's addresses, and what the CDN answers itself is not seen at all.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use genlock_media::EventTime;

use crate::limits::{AUDIENCE_MAX, AUDIENCE_PERIOD};

/// Who watches. Nothing that identifies anybody is kept: only keyed hashes, with a key that dies with the process.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    hashes: RandomState,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    since: EventTime,
    now: HashSet<u64>,
    before: HashSet<u64>,
    /// Of `now`, those that are not in `before`.
    new: usize,
}

impl Audience {
    /// Somebody reloaded a playlist.
    pub(crate) fn note(&self, now: EventTime, peer: IpAddr, agent: &[u8], token: Option<&str>) {
        let viewer = self.hashes.hash_one((peer, agent, token));
        let mut seen = self.at(now);
        if seen.now.len() < AUDIENCE_MAX && seen.now.insert(viewer) {
            seen.new += usize::from(!seen.before.contains(&viewer));
        }
    }

    /// How many there are, at most twice [`AUDIENCE_MAX`].
    pub(crate) fn count(&self, now: EventTime) -> usize {
        let seen = self.at(now);
        seen.before.len() + seen.new
    }

    fn at(&self, now: EventTime) -> MutexGuard<'_, Seen> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now.saturating_since(seen.since);
        if age >= AUDIENCE_PERIOD {
            let last = std::mem::take(&mut seen.now);
            seen.before = if age < 2 * AUDIENCE_PERIOD { last } else { HashSet::new() };
            (seen.since, seen.new) = (now, 0);
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> EventTime {
        EventTime::from_millis(1_000_000 + seconds * 1000)
    }

    fn period(number: i64) -> EventTime {
        at(number * i64::try_from(AUDIENCE_PERIOD.as_secs()).unwrap())
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn a_viewer_counts_once_however_often_he_reloads() {
        let audience = Audience::default();
        for _ in 0..10 {
            audience.note(at(0), HERE, b"hls.js", None);
        }
        assert_eq!(audience.count(at(0)), 1);
    }

    #[test]
    fn address_player_and_token_tell_viewers_apart() {
        let audience = Audience::default();
        audience.note(at(0), HERE, b"hls.js", None);
        audience.note(at(0), THERE, b"hls.js", None);
        audience.note(at(0), HERE, b"VLC", None);
        audience.note(at(0), HERE, b"hls.js", Some("a"));
        audience.note(at(0), HERE, b"hls.js", Some("b"));
        assert_eq!(audience.count(at(0)), 5);
    }

    #[test]
    fn who_stays_counts_once_and_who_stops_leaves_the_count() {
        let audience = Audience::default();
        audience.note(period(0), HERE, b"", None);
        audience.note(period(0), THERE, b"", None);
        audience.note(period(1), HERE, b"", None);
        assert_eq!(audience.count(period(1)), 2);
        audience.note(period(2), HERE, b"", None);
        assert_eq!(audience.count(period(2)), 1);
        assert_eq!(audience.count(period(4)), 0);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let audience = Audience::default();
        for number in 0..u32::try_from(AUDIENCE_MAX).unwrap() + 100 {
            audience.note(at(0), IpAddr::V4(number.into()), b"", None);
        }
        assert_eq!(audience.count(at(0)), AUDIENCE_MAX);
    }
}
