//! The lookahead cut: in a programme that runs behind its cameras, the sync sample that is nearest to the
//! command, before or after it. It is aired when the programme comes to it; until then it can be undone.

use genlock_media::EventTime;

use super::cadence::{hold, next_sync};
use super::{InPoint, Plan, ProgramView, TargetView, Terms, expect};
use crate::event::Reason;
use crate::style::CutStyle;

pub(super) fn plan(program: &ProgramView<'_>, target: &TargetView<'_>, terms: &Terms) -> Plan {
    let distance =
        |pts: EventTime| pts.saturating_since(terms.now).max(terms.now.saturating_since(pts));
    let is_beyond = |pts| program.edge.is_none_or(|edge| pts > edge);
    let held = target
        .syncs
        .iter()
        .filter(|sync| is_beyond(sync.pts))
        .min_by_key(|sync| distance(sync.pts));
    let next = next_sync(terms.now, target.syncs).filter(|next| is_beyond(*next));
    let (in_point, cut_at, reason) = match (held, next) {
        (Some(held), Some(next)) if distance(next) < distance(held.pts) => {
            (InPoint::Next, Some(next), Reason::Cadence)
        }
        (Some(held), _) => (InPoint::Held(held.position), Some(held.pts), Reason::Held),
        (None, Some(next)) => (InPoint::Next, Some(next), Reason::Cadence),
        (None, None) => (InPoint::Next, None, Reason::Unknown),
    };
    let forecast = expect(program, target, terms, CutStyle::Lookahead, cut_at, reason);
    Plan { in_point, hold: hold(target.syncs), forecast }
}
