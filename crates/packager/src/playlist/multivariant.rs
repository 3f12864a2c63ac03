//! Multivariant playlists (RFC 8216 §4.3.4): one variant, described by what was measured.

use std::fmt::{self, Write};
use std::sync::Arc;

use super::{Dialect, Flavour, header};
use crate::published::Published;
use crate::segment::{Segment, Ts};

/// The multivariant playlist of a snapshot.
pub(crate) fn multivariant(published: &Published, flavour: Flavour, dialect: Dialect) -> String {
    let mut out = String::with_capacity(512);
    write(&mut out, published, flavour, dialect).expect("writing to a string does not fail");
    out
}

fn write(
    out: &mut String,
    published: &Published,
    flavour: Flavour,
    dialect: Dialect,
) -> fmt::Result {
    let listed = published.listed();
    let rate = Bitrate::measure(listed, flavour);
    writeln!(out, "#EXTM3U")?;
    if header::claims_independence(published, listed) {
        writeln!(out, "#EXT-X-INDEPENDENT-SEGMENTS")?;
    }
    write!(out, "#EXT-X-STREAM-INF:BANDWIDTH={}", rate.peak)?;
    write!(out, ",AVERAGE-BANDWIDTH={}", rate.average)?;
    let offer = &published.offer;
    let codecs = offer.codecs();
    if !codecs.is_empty() {
        write!(out, ",CODECS=\"{codecs}\"")?;
    }
    if let Some((width, height)) = offer.resolution {
        write!(out, ",RESOLUTION={width}x{height}")?;
    }
    if let Some(milli_fps) = frame_rate(listed) {
        write!(out, ",FRAME-RATE={}.{:03}", milli_fps / 1000, milli_fps % 1000)?;
    }
    writeln!(out)?;
    write!(out, "{}", flavour.media_playlist_name())?;
    if let Some(query) = dialect.query() {
        write!(out, "?{query}")?;
    }
    writeln!(out)
}

/// Bits per second, with headroom: the playlist is read once and must stay true.
struct Bitrate {
    peak: u64,
    average: u64,
}

impl Bitrate {
    fn measure(listed: &[Arc<Segment>], flavour: Flavour) -> Self {
        let sizes = listed.iter().filter_map(|segment| {
            let bytes = match flavour {
                Flavour::Cmaf => segment.body.as_ref()?.len(),
                Flavour::Ts => match &segment.ts {
                    Ts::Made(bytes) => bytes.len(),
                    Ts::Absent | Ts::Refused(_) | Ts::NotMade => return None,
                },
            };
            Some((u64::try_from(bytes).ok()?, u64::try_from(segment.duration_90k).ok()?))
        });
        let (mut bytes, mut ticks, mut peak) = (0, 0, 0);
        for (segment_bytes, segment_ticks) in sizes {
            bytes += segment_bytes;
            ticks += segment_ticks;
            // A short tail has the bytes of a picture and hardly a duration; players do not measure it.
            if segment_ticks >= SHORT_SEGMENT_90K {
                peak = peak.max(bits_per_second(segment_bytes, segment_ticks));
            }
        }
        let average = bits_per_second(bytes, ticks);
        Self {
            peak: with_headroom(peak.max(average), PEAK_HEADROOM_PERCENT).max(1),
            average: with_headroom(average, AVERAGE_HEADROOM_PERCENT).max(1),
        }
    }
}

fn bits_per_second(bytes: u64, ticks: u64) -> u64 {
    let bits = u128::from(bytes) * 8 * 90_000;
    u64::try_from(bits / u128::from(ticks.max(1))).unwrap_or(u64::MAX)
}

fn with_headroom(rate: u64, percent: u64) -> u64 {
    rate.saturating_add(rate / 100 * percent)
}

/// Frames per second in thousandths: the usual distance of pictures in the window, moved to the
/// common rate next to it, which millisecond timestamps hide.
fn frame_rate(listed: &[Arc<Segment>]) -> Option<u64> {
    let pictures = listed.iter().map(|segment| segment.pictures);
    let (count, ticks) = pictures.fold((0_u64, 0_u64), |(count, ticks), pictures| {
        (count + pictures.count, ticks + pictures.ticks_90k)
    });
    let measured = (count * 90_000_000).checked_div(ticks)?;
    let common = COMMON_RATES.into_iter().min_by_key(|rate| rate.abs_diff(measured))?;
    let close = common.abs_diff(measured) * 1000 <= common * 4;
    Some(if close { common } else { measured })
}

const COMMON_RATES: [u64; 9] =
    [15_000, 23_976, 24_000, 25_000, 29_970, 30_000, 50_000, 59_940, 60_000];
const SHORT_SEGMENT_90K: u64 = 45_000;
/// The measured peak must stay below 125 % of `BANDWIDTH` (Apple's authoring specification 1.29).
const PEAK_HEADROOM_PERCENT: u64 = 20;
const AVERAGE_HEADROOM_PERCENT: u64 = 10;
