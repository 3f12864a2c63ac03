//! What the programme tells, as entries of the switch log. Pure.
//!
//! An entry is written when a cut is over. What is known only later (when the playlist listed it, what became
//! of picture and sound at its seam) is filled in while the entry is among the [recent](Recent) ones.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use genlock_delivery::Listed;
use genlock_media::EventTime;
use genlock_program::{Cut, CutFailure, CutId, ProgramEvent, Settled};
use genlock_store::{
    Discontinuity, EventId, Ledger, ScheduledTakeId, SwitchOutcome, SwitchReason, SwitchRecord,
    SwitchSeq, SwitchStyle, UnknownFields,
};

use super::wall::WallClock;
use super::words::{logged_cost, logged_style, millis, store_id};

/// Cuts whose ledgers are kept open at a time: a human makes a few in the second or so that it takes to fill
/// them in. The ledger of the oldest stays as it is then.
const RECENT_MAX: usize = 16;

/// How long a cut is waited for to be listed: 10 s, above the longest part by far.
const LISTED_WAIT_MAX: Duration = Duration::from_secs(10);

/// Takes that were accepted and are not over.
#[derive(Debug, Default)]
pub(super) struct Plans(HashMap<CutId, Cut>);

impl Plans {
    /// Notes a take that was accepted, and returns the plan of one that is over.
    pub(super) fn note(&mut self, told: &ProgramEvent) -> Option<Cut> {
        if let ProgramEvent::CutPlanned(cut) = told {
            self.0.insert(cut.id, cut.clone());
        }
        self.0.remove(&ended(told)?)
    }

    /// Some ends were not heard of.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The take that is over by this, if one is.
pub(super) const fn ended(told: &ProgramEvent) -> Option<CutId> {
    match told {
        ProgramEvent::CutCommitted { id, .. }
        | ProgramEvent::CutSuperseded { id }
        | ProgramEvent::CutUndone { id }
        | ProgramEvent::CutFailed { id, .. } => Some(*id),
        _ => None,
    }
}

/// Whom an entry belongs to, and what is known beside the programme's words.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) event: &'a EventId,
    pub(super) wall: WallClock,
    pub(super) now: EventTime,
    /// What was planned, of a take that is over.
    pub(super) plan: Option<&'a Cut>,
    /// The scheduled take that it was.
    pub(super) scheduled: Option<ScheduledTakeId>,
}

impl Scene<'_> {
    /// The log entry of what happened, `None` for what is none.
    ///
    /// A take that a newer one replaced is an entry only if it was scheduled: a human who changes his mind
    /// within a second has not cut twice.
    pub(super) fn record(self, told: &ProgramEvent) -> Option<SwitchRecord> {
        match told {
            ProgramEvent::CutSuperseded { .. } if self.scheduled.is_some() => {
                self.failed(SwitchOutcome::Superseded)
            }
            ProgramEvent::CutUndone { .. } => self.failed(SwitchOutcome::Withdrawn),
            ProgramEvent::CutFailed { reason, .. } => self.failed(outcome(*reason)),
            told => self.changed(told),
        }
    }

    /// A change of what is on air.
    fn changed(self, told: &ProgramEvent) -> Option<SwitchRecord> {
        let automatic = |reason, decided_at: &EventTime, at: &EventTime| SwitchRecord {
            wait_ms: millis(at.saturating_since(*decided_at)),
            ..self.blank(reason, *decided_at, *at)
        };
        let record = match told {
            ProgramEvent::CutCommitted {
                from,
                to,
                planned_at,
                cut_at,
                wait,
                style,
                discontinuity,
                ..
            } => SwitchRecord {
                from: from.as_ref().and_then(store_id),
                to: store_id(to),
                style: logged_style(*style),
                wait_ms: millis(*wait),
                discontinuity: logged_cost(*discontinuity),
                ledger: self.taken(*planned_at + *wait),
                scheduled: self.scheduled.clone(),
                ..self.blank(self.asked(), *planned_at, *cut_at)
            },
            ProgramEvent::OnAir { camera, decided_at, at, style, discontinuity } => SwitchRecord {
                to: store_id(camera),
                style: logged_style(*style),
                discontinuity: logged_cost(*discontinuity),
                ..automatic(SwitchReason::FirstLive, decided_at, at)
            },
            ProgramEvent::FailedOver {
                from, to, decided_at, cut_at, style, discontinuity, ..
            } => SwitchRecord {
                from: store_id(from),
                to: store_id(to),
                style: logged_style(*style),
                discontinuity: logged_cost(*discontinuity),
                ..automatic(SwitchReason::Failover, decided_at, cut_at)
            },
            ProgramEvent::Reverted { from, to, decided_at, cut_at, style, discontinuity } => {
                SwitchRecord {
                    from: store_id(from),
                    to: store_id(to),
                    style: logged_style(*style),
                    discontinuity: logged_cost(*discontinuity),
                    ..automatic(SwitchReason::Revert, decided_at, cut_at)
                }
            }
            ProgramEvent::SlateShown { from, decided_at, at, discontinuity } => SwitchRecord {
                from: from.as_ref().and_then(store_id),
                discontinuity: logged_cost(*discontinuity),
                ..automatic(SwitchReason::NobodyLeft, decided_at, at)
            },
            _ => return None,
        };
        Some(record)
    }

    /// A take that came to nothing.
    fn failed(self, outcome: SwitchOutcome) -> Option<SwitchRecord> {
        let plan = self.plan?;
        Some(SwitchRecord {
            from: plan.from.as_ref().and_then(store_id),
            to: store_id(&plan.to),
            switched_at: None,
            style: logged_style(plan.forecast.style),
            wait_ms: millis(self.now.saturating_since(plan.planned_at)),
            discontinuity: logged_cost(plan.forecast.discontinuity),
            outcome,
            ledger: Ledger { planned_at: self.planned_for(), ..Ledger::default() },
            scheduled: self.scheduled.clone(),
            ..self.blank(self.asked(), plan.planned_at, plan.planned_at)
        })
    }

    /// An entry of a cut from nothing to nothing.
    fn blank(&self, reason: SwitchReason, asked: EventTime, cut_at: EventTime) -> SwitchRecord {
        SwitchRecord {
            event: self.event.clone(),
            from: None,
            to: None,
            requested_at: self.wall.timestamp(asked),
            switched_at: Some(self.wall.timestamp(cut_at)),
            style: SwitchStyle::Clean,
            wait_ms: 0,
            discontinuity: Discontinuity::None,
            reason,
            scheduled: None,
            outcome: SwitchOutcome::Cut,
            ledger: Ledger::default(),
            unknown: UnknownFields::default(),
        }
    }

    const fn asked(&self) -> SwitchReason {
        match self.scheduled {
            Some(_) => SwitchReason::Scheduled,
            None => SwitchReason::Take,
        }
    }

    fn taken(&self, committed: EventTime) -> Ledger {
        Ledger {
            planned_at: self.planned_for(),
            committed_at: Some(self.wall.timestamp(committed)),
            ..Ledger::default()
        }
    }

    fn planned_for(&self) -> Option<genlock_store::Timestamp> {
        let cut_at = self.plan.and_then(|plan| plan.forecast.cut_at);
        cut_at.map(|at| self.wall.timestamp(at))
    }
}

