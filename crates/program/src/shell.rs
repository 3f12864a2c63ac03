//! The shell: one task per event that feeds the core with time, arrivals and commands.
//!
//! The task sleeps until a Feed that matters has changed (those of the cameras on air and about to be;
//! all of them while nothing is on air), a deadline of the core has passed, or a command has come. It
//! starts nothing per cut and holds no lock.

mod handle;

use std::collections::HashMap;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use genlock_feed::clock::EventClock;
use genlock_feed::{Feed, FeedWatch};
use genlock_media::EventTime;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::camera::CameraId;
use crate::event::{ProgramEvent, ProgramStatus};
use crate::limits::{COMMANDS_MAX, EVENTS_MAX};
use crate::program_core::{ProgramConfig, ProgramCore, Watched};

use self::handle::Command;
pub use self::handle::{ProgramHandle, ProgramStopped};

/// Starts programmes.
#[derive(Debug)]
pub struct Program;

impl Program {
    /// Starts the task of a programme that publishes into `output`. It ends with
    /// [`ProgramHandle::stop`], or when the last handle is dropped.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn spawn(config: ProgramConfig, output: Feed, clock: EventClock) -> ProgramHandle {
        let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
        let (events, _) = broadcast::channel(EVENTS_MAX);
        let (status_sender, status) = watch::channel(ProgramStatus::default());
        let stopping = CancellationToken::new();
        let task = Task {
            core: ProgramCore::new(config, &output, clock.now()),
            watches: HashMap::new(),
            commands: receiver,
            events: events.clone(),
            status: status_sender,
            stopping: stopping.clone(),
            clock,
        };
        tokio::spawn(task.run());
        ProgramHandle { commands, events, status, stopping, output }
    }
}

struct Task {
    core: ProgramCore,
    /// One per camera, made when it is added, so that no change between two looks is missed.
    watches: HashMap<CameraId, FeedWatch>,
    commands: mpsc::Receiver<Command>,
    events: broadcast::Sender<ProgramEvent>,
    status: watch::Sender<ProgramStatus>,
    stopping: CancellationToken,
    clock: EventClock,
}

impl Task {
    async fn run(mut self) {
        while !self.stopping.is_cancelled() && !self.core.is_superseded() {
            let now = self.clock.now();
            let deadline = self.core.advance(now);
            self.tell(now);
            let watched = self.core.watched(now);
            tokio::select! {
                () = self.stopping.cancelled() => {}
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => break,
                },
                () = any_change(&mut self.watches, &watched) => {}
                () = sleep_until(self.clock, deadline) => {}
            }
        }
        if self.core.is_superseded() {
            warn!("another writer has taken over the programme's feed, stopping");
        }
        self.core.stop();
        self.tell(self.clock.now());
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Take { camera, style, reply } => {
                let answer = self.core.take(self.clock.now(), &camera, style);
                // Whoever asked may have gone; the take stands all the same.
                let _ = reply.send(answer);
            }
            Command::Undo { reply } => {
                let _ = reply.send(self.core.undo());
            }
            Command::SetStylePolicy { policy } => {
                self.core.set_style_policy(self.clock.now(), policy);
            }
            Command::Add { camera, feed, priority } => {
                self.watches.insert(camera.clone(), feed.watch());
                self.core.add_camera(camera, feed, priority);
            }
            Command::Remove { camera } => {
                self.watches.remove(&camera);
                self.core.remove_camera(&camera);
            }
            Command::SetPriority { camera, priority } => {
                self.core.set_priority(&camera, priority);
            }
            Command::SetFailover { policy } => self.core.set_failover(policy),
            Command::SetAudioSource { source, reply } => {
                let answer = self.core.set_audio_source(self.clock.now(), &source);
                // As with a take.
                let _ = reply.send(answer);
            }
            Command::RestoreIntent { camera } => self.core.restore_intent(camera),
            Command::SetSlate { slate } => {
                match &slate {
                    Some(slate) => self.watches.insert(CameraId::slate(), slate.watch()),
                    None => self.watches.remove(&CameraId::slate()),
                };
                self.core.set_slate(slate);
            }
            Command::Lock => self.core.lock(),
            Command::Unlock => self.core.unlock(),
        }
    }

    /// Passes on what the core tells.
    fn tell(&mut self, now: EventTime) {
        let status = self.core.status(now);
        self.status.send_if_modified(|held| {
            let changed = *held != status;
            *held = status;
            changed
        });
        while let Some(event) = self.core.poll_event() {
            log(&event);
            // Nobody may be listening.
            let _ = self.events.send(event);
        }
    }
}

async fn any_change(watches: &mut HashMap<CameraId, FeedWatch>, watched: &Watched) {
    let mut changes: FuturesUnordered<_> = watches
        .iter_mut()
        .filter(|(camera, _)| watched.includes(camera))
        .map(|(_, watch)| watch.changed())
        .collect();
    if changes.next().await.is_none() {
        std::future::pending().await
    }
}

async fn sleep_until(clock: EventClock, deadline: Option<EventTime>) {
    match deadline {
        Some(deadline) => tokio::time::sleep(clock.until(deadline)).await,
        None => std::future::pending().await,
    }
}

