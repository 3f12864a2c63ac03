//! The task that packages one Feed while it is wanted.
//!
//! ```text
//!  wanted? ─▶ run: Feed ─▶ Packager ─▶ Snapshot ─▶ publication ─▶ held requests wake
//!     ▲          │ nothing asked for, GOPs outgrew the target duration, or a panic
//!     └──────────┘
//! ```
//!
//! All decisions about media are the packager's; this moves samples and time. What it decides is where a
//! run starts: its numbers go on where the last run ended, and are never below the media time, so that
//! they go on after a restart of the process too.

use std::sync::Arc;
use std::time::Duration;

use genlock_feed::{Entry, FeedReader, Read, Start};
use genlock_media::{EventTime, Sample};
use genlock_packager::{Packager, PackagerConfig, target_duration_for};
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, error, info, warn};

use crate::counters::Counters;
use crate::gop::GopMeter;
use crate::publication::Publication;

/// Reads of a Feed before other tasks get their turn: half a second of media or so.
const BATCH: usize = 64;

/// Pause after a panic, so that a sample that provokes it again does not keep a core busy.
const PANIC_PAUSE: Duration = Duration::from_secs(1);

/// Media time per number. Segments never last less on average, so that a number made of the media time
/// is above every number that was published for earlier media.
const TIME_PER_SEGMENT_MS: u64 = 100;

/// Media time per discontinuity, by the same argument: events do not cut between unlike cameras more
/// than once a second on average.
const TIME_PER_DISCONTINUITY_MS: u64 = 1000;

/// Packages the publication's Feed until the publication ends.
pub(crate) async fn run(
    publication: Arc<Publication>,
    pattern: PackagerConfig,
    counters: Arc<Counters>,
) {
    let ended = publication.ended().clone();
    ended.run_until_cancelled(run_while_wanted(publication, pattern, counters)).await;
}

async fn run_while_wanted(
    publication: Arc<Publication>,
    pattern: PackagerConfig,
    counters: Arc<Counters>,
) {
    let mut next = Succession { pattern, runs: 0, media_sequence: 0 };
    let mut start = Start::OldestSync;
    loop {
        publication.startable().await;
        let packaging = counters.package();
        debug!(publication = %publication.id, run = next.runs, "packaging starts");
        let run = Run::new(Arc::clone(&publication), next.clone(), start);
        // A task of its own contains a panic.
        let result = AbortOnDropHandle::new(tokio::spawn(run.package())).await;
        drop(packaging);
        next.note(&publication);
        start = Start::OldestSync;
        match result {
            Ok(End::Unwanted) => {
                debug!(publication = %publication.id, "packaging stops, nobody asks");
                publication.show(None);
            }
            Ok(End::Misfit) => {
                info!(publication = %publication.id, "packaging starts again, target duration raised");
            }
            Err(error) => {
                counters.panics.add_one();
                error!(publication = %publication.id, %error, "packaging failed and starts again");
                start = Start::NewestSync;
                tokio::time::sleep(PANIC_PAUSE).await;
            }
        }
    }
}

/// What one run leaves to the next.
#[derive(Debug, Clone)]
struct Succession {
    pattern: PackagerConfig,
    runs: u64,
    /// The least number for the next run's first segment.
    media_sequence: u64,
}

impl Succession {
    /// A run has ended.
    fn note(&mut self, publication: &Publication) {
        self.runs += 1;
        if let Some(snapshot) = publication.snapshot() {
            self.media_sequence = snapshot.edge().media_sequence + 1;
        }
    }

    /// Configuration of a run whose first sample is `first`.
    fn config(&self, first: &Sample, target_duration: u8) -> PackagerConfig {
        let begin_ms = u64::try_from(first.dts_time().to_event().as_millis()).unwrap_or(0);
        let mut config = self.pattern.clone();
        config.session = format!("{}{:x}", config.session, self.runs);
        config.first_media_sequence = self.media_sequence.max(begin_ms / TIME_PER_SEGMENT_MS);
        config.first_discontinuity_sequence = begin_ms / TIME_PER_DISCONTINUITY_MS;
        config.target_duration = target_duration;
        config
    }
}

/// Why a run ended.
enum End {
    /// Nobody asks any more.
    Unwanted,
    /// Another target duration is due.
    Misfit,
}

