//! Carries out scheduled takes, each through the same door as a client's take, and reports those that could
//! not be made in the switch log.
//!
//! One task for each event. A take leaves the agenda when it begins and the store when it is over, so that
//! one that a crash interrupts is found at the next start: it is made then if it is not late.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use genlock_program::{CutId, TakeError};
use genlock_store::{
    Discontinuity, Ledger, ScheduledTake, ScheduledTakeId, Store, SwitchOutcome, SwitchReason,
    SwitchRecord, SwitchStyle, Timestamp, UnknownFields,
};
use tokio::sync::Notify;

use super::agenda::{Agenda, is_late};
use super::event::LiveEvent;
use super::words::{kept_style, logged_style, store_id};

/// The scheduled takes of an event.
#[derive(Default)]
pub(super) struct Scheduled {
    agenda: Mutex<Agenda>,
    added: Notify,
    /// Which cuts are being made on schedule. Held while the programme is asked, so that whoever hears of
    /// a cut can wait until it is known whose it is.
    cuts: tokio::sync::Mutex<HashMap<CutId, ScheduledTakeId>>,
}

impl Scheduled {
    /// Lets a take wait for its time.
    pub(super) fn add(&self, take: ScheduledTake) {
        self.agenda().add(take);
        self.added.notify_one();
    }

    /// Takes one back that has not begun.
    pub(super) fn cancel(&self, id: &ScheduledTakeId) -> Option<ScheduledTake> {
        self.agenda().remove(id)
    }

    /// The scheduled take that became this cut, told once.
    pub(super) async fn of_cut(&self, cut: CutId) -> Option<ScheduledTakeId> {
        self.cuts.lock().await.remove(&cut)
    }

    /// Nothing will be heard of some of the cuts any more.
    pub(super) async fn forget_cuts(&self) {
        self.cuts.lock().await.clear();
    }

    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the takes of `event` until it ends.
pub(super) fn spawn(event: &Arc<LiveEvent>, store: Arc<dyn Store>) {
    let keeper = Keeper { event: Arc::clone(event), store };
    event.spawn(async move {
        let ended = keeper.event.ended().clone();
        ended.run_until_cancelled(keeper.keep()).await;
    });
}

struct Keeper {
    event: Arc<LiveEvent>,
    store: Arc<dyn Store>,
}

impl Keeper {
    async fn keep(&self) {
        let scheduled = self.event.scheduled();
        loop {
            let due = scheduled.agenda().pop_due(wall_now());
            if let Some(take) = due {
                self.carry_out(take).await;
                continue;
            }
            let nap = scheduled.agenda().nap(wall_now());
            let rest = async {
                match nap {
                    Some(nap) => tokio::time::sleep(nap).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = scheduled.added.notified() => {}
                () = rest => {}
            }
        }
    }

    async fn carry_out(&self, take: ScheduledTake) {
        if let Some(outcome) = self.make(&take, wall_now()).await {
            self.report(&take, outcome).await;
        }
        if let Err(error) = self.store.delete_scheduled_take(&take.event, &take.id).await {
            tracing::error!(take = %take.id, %error, "a scheduled take that is over is still kept");
        }
    }

    /// Makes the take; what became of it if the programme will tell nothing of it.
    async fn make(&self, take: &ScheduledTake, now: Timestamp) -> Option<SwitchOutcome> {
        if is_late(take, now) {
            return Some(SwitchOutcome::Late);
        }
        if self.event.program().status().lock.is_some() {
            return Some(SwitchOutcome::Locked);
        }
        let mut cuts = self.event.scheduled().cuts.lock().await;
        match self.event.take(&take.camera, take.style.map(kept_style)).await {
            Ok(cut) => {
                cuts.insert(cut.id, take.id.clone());
                None
            }
            Err(TakeError::AlreadyOnAir(_)) => Some(SwitchOutcome::AlreadyOnAir),
            Err(TakeError::NotLive(_) | TakeError::NoVideo(_)) => {
                Some(SwitchOutcome::CameraNotLive)
            }
            Err(TakeError::UnknownCamera(_)) => Some(SwitchOutcome::CameraUnknown),
            Err(_) => Some(SwitchOutcome::NoAnswer),
        }
    }

    async fn report(&self, take: &ScheduledTake, outcome: SwitchOutcome) {
        let record = self.missed(take, outcome, wall_now());
        tracing::warn!(event = %take.event, take = %take.id, ?outcome, "a scheduled take made no cut");
        if let Err(error) = self.store.append_switch(record).await {
            tracing::error!(event = %take.event, %error, "a missed take is missing in the log");
        }
    }

    fn missed(&self, take: &ScheduledTake, outcome: SwitchOutcome, now: Timestamp) -> SwitchRecord {
        let status = self.event.program().status();
        let event_style: SwitchStyle = logged_style(status.policy.style);
        let late = now.as_millis().saturating_sub(take.at.as_millis());
        SwitchRecord {
            event: take.event.clone(),
            from: status.active.as_ref().and_then(store_id),
            to: Some(take.camera.clone()),
            requested_at: take.at,
            switched_at: None,
            style: take.style.unwrap_or(event_style),
            wait_ms: u32::try_from(late.max(0)).unwrap_or(u32::MAX),
            discontinuity: Discontinuity::None,
            reason: SwitchReason::Scheduled,
            scheduled: Some(take.id.clone()),
            outcome,
            ledger: Ledger::default(),
            unknown: UnknownFields::default(),
        }
    }
}

/// The wall clock as it is set now: what the human who scheduled a take looks at.
fn wall_now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

impl fmt::Debug for Scheduled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduled").field("agenda", &self.agenda()).finish_non_exhaustive()
    }
}
