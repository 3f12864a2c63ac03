//! The life of an event, carried out: who may be on air, and the end.
//!
//! The programme knows nothing of it. While an event waits or is paused its cameras stay connected, and the
//! programme simply has none: it shows what it shows when no camera is left.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use genlock_delivery::PublicationId;
use genlock_ingest::Refusal;
use genlock_program::{CameraId as ProgramCamera, Priority};
use genlock_store::{Event, Life};

use super::camera::LiveCamera;
use super::event::LiveEvent;
use super::words::program_id;
use super::{Engine, PROGRAM};

/// What a publisher of an ended event hears.
const ENDED: &str = "the event has ended";

/// Where an event is in its life.
#[derive(Debug)]
pub(super) struct LifeState(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    life: Life,
    /// Who was on air when it was paused.
    was_on_air: Option<ProgramCamera>,
}

impl LifeState {
    pub(super) const fn new(life: Life) -> Self {
        Self(Mutex::new(Kept { life, was_on_air: None }))
    }

    pub(super) fn get(&self) -> Life {
        self.lock().life
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the state and returns the one before.
    fn set(&self, life: Life) -> Life {
        std::mem::replace(&mut self.lock().life, life)
    }
}

impl Engine {
    /// Brings a running event where its creator wants it.
    pub(super) async fn set_life(&self, event: &Event, live: &LiveEvent) {
        let before = live.life().set(event.life);
        match (before, event.life) {
            (before, after) if before == after => {}
            (_, Life::Open) => live.open().await,
            (_, Life::Waiting | Life::Paused) => live.close().await,
            (_, Life::Ended) => self.finish(live).await,
        }
    }

    /// Ends the programme and every publisher; what is listed stays for a while.
    async fn finish(&self, live: &LiveEvent) {
        for camera in live.cameras() {
            camera.disconnect(ENDED);
            self.finish_publication(live, camera.id().as_str());
        }
        live.end().await;
        self.record(live);
        self.finish_publication(live, PROGRAM);
    }

    /// Whether somebody with the camera's key may publish.
    pub(super) fn may_publish(&self, camera: &LiveCamera) -> Result<(), Refusal> {
        let ended = |event: Arc<LiveEvent>| event.life().get() == Life::Ended;
        if self.event(camera.event()).is_some_and(ended) {
            return Err(Refusal::Denied(ENDED.to_owned()));
        }
        match camera.refused_for(self.clock.now()) {
            Some(wait) => {
                let seconds = wait.as_secs() + 1;
                let why =
                    format!("the camera was disconnected; its key works again in {seconds} s");
                Err(Refusal::Denied(why))
            }
            None => Ok(()),
        }
    }

    fn finish_publication(&self, live: &LiveEvent, name: &str) {
        if let Some(id) = PublicationId::new(live.id().as_str(), name) {
            self.origin.finish(&id);
        }
    }
}

// The programme stops only at the end, after which there is no way back here.
impl LiveEvent {
    /// Lets the programme have its cameras, and puts on air again who was. The programme goes to the first
    /// that it is given, so they come in failover order.
    async fn open(&self) {
        let mut cameras = self.cameras();
        cameras.sort_by(|one, other| one.failover_order().cmp(&other.failover_order()));
        for camera in cameras {
            self.offer(&camera).await;
        }
        let was_on_air = self.life().lock().was_on_air.take();
        if let Some(camera) = was_on_air {
            // One that has left meanwhile is replaced by the programme itself.
            let _ = self.program().take(camera, None).await;
        }
    }

    /// Takes its cameras from the programme.
    async fn close(&self) {
        self.life().lock().was_on_air = self.program().status().active;
        for camera in self.cameras() {
            let _ = self.program().remove_camera(program_id(camera.id())).await;
        }
    }

    /// Gives the programme a camera.
    pub(super) async fn offer(&self, camera: &LiveCamera) {
        let (name, priority) = (program_id(camera.id()), Priority(camera.priority().into()));
        let _ = self.program().add_camera(name, camera.feed(), priority).await;
    }
}
