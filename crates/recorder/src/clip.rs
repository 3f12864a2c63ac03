//! A stretch of a recording, snapped to where decoding can start.

use std::ops::Range;

use genlock_media::EventTime;

use crate::timeline::Timeline;

/// Fragments of a recording that begin with a sync sample and cover what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Places among [`Timeline::fragments`], at least one.
    pub fragments: Range<usize>,
    /// Where its first picture is shown: at or before what was asked for, if there is one.
    pub begin: EventTime,
    /// Where its last picture ends.
    pub end: EventTime,
}

impl Clip {
    /// The whole recording; `None` if nothing can be decoded.
    #[must_use]
    pub fn whole(timeline: &Timeline) -> Option<Self> {
        Self::between(timeline, EventTime::from_micros(i64::MIN), EventTime::MAX)
    }

    /// What is shown from `from` to `to`, from the sync sample at or before `from` on to the first fragment
    /// that ends at or behind `to`. `None` if nothing is.
    #[must_use]
    pub fn between(timeline: &Timeline, from: EventTime, to: EventTime) -> Option<Self> {
        if to <= from {
            return None;
        }
        let fragments = timeline.fragments();
        let after = fragments.partition_point(|placed| placed.begin < to);
        let shown = fragments.partition_point(|placed| placed.end <= from);
        let sync_before = fragments
            .get(..=shown)?
            .iter()
            .rposition(|placed| placed.fragment.sync && placed.begin <= from);
        let first = sync_before.or_else(|| {
            let rest = fragments.get(shown..)?;
            rest.iter().position(|placed| placed.fragment.sync).map(|at| shown + at)
        })?;
        let (begin, last) = (fragments.get(first)?, fragments.get(first..after)?.last()?);
        Some(Self { fragments: first..after, begin: begin.begin, end: last.end })
    }
}
