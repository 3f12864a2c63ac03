//! The splice planner: when a cut will happen, how, and what must be held back until then.
//!
//! A pure function of what is known at the command. It does not see samples and changes nothing; the
//! splicer carries its plan out. `clean`, `instant` and `lookahead` are the styles; which one a
//! take becomes:
//!
//! | asked for | becomes |
//! |---|---|
//! | clean | clean |
//! | lookahead | lookahead; clean in a programme that does not run behind |
//! | instant | instant; clean where the wait is at most [`SHORT_WAIT`], or there is no sync sample to start from |
//! | auto | lookahead in a programme that runs behind; else clean where the wait is known and at most `auto_wait`, else instant |
//!
//! **Hold.** What is published never changes, so a sync sample whose presentation time the old camera
//! has already passed is lost for a clean cut. Cameras agree on the event clock but not on lateness: the
//! target's sync sample, the largest sample of its GOP, may come some 100 ms after the old camera's
//! sample of the same time. While a cut is pending the old camera is therefore held back, but only
//! where it matters:
//!
//! ```text
//!   event time ──▶         edge            predicted - guard        now - window
//!   old camera   ══════════╪═══ leaves at once ═══╪═══ held until ═══════▶
//!                                                  its time is `window` old
//! ```
//!
//! Before the predicted sync sample (less a guard) samples leave at once; one that a steady encoder
//! throws in earlier (a scene cut) may find its time passed, and the cut takes the next. From there on
//! they leave when they are `window` old, which no sync sample that is late by less than the window can
//! overtake. Without a cadence to predict from, all of the wait is like that. Nothing is held when no cut
//! is pending, so the programme's lag is that of its camera, and a cut ends on the identity map.

mod cadence;
mod clean;
mod instant;
mod lookahead;
#[cfg(test)]
mod testing;

use std::time::Duration;

use genlock_feed::Position;
use genlock_media::{EventTime, TrackConfig};

use crate::compatibility;
use crate::event::{Discontinuity, Forecast, Reason};
use crate::limits::SHORT_WAIT;
use crate::style::{CutStyle, StylePolicy};

pub use self::cadence::{Hold, hold};

/// A sync sample of the target's current publish session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncTime {
    /// Where it is in the Feed.
    pub position: Position,
    /// Presentation time.
    pub pts: EventTime,
    /// When it came.
    pub arrived: EventTime,
}

/// The programme as a plan sees it.
#[derive(Debug, Clone, Copy)]
pub struct ProgramView<'a> {
    /// Until when the last picture that has left is shown; `None` before the first sample.
    pub edge: Option<EventTime>,
    /// Video configuration on air.
    pub video: Option<&'a TrackConfig>,
    /// Audio configuration on air.
    pub audio: Option<&'a TrackConfig>,
}

/// The target as a plan sees it.
#[derive(Debug, Clone, Copy)]
pub struct TargetView<'a> {
    /// Its sync samples in the ring, oldest first.
    pub syncs: &'a [SyncTime],
    /// Its newest video configuration.
    pub video: Option<&'a TrackConfig>,
    /// Its newest audio configuration; `None` while it has no sound.
    pub audio: Option<&'a TrackConfig>,
}

/// Where the target is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InPoint {
    /// A sync sample that is in the ring.
    Held(Position),
    /// The next one to arrive.
    Next,
    /// One that is in the ring and past: it is caught up with.
    Cached(Position),
}

/// What a plan goes by.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// When the command came.
    pub now: EventTime,
    /// How old a sync sample in the ring may be: what is later than a camera on air may be without being
    /// given up has been missed by viewers.
    pub fresh: Duration,
    /// What the event wants.
    pub styles: StylePolicy,
}

impl Terms {
    /// The time that leaves the programme now.
    fn line(&self) -> EventTime {
        self.now - self.styles.lookahead
    }
}

/// What will be done, and what is expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Where the target is read from.
    pub in_point: InPoint,
    /// What is held until it comes.
    pub hold: Hold,
    /// What the caller is told.
    pub forecast: Forecast,
}

/// Plans a cut to `target`.
#[must_use]
pub fn plan(
    program: &ProgramView<'_>,
    target: &TargetView<'_>,
    style: CutStyle,
    terms: &Terms,
) -> Plan {
    let clean = clean::plan(program, target, terms);
    let at_once = |longest| {
        let waits = clean.forecast.wait.is_none_or(|wait| wait > longest);
        let instant = waits.then(|| instant::plan(program, target, terms));
        instant.flatten().unwrap_or(clean)
    };
    let runs_behind = !terms.styles.lookahead.is_zero();
    match style {
        CutStyle::Clean => clean,
        CutStyle::Instant => at_once(SHORT_WAIT),
        CutStyle::Lookahead | CutStyle::Auto if runs_behind => {
            lookahead::plan(program, target, terms)
        }
        CutStyle::Lookahead => clean,
        CutStyle::Auto => at_once(terms.styles.auto_wait.max(SHORT_WAIT)),
    }
}

/// The forecast of a cut at `cut_at`.
fn expect(
    program: &ProgramView<'_>,
    target: &TargetView<'_>,
    terms: &Terms,
    style: CutStyle,
    cut_at: Option<EventTime>,
    reason: Reason,
) -> Forecast {
    let wait = cut_at.map(|at| at.saturating_since(terms.line()));
    Forecast { cut_at, wait, style, discontinuity: discontinuity(program, target), reason }
}

