//! The handle to a programme's task: commands go in through a bounded queue, status and events come out.

use genlock_feed::Feed;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::audio_source::AudioSource;
use crate::camera::{CameraId, Priority};
use crate::error::{AudioSourceError, TakeError, UndoError};
use crate::event::{Cut, Discontinuity, ProgramEvent, ProgramStatus, Undone};
use crate::failover::FailoverPolicy;
use crate::style::{CutStyle, StylePolicy};

/// The programme's task has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the programme has stopped")]
pub struct ProgramStopped;

/// Handle to a running programme. Clones share it.
#[derive(Debug, Clone)]
pub struct ProgramHandle {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) events: broadcast::Sender<ProgramEvent>,
    pub(super) status: watch::Receiver<ProgramStatus>,
    pub(super) stopping: CancellationToken,
    pub(super) output: Feed,
}

impl ProgramHandle {
    /// Takes `camera`. Answers at once with the plan; events tell what becomes of it. Without a style it
    /// has the event's.
    ///
    /// # Errors
    /// When the camera cannot be cut to, or the programme has stopped.
    pub async fn take(&self, camera: CameraId, style: Option<CutStyle>) -> Result<Cut, TakeError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Take { camera, style, reply };
        self.send(command).await.map_err(|_| TakeError::Stopped)?;
        answer.await.unwrap_or(Err(TakeError::Stopped))
    }

    /// Withdraws the newest take of which no viewer can have seen anything.
    ///
    /// # Errors
    /// When there is none, or the programme has stopped.
    pub async fn undo(&self) -> Result<Undone, UndoError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Undo { reply }).await.map_err(|_| UndoError::Stopped)?;
        answer.await.unwrap_or(Err(UndoError::Stopped))
    }

    /// Changes how takes become cuts, from the next one on.
    ///
    /// # Errors
    /// When the programme has stopped.
    pub async fn set_style_policy(&self, policy: StylePolicy) -> Result<(), ProgramStopped> {
        self.send(Command::SetStylePolicy { policy }).await
    }

    /// Adds a camera. One that is known gets the new Feed and priority for its next time on air.
    ///
    /// # Errors
    /// When the programme has stopped.
    pub async fn add_camera(
        &self,
        camera: CameraId,
        feed: Feed,
        priority: Priority,
    ) -> Result<(), ProgramStopped> {
        self.send(Command::Add { camera, feed, priority }).await
    }

    /// Removes a camera. If it is on air the next one takes over.
    ///
    /// # Errors
    /// When the programme has stopped.
    pub async fn remove_camera(&self, camera: CameraId) -> Result<(), ProgramStopped> {
        self.send(Command::Remove { camera }).await
    }

    /// Moves a camera in the failover list.
    ///
    /// # Errors
    /// When the programme has stopped.
    pub async fn set_priority(
        &self,
        camera: CameraId,
        priority: Priority,
    ) -> Result<(), ProgramStopped> {
        self.send(Command::SetPriority { camera, priority }).await
    }

    /// Chooses where the sound comes from; see [`ProgramCore::set_audio_source`](crate::ProgramCore::set_audio_source). Answers what the change
    /// costs in the playlist.
    ///
    /// # Errors
    /// When the event has no such camera, or the programme has stopped.
    pub async fn set_audio_source(
        &self,
        source: AudioSource,
    ) -> Result<Discontinuity, AudioSourceError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::SetAudioSource { source, reply };
        self.send(command).await.map_err(|_| AudioSourceError::Stopped)?;
        answer.await.unwrap_or(Err(AudioSourceError::Stopped))
    }

    /// Changes when a camera counts as lost, from now on.
    ///
    /// # Errors
    /// When the programme has stopped.
    pub async fn set_failover(&self, policy: FailoverPolicy) -> Result<(), ProgramStopped> {
        self.send(Command::SetFailover { policy }).await
    }

    /// The camera that a human chose before a restart; see [`ProgramCore::restore_intent`](crate::ProgramCore::restore_intent).
    ///
    /// # Errors
    /// When the programme has stopped.
    pub async fn restore_intent(&self, camera: CameraId) -> Result<(), ProgramStopped> {
        self.send(Command::RestoreIntent { camera }).await
    }

    /// What to show when no camera is left; `None` for nothing. See [`ProgramCore::set_slate`](crate::ProgramCore::set_slate).
    ///
    /// # Errors
    /// When the programme has stopped.
    pub async fn set_slate(&self, slate: Option<Feed>) -> Result<(), ProgramStopped> {
        self.send(Command::SetSlate { slate }).await
    }

    /// Stops everything that the programme does by itself, until [`unlock`](Self::unlock). Takes go on.
    ///
    /// # Errors
    /// When the programme has stopped.
    pub async fn lock(&self) -> Result<(), ProgramStopped> {
        self.send(Command::Lock).await
    }

    /// Lets the programme act by itself again, whatever locked it.
    ///
    /// # Errors
    /// When the programme has stopped.
    pub async fn unlock(&self) -> Result<(), ProgramStopped> {
        self.send(Command::Unlock).await
    }

    /// Who is on air and what is pending, as of the last change.
    #[must_use]
    pub fn status(&self) -> ProgramStatus {
        self.status.borrow().clone()
    }

    /// The same, to be waited on. It ends with the programme.
    #[must_use]
    pub fn watch_status(&self) -> watch::Receiver<ProgramStatus> {
        self.status.clone()
    }

    /// Everything that happens from now on. A subscriber that falls [`EVENTS_MAX`](crate::limits::EVENTS_MAX) events behind loses
    /// the oldest and is told how many.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<ProgramEvent> {
        self.events.subscribe()
    }

    /// The programme's Feed.
    #[must_use]
    pub const fn output(&self) -> &Feed {
        &self.output
    }

    /// Ends the programme: pending cuts fail, its Feed goes off. Resolves when that is done.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.commands.closed().await;
    }

    async fn send(&self, command: Command) -> Result<(), ProgramStopped> {
        self.commands.send(command).await.map_err(|_| ProgramStopped)
    }
}

/// What the task is told.
#[derive(Debug)]
pub(super) enum Command {
    Take {
        camera: CameraId,
        style: Option<CutStyle>,
        reply: oneshot::Sender<Result<Cut, TakeError>>,
    },
    Undo {
        reply: oneshot::Sender<Result<Undone, UndoError>>,
    },
    SetStylePolicy {
        policy: StylePolicy,
    },
    Add {
        camera: CameraId,
        feed: Feed,
        priority: Priority,
    },
    Remove {
        camera: CameraId,
    },
    SetPriority {
        camera: CameraId,
        priority: Priority,
    },
    SetFailover {
        policy: FailoverPolicy,
    },
    SetAudioSource {
        source: AudioSource,
        reply: oneshot::Sender<Result<Discontinuity, AudioSourceError>>,
    },
    RestoreIntent {
        camera: CameraId,
    },
    SetSlate {
        slate: Option<Feed>,
    },
    Lock,
    Unlock,
}
