//! A shared database while the server runs: what waits goes there, what other programs change there comes here, and they are
//! told which cameras are live.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use genlock_control_api::{Change, Changes, Live};
use genlock_store::{
    Adopted, CameraId, CameraPresence, EventId, Replica, SqliteStore, Store, StoreError,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::Engine;

/// How often publishers are looked at: how much later than here others see that a camera is live.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(1);

/// How long the end of the server waits for what still waits. It is kept for the next start in any case.
const LAST_FLUSH_TIME_MAX: Duration = Duration::from_secs(3);

/// Everybody's publishers.
pub(crate) type Presences = HashMap<(EventId, CameraId), CameraPresence>;

/// A shared database and who follows it.
#[derive(Clone)]
pub(crate) struct Follower {
    pub(crate) replica: Arc<Replica>,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) changes: Changes,
    /// Time between two looks at what others changed.
    pub(crate) interval: Duration,
}

impl Follower {
    /// Starts what goes on until `stop`.
    pub(crate) fn spawn(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        let (follower, until) = (self.clone(), stop.clone());
        tasks.spawn(async move { follower.replica.run(until.cancelled()).await });
        let (follower, until) = (self.clone(), stop.clone());
        tasks.spawn(async move { follower.watch(&until).await });
        let (follower, until) = (self.clone(), stop.clone());
        tasks.spawn(async move { follower.tell_presence(&until).await });
    }

    /// Carries out what the end of the server brought, if the database takes it.
    pub(crate) async fn finish(&self) {
        let flushed = tokio::time::timeout(LAST_FLUSH_TIME_MAX, self.replica.flush()).await;
        if !matches!(flushed, Ok(Ok(()))) {
            let pending = self.store.status().pending;
            tracing::warn!(pending, "what the shared database lacks waits for the next start");
        }
    }

    async fn watch(&self, stop: &CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(self.interval)).await.is_some() {
            if let Err(error) = self.adopt().await {
                // That the database is away is told by the state of the store.
                tracing::debug!(%error, "the shared database could not be looked at");
            }
        }
    }

    /// One look. In its turn, no change of the API comes between the store and the engine.
    async fn adopt(&self) -> Result<(), StoreError> {
        let Some(fetched) = self.replica.fetch().await? else { return Ok(()) };
        let _turn = self.changes.turn().await;
        for adopted in self.store.adopt(fetched).await? {
            tell(&adopted);
            self.engine.apply(change(adopted)).await;
        }
        Ok(())
    }

    async fn tell_presence(&self, stop: &CancellationToken) {
        let mut told = Presences::new();
        while stop.run_until_cancelled(tokio::time::sleep(PRESENCE_INTERVAL)).await.is_some() {
            let now = self.engine.presence();
            for (camera, presence) in &now {
                if told.get(camera) != Some(presence) {
                    // A copy takes it into memory, which does not fail.
                    let _ = self.store.tell_presence(&camera.0, &camera.1, *presence).await;
                }
            }
            told = now;
        }
    }
}

fn tell(adopted: &Adopted) {
    match adopted {
        Adopted::EventCreated(event) => {
            tracing::info!(event = %event.id, "another program made an event")
        }
        Adopted::EventUpdated(event) => {
            tracing::info!(event = %event.id, "another program changed an event");
        }
        Adopted::EventDeleted(event) => {
            tracing::info!(%event, "another program removed an event");
        }
        Adopted::CameraCreated(camera) => {
            tracing::info!(camera = %camera.id, "another program made a camera");
        }
        Adopted::CameraUpdated(camera) | Adopted::KeyRotated(camera) => {
            tracing::info!(camera = %camera.id, "another program changed a camera");
        }
        Adopted::CameraDeleted(camera) => {
            tracing::info!(camera = %camera.id, "another program removed a camera");
        }
    }
}

fn change(adopted: Adopted) -> Change {
    match adopted {
        Adopted::EventCreated(event) => Change::EventCreated(event),
        Adopted::EventUpdated(event) => Change::EventUpdated(event),
        Adopted::EventDeleted(event) => Change::EventDeleted(event),
        Adopted::CameraCreated(camera) => Change::CameraCreated(camera),
        Adopted::CameraUpdated(camera) => Change::CameraUpdated(camera),
        Adopted::KeyRotated(camera) => Change::KeyRotated(camera),
        Adopted::CameraDeleted(camera) => Change::CameraDeleted(camera),
    }
}
