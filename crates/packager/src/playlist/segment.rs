//! The tags of one segment: `EXT-X-DISCONTINUITY`, `EXT-X-MAP`, `EXT-X-PROGRAM-DATE-TIME`,
//! `EXT-X-GAP`, `EXTINF` and the URI (RFC 8216 §4.3.2).

use std::fmt::{self, Write};

use super::program_date_time::DateTime;
use super::seconds::Seconds;
use super::{Flavour, PlaylistRequest};
use crate::names::Name;
use crate::segment::{Head, Segment, Ts};
use crate::settings::Settings;

/// How a segment is joined to the one before, which is `previous` in this playlist.
///
/// rfc8216bis-22 §4.4.4.9: these tags and the date "MUST appear before the first EXT-X-PART tag in the Parent
/// Segment".
pub(super) fn junction_tags(
    out: &mut String,
    settings: &Settings,
    request: &PlaylistRequest,
    head: &Head,
    previous: Option<&Head>,
) -> fmt::Result {
    let junction = head.junction(request.dialect);
    if junction.discontinuity {
        writeln!(out, "#EXT-X-DISCONTINUITY")?;
    }
    if request.flavour == Flavour::Cmaf
        && let Some(init) = &junction.init
    {
        let previous = previous.map(|previous| previous.junction(request.dialect));
        let shown = previous.and_then(|previous| previous.init.as_ref());
        if junction.discontinuity || shown.is_none_or(|shown| shown.counter != init.counter) {
            let uri = settings.names.write(Name::Init(init.counter));
            writeln!(out, "#EXT-X-MAP:URI=\"{uri}\"")?;
        }
    }
    Ok(())
}

/// When the segment begins.
pub(super) fn date_time_tag(out: &mut String, settings: &Settings, head: &Head) -> fmt::Result {
    let date_time = DateTime::at(head.start_90k, settings.wall_clock_at_zero_ms);
    writeln!(out, "#EXT-X-PROGRAM-DATE-TIME:{date_time}")
}

/// What is said where a segment ends.
pub(super) fn closing_tags(
    out: &mut String,
    settings: &Settings,
    flavour: Flavour,
    segment: &Segment,
) -> fmt::Result {
    let media_sequence = segment.head.media_sequence;
    let name = match flavour {
        Flavour::Cmaf => Name::Segment(media_sequence),
        Flavour::Ts => Name::TsSegment(media_sequence),
    };
    writeln!(out, "#EXTINF:{},", Seconds(segment.duration_90k))?;
    writeln!(out, "{}", settings.names.write(name))
}

/// Says that the segment holds nothing; once per segment, after its first part if parts are listed
/// (rfc8216bis-22 §4.4.4.7).
pub(super) fn gap_tag(out: &mut String) -> fmt::Result {
    writeln!(out, "#EXT-X-GAP")
}

pub(super) fn is_gap(segment: &Segment, flavour: Flavour) -> bool {
    match flavour {
        Flavour::Cmaf => segment.is_gap(),
        Flavour::Ts => !matches!(segment.ts, Ts::Made(_)),
    }
}