/// What cutting from the programme's configuration to the target's costs: see
/// [`crate::compatibility`].
#[must_use]
pub fn discontinuity(program: &ProgramView<'_>, target: &TargetView<'_>) -> Discontinuity {
    compatibility::discontinuity((program.video, program.audio), (target.video, target.audio))
}

#[cfg(test)]
mod tests {
    use super::testing::{ms, syncs};
    use super::*;
    use crate::testing::{audio_config, video_config};

    /// What a take at 10.0 s becomes, of a programme whose edge is there and a target with sync samples
    /// at `at_ms`.
    fn becomes(
        style: CutStyle,
        lookahead_ms: u64,
        at_ms: &[i64],
    ) -> (CutStyle, Option<i64>, Reason) {
        let lookahead = Duration::from_millis(lookahead_ms);
        let styles = StylePolicy { lookahead, ..StylePolicy::default() };
        let terms = Terms { now: ms(10_000), fresh: Duration::from_millis(900), styles };
        let edge = Some(terms.line());
        let program = ProgramView { edge, video: None, audio: None };
        let syncs = syncs(at_ms);
        let target = TargetView { syncs: &syncs, video: None, audio: None };
        let forecast = plan(&program, &target, style, &terms).forecast;
        (forecast.style, forecast.cut_at.map(|at| at.as_micros() / 1_000), forecast.reason)
    }

    #[test]
    fn the_style_that_is_asked_for_is_made_where_it_is_possible() {
        use CutStyle::{Auto, Clean, Instant, Lookahead};
        use Reason::{Cached, Cadence, Held, Unknown};
        let far = [5_400, 7_400, 9_400];
        let near = [4_800, 6_800, 8_800];
        let close = [4_200, 6_200, 8_200];
        let once = [9_000];
        let cases = [
            (Clean, 0, &far[..], (Clean, Some(11_400), Cadence)),
            (Instant, 0, &far, (Instant, Some(10_000), Cached)),
            (Auto, 0, &far, (Instant, Some(10_000), Cached)),
            // A short wait, and one that an automatic choice takes.
            (Instant, 0, &close, (Clean, Some(10_200), Cadence)),
            (Auto, 0, &near, (Clean, Some(10_800), Cadence)),
            (Instant, 0, &near, (Instant, Some(10_000), Cached)),
            // No cadence: nobody knows how long a clean cut would wait.
            (Clean, 0, &once, (Clean, None, Unknown)),
            (Auto, 0, &once, (Instant, Some(10_000), Cached)),
            // Nothing to start from.
            (Instant, 0, &[], (Clean, None, Unknown)),
            (Auto, 0, &[], (Clean, None, Unknown)),
            // A programme that does not run behind has no past to cut in.
            (Lookahead, 0, &far, (Clean, Some(11_400), Cadence)),
            // The nearest, before the command and after it.
            (Lookahead, 2_000, &far, (Lookahead, Some(9_400), Held)),
            (Auto, 2_000, &far, (Lookahead, Some(9_400), Held)),
            (Lookahead, 2_000, &near, (Lookahead, Some(10_800), Cadence)),
            // What the programme has passed already is not there any more.
            (Lookahead, 500, &far, (Lookahead, Some(11_400), Cadence)),
            (Lookahead, 500, &once, (Lookahead, None, Unknown)),
            // As early as viewers can see it.
            (Clean, 2_000, &far, (Clean, Some(9_400), Held)),
            (Instant, 2_000, &far, (Instant, Some(8_000), Cached)),
        ];
        for (style, lookahead, at_ms, expect) in cases {
            assert_eq!(becomes(style, lookahead, at_ms), expect, "{style} {lookahead} {at_ms:?}");
        }
    }

    #[test]
    fn without_a_picture_before_it_no_cut_is_instant() {
        let syncs = syncs(&[7_400, 9_400]);
        let target = TargetView { syncs: &syncs, video: None, audio: None };
        let program = ProgramView { edge: None, video: None, audio: None };
        let fresh = Duration::from_millis(300);
        let terms = Terms { now: ms(10_000), fresh, styles: StylePolicy::default() };
        let forecast = plan(&program, &target, CutStyle::Instant, &terms).forecast;
        assert_eq!(
            (forecast.style, forecast.wait),
            (CutStyle::Clean, Some(Duration::from_millis(1_400)))
        );
    }

    #[test]
    fn discontinuity_by_configuration_bytes() {
        let (a, b, stereo, mono) =
            (video_config(1), video_config(2), audio_config(0x1190), audio_config(0x1188));
        let cost = |video, audio| {
            let program = ProgramView { edge: None, video: Some(&*a), audio: Some(&*stereo) };
            discontinuity(&program, &TargetView { syncs: &[], video: Some(video), audio })
        };
        let equal = video_config(1);
        assert_eq!(cost(&equal, Some(&*stereo)), Discontinuity::None);
        assert_eq!(cost(&equal, None), Discontinuity::None, "silence in the same configuration");
        assert_eq!(cost(&b, Some(&*stereo)), Discontinuity::Parameters);
        assert_eq!(cost(&equal, Some(&*mono)), Discontinuity::Codec);
        assert_eq!(cost(&b, Some(&*mono)), Discontinuity::Codec);
    }
}
