//! The task that packages one Feed while it is wanted.
//!
//! ```text
//!  wanted? ─▶ run: Feed ─▶ Packager ─▶ Snapshot ─▶ publication ─▶ held requests wake
//!     ▲          │ nothing asked for, GOPs outgrew the target duration, or a panic
//!     └──────────┘
//! ```
//!
//! All decisions about media are the packager's; this moves samples and time. What it decides is
//! where a run starts: its numbers go on where the last run ended, and are never below the media
//! time, so that they go on after a restart of the process too.

use std::sync::Arc;
use std::time::Duration;

use genlock_feed::{Entry, FeedReader, Joint, Read, Start};
use genlock_media::{EventTime, Sample};
use genlock_packager::{Packager, PackagerConfig, Splice, target_duration_for};
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, error, info, warn};

use crate::counters::Counters;
use crate::gop::GopMeter;
use crate::limits::FINISHED_TIME;
use crate::publication::Publication;

/// Reads of a Feed before other tasks get their turn: half a second of media or so.
const BATCH: usize = 64;

/// Pause after a panic, so that a sample that provokes it again does not keep a core busy.
const PANIC_PAUSE: Duration = Duration::from_secs(1);

/// Media time per number. Segments never last less on average, so that a number made of the media
/// time is above every number that was published for earlier media.
const TIME_PER_SEGMENT_MS: u64 = 100;