const fn outcome(failure: CutFailure) -> SwitchOutcome {
    match failure {
        CutFailure::CameraGone => SwitchOutcome::CameraGone,
        CutFailure::CameraRemoved => SwitchOutcome::CameraRemoved,
        CutFailure::Stopped => SwitchOutcome::Stopped,
        _ => SwitchOutcome::NoSyncSample,
    }
}

/// Cuts whose ledgers are not complete.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Open>);

/// A cut that was logged.
#[derive(Debug, Clone)]
pub(super) struct Open {
    pub(super) seq: SwitchSeq,
    /// The take that it was, `None` for what the programme did by itself.
    pub(super) cut: Option<CutId>,
    pub(super) cut_at: EventTime,
    pub(super) logged_at: EventTime,
    pub(super) ledger: Ledger,
}

impl Recent {
    /// Adds a cut that was logged.
    pub(super) fn push(&mut self, cut: Open) {
        if self.0.len() == RECENT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(cut);
    }

    /// Whether a cut is waited for to be listed.
    pub(super) fn wants_listings(&self) -> bool {
        self.0.iter().any(|open| open.ledger.published_at.is_none())
    }

    /// Forgets cuts of which nothing more is to be expected at `now`.
    pub(super) fn forget_old(&mut self, now: EventTime) {
        self.0.retain(|open| now.saturating_since(open.logged_at) < LISTED_WAIT_MAX);
    }

    /// Picture and sound are past the seam of a cut: its entry with the new ledger.
    pub(super) fn settled(&mut self, settled: &Settled, wall: WallClock) -> Option<Open> {
        // What the programme does by itself has no id, and a first picture that fills a hole is shown before its
        // own time: the nearest is meant.
        let distance =
            |open: &&mut Open| open.cut_at.as_micros().abs_diff(settled.cut_at.as_micros());
        let of_same = self.0.iter_mut().filter(|open| open.cut == settled.id);
        let open = of_same.min_by_key(distance)?;
        open.ledger = Ledger {
            planned_at: settled.planned_for.map(|at| wall.timestamp(at)),
            committed_at: Some(wall.timestamp(settled.planned_at + settled.wait)),
            published_at: open.ledger.published_at,
            video_gap_us: settled.picture_gap_us,
            audio_error_us: settled.audio_error_us,
            catch_up_ms: Some(millis(settled.catch_up)),
        };
        Some(open.clone())
    }

    /// The playlist has changed: the entries that are listed now, with their new ledgers.
    pub(super) fn listed(&mut self, listed: Listed, wall: WallClock) -> Vec<Open> {
        let newly =
            |open: &&mut Open| open.ledger.published_at.is_none() && listed.shows(open.cut_at);
        let newly = self.0.iter_mut().filter(newly);
        newly
            .map(|open| {
                open.ledger.published_at = Some(wall.timestamp(listed.at));
                open.clone()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
