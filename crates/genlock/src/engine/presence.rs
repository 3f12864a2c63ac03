//! Which publishers are there, for those who share the store.

use genlock_control_api::live::CameraStatus;
use genlock_store::CameraPresence;

use super::Engine;
use super::live::status_of;
use crate::follow::Presences;

impl Engine {
    /// Every camera's publisher.
    pub(crate) fn presence(&self) -> Presences {
        let now = self.clock.now();
        let mut all = Presences::new();
        for event in self.all_events() {
            for camera in event.cameras() {
                let status = status_of(camera.health(now).state);
                all.insert((event.id().clone(), camera.id().clone()), presence_of(status));
            }
        }
        all
    }
}

const fn presence_of(status: CameraStatus) -> CameraPresence {
    match status {
        CameraStatus::Waiting => CameraPresence::Waiting,
        CameraStatus::Live => CameraPresence::Live,
        CameraStatus::Offline => CameraPresence::Offline,
    }
}
