//! The splice planner: when a clean cut will happen, and what must be held back until then.
//!
//! A pure function of what is known at the command. It does not see samples and changes nothing; the
//! splicer carries its plan out.
//!
//! **In-point.** The first sync sample of the target that lies beyond the programme's edge. Usually that
//! is the next one to arrive. Where the target runs ahead of the programme (a positive sync offset), or
//! the programme has stood still (failover), it may be in the ring already; it is taken if it is not
//! older than the silence that a camera on air is forgiven: viewers have not needed that time yet, so it
//! is not repeated past.
//!
//! **Hold.** What is published never changes, so a sync sample whose presentation time the old camera
//! has already passed is lost for the cut. Cameras agree on the event clock but not on lateness: the
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

use std::time::Duration;

use genlock_feed::Position;
use genlock_media::{EventTime, TrackConfig};

use crate::compatibility;
use crate::event::{Discontinuity, Forecast, Reason};
use crate::limits::{
    COMPOSITION_SHIFT, HOLD_MARGIN, HOLD_WINDOW, HOLD_WINDOW_MAX, PREDICTION_GOPS, PREDICTION_GUARD,
};
use crate::style::CutStyle;

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
    /// Latest presentation time that has left; `None` before the first sample.
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
}

/// What the old camera must be held back for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// No sync sample is expected before this presentation time.
    pub clear_until: Option<EventTime>,
    /// How late the sync sample may be.
    pub window: Duration,
}

