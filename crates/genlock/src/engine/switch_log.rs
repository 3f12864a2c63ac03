//! Writes the switch log: each change of what is on air, each take that came to nothing, and what becomes
//! known of a cut afterwards. Also keeps what was chosen, what is on air, and a lock that the programme has
//! set itself.
//!
//! One task for each event. It reads what the programme tells; the programme never waits for it.

use std::sync::Arc;

use genlock_delivery::{Listed, Listings};
use genlock_feed::clock::EventClock;
use genlock_program::{CameraId, Lock as ProgramLock, ProgramEvent};
use genlock_store::{
    EventPatch, Lock, LockedBy, Placed, Store, StoreError, SwitchOutcome, SwitchRecord,
};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::event::LiveEvent;
use super::ledger::{Open, Plans, Recent, Scene, ended};
use super::wall::WallClock;
use super::words::store_id;

/// Logs what happens in `event` until it has ended and all of it is written. `listings` are those of its
/// programme.
pub(super) fn spawn(
    event: &Arc<LiveEvent>,
    store: Arc<dyn Store>,
    clock: EventClock,
    wall: WallClock,
    listings: Option<Listings>,
) {
    let events = event.program().subscribe();
    let keeper = Keeper {
        event: Arc::clone(event),
        store,
        clock,
        wall,
        listings,
        plans: Plans::default(),
        recent: Recent::default(),
        intent: None,
    };
    event.spawn(keeper.keep(events));
}

struct Keeper {
    event: Arc<LiveEvent>,
    store: Arc<dyn Store>,
    clock: EventClock,
    wall: WallClock,
    listings: Option<Listings>,
    plans: Plans,
    recent: Recent,
    /// The intent that was kept last.
    intent: Option<CameraId>,
}

impl Keeper {
    async fn keep(mut self, mut events: Receiver<ProgramEvent>) {
        let told = self.event.told().clone();
        loop {
            let wanted = self.recent.wants_listings();
            tokio::select! {
                // What has been told is written before anything else, and before the end.
                biased;
                event = events.recv() => match event {
                    Ok(event) => self.note(&event).await,
                    Err(RecvError::Lagged(missed)) => self.lag(missed).await,
                    Err(RecvError::Closed) => return,
                },
                listed = next(&mut self.listings), if wanted => match listed {
                    Some(listed) => self.note_listed(listed).await,
                    None => self.listings = None,
                },
                () = told.cancelled() => return,
            }
        }
    }

    async fn note(&mut self, told: &ProgramEvent) {
        let plan = self.plans.note(told);
        let scheduled = match ended(told) {
            Some(cut) => self.event.scheduled().of_cut(cut).await,
            None => None,
        };
        let (event, now) = (self.event.id(), self.clock.now());
        let scene = Scene { event, wall: self.wall, now, plan: plan.as_ref(), scheduled };
        if let Some(record) = scene.record(told) {
            self.log(record, told).await;
        }
        match told {
            ProgramEvent::CutSettled(settled) => {
                if let Some(open) = self.recent.settled(settled, self.wall) {
                    self.set_ledger(open).await;
                }
            }
            ProgramEvent::Locked(ProgramLock::Flapping) => self.keep_lock().await,
            told => self.keep_on_air(told).await,
        }
    }

    async fn log(&mut self, record: SwitchRecord, told: &ProgramEvent) {
        let event = self.event.id();
        let made = record.outcome == SwitchOutcome::Cut;
        let ledger = record.ledger;
        match &record.to {
            Some(to) if made => {
                tracing::info!(%event, %to, wait_ms = record.wait_ms, "camera on air");
            }
            to => tracing::info!(%event, ?to, outcome = ?record.outcome, "logged"),
        }
        match self.store.append_switch(record).await {
            Ok(seq) => {
                if let Some(cut_at) = cut_at(told).filter(|_| made) {
                    let (cut, logged_at) = (ended(told), self.clock.now());
                    self.recent.push(Open { seq, cut, cut_at, logged_at, ledger });
                }
            }
            Err(StoreError::NotFound { .. }) => tracing::debug!(%event, "deleted before its log"),
            Err(error) => tracing::error!(%event, %error, "a switch is missing in the log"),
        }
    }

    async fn note_listed(&mut self, listed: Listed) {
        for open in self.recent.listed(listed, self.wall) {
            self.set_ledger(open).await;
        }
        self.recent.forget_old(self.clock.now());
    }

    async fn set_ledger(&self, open: Open) {
        let event = self.event.id();
        if let Err(error) = self.store.set_ledger(event, open.seq, open.ledger).await {
            tracing::warn!(%event, %error, "a ledger in the switch log stays incomplete");
        }
    }

    /// Keeps what is on air now, and what was chosen if that is another camera than before.
    async fn keep_on_air(&mut self, told: &ProgramEvent) {
        let Some(on_air) = on_air(told) else { return };
        let at = cut_at(told).unwrap_or_else(|| self.clock.now());
        let placed = |camera: Option<&CameraId>| {
            let camera = camera.and_then(store_id)?;
            Some(Placed { camera, at: self.wall.timestamp(at) })
        };
        let intent = self.event.program().status().intent;
        let patch = EventPatch {
            on_air: Some(placed(on_air)),
            intent: (intent != self.intent).then(|| placed(intent.as_ref())),
            ..EventPatch::default()
        };
        self.intent = intent;
        self.update(patch).await;
    }

    /// Keeps a lock that the programme has set itself, so that a restart does not release it.
    async fn keep_lock(&self) {
        let at = self.wall.timestamp(self.clock.now());
        let lock = Lock { at, by: LockedBy::Flapping, name: None };
        self.update(EventPatch { lock: Some(Some(lock)), ..EventPatch::default() }).await;
    }

    async fn update(&self, patch: EventPatch) {
        let event = self.event.id();
        if let Err(error) = self.store.update_event(event, patch).await {
            tracing::error!(%event, %error, "what the programme did by itself is not kept");
        }
    }

    async fn lag(&mut self, missed: u64) {
        tracing::error!(event = %self.event.id(), missed, "the store is too slow for the switch log");
        self.plans.clear();
        self.event.scheduled().forget_cuts().await;
    }
}

/// The next listing; never where there are none.
async fn next(listings: &mut Option<Listings>) -> Option<Listed> {
    match listings {
        Some(listings) => listings.next().await,
        None => std::future::pending().await,
    }
}

/// Presentation time of the first picture of what is on air since.
const fn cut_at(told: &ProgramEvent) -> Option<genlock_media::EventTime> {
    match told {
        ProgramEvent::CutCommitted { cut_at, .. }
        | ProgramEvent::FailedOver { cut_at, .. }
        | ProgramEvent::Reverted { cut_at, .. }
        | ProgramEvent::OnAir { at: cut_at, .. }
        | ProgramEvent::SlateShown { at: cut_at, .. } => Some(*cut_at),
        _ => None,
    }
}

/// The camera that is on air by this, `Some(None)` if none is any more, `None` if nothing changes.
const fn on_air(told: &ProgramEvent) -> Option<Option<&CameraId>> {
    match told {
        ProgramEvent::CutCommitted { to, .. }
        | ProgramEvent::FailedOver { to, .. }
        | ProgramEvent::Reverted { to, .. }
        | ProgramEvent::OnAir { camera: to, .. } => Some(Some(to)),
        ProgramEvent::OffAir { .. } | ProgramEvent::SlateShown { .. } => Some(None),
        _ => None,
    }
}