/// Media time per discontinuity, by the same argument: events do not cut between unlike cameras
/// more than once a second on average.
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
    let mut next = Succession { pattern, media_sequence: 0 };
    let mut start = Start::OldestSync;
    loop {
        tokio::select! {
            biased;
            () = publication.finished().cancelled() => return,
            () = publication.startable() => {}
        }
        let packaging = counters.package();
        let config = next.config(packaging.number());
        debug!(publication = %publication.id, session = config.session, "packaging starts");
        let run = Run::new(Arc::clone(&publication), config, start);
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
            Ok(End::Finished) => {
                info!(publication = %publication.id, "the publication is finished");
                tokio::time::sleep(FINISHED_TIME).await;
                publication.show(None);
                return;
            }
            Ok(End::Misfit) => {
                info!(publication = %publication.id, "packaging again, target duration raised");
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
#[derive(Debug)]
struct Succession {
    pattern: PackagerConfig,
    /// The least number for the next run's first segment.
    media_sequence: u64,
}

impl Succession {
    /// A run has ended.
    fn note(&mut self, publication: &Publication) {
        if let Some(snapshot) = publication.snapshot() {
            self.media_sequence = snapshot.edge().media_sequence + 1;
        }
    }

    /// Configuration of the process's run number `run`.
    fn config(&self, run: u64) -> PackagerConfig {
        let mut config = self.pattern.clone();
        config.session = format!("{}_{run:x}", config.session);
        config.first_media_sequence = self.media_sequence;
        config
    }
}

/// Raises the numbers that a run starts with to what the time of its first sample makes them.
fn number_by_time(config: &mut PackagerConfig, first: &Sample) {
    let begin_ms = u64::try_from(first.dts_time().to_event().as_millis()).unwrap_or(0);
    let media_sequence = begin_ms / TIME_PER_SEGMENT_MS;
    config.first_media_sequence = config.first_media_sequence.max(media_sequence);
    config.first_discontinuity_sequence = begin_ms / TIME_PER_DISCONTINUITY_MS;
}

/// Why a run ended.
enum End {
    /// Nobody asks any more.
    Unwanted,
    /// Another target duration is due.
    Misfit,
    /// Nothing comes any more.
    Finished,
}

/// One packager's life.
struct Run {
    publication: Arc<Publication>,
    config: PackagerConfig,
    reader: FeedReader,
    gops: GopMeter,
    /// Made for the first sample, whose time its numbers are made of.
    packager: Option<Packager>,
    mux_failures: u64,
    /// What the Feed held at the start has been read.
    caught_up: bool,
}

impl Run {
    fn new(publication: Arc<Publication>, config: PackagerConfig, start: Start) -> Self {
        let gops = GopMeter::of(publication.feed.reader(start));
        let reader = publication.feed.reader(start);
        Self {
            publication,
            config,
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
            // A viewer is to start at the live edge, not in the middle of what the Feed held at the
            // start.
            self.caught_up |= !backlog;
            if self.caught_up {
                self.publish(now);
            }
            if !backlog && self.publication.finished().is_cancelled() {
                self.finish(now);
                return End::Finished;
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
            Read::Entry(Entry { sample, joint, .. }) => {
                self.gops.note(&sample);
                if self.packager.is_none() {
                    self.packager = Some(self.first(now, &sample));
                }
                if let Some(packager) = &mut self.packager {
                    match joint {
                        Joint::Continues => packager.push(now, sample),
                        Joint::Splice { settled, sound } => {
                            packager.splice(now, sample, Splice { settled, sound });
                        }
                    }
                }
            }
            Read::Lagged { samples } => {
                warn!(publication = %self.publication.id, samples, "packaging fell behind");
            }
        }
    }

    /// A packager whose first sample is `sample`.
    fn first(&self, now: EventTime, sample: &Sample) -> Packager {
        let mut config = self.config.clone();
        let least = config.target_duration.max(target_duration_for(self.gops.longest()));
        config.target_duration = self.publication.target_duration().unwrap_or(least);
        number_by_time(&mut config, sample);
        Packager::new(config, now)
    }

    /// Whether the run's target duration is not what it should be. Once a playlist has been served
    /// the right one is that playlist's; before, the one that the longest GOP fits into.
    fn is_misfit(&self) -> bool {
        let Some(packager) = &self.packager else {
            return false;
        };
        let target = packager.snapshot().target_duration();
        match self.publication.target_duration() {
            Some(served) => served != target,
            None => target_duration_for(self.gops.longest()) > target,
        }
    }

    fn publish(&mut self, now: EventTime) {
        let Some(packager) = &mut self.packager else {
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

    /// Closes the playlists.
    fn finish(&mut self, now: EventTime) {
        if let Some(packager) = &mut self.packager {
            packager.end(now);
            self.publication.show(Some(packager.snapshot()));
        }
    }

    /// Logs the first thing of the run that no container can carry; more of the same would follow.
    fn tell_failures(&mut self) {
        let Some(packager) = &self.packager else {
            return;
        };
        let stats = packager.stats();
        if let (0, Some(error)) = (self.mux_failures, &stats.last_mux_failure) {
            warn!(publication = %self.publication.id, %error, "media cannot be packaged");
        }
        self.mux_failures = stats.mux_failures;
    }

    /// Waits for a sample, for a request that needs attention, for the packager's deadline or for
    /// the end of the demand.
    async fn wait(&mut self) {
        let packager = self.packager.as_ref().and_then(Packager::poll_timeout);
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
            () = self.publication.finished().cancelled() => return,
            () = at_deadline => return,
        };
        self.push(clock.now(), read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gop::tests::picture;

    fn numbers(media_sequence: u64, begin_ms: i64) -> (u64, u64) {
        let pattern = PackagerConfig::new("s", 0, 0);
        let mut config = Succession { pattern, media_sequence }.config(31);
        assert_eq!(config.session, "s_1f");
        number_by_time(&mut config, &picture(begin_ms, true));
        (config.first_media_sequence, config.first_discontinuity_sequence)
    }

    #[test]
    fn numbers_start_at_the_media_time() {
        assert_eq!(numbers(0, 60_000), (600, 60));
    }

    #[test]
    fn numbers_never_go_back() {
        assert_eq!(numbers(700, 60_000), (700, 60));
    }

    #[test]
    fn media_before_the_clocks_zero_starts_at_zero() {
        assert_eq!(numbers(0, -1), (0, 0));
    }
}