impl Hold {
    /// Presentation time up to which the old camera's samples may leave at `now`.
    #[must_use]
    pub fn limit(&self, now: EventTime) -> EventTime {
        let by_age = now + COMPOSITION_SHIFT - self.window;
        self.clear_until.map_or(by_age, |clear| clear.max(by_age))
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

/// Plans a cut to `target`. Every style is carried out as a clean cut, and the forecast says so. `fresh` is how old a sync sample in the ring may be: what is later than a
/// camera on air may be without being given up has been missed by viewers.
#[must_use]
pub fn plan(
    now: EventTime,
    program: &ProgramView<'_>,
    target: &TargetView<'_>,
    style: CutStyle,
    fresh: Duration,
) -> Plan {
    match style {
        CutStyle::Auto | CutStyle::Clean | CutStyle::Instant | CutStyle::Lookahead => {
            plan_clean(now, program, target, fresh)
        }
    }
}

fn plan_clean(
    now: EventTime,
    program: &ProgramView<'_>,
    target: &TargetView<'_>,
    fresh: Duration,
) -> Plan {
    let held = target
        .syncs
        .iter()
        .find(|sync| program.edge.is_none_or(|edge| sync.pts > edge) && sync.pts + fresh >= now);
    let hold = hold(target.syncs);
    // What is earlier cannot be used, or should have come already.
    let earliest = program.edge.map_or(now, |edge| edge.max(now - hold.window));
    let (in_point, cut_at, reason) = match held {
        Some(sync) => (InPoint::Held(sync.position), Some(sync.pts), Reason::Held),
        None => match next_sync(earliest, target.syncs) {
            Some(next) => (InPoint::Next, Some(next), Reason::Cadence),
            None => (InPoint::Next, None, Reason::Unknown),
        },
    };
    Plan {
        in_point,
        hold,
        forecast: Forecast {
            cut_at,
            wait: cut_at.map(|at| at.saturating_since(now)),
            style: CutStyle::Clean,
            discontinuity: discontinuity(program, target),
            reason,
        },
    }
}

/// What must be held back for the next sync sample after those in `syncs`.
#[must_use]
pub fn hold(syncs: &[SyncTime]) -> Hold {
    let lateness = recent(syncs)
        .iter()
        .map(|sync| (sync.arrived + COMPOSITION_SHIFT).saturating_since(sync.pts))
        .max()
        .unwrap_or_default();
    let clear_until = syncs
        .last()
        .zip(regular_gop(syncs))
        .map(|(newest, gop)| newest.pts + gop - PREDICTION_GUARD);
    Hold { clear_until, window: (lateness + HOLD_MARGIN).clamp(HOLD_WINDOW, HOLD_WINDOW_MAX) }
}

/// What cutting from the programme's configuration to the target's costs: see
/// [`crate::compatibility`].
#[must_use]
pub fn discontinuity(program: &ProgramView<'_>, target: &TargetView<'_>) -> Discontinuity {
    compatibility::discontinuity((program.video, program.audio), (target.video, target.audio))
}

/// The newest sync samples that a prediction looks at.
fn recent(syncs: &[SyncTime]) -> &[SyncTime] {
    let skip = syncs.len().saturating_sub(PREDICTION_GOPS + 1);
    syncs.get(skip..).unwrap_or_default()
}

/// GOP lengths, oldest first.
fn gops(syncs: &[SyncTime]) -> Vec<Duration> {
    recent(syncs)
        .windows(2)
        .filter_map(|pair| match pair {
            [first, second] => Some(second.pts.saturating_since(first.pts)),
            _ => None,
        })
        .filter(|gop| !gop.is_zero())
        .collect()
}

/// Presentation time of the next sync sample after `earliest`: the newest one plus as many GOPs, of
/// their median length, as it takes.
fn next_sync(earliest: EventTime, syncs: &[SyncTime]) -> Option<EventTime> {
    let newest = syncs.last()?;
    let mut lengths = gops(syncs);
    lengths.sort_unstable();
    let gop = lengths.get(lengths.len() / 2)?.as_micros();
    let passed = earliest.saturating_since(newest.pts).as_micros() / gop.max(1);
    let ahead = gop.saturating_mul(passed.saturating_add(1));
    Some(newest.pts + Duration::from_micros(u64::try_from(ahead).unwrap_or(u64::MAX)))
}

/// The shortest of the last GOPs, if there are at least two and they are alike.
fn regular_gop(syncs: &[SyncTime]) -> Option<Duration> {
    let lengths = gops(syncs);
    let shortest = *lengths.iter().min()?;
    let longest = *lengths.iter().max()?;
    let regular = lengths.len() >= 2 && longest <= shortest + PREDICTION_GUARD;
    regular.then_some(shortest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{audio_config, video_config};

    const FRESH: Duration = Duration::from_millis(900);

    fn ms(millis: i64) -> EventTime {
        EventTime::from_millis(millis)
    }

    /// Sync samples at these presentation times, each 50 ms late.
    fn syncs(at_ms: &[i64]) -> Vec<SyncTime> {
        (0..)
            .zip(at_ms)
            .map(|(number, at)| SyncTime {
                position: Position(number),
                pts: ms(*at),
                arrived: ms(*at - 100 + 50),
            })
            .collect()
    }

    fn check(now: i64, edge: Option<i64>, at_ms: &[i64], expect: (InPoint, Option<i64>, Reason)) {
        let program = ProgramView { edge: edge.map(ms), video: None, audio: None };
        let syncs = syncs(at_ms);
        let target = TargetView { syncs: &syncs, video: None, audio: None };
        let plan = plan(ms(now), &program, &target, CutStyle::Clean, FRESH);
        let got = (plan.in_point, plan.forecast.cut_at, plan.forecast.reason);
        assert_eq!(
            got,
            (expect.0, expect.1.map(ms), expect.2),
            "now {now} edge {edge:?} {at_ms:?}"
        );
    }

    #[test]
    fn in_point_and_forecast_by_what_is_known() {
        use InPoint::{Held, Next};
        use Reason::{Cadence, Unknown};
        // Nothing or one sync sample: no cadence.
        check(10_000, Some(10_050), &[], (Next, None, Unknown));
        check(10_000, Some(10_050), &[9_000], (Next, None, Unknown));
        // The newest plus the median GOP.
        check(10_000, Some(10_050), &[5_000, 7_000, 9_000], (Next, Some(11_000), Cadence));
        check(10_000, Some(10_050), &[1_000, 3_000, 7_000, 9_000], (Next, Some(11_000), Cadence));
        // Overdue: whole GOPs on.
        check(14_500, Some(14_550), &[5_000, 7_000, 9_000], (Next, Some(15_000), Cadence));
        // The target runs ahead of the programme.
        let ahead = (Held(Position(2)), Some(11_000), Reason::Held);
        check(10_000, Some(10_050), &[7_000, 9_000, 11_000], ahead);
        // The first that is beyond the edge, not the newest.
        let first = (Held(Position(1)), Some(10_500), Reason::Held);
        check(10_000, Some(10_050), &[9_500, 10_500, 11_000], first);
        // The programme stood still: what viewers have not needed yet may be used, no more.
        let recent = (Held(Position(1)), Some(9_500), Reason::Held);
        check(10_000, Some(9_000), &[7_500, 9_500], recent);
        check(10_000, Some(5_000), &[7_000, 9_000], (Next, Some(11_000), Cadence));
        // Nothing has left yet.
        check(10_000, None, &[9_950], (Held(Position(0)), Some(9_950), Reason::Held));
    }

    #[test]
    fn holds_from_the_predicted_sync_sample_on() {
        let hold = hold(&syncs(&[5_000, 7_000, 9_000]));
        assert_eq!(hold.clear_until, Some(ms(10_950)));
        assert_eq!(hold.window, HOLD_WINDOW);
        assert_eq!(hold.limit(ms(9_500)), ms(10_950), "before it, all may leave");
        assert_eq!(hold.limit(ms(12_000)), ms(11_800), "after it, what is a window old");
    }

    #[test]
    fn holds_all_along_without_a_cadence() {
        assert_eq!(hold(&syncs(&[5_000, 7_000])).clear_until, None, "one GOP is no cadence");
        assert_eq!(hold(&syncs(&[1_000, 3_000, 3_500])).clear_until, None);
    }

    #[test]
    fn window_grows_with_the_targets_usual_lateness() {
        let mut late = syncs(&[5_000, 7_000, 9_000]);
        late[1].arrived = late[1].pts + Duration::from_millis(400);
        assert_eq!(hold(&late).window, Duration::from_millis(700));
        late[1].arrived = late[1].pts + Duration::from_secs(9);
        assert_eq!(hold(&late).window, HOLD_WINDOW_MAX);
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
