//! Times of samples: which are believed, how long each lasts, and both tracks on one line.

use std::sync::Arc;
use std::time::Duration;

use genlock_media::{EventTime, MediaTime, Sample, Timescale, TrackConfig};
use genlock_packager::TimedSample;

use crate::limits::TIME_TOLERANCE;

/// Whether a sample's time can be meant: not before zero, and not far from its arrival.
pub(super) fn is_plausible(sample: &Sample, arrived: EventTime) -> bool {
    let pts = sample.pts_event();
    sample.dts >= 0
        && pts.saturating_since(arrived) <= TIME_TOLERANCE
        && arrived.saturating_since(pts) <= TIME_TOLERANCE
}

/// Gives each sample the distance to the next as its duration; the last one lasts until `end`.
pub(super) fn timed(samples: Vec<Sample>, end: i64) -> Vec<TimedSample> {
    let ends: Vec<i64> = samples.iter().skip(1).map(|next| next.dts).chain([end]).collect();
    samples
        .into_iter()
        .zip(ends)
        .map(|(sample, end)| {
            let duration = u32::try_from(end.saturating_sub(sample.dts)).unwrap_or(0).max(1);
            TimedSample { sample, duration }
        })
        .collect()
}

pub(super) fn access_unit(sample: &Sample) -> u32 {
    let config = sample.config.as_audio();
    sample
        .duration
        .or_else(|| config.map(|config| config.duration_of(&sample.payload)))
        .unwrap_or(1)
}

pub(super) fn is_same(left: &Arc<TrackConfig>, right: &Arc<TrackConfig>) -> bool {
    Arc::ptr_eq(left, right) || left == right
}

pub(super) fn pts_90k(sample: &Sample) -> i64 {
    sample.pts_time().rescale(Timescale::VIDEO).ticks
}

pub(super) fn ticks(span: Duration, timescale: Timescale) -> i64 {
    let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    MediaTime::new(micros, Timescale::MICROSECONDS).rescale(timescale).ticks
}
