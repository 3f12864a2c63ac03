//! The line that segments and parts lie on.
//!
//! One axis for both tracks, in ticks of 90 kHz on the event clock: audio lies on it by presentation
//! time, video by decoding time plus the constant composition offset of its sync samples. So the
//! line increases in decoding order, which parts are cut in, and a sync sample lies on it at its
//! presentation time, next to the sound that belongs to it.

use std::time::Duration;

use genlock_media::{EventTime, MediaTime, Timescale};

/// Ticks of a span, rounded to the nearest.
pub(crate) fn ticks_90k(span: Duration) -> i64 {
    let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    MediaTime::new(micros, Timescale::MICROSECONDS).rescale(Timescale::VIDEO).ticks
}

/// The instant of a point of the line.
pub(crate) fn event_time(at_90k: i64) -> EventTime {
    MediaTime::new(at_90k, Timescale::VIDEO).to_event()
}

/// Ticks of another timescale on the line.
pub(crate) fn rescale_90k(ticks: i64, timescale: Timescale) -> i64 {
    MediaTime::new(ticks, timescale).rescale(Timescale::VIDEO).ticks
}

/// A span of the line in microseconds, rounded to the nearest; equal spans give equal numbers and
/// longer spans never smaller ones, so a part in text never exceeds its target in text.
pub(crate) fn micros(span_90k: i64) -> i64 {
    event_time(span_90k).as_micros()
}