/// One packager's life.
struct Run {
    publication: Arc<Publication>,
    succession: Succession,
    reader: FeedReader,
    gops: GopMeter,
    /// Made for the first sample, whose time its numbers are made of.
    packager: Option<(Packager, u8)>,
    mux_failures: u64,
    /// What the Feed held at the start has been read.
    caught_up: bool,
}

impl Run {
    fn new(publication: Arc<Publication>, succession: Succession, start: Start) -> Self {
        let gops = GopMeter::of(publication.feed.reader(start));
        let reader = publication.feed.reader(start);
        Self {
            publication,
            succession,
            reader,
            gops,
            packager: None,
            mux_failures: 0,
            caught_up: false,
        }
    }

    async fn package(mut self) -> End {
        loop {
            let now = self.publication.clock.now();
            if !self.publication.is_wanted(now) {
                return End::Unwanted;
            }
            let backlog = self.read(now);
            if self.is_misfit() {
                return End::Misfit;
            }
            // A viewer is to start at the live edge, not in the middle of what the Feed held at the start.
            self.caught_up |= !backlog;
            if self.caught_up {
                self.publish(now);
            }
            if backlog {
                tokio::task::yield_now().await;
            } else {
                self.wait().await;
            }
        }
    }

    /// Pushes what the Feed has, up to a batch; tells whether there may be more.
    fn read(&mut self, now: EventTime) -> bool {
        for _ in 0..BATCH {
            match self.reader.try_next() {
                Some(read) => self.push(now, read),
                None => return false,
            }
        }
        true
    }

    fn push(&mut self, now: EventTime, read: Read) {
        match read {
            Read::Entry(Entry { sample, .. }) => {
                self.gops.note(&sample);
                if self.packager.is_none() {
                    self.packager = Some(self.first(now, &sample));
                }
                if let Some((packager, _)) = &mut self.packager {
                    packager.push(now, sample);
                }
            }
            Read::Lagged { samples } => {
                warn!(publication = %self.publication.id, samples, "packaging fell behind the feed");
            }
        }
    }

    /// The packager and its target duration.
    fn first(&self, now: EventTime, sample: &Sample) -> (Packager, u8) {
        let served = self.publication.target_duration();
        let target = served.unwrap_or_else(|| target_duration_for(self.gops.longest()));
        (Packager::new(self.succession.config(sample, target), now), target)
    }

    /// Whether the target duration that this run has is not the one it should have. Nothing that was
    /// served ever changes: once a playlist has been served, the run that fits to it is right.
    fn is_misfit(&self) -> bool {
        let Some((_, target)) = &self.packager else {
            return false;
        };
        match self.publication.target_duration() {
            Some(served) => served != *target,
            None => target_duration_for(self.gops.longest()) > *target,
        }
    }

    fn publish(&mut self, now: EventTime) {
        let Some((packager, _)) = &mut self.packager else {
            return;
        };
        if self.publication.is_ts_wanted() {
            packager.enable_ts();
        }
        packager.handle_timeout(now);
        let snapshot = packager.snapshot();
        let shown = self.publication.snapshot();
        if !shown.is_some_and(|shown| Arc::ptr_eq(&shown, &snapshot)) {
            self.publication.show(Some(snapshot));
            self.tell_failures();
        }
    }

    /// Logs the first thing of the run that no container can carry; more of the same would follow.
    fn tell_failures(&mut self) {
        let Some((packager, _)) = &self.packager else {
            return;
        };
        let stats = packager.stats();
        if let (0, Some(error)) = (self.mux_failures, &stats.last_mux_failure) {
            warn!(publication = %self.publication.id, %error, "some of the media cannot be packaged");
        }
        self.mux_failures = stats.mux_failures;
    }

    /// Waits for a sample, for a request that needs attention, for the packager's deadline or for the end
    /// of the demand.
    async fn wait(&mut self) {
        let packager = self.packager.as_ref().and_then(|(packager, _)| packager.poll_timeout());
        let deadline = packager.into_iter().chain(self.publication.wanted_until()).min();
        let clock = self.publication.clock;
        let at_deadline = async {
            match deadline {
                Some(deadline) => tokio::time::sleep(clock.until(deadline)).await,
                None => std::future::pending().await,
            }
        };
        let read = tokio::select! {
            read = self.reader.next() => read,
            () = self.publication.attention() => return,
            () = at_deadline => return,
        };
        self.push(clock.now(), read);
    }
}
