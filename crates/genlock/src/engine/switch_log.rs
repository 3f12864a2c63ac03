//! Writes each change of the camera on air into the store's switch log.
//!
//! One task for each event. It reads what the programme tells; the programme never waits for it.

use std::sync::Arc;
use std::time::Duration;

use genlock_media::EventTime;
use genlock_program::{CameraId, Discontinuity, ProgramEvent};
use genlock_store::{EventId, Store, SwitchReason, SwitchRecord, SwitchStyle};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::event::{LiveEvent, store_id};
use super::wall::WallClock;

/// Logs the cuts of `event` until its programme ends.
pub(super) fn spawn(event: &LiveEvent, store: Arc<dyn Store>, wall: WallClock) {
    let (id, events) = (event.id().clone(), event.program().subscribe());
    tokio::spawn(write_all(id, events, store, wall));
}

async fn write_all(
    event: EventId,
    mut events: Receiver<ProgramEvent>,
    store: Arc<dyn Store>,
    wall: WallClock,
) {
    loop {
        match events.recv().await {
            Ok(told) => {
                let Some(record) = record(&event, &told, wall) else { continue };
                tracing::info!(%event, to = %record.to, wait_ms = record.wait_ms, "camera on air");
                if let Err(error) = store.append_switch(record).await {
                    tracing::error!(%event, %error, "a switch is missing in the log");
                }
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::error!(%event, missed, "the store is too slow for the switch log");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// The log entry of what happened, `None` for what changes nothing on air.
fn record(event: &EventId, told: &ProgramEvent, wall: WallClock) -> Option<SwitchRecord> {
    let change = change(told)?;
    Some(SwitchRecord {
        event: event.clone(),
        from: change.from.and_then(store_id),
        to: store_id(change.to)?,
        requested_at: wall.timestamp(change.requested_at),
        switched_at: wall.timestamp(change.cut_at),
        style: SwitchStyle::Clean,
        wait_ms: u32::try_from(change.wait.as_millis()).unwrap_or(u32::MAX),
        discontinuity: kept(change.discontinuity),
        reason: change.reason,
    })
}

const fn kept(discontinuity: Discontinuity) -> genlock_store::Discontinuity {
    match discontinuity {
        Discontinuity::None => genlock_store::Discontinuity::None,
        Discontinuity::Parameters => genlock_store::Discontinuity::Parameters,
        Discontinuity::Codec => genlock_store::Discontinuity::Codec,
    }
}

/// A change of the camera on air.
struct OnAirChange<'a> {
    from: Option<&'a CameraId>,
    to: &'a CameraId,
    requested_at: EventTime,
    cut_at: EventTime,
    wait: Duration,
    discontinuity: Discontinuity,
    reason: SwitchReason,
}

fn change(told: &ProgramEvent) -> Option<OnAirChange<'_>> {
    match told {
        ProgramEvent::CutCommitted {
            from, to, planned_at, cut_at, wait, discontinuity, ..
        } => Some(OnAirChange {
            from: from.as_ref(),
            to,
            requested_at: *planned_at,
            cut_at: *cut_at,
            wait: *wait,
            discontinuity: *discontinuity,
            reason: SwitchReason::Take,
        }),
        ProgramEvent::OnAir { camera, at } => Some(OnAirChange {
            from: None,
            to: camera,
            requested_at: *at,
            cut_at: *at,
            wait: Duration::ZERO,
            discontinuity: Discontinuity::None,
            reason: SwitchReason::FirstLive,
        }),
        ProgramEvent::FailedOver { from, to, cut_at, discontinuity, .. } => Some(OnAirChange {
            from: Some(from),
            to,
            requested_at: *cut_at,
            cut_at: *cut_at,
            wait: Duration::ZERO,
            discontinuity: *discontinuity,
            reason: SwitchReason::Failover,
        }),
        _ => None,
    }
}
