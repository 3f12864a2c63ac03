//! `EXT-X-SKIP`: delta updates (rfc8216bis-22 §4.4.5.2, §6.2.5.1).

use std::fmt::{self, Write};
use std::sync::Arc;

use crate::published::Published;
use crate::segment::{OpenSegment, Segment};

/// How many of the oldest segments lie beyond the skip boundary: they end at least `CAN-SKIP-UNTIL`
/// before the end of the playlist.
pub(super) fn skippable(published: &Published, listed: &[Arc<Segment>]) -> usize {
    let boundary_90k = published.settings.can_skip_until_90k;
    let mut behind_90k = published.open.as_ref().map_or(0, OpenSegment::duration_90k);
    let within = listed.iter().rev().take_while(|segment| {
        let near = behind_90k < boundary_90k;
        behind_90k += segment.duration_90k;
        near
    });
    listed.len() - within.count()
}

pub(super) fn write(out: &mut String, skipped: usize) -> fmt::Result {
    writeln!(out, "#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}")
}