fn log(event: &ProgramEvent) {
    match event {
        ProgramEvent::CutPlanned(cut) => {
            let wait = cut.forecast.wait;
            debug!(cut = cut.id.0, to = %cut.to, ?wait, reason = ?cut.forecast.reason, "cut planned");
        }
        ProgramEvent::CutCommitted { id, to, wait, style, discontinuity, .. } => {
            info!(cut = id.0, %to, ?wait, %style, ?discontinuity, "cut");
        }
        ProgramEvent::CutSettled(cut) => {
            let (gap, error) = (cut.picture_gap_us, cut.audio_error_us);
            debug!(id = cut.id.map(|id| id.0), ?gap, ?error, catch_up = ?cut.catch_up, "settled");
        }
        ProgramEvent::CutSuperseded { id } => debug!(cut = id.0, "cut superseded"),
        ProgramEvent::CutUndone { id } => info!(cut = id.0, "cut undone"),
        ProgramEvent::CutFailed { id, to, reason } => warn!(cut = id.0, %to, %reason, "cut failed"),
        ProgramEvent::OnAir { camera, .. } => info!(%camera, "on air"),
        ProgramEvent::OffAir { camera, loss } => warn!(%camera, ?loss, "nothing is on air"),
        ProgramEvent::FailedOver { from, to, loss, .. } => {
            warn!(%from, %to, ?loss, "failed over");
        }
        ProgramEvent::Reverted { from, to, .. } => info!(%from, %to, "went back"),
        ProgramEvent::SlateShown { .. } => warn!("no camera is left, the slate is shown"),
        ProgramEvent::Heard { camera } => {
            info!(camera = camera.as_ref().map(CameraId::as_str), "heard");
        }
        ProgramEvent::Locked(lock) => warn!(?lock, "locked"),
        ProgramEvent::Unlocked => info!("unlocked"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use genlock_feed::{FeedLimits, FeedWriter};
    use genlock_media::{Dependency, Sample, Timescale, TrackConfig};

    use super::*;
    use crate::camera::Priority;
    use crate::error::TakeError;
    use crate::style::CutStyle;
    use crate::testing::video_config;

    const GOP: i64 = 3;

    /// Pushes pictures that are due now, at 30 fps.
    struct Publisher {
        clock: EventClock,
        writer: FeedWriter,
        config: Arc<TrackConfig>,
        frame: i64,
        origin: i64,
    }

    impl Publisher {
        fn new(clock: EventClock, feed: &Feed, number: u8) -> Self {
            let now = clock.now();
            Self {
                clock,
                writer: feed.open(now),
                config: video_config(number),
                frame: 0,
                origin: now.to_media(Timescale::VIDEO).ticks,
            }
        }

        fn push(&mut self) {
            let dependency =
                if self.frame % GOP == 0 { Dependency::Sync } else { Dependency::Reference };
            let sample = Sample {
                config: Arc::clone(&self.config),
                dts: self.origin + self.frame * 3_000,
                composition_offset: 9_000,
                duration: None,
                dependency,
                payload: Bytes::from_static(&[0]),
            };
            self.frame += 1;
            self.writer.push(self.clock.now(), sample).unwrap();
        }
    }

    fn started() -> (EventClock, ProgramHandle) {
        let clock = EventClock::starting_at(EventTime::from_millis(1_000_000));
        let output = Feed::new(FeedLimits::default());
        (clock, Program::spawn(ProgramConfig::default(), output, clock))
    }

    #[tokio::test]
    async fn first_camera_goes_on_air_and_a_take_switches() {
        let (clock, program) = started();
        let mut events = program.subscribe();
        let (a, b) = (Feed::new(FeedLimits::default()), Feed::new(FeedLimits::default()));
        program.add_camera("a".into(), a.clone(), Priority(0)).await.unwrap();
        program.add_camera("b".into(), b.clone(), Priority(1)).await.unwrap();
        let mut on_a = Publisher::new(clock, &a, 1);
        on_a.push();
        let first = events.recv().await.unwrap();
        assert!(matches!(first, ProgramEvent::OnAir { camera, .. } if camera.as_str() == "a"));

        let mut on_b = Publisher::new(clock, &b, 2);
        on_b.push();
        let cut = program.take("b".into(), Some(CutStyle::Clean)).await.unwrap();
        assert_eq!(cut.from, Some("a".into()));
        for _ in 0..=GOP {
            on_a.push();
            on_b.push();
        }
        let committed = loop {
            match events.recv().await.unwrap() {
                ProgramEvent::CutCommitted { id, to, .. } => break (id, to),
                _ => continue,
            }
        };
        assert_eq!(committed, (cut.id, "b".into()));
        assert_eq!(program.status().active, Some("b".into()));
    }

    #[tokio::test]
    async fn refusals_are_typed() {
        let (_, program) = started();
        let answer = program.take("x".into(), Some(CutStyle::Clean)).await;
        assert_eq!(answer, Err(TakeError::UnknownCamera("x".into())));
        let idle = Feed::new(FeedLimits::default());
        program.add_camera("x".into(), idle, Priority(0)).await.unwrap();
        let answer = program.take("x".into(), Some(CutStyle::Clean)).await;
        assert_eq!(answer, Err(TakeError::NotLive("x".into())));
    }

    #[tokio::test]
    async fn stop_ends_the_feed_and_later_commands_are_refused() {
        let (_, program) = started();
        assert!(program.output().status().live);
        program.stop().await;
        assert!(!program.output().status().live);
        let answer = program.take("a".into(), Some(CutStyle::Clean)).await;
        assert_eq!(answer, Err(TakeError::Stopped));
        assert_eq!(program.remove_camera("a".into()).await, Err(ProgramStopped));
    }

    #[tokio::test]
    async fn a_foreign_writer_ends_the_programme() {
        let (clock, program) = started();
        let camera = Feed::new(FeedLimits::default());
        program.add_camera("a".into(), camera.clone(), Priority(0)).await.unwrap();
        let _foreign = program.output().open(clock.now());
        let mut publisher = Publisher::new(clock, &camera, 1);
        publisher.push();
        program.commands.closed().await;
        assert!(program.output().status().live, "the foreign writer's session goes on");
    }
}
