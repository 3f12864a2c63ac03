//! Reading a Feed from a place of one's own, at one's own pace.

use std::fmt;
use std::sync::Arc;

use genlock_media::{MediaTime, TrackKind};

use crate::feed::Shared;
use crate::ring::{Entry, HoldId, Position, Ring, SyncPoint};

/// Where a reader starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With whatever is pushed next, video from the next sync sample on.
    Next,
    /// At the newest video sync sample of the ring; like `Next` if there is none.
    NewestSync,
    /// At the oldest video sync sample of the ring; at the oldest entry if there is none.
    OldestSync,
    /// At the sync sample at this position; like `NewestSync` if it is no longer in the ring.
    Sync(Position),
}

/// What a reader got.
#[derive(Debug, Clone)]
pub enum Read {
    /// The next sample.
    Entry(Entry),
    /// The ring moved past the reader. It goes on at the newest sync sample.
    Lagged {
        /// Samples between the reader's place and its new one.
        samples: u64,
    },
}

/// A place in a Feed.
///
/// A reader that starts at a sync sample yields no video before it, and the audio whose presentation
/// time is at or after it even where that audio arrived earlier.
pub struct FeedReader {
    shared: Arc<Shared>,
    next: Position,
    gate: Gate,
    hold: Option<HoldId>,
}

/// What must be passed over after a start or a resync.
#[derive(Debug, Clone, Copy)]
struct Gate {
    video: VideoGate,
    /// Audio before this presentation time is passed over, until the first that is not.
    audio_from: Option<MediaTime>,
}

#[derive(Debug, Clone, Copy)]
enum VideoGate {
    Open,
    /// Opens at the first sync sample.
    AnySync,
    /// Opens at this entry.
    At(Position),
}

impl FeedReader {
    pub(crate) fn new(shared: Arc<Shared>, start: Start) -> Self {
        let (next, gate) = {
            let state = shared.lock();
            place(&state.ring, start)
        };
        Self { shared, next, gate, hold: None }
    }

    /// Asks the Feed to keep what this reader has not read for longer: for
    /// [`FeedLimits::held_span`](crate::FeedLimits::held_span), within the bounds of bytes and samples, until the reader is
    /// dropped. For the one who must lose nothing, as a recorder must not.
    #[must_use]
    pub fn holding(mut self) -> Self {
        if self.hold.is_none() {
            self.hold = Some(self.shared.lock().ring.hold(self.next));
        }
        self
    }

    /// The next sample if there is one now.
    pub fn try_next(&mut self) -> Option<Read> {
        let mut state = self.shared.lock();
        let read = advance(&mut self.next, &mut self.gate, &state.ring);
        if let Some(hold) = self.hold {
            state.ring.move_hold(hold, self.next);
        }
        read
    }

    /// Waits for the next sample. Cancel-safe. Never resolves once the Feed is gone and read to its end.
    pub async fn next(&mut self) -> Read {
        loop {
            // Counted before looking, so that a push between the look and the wait is not missed.
            let seen = self.shared.changes().count();
            if let Some(read) = self.try_next() {
                return read;
            }
            self.shared.changes().beyond(seen).await;
        }
    }

    /// Number of entries between the reader and the end of the ring, wanted or not.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.shared.lock().ring.end().0.saturating_sub(self.next.0)
    }
}

impl Drop for FeedReader {
    fn drop(&mut self) {
        if let Some(hold) = self.hold {
            self.shared.lock().ring.release(hold);
        }
    }
}

/// Goes to the next entry that is wanted.
fn advance(next: &mut Position, gate: &mut Gate, ring: &Ring) -> Option<Read> {
    if *next < ring.first() {
        let (to, closed) = place(ring, Start::NewestSync);
        let samples = to.0.saturating_sub(next.0);
        (*next, *gate) = (to, closed);
        return Some(Read::Lagged { samples });
    }
    loop {
        let entry = ring.get(*next)?;
        next.0 += 1;
        if gate.admits(entry) {
            return Some(Read::Entry(entry.clone()));
        }
    }
}

impl Gate {
    const ANY_SYNC: Self = Self { video: VideoGate::AnySync, audio_from: None };

    /// Whether the entry is wanted; opens the gate at the entry that it waits for.
    fn admits(&mut self, entry: &Entry) -> bool {
        match entry.sample.kind() {
            TrackKind::Video => {
                let opens = match self.video {
                    VideoGate::Open => true,
                    VideoGate::AnySync => entry.sample.is_video_sync(),
                    VideoGate::At(position) => entry.position >= position,
                };
                if opens {
                    self.video = VideoGate::Open;
                }
                opens
            }
            TrackKind::Audio => {
                let opens = self.audio_from.is_none_or(|from| entry.sample.pts_time() >= from);
                if opens {
                    self.audio_from = None;
                }
                opens
            }
        }
    }
}

/// Where a reader that wants `start` begins, and what it passes over first.
fn place(ring: &Ring, start: Start) -> (Position, Gate) {
    let newest = || ring.syncs().back().map(|sync| place_at(ring, sync));
    let found = match start {
        Start::Next => None,
        Start::NewestSync => newest(),
        Start::OldestSync => ring
            .syncs()
            .front()
            .map(|sync| place_at(ring, sync))
            .or_else(|| Some((ring.first(), Gate::ANY_SYNC))),
        Start::Sync(position) => {
            ring.sync_at(position).map(|sync| place_at(ring, sync)).or_else(newest)
        }
    };
    found.unwrap_or_else(|| (ring.end(), Gate::ANY_SYNC))
}

fn place_at(ring: &Ring, sync: &SyncPoint) -> (Position, Gate) {
    let audio_from = ring.get(sync.position).map(|entry| entry.sample.pts_time());
    let gate = Gate { video: VideoGate::At(sync.position), audio_from };
    (sync.preroll.max(ring.first()), gate)
}

impl fmt::Debug for FeedReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedReader").field("next", &self.next).field("gate", &self.gate).finish()
    }
}
