//! The instant cut: at the end of what has been shown, from the target's newest sync sample on, however
//! old it is. The [catch-up](crate::catch_up) brings the target back on the event clock.

use super::cadence::hold;
use super::{InPoint, Plan, ProgramView, TargetView, Terms, expect};
use crate::event::Reason;
use crate::style::CutStyle;

/// `None` where there is nothing to start from, or nothing has been shown that it could follow.
pub(super) fn plan(
    program: &ProgramView<'_>,
    target: &TargetView<'_>,
    terms: &Terms,
) -> Option<Plan> {
    let edge = program.edge?;
    let newest = target.syncs.iter().rev().find(|sync| sync.pts <= edge)?;
    let cut_at = Some(edge.max(terms.line() - terms.fresh));
    let forecast = expect(program, target, terms, CutStyle::Instant, cut_at, Reason::Cached);
    Some(Plan { in_point: InPoint::Cached(newest.position), hold: hold(target.syncs), forecast })
}
