//! An event as it runs: its cameras and its programme.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use genlock_feed::clock::EventClock;
use genlock_feed::{Feed, FeedLimits};
use genlock_program::{FailoverPolicy, Priority, Program, ProgramConfig, ProgramHandle};
use genlock_slate::Slate;
use genlock_store::{CameraId, Event, EventId, EventPolicy};

use super::camera::LiveCamera;
use super::slates;
use super::thumbnails::Thumbnail;

/// A running event. Its programme's task ends with [`LiveEvent::end`].
pub(crate) struct LiveEvent {
    id: EventId,
    program: ProgramHandle,
    output: Feed,
    slate: Slate,
    thumbnail: Thumbnail,
    cameras: DashMap<CameraId, Arc<LiveCamera>>,
}

impl LiveEvent {
    /// Starts the programme of `event`, with `slate` for when no camera is left.
    pub(super) async fn start(event: &Event, slate: Slate, clock: EventClock) -> Arc<Self> {
        let output = Feed::new(FeedLimits::default());
        let config = ProgramConfig { failover: failover(event.policy), ..ProgramConfig::default() };
        let program = Program::spawn(config, output.clone(), clock);
        let _ = program.set_slate(Some(slate.feed())).await;
        slates::follow(&program, slate.clone());
        let (thumbnail, cameras) = (Thumbnail::default(), DashMap::new());
        Arc::new(Self { id: event.id.clone(), program, output, slate, thumbnail, cameras })
    }

    /// Stops the programme.
    pub(super) async fn end(&self) {
        self.program.stop().await;
    }

    pub(super) const fn id(&self) -> &EventId {
        &self.id
    }

    pub(super) const fn program(&self) -> &ProgramHandle {
        &self.program
    }

    /// The programme's samples.
    pub(super) fn output(&self) -> Feed {
        self.output.clone()
    }

    pub(super) const fn thumbnail(&self) -> &Thumbnail {
        &self.thumbnail
    }

    pub(super) const fn slate(&self) -> &Slate {
        &self.slate
    }

    // The programme stops only in `end`, after which nobody asks for any of these changes.

    pub(super) async fn set_policy(&self, policy: EventPolicy) {
        let _ = self.program.set_failover(failover(policy)).await;
    }

    pub(super) async fn add_camera(&self, camera: Arc<LiveCamera>, priority: u16) {
        let id = camera.id().clone();
        let (name, priority) = (program_id(&id), Priority(priority.into()));
        let _ = self.program.add_camera(name, camera.feed(), priority).await;
        self.cameras.insert(id, camera);
    }

    pub(super) async fn set_priority(&self, id: &CameraId, priority: u16) {
        let _ = self.program.set_priority(program_id(id), Priority(priority.into())).await;
    }

    pub(super) async fn remove_camera(&self, id: &CameraId) -> Option<Arc<LiveCamera>> {
        let _ = self.program.remove_camera(program_id(id)).await;
        self.cameras.remove(id).map(|(_, camera)| camera)
    }

    pub(super) fn camera(&self, id: &CameraId) -> Option<Arc<LiveCamera>> {
        self.cameras.get(id).map(|camera| Arc::clone(&camera))
    }

    pub(super) fn cameras(&self) -> Vec<Arc<LiveCamera>> {
        self.cameras.iter().map(|camera| Arc::clone(&camera)).collect()
    }
}

fn failover(policy: EventPolicy) -> FailoverPolicy {
    FailoverPolicy {
        silence_max: Duration::from_millis(policy.failover_after_ms.into()),
        ..FailoverPolicy::default()
    }
}

/// The programme's name of a camera is its id.
pub(super) fn program_id(id: &CameraId) -> genlock_program::CameraId {
    genlock_program::CameraId::new(id.as_str())
}

/// The store's id of a camera that the programme names.
pub(super) fn store_id(id: &genlock_program::CameraId) -> Option<CameraId> {
    CameraId::parse(id.as_str()).ok()
}

impl fmt::Debug for LiveEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveEvent").field("id", &self.id).finish_non_exhaustive()
    }
}
