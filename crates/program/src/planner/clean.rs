//! The clean cut: the first sync sample of the target that lies beyond the programme's edge.
//!
//! Usually that is the next one to arrive. Where the target runs ahead of the programme (a positive sync
//! offset, a programme that runs behind), or the programme has stood still (failover), it may be in the
//! ring already; it is taken if it is not older than the silence that a camera on air is forgiven:
//! viewers have not needed that time yet, so it is not repeated past.

use super::cadence::{hold, next_sync};
use super::{InPoint, Plan, ProgramView, TargetView, Terms, expect};
use crate::event::Reason;
use crate::style::CutStyle;

pub(super) fn plan(program: &ProgramView<'_>, target: &TargetView<'_>, terms: &Terms) -> Plan {
    let line = terms.line();
    let is_beyond = |pts| program.edge.is_none_or(|edge| pts > edge) && pts + terms.fresh >= line;
    let held = target.syncs.iter().find(|sync| is_beyond(sync.pts));
    let hold = hold(target.syncs);
    // What is earlier cannot be used, or should have come already.
    let earliest = program.edge.map_or(line, |edge| edge.max(terms.now - hold.window));
    let (in_point, cut_at, reason) = match held {
        Some(sync) => (InPoint::Held(sync.position), Some(sync.pts), Reason::Held),
        None => match next_sync(earliest, target.syncs) {
            Some(next) => (InPoint::Next, Some(next), Reason::Cadence),
            None => (InPoint::Next, None, Reason::Unknown),
        },
    };
    let forecast = expect(program, target, terms, CutStyle::Clean, cut_at, reason);
    Plan { in_point, hold, forecast }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use genlock_feed::Position;

    use super::*;
    use crate::planner::testing::{ms, syncs};
    use crate::style::StylePolicy;

    fn check(now: i64, edge: Option<i64>, at_ms: &[i64], expect: (InPoint, Option<i64>, Reason)) {
        let program = ProgramView { edge: edge.map(ms), video: None, audio: None };
        let syncs = syncs(at_ms);
        let target = TargetView { syncs: &syncs, video: None, audio: None };
        let fresh = Duration::from_millis(900);
        let terms = Terms { now: ms(now), fresh, styles: StylePolicy::default() };
        let plan = plan(&program, &target, &terms);
        let got = (plan.in_point, plan.forecast.cut_at, plan.forecast.reason);
        let expect = (expect.0, expect.1.map(ms), expect.2);
        assert_eq!(got, expect, "now {now} edge {edge:?} {at_ms:?}");
        assert_eq!(plan.forecast.style, CutStyle::Clean);
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
}
