//! Media playlists.

use std::fmt;
use std::sync::Arc;

use super::{Flavour, PlaylistRequest, Skip, header, part, preload_hint, segment, skip};
use crate::published::Published;
use crate::segment::{Form, OpenSegment, Segment};
use crate::settings::Settings;

/// The media playlist of a snapshot.
pub(crate) fn media(published: &Published, request: &PlaylistRequest) -> String {
    let mut out = String::with_capacity(4096);
    write(&mut out, published, request).expect("writing to a string does not fail");
    out
}

fn write(out: &mut String, published: &Published, request: &PlaylistRequest) -> fmt::Result {
    use fmt::Write as _;

    let flavour = request.flavour;

    let listed = published.listed();
    header::write(out, published, request, listed)?;
    let delta = request.skip == Skip::Yes && flavour == Flavour::Cmaf;
    let skipped = if delta { skip::skippable(published, listed) } else { 0 };
    if skipped > 0 {
        skip::write(out, skipped)?;
    }
    let low_latency = flavour == Flavour::Cmaf && !published.ended;
    let parts_from = if low_latency { parts_from(published, listed) } else { usize::MAX };
    let mut previous = None;
    for (index, listed) in listed.iter().enumerate() {
        if index >= skipped {
            let form = match flavour {
                Flavour::Ts => Form::Ts,
                Flavour::Cmaf if index >= parts_from => Form::Parts,
                Flavour::Cmaf => Form::Whole,
            };
            segment::junction_tags(out, &published.settings, request, &listed.head, previous)?;
            let wording = || wording(&published.settings, listed, form);
            out.push_str(listed.wording.get_or_write(form, wording));
        }
        previous = Some(&listed.head);
    }
    if low_latency {
        write_edge(out, published, request)?;
    }
    if published.ended {
        writeln!(out, "#EXT-X-ENDLIST")?;
    }
    Ok(())
}

/// What is said of a complete segment in every playlist of the flavour.
fn wording(settings: &Settings, listed: &Segment, form: Form) -> String {
    let mut out = String::new();
    write_wording(&mut out, settings, listed, form).expect("writing to a string does not fail");
    out
}

fn write_wording(
    out: &mut String,
    settings: &Settings,
    listed: &Segment,
    form: Form,
) -> fmt::Result {
    let flavour = if form == Form::Ts { Flavour::Ts } else { Flavour::Cmaf };
    segment::date_time_tag(out, settings, &listed.head)?;
    if form == Form::Parts {
        part::write_all(out, &settings.names, &listed.parts)?;
    } else if segment::is_gap(listed, flavour) {
        segment::gap_tag(out)?;
    }
    segment::closing_tags(out, settings, flavour, listed)
}

/// The parts of the segment that is not complete, and what comes after them.
///
/// A discontinuity is told before its first part is there. A playlist that hints at the part and tells of
/// the discontinuity only with it makes hls.js 1.6 give up ("discontinuity sequence mismatch",
/// video-dev/hls.js#7962): it counts the hinted part to the segment before.
fn write_edge(out: &mut String, published: &Published, request: &PlaylistRequest) -> fmt::Result {
    let begun = |open: &&OpenSegment| {
        !open.parts.is_empty() || open.head.junction(request.dialect).discontinuity
    };
    if let Some(open) = published.open.as_ref().filter(begun) {
        let previous = published.listed().last().map(|last| &last.head);
        let settings = &published.settings;
        segment::junction_tags(out, settings, request, &open.head, previous)?;
        segment::date_time_tag(out, settings, &open.head)?;
        part::write_all(out, &settings.names, &open.parts)?;
    }
    preload_hint::write(out, published)
}

/// Index of the first segment whose parts are listed.
///
/// rfc8216bis-22 §6.2.2: "EXT-X-PART tags SHOULD be removed" once they are more than three target
/// durations from the end of the playlist.
fn parts_from(published: &Published, listed: &[Arc<Segment>]) -> usize {
    let reach_90k = 3 * published.settings.target_duration_90k;
    let mut behind_90k = published.open.as_ref().map_or(0, OpenSegment::duration_90k);
    let near = listed.iter().rev().take_while(|segment| {
        behind_90k += segment.duration_90k;
        behind_90k <= reach_90k
    });
    listed.len() - near.count()
}
