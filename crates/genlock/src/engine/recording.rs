//! What of an event is recorded: its policy carried out.

use std::sync::Arc;

use genlock_archive::Archive;
use genlock_recorder::{PROGRAM, Source, Stop};
use genlock_store::{CameraId, Life, RecordingPolicy};

use super::event::LiveEvent;
use super::{Engine, notices};

impl Engine {
    /// Tells hooks where recordings are.
    pub(crate) fn tell_of(self: &Arc<Self>, archive: Archive) {
        notices::follow_archive(self, archive);
    }

    /// Records of an event what its policy and its life want, and nothing else.
    pub(super) fn record(&self, event: &LiveEvent) {
        let (recorded, over) = (event.recorded(), event.life().get() == Life::Ended);
        let how = if over { Stop::End } else { Stop::Pause };
        let program = !over && recorded != RecordingPolicy::Off;
        let cameras = !over && recorded == RecordingPolicy::All;
        let set = |name: &str, feed, wanted| {
            let Some(source) = Source::new(event.id().as_str(), name) else { return };
            match wanted {
                true => self.recorder.record(source, feed),
                false => self.recorder.stop(&source, how),
            }
        };
        set(PROGRAM, event.output(), program);
        for camera in event.cameras() {
            set(camera.id().as_str(), camera.feed(), cameras);
        }
    }

    /// The recording of a camera that is gone is over.
    pub(super) fn end_recording(&self, event: &LiveEvent, camera: &CameraId) {
        if let Some(source) = Source::new(event.id().as_str(), camera.as_str()) {
            self.recorder.stop(&source, Stop::End);
        }
    }

    /// Ends the recorder: what is held is written. Recordings go on at the next start.
    pub(super) async fn finish_recordings(&self) {
        let recorder = self.recorder.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || recorder.finish()).await {
            tracing::error!(%error, "the recorder could not be ended");
        }
    }
}
