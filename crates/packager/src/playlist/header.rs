//! The tags before the first segment: `EXTM3U`, `EXT-X-VERSION`, `EXT-X-TARGETDURATION`,
//! `EXT-X-SERVER-CONTROL`, `EXT-X-PART-INF`, `EXT-X-MEDIA-SEQUENCE`,
//! `EXT-X-DISCONTINUITY-SEQUENCE`, `EXT-X-INDEPENDENT-SEGMENTS`.

use std::fmt::{self, Write};
use std::sync::Arc;

use super::seconds::Seconds;
use super::{Flavour, PlaylistRequest};
use crate::published::Published;
use crate::segment::Segment;

pub(super) fn write(
    out: &mut String,
    published: &Published,
    request: &PlaylistRequest,
    listed: &[Arc<Segment>],
) -> fmt::Result {
    let flavour = request.flavour;
    let settings = &published.settings;
    writeln!(out, "#EXTM3U")?;
    writeln!(out, "#EXT-X-VERSION:{}", version(flavour, listed))?;
    writeln!(out, "#EXT-X-TARGETDURATION:{}", settings.target_duration)?;
    if flavour == Flavour::Cmaf {
        writeln!(
            out,
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={},CAN-SKIP-UNTIL={}",
            Seconds(settings.part_hold_back_90k),
            Seconds(settings.can_skip_until_90k),
        )?;
        writeln!(out, "#EXT-X-PART-INF:PART-TARGET={}", Seconds(settings.part_target_90k))?;
    }
    let first = listed.first().map(|segment| &segment.head);
    let media_sequence = first.map_or(published.next_media_sequence, |head| head.media_sequence);
    writeln!(out, "#EXT-X-MEDIA-SEQUENCE:{media_sequence}")?;
    let discontinuities = first.map_or_else(
        || published.discontinuities(request.dialect),
        |head| head.junction(request.dialect).discontinuities_before,
    );
    writeln!(out, "#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}")?;
    if claims_independence(published, listed) {
        writeln!(out, "#EXT-X-INDEPENDENT-SEGMENTS")?;
    }
    Ok(())
}

/// RFC 8216 §4.3.5.1: the tag "indicates that all media samples in a Media Segment can be decoded
/// without information from other segments", of every segment listed.
pub(super) fn claims_independence(published: &Published, listed: &[Arc<Segment>]) -> bool {
    let open = published.open.iter().map(|open| &open.head);
    listed.iter().map(|segment| &segment.head).chain(open).all(|head| head.independent)
}

/// As low as the tags allow (RFC 8216 §7): 9 for `EXT-X-SKIP` and, for AVPlayer,
/// `EXT-X-SERVER-CONTROL`; 8 for `EXT-X-GAP`; 3 for decimal `EXTINF`.
fn version(flavour: Flavour, listed: &[Arc<Segment>]) -> u8 {
    match flavour {
        Flavour::Cmaf => 9,
        Flavour::Ts if listed.iter().any(|segment| super::segment::is_gap(segment, flavour)) => 8,
        Flavour::Ts => 3,
    }
}
