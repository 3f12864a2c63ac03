//! An event as it runs: its cameras and its programme.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dashmap::DashMap;
use genlock_feed::clock::EventClock;
use genlock_feed::{Feed, FeedLimits};
use genlock_program::{
    Cut, CutStyle, Priority, Program, ProgramConfig, ProgramHandle, TakeError, UndoError, Undone,
};
use genlock_slate::Slate;
use genlock_store::{CameraId, Event, EventId, EventPolicy, Life, RecordingPolicy};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::camera::LiveCamera;
use super::life::LifeState;
use super::policy;
use super::scheduled::Scheduled;
use super::slates;
use super::thumbnails::Thumbnail;
use super::words::program_id;

/// How long the programme may take to answer a command. It answers at once; this bounds a broken one.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// A running event. Its programme's task ends with [`LiveEvent::end`].
pub(crate) struct LiveEvent {
    id: EventId,
    program: ProgramHandle,
    output: Feed,
    slate: Slate,
    life: LifeState,
    recorded: Mutex<RecordingPolicy>,
    thumbnail: Thumbnail,
    cameras: DashMap<CameraId, Arc<LiveCamera>>,
    scheduled: Scheduled,
    /// Cancelled when nobody may command the programme any more.
    ended: CancellationToken,
    /// Cancelled when the programme has told everything.
    told: CancellationToken,
    /// What runs for the event beside its programme.
    tasks: TaskTracker,
}

impl LiveEvent {
    /// Starts the programme of `event`, as its policy wants it, with `slate` for when no camera is left.
    /// Its sound follows the picture until [`Self::set_policy`], which needs the cameras.
    pub(super) async fn start(
        event: &Event,
        slate: Slate,
        buffer: FeedLimits,
        clock: EventClock,
    ) -> Arc<Self> {
        let output = Feed::new(buffer);
        let config = ProgramConfig {
            failover: policy::failover(&event.policy),
            styles: policy::styles(&event.policy),
            ..ProgramConfig::default()
        };
        let program = Program::spawn(config, output.clone(), clock);
        let _ = program.set_slate(Some(slate.feed())).await;
        slates::follow(&program, slate.clone());
        Arc::new(Self {
            id: event.id.clone(),
            program,
            output,
            slate,
            life: LifeState::new(event.life),
            recorded: Mutex::new(event.policy.recording),
            thumbnail: Thumbnail::default(),
            cameras: DashMap::new(),
            scheduled: Scheduled::default(),
            ended: CancellationToken::new(),
            told: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// Stops what commands the programme, then the programme, then what writes down what it told.
    pub(super) async fn end(&self) {
        self.ended.cancel();
        self.program.stop().await;
        self.told.cancel();
        self.tasks.close();
        if timeout(ANSWER_MAX, self.tasks.wait()).await.is_err() {
            tracing::warn!(event = %self.id, "not everything is written in the switch log");
        }
    }

    /// Cancelled when nobody may command the programme any more.
    pub(super) const fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// Cancelled when the programme has told everything.
    pub(super) const fn told(&self) -> &CancellationToken {
        &self.told
    }

    /// Runs a task that [`Self::end`] waits for.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
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

    pub(super) const fn life(&self) -> &LifeState {
        &self.life
    }

    /// What of it is recorded.
    pub(super) fn recorded(&self) -> RecordingPolicy {
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) const fn slate(&self) -> &Slate {
        &self.slate
    }

    /// The takes that wait for their time.
    pub(super) const fn scheduled(&self) -> &Scheduled {
        &self.scheduled
    }

    /// Takes a camera. The one door to it, whoever asks.
    pub(super) async fn take(
        &self,
        camera: &CameraId,
        style: Option<CutStyle>,
    ) -> Result<Cut, TakeError> {
        let take = self.program.take(program_id(camera), style);
        timeout(ANSWER_MAX, take).await.unwrap_or(Err(TakeError::Stopped))
    }

    /// Withdraws the newest take.
    pub(super) async fn undo(&self) -> Result<Undone, UndoError> {
        timeout(ANSWER_MAX, self.program.undo()).await.unwrap_or(Err(UndoError::Stopped))
    }

    // The programme stops only in `end`, after which nobody asks for any of these changes.

    pub(super) async fn set_policy(&self, wanted: &EventPolicy) {
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner) = wanted.recording;
        let _ = self.program.set_failover(policy::failover(wanted)).await;
        let _ = self.program.set_style_policy(policy::styles(wanted)).await;
        let source = policy::audio_source(wanted);
        if let Err(error) = self.program.set_audio_source(source).await {
            tracing::warn!(event = %self.id, %error, "the source of the sound stays as it was");
        }
    }

    /// Stops every automation, or lets it go on.
    pub(super) async fn set_locked(&self, locked: bool) {
        let _ = if locked { self.program.lock().await } else { self.program.unlock().await };
    }

    /// The camera that somebody chose before the restart.
    pub(super) async fn restore_intent(&self, camera: &CameraId) {
        let _ = self.program.restore_intent(program_id(camera)).await;
    }

    pub(super) async fn add_camera(&self, camera: Arc<LiveCamera>) {
        if self.life.get() == Life::Open {
            self.offer(&camera).await;
        }
        self.cameras.insert(camera.id().clone(), camera);
    }

    pub(super) async fn set_priority(&self, id: &CameraId, priority: u16) {
        if let Some(camera) = self.camera(id) {
            camera.set_priority(priority);
        }
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

impl fmt::Debug for LiveEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveEvent").field("id", &self.id).finish_non_exhaustive()
    }
}
