//! The ring: a plain, bounded queue of entries with an index of its sync samples. No locks here.

use std::collections::VecDeque;
use std::sync::Arc;

use genlock_media::{EventTime, MediaTime, Sample, TrackConfig, TrackKind};

use crate::limits::FeedLimits;

/// Number of an entry, counted from the Feed's first; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// Number of a publish session of the Feed, counted from 1. 0 is "nobody has published yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Epoch(pub u32);

/// How a video sample follows the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Joint {
    /// It goes on where that ends, as far as the writer knows.
    #[default]
    Continues,
    /// Another picture begins, which viewers wait for: somebody has cut. Or the picture goes on, and the sound
    /// changes its configuration behind this sync sample.
    Splice {
        /// From this presentation time on its pictures are shown at their own times. Until then they are
        /// on their way there, and a reader may choose another way.
        settled: EventTime,
        /// The configuration of the sound that follows, if it may be another: at a time of its own, and not at
        /// all where the next splice comes first. Until then there is sound of the old one.
        sound: Option<Arc<TrackConfig>>,
    },
}

/// A sample in the ring.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number.
    pub position: Position,
    /// The publish session that wrote it.
    pub epoch: Epoch,
    /// When it was pushed.
    pub arrived: EventTime,
    /// How it follows the sample before it.
    pub joint: Joint,
    /// The sample.
    pub sample: Sample,
}

/// A video sync sample in the ring.
#[derive(Debug, Clone)]
pub struct SyncPoint {
    /// Its entry.
    pub position: Position,
    /// First entry that a reader which starts here needs: the earliest audio at or after `pts`.
    pub(crate) preroll: Position,
    /// The publish session that wrote it.
    pub epoch: Epoch,
    /// Presentation time on the event clock.
    pub pts: EventTime,
    /// When it was pushed.
    pub arrived: EventTime,
    /// What it needs for decoding.
    pub config: Arc<TrackConfig>,
}

/// How far before a sync sample its audio is looked for. Publishers interleave within half a second.
const PREROLL_ENTRIES_MAX: usize = 256;

#[derive(Debug)]
pub(crate) struct Ring {
    entries: VecDeque<Entry>,
    /// Position of `entries[0]`, and of the next entry when the ring is empty.
    first: u64,
    syncs: VecDeque<SyncPoint>,
    bytes: usize,
    /// Where the readers that hold are.
    holds: Vec<(HoldId, Position)>,
    limits: FeedLimits,
}

/// Names a reader that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HoldId(u64);

impl Ring {
    pub(crate) const fn new(limits: FeedLimits) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            syncs: VecDeque::new(),
            bytes: 0,
            holds: Vec::new(),
            limits,
        }
    }

    pub(crate) fn push(&mut self, epoch: Epoch, now: EventTime, sample: Sample, joint: Joint) {
        let position = self.end();
        if sample.is_video_sync() {
            self.syncs.push_back(SyncPoint {
                position,
                preroll: self.preroll(epoch, sample.pts_time()),
                epoch,
                pts: sample.pts_event(),
                arrived: now,
                config: Arc::clone(&sample.config),
            });
        }
        self.bytes += sample.payload.len();
        self.entries.push_back(Entry { position, epoch, arrived: now, joint, sample });
        self.evict(now);
    }

    /// Position that the next push will get.
    pub(crate) fn end(&self) -> Position {
        Position(self.first + self.entries.len() as u64)
    }

    pub(crate) const fn first(&self) -> Position {
        Position(self.first)
    }

    pub(crate) fn get(&self, position: Position) -> Option<&Entry> {
        let index = usize::try_from(position.0.checked_sub(self.first)?).ok()?;
        self.entries.get(index)
    }

    pub(crate) const fn syncs(&self) -> &VecDeque<SyncPoint> {
        &self.syncs
    }

    /// The sync point at `position`.
    pub(crate) fn sync_at(&self, position: Position) -> Option<&SyncPoint> {
        self.syncs.iter().rev().find(|sync| sync.position == position)
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// From now on what is at `position` and after stays for [`FeedLimits::held_span`].
    pub(crate) fn hold(&mut self, position: Position) -> HoldId {
        let id = HoldId(self.holds.iter().map(|(HoldId(id), _)| id + 1).max().unwrap_or_default());
        self.holds.push((id, position));
        id
    }

    /// The reader has come to `position`.
    pub(crate) fn move_hold(&mut self, id: HoldId, position: Position) {
        for (_, at) in self.holds.iter_mut().filter(|(held, _)| *held == id) {
            *at = position;
        }
    }

    pub(crate) fn release(&mut self, id: HoldId) {
        self.holds.retain(|(held, _)| *held != id);
    }

    /// The oldest entry that somebody needs: a reader that holds, or who starts at the newest sync sample.
    fn needed(&self) -> Position {
        let newest_sync = self.syncs.back().map(|sync| sync.preroll);
        let held = self.holds.iter().map(|(_, position)| *position);
        held.chain(newest_sync).min().unwrap_or_else(|| self.end())
    }

    /// Walks back over the entries just before the end, while audio at or after `pts` turns up.
    fn preroll(&self, epoch: Epoch, pts: MediaTime) -> Position {
        self.entries
            .iter()
            .rev()
            .take(PREROLL_ENTRIES_MAX)
            .take_while(|entry| entry.epoch == epoch)
            .filter(|entry| entry.sample.kind() == TrackKind::Audio)
            .take_while(|entry| entry.sample.pts_time() >= pts)
            .last()
            .map_or_else(|| self.end(), |entry| entry.position)
    }

    fn evict(&mut self, now: EventTime) {
        let FeedLimits { span, held_span, bytes, samples } = self.limits;
        let needed = self.needed();
        while let Some(oldest) = self.entries.front() {
            let keep = if oldest.position < needed { span } else { held_span.max(span) };
            let over = self.entries.len() > samples
                || self.bytes > bytes
                || now.saturating_since(oldest.arrived) > keep;
            // The newest entry stays, however large or late: a Feed is never empty after a push.
            if !over || self.entries.len() == 1 {
                break;
            }
            self.bytes -= oldest.sample.payload.len();
            self.entries.pop_front();
            self.first += 1;
        }
        while self.syncs.front().is_some_and(|sync| sync.position.0 < self.first) {
            self.syncs.pop_front();
        }
    }
}
