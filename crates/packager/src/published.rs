//! What is published at one moment, and how it is found.

use std::sync::Arc;

use bytes::Bytes;
use genlock_media::EventTime;

use crate::blocking::{Edge, Readiness, Wanted};
use crate::offer::Offer;
use crate::playlist::{Dialect, Flavour};
use crate::segment::{OpenSegment, Part, Segment, Ts};
use crate::settings::Settings;

/// What is published at one moment.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) settings: Arc<Settings>,
    pub(crate) offer: Arc<Offer>,
    /// Removed ones that are still fetchable, then listed ones; media sequence numbers have no hole.
    pub(crate) segments: Vec<Arc<Segment>>,
    /// How many of them are removed.
    pub(crate) removed: usize,
    pub(crate) open: Option<OpenSegment>,
    pub(crate) next_media_sequence: u64,
    pub(crate) next_part: u64,
    /// Discontinuities so far, in each dialect.
    pub(crate) strict_discontinuities: u64,
    pub(crate) seamless_discontinuities: u64,
    pub(crate) ts_enabled: bool,
    /// When the newest splice that begins a part was to be shown.
    pub(crate) newest_splice: Option<EventTime>,
    pub(crate) ended: bool,
}

impl Published {
    /// See [`Snapshot::has_playlist`](crate::Snapshot::has_playlist).
    pub(crate) fn has_playlist(&self, flavour: Flavour) -> bool {
        match flavour {
            Flavour::Cmaf => {
                let closed_90k: i64 =
                    self.listed().iter().map(|segment| segment.duration_90k).sum();
                let open_90k = self.open.as_ref().map_or(0, OpenSegment::duration_90k);
                let enough = closed_90k + open_90k >= self.settings.part_hold_back_90k;
                !self.listed().is_empty() && (enough || self.removed > 0 || self.ended)
            }
            Flavour::Ts => {
                let made = |segment: &Arc<Segment>| matches!(segment.ts, Ts::Made(_));
                self.ts_enabled && self.segments.iter().any(made)
            }
        }
    }

    pub(crate) const fn discontinuities(&self, dialect: Dialect) -> u64 {
        match dialect {
            Dialect::Strict => self.strict_discontinuities,
            Dialect::Seamless => self.seamless_discontinuities,
        }
    }

    /// Segments in the playlist.
    pub(crate) fn listed(&self) -> &[Arc<Segment>] {
        self.segments.get(self.removed..).unwrap_or_default()
    }

    /// End of the newest listed part that is no gap.
    pub(crate) fn media_end_90k(&self) -> Option<i64> {
        let open = self.open.iter().map(|open| (&open.head, &open.parts));
        let closed = self.listed().iter().rev().map(|segment| (&segment.head, &segment.parts));
        open.chain(closed).find_map(|(head, parts)| {
            let media = parts.iter().rposition(|part| part.body.is_some())?;
            let parts = parts.get(..=media)?;
            Some(head.start_90k + parts.iter().map(|part| part.duration_90k).sum::<i64>())
        })
    }

    pub(crate) fn segment(&self, media_sequence: u64) -> Option<&Arc<Segment>> {
        let first = self.segments.first()?.head.media_sequence;
        let index = usize::try_from(media_sequence.checked_sub(first)?).ok()?;
        self.segments.get(index)
    }

    pub(crate) fn part(&self, counter: u64) -> Option<&Arc<Part>> {
        let first_of =
            |segment: &Arc<Segment>| segment.parts.first().map_or(0, |part| part.counter);
        let after = self.segments.partition_point(|segment| first_of(segment) <= counter);
        let closed = after.checked_sub(1).and_then(|index| self.segments.get(index));
        let open = self.open.iter().flat_map(|open| &open.parts);
        let mut parts = closed.into_iter().flat_map(|segment| &segment.parts).chain(open);
        parts.find(|part| part.counter == counter)
    }

    pub(crate) fn init(&self, counter: u64) -> Option<Bytes> {
        let open = self.open.iter().map(|open| &open.head);
        let heads = open.chain(self.segments.iter().rev().map(|segment| &segment.head));
        let mut inits = heads
            .flat_map(|head| [&head.strict, &head.seamless])
            .filter_map(|junction| junction.init.as_ref());
        inits.find(|init| init.counter == counter).map(|init| init.body.clone())
    }

    /// Whether what a blocking request wants is there.
    pub(crate) fn readiness(&self, wanted: Wanted) -> Readiness {
        let parts = |parts: usize| u64::try_from(parts).unwrap_or(u64::MAX);
        let edge = Edge {
            open: self.next_media_sequence,
            open_parts: self.open.as_ref().map_or(0, |open| parts(open.parts.len())),
            last_parts: self.segments.last().map_or(0, |last| parts(last.parts.len())),
            advance_part_limit: self.settings.advance_part_limit,
        };
        match edge.readiness(wanted) {
            Readiness::Ready if !self.has_playlist(Flavour::Cmaf) => Readiness::Wait,
            readiness => readiness,
        }
    }
}
