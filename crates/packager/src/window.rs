//! Which complete segments are listed, and which are still fetchable after they left the list.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use genlock_media::EventTime;

use crate::config::PackagerConfig;
use crate::limits::RETAINED_BYTES_MAX;
use crate::line::{micros, ticks_90k};
use crate::segment::{Segment, Ts, Wording};

/// Complete segments in order: first the removed ones that are still fetchable, then the listed ones.
#[derive(Debug)]
pub(crate) struct Window {
    removed: VecDeque<Removed>,
    listed: VecDeque<Arc<Segment>>,
    listed_90k: i64,
    /// Longest list that there has been.
    longest_90k: i64,
    bytes: usize,
    window_90k: i64,
    least_90k: i64,
}

#[derive(Debug)]
struct Removed {
    segment: Arc<Segment>,
    until: EventTime,
}

impl Window {
    pub(crate) fn new(config: &PackagerConfig) -> Self {
        Self {
            removed: VecDeque::new(),
            listed: VecDeque::new(),
            listed_90k: 0,
            longest_90k: 0,
            bytes: 0,
            window_90k: ticks_90k(config.window),
            least_90k: ticks_90k(3 * config.target_duration()),
        }
    }

    pub(crate) fn push(&mut self, now: EventTime, segment: Segment) {
        self.bytes += segment.bytes();
        self.listed_90k += segment.duration_90k;
        self.longest_90k = self.longest_90k.max(self.listed_90k);
        self.listed.push_back(Arc::new(segment));
        self.trim(now);
    }

    /// Gives the listed segments their MPEG-TS form, oldest first.
    pub(crate) fn set_ts(&mut self, forms: impl IntoIterator<Item = Ts>) {
        for (segment, ts) in self.listed.iter_mut().zip(forms) {
            let wording = Wording::default();
            let changed = Arc::new(Segment { ts, wording, ..Segment::clone(segment) });
            self.bytes = self.bytes - segment.bytes() + changed.bytes();
            *segment = changed;
        }
    }

    pub(crate) fn listed(&self) -> impl ExactSizeIterator<Item = &Arc<Segment>> {
        self.listed.iter()
    }

    pub(crate) fn removed(&self) -> impl ExactSizeIterator<Item = &Arc<Segment>> {
        self.removed.iter().map(|removed| &removed.segment)
    }

    /// Body bytes of all fetchable segments.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn trim(&mut self, now: EventTime) {
        while self.removed.front().is_some_and(|oldest| oldest.until <= now) {
            self.drop_oldest_removed();
        }
        while self.left_without_head() >= self.window_90k && self.listed.len() > SEGMENTS_MIN {
            self.remove_head(now);
        }
        while self.bytes > RETAINED_BYTES_MAX {
            if self.drop_oldest_removed() {
                continue;
            }
            if self.left_without_head() < self.least_90k {
                break;
            }
            self.remove_head(now);
        }
    }

    /// Length of the list without its first segment.
    ///
    /// RFC 8216 §6.2.2: "The server MUST NOT remove a Media Segment from a Playlist file without an
    /// EXT-X-ENDLIST tag if that would produce a Playlist whose duration is less than three times the
    /// target duration."
    fn left_without_head(&self) -> i64 {
        self.listed_90k - self.listed.front().map_or(0, |head| head.duration_90k)
    }

    /// RFC 8216 §6.2.2: a removed segment "MUST remain available for a period of time equal to the
    /// duration of the segment plus the duration of the longest Playlist file distributed by the
    /// server containing that segment."
    fn remove_head(&mut self, now: EventTime) {
        let Some(segment) = self.listed.pop_front() else { return };
        self.listed_90k -= segment.duration_90k;
        let kept = micros(segment.duration_90k + self.longest_90k).unsigned_abs();
        let until = now + Duration::from_micros(kept);
        self.removed.push_back(Removed { segment, until });
    }

    fn drop_oldest_removed(&mut self) -> bool {
        let oldest = self.removed.pop_front();
        self.bytes -= oldest.as_ref().map_or(0, |oldest| oldest.segment.bytes());
        oldest.is_some()
    }
}

/// Apple's authoring specification 8.11 wants at least six segments in a live playlist.
const SEGMENTS_MIN: usize = 6;
