//! The recording of one source, as far as it is open.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use genlock_feed::{Feed, FeedReader, Read, Start};
use genlock_media::EventTime;

use super::desk::{RecorderConfig, State, Status, Stop};
use super::folder::Library;
use super::recording::{CONTINUE_WITHIN, Recording};
use super::sink::Sink;
use crate::index::GapReason;
use crate::name::{RecordingId, Source};
use crate::writer::Writer;

/// Samples that are taken of one source before another has its turn. Default 2048, more than a Feed gets
/// in ten seconds.
const TURN_SAMPLES_MAX: usize = 2048;

/// How long to wait after a write has failed. Default 1 s.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Time without samples after which a source counts as waiting. Default 3 s.
const SILENT_AFTER: Duration = Duration::from_secs(3);

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Job {
    source: Source,
    feed: Feed,
    /// Resolves when something happens in the Feed, while the job is at rest.
    news: Option<News>,
    reader: Option<FeedReader>,
    open: Option<Open>,
    /// Why nothing is recorded although it should be.
    refused: Option<State>,
    failed: Option<(EventTime, String)>,
    last_sample: Option<EventTime>,
    bytes: u64,
    lost: u64,
}

/// Waits for a Feed.
struct News(Pin<Box<dyn Future<Output = ()>>>);

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("News")
    }
}

#[derive(Debug)]
struct Open {
    id: RecordingId,
    writer: Writer,
    sink: Sink,
}

/// What all jobs work with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Means<'a> {
    pub(super) config: &'a RecorderConfig,
    pub(super) library: &'a Library,
    pub(super) now: EventTime,
}

impl Job {
    pub(super) const fn new(source: Source, feed: Feed) -> Self {
        Self {
            source,
            feed,
            news: None,
            reader: None,
            open: None,
            refused: None,
            failed: None,
            last_sample: None,
            bytes: 0,
            lost: 0,
        }
    }

    /// Another Feed takes the place of the one that was read.
    pub(super) fn follow(&mut self, feed: &Feed) {
        if !self.feed.is_same(feed) {
            self.feed = feed.clone();
            self.news = None;
            self.reader = None;
        }
    }

    pub(super) const fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// Nothing is open, or would be if it could.
    pub(super) const fn is_at_rest(&self) -> bool {
        self.open.is_none() && self.refused.is_none() && self.failed.is_none()
    }

    /// It is at rest until [`Job::has_news`] wakes somebody.
    pub(super) const fn is_idle(&self) -> bool {
        self.is_at_rest() && self.news.is_some()
    }

    /// Whether anything may have happened in the Feed since this was last asked. `waker` is woken when something does from now on.
    pub(super) fn has_news(&mut self, waker: &Waker) -> bool {
        let mut has_some = false;
        loop {
            let news = self.news.get_or_insert_with(|| {
                has_some = true;
                let mut watch = self.feed.watch();
                News(Box::pin(async move { watch.changed().await }))
            });
            if news.0.as_mut().poll(&mut Context::from_waker(waker)).is_pending() {
                return has_some;
            }
            self.news = None;
        }
    }

    /// Samples that the disk was too slow for.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    /// Takes what has come and writes it; tells how many bytes of media that was.
    pub(super) fn work(&mut self, means: Means<'_>, refused: Option<State>) -> u64 {
        let written = self.work_on(means, refused);
        if !self.is_at_rest() {
            // It is looked at all the time; nobody need say so at every sample.
            self.news = None;
        }
        written
    }

    fn work_on(&mut self, means: Means<'_>, refused: Option<State>) -> u64 {
        if refused.is_some() {
            return self.refuse(means, refused);
        }
        if self.is_stuck(means.now) {
            return 0;
        }
        self.leave_what_is_lost(means);
        // What could not be written before comes first; nothing is taken while it waits.
        let written = self.write(means.now);
        if self.open.is_some() && self.failed.is_some() {
            return written;
        }
        self.read(means);
        written + self.write(means.now)
    }

    /// Nothing more is recorded, for now or for good.
    pub(super) fn stop(mut self, now: EventTime, how: Stop) -> Vec<File> {
        if let Some(open) = &mut self.open {
            match how {
                Stop::Pause => open.writer.flush(now),
                Stop::End => open.writer.end(now),
            }
        }
        self.write(now);
        self.handles()
    }

    /// Files that were written to.
    pub(super) fn handles(&self) -> Vec<File> {
        self.open.iter().flat_map(|open| open.sink.handles()).collect()
    }

    pub(super) fn status(&self, now: EventTime) -> Status {
        let is_silent =
            self.last_sample.is_none_or(|last| now.saturating_since(last) > SILENT_AFTER);
        let state = match (&self.refused, &self.failed) {
            (Some(refused), _) => refused.clone(),
            (None, Some(_)) => State::Failed,
            (None, None) if is_silent => State::Waiting,
            (None, None) => State::Recording,
        };
        let born = self.open.as_ref().filter(|open| open.sink.is_born());
        Status {
            state,
            recording: born.map(|open| open.id.clone()),
            bytes: self.bytes,
            lost: self.lost,
            error: self.failed.as_ref().map(|(_, error)| error.clone()),
        }
    }

    fn refuse(&mut self, means: Means<'_>, refused: Option<State>) -> u64 {
        let begins = self.refused.is_none();
        self.refused = refused;
        self.reader = None;
        if begins && let Some(open) = &mut self.open {
            open.writer.interrupt(means.now, GapReason::Paused, 0);
            return self.write(means.now);
        }
        0
    }

    /// A disk that came back without the newest of a recording, or with nothing: what is there is mended and gone on with, in
    /// another file.
    fn leave_what_is_lost(&mut self, means: Means<'_>) {
        let Some(open) = self.open.take_if(|open| open.sink.is_lost()) else { return };
        // Nothing is being recorded now; at rest nobody would find out later that it has become silent.
        self.last_sample = None;
        let zero = means.config.zero_unix_micros;
        let mended = Recording::mend(open.sink.folder(), means.now, zero);
        let (event, source) = (self.source.event(), self.source.name());
        match mended {
            Ok(_) => tracing::warn!(event, source, "the disk has lost the end of a recording"),
            Err(error) => tracing::warn!(event, source, %error, "the disk has lost a recording"),
        }
    }

    fn is_stuck(&self, now: EventTime) -> bool {
        self.failed.as_ref().is_some_and(|(at, _)| now.saturating_since(*at) < RETRY_AFTER)
    }

    fn read(&mut self, means: Means<'_>) {
        self.refused = None;
        let feed = &self.feed;
        let reader = self.reader.get_or_insert_with(|| feed.reader(Start::NewestSync).holding());
        // Opened before anything is taken, so that nothing is lost where that fails.
        if reader.behind() > 0
            && let Err(error) = self.open(means)
        {
            return self.fail(means.now, &error);
        }
        let (Some(reader), Some(open)) = (&mut self.reader, &mut self.open) else { return };
        for _ in 0..TURN_SAMPLES_MAX {
            let Some(read) = reader.try_next() else { break };
            self.last_sample = Some(means.now);
            match read {
                Read::Entry(entry) => open.writer.push(entry),
                Read::Lagged { samples } => {
                    let (event, source) = (self.source.event(), self.source.name());
                    tracing::warn!(event, source, samples, "the recorder came too late");
                    self.lost += samples;
                    open.writer.interrupt(means.now, GapReason::Overrun, samples);
                }
            }
        }
        open.writer.handle_timeout(means.now);
        open.drain();
    }

    /// Sees to it that a recording is open that can take more.
    fn open(&mut self, means: Means<'_>) -> io::Result<()> {
        if let Some(mut open) = self.open.take_if(|open| open.writer.is_full()) {
            open.writer.end(means.now);
            open.drain();
            open.sink.write()?;
        }
        if self.open.is_none() {
            self.open = Some(Open::begin(&self.source, means)?);
        }
        Ok(())
    }

    fn write(&mut self, now: EventTime) -> u64 {
        let Some(open) = &mut self.open else { return 0 };
        open.drain();
        match open.sink.write() {
            Ok(bytes) => {
                if self.failed.take().is_some() {
                    tracing::info!(
                        event = self.source.event(),
                        source = self.source.name(),
                        "recording goes on"
                    );
                }
                self.bytes += bytes;
                bytes
            }
            Err(error) => {
                self.fail(now, &error);
                0
            }
        }
    }

    fn fail(&mut self, now: EventTime, error: &io::Error) {
        if self.failed.is_none() {
            tracing::error!(event = self.source.event(), source = self.source.name(), %error, "recording fails");
        }
        self.failed = Some((now, error.to_string()));
    }
}

impl Open {
    /// Goes on with the newest recording of `source`, or begins one.
    fn begin(source: &Source, means: Means<'_>) -> io::Result<Self> {
        let Means { config, library, now } = means;
        if let Some((id, folder, recording)) = resumable(source, library, now)? {
            let writer = Writer::resume(config.rolling, now, &recording.timeline);
            return Ok(Self { id, writer, sink: Sink::resume(folder)? });
        }
        let began = library.free_second(source, now);
        let id = RecordingId::new(began, source.name()).ok_or(io::ErrorKind::InvalidInput)?;
        let writer = Writer::new(config.rolling, now, config.zero_unix_micros);
        Ok(Self { id, writer, sink: Sink::new(library.folder_of(source, began)) })
    }

    fn drain(&mut self) {
        while let Some(output) = self.writer.poll() {
            self.sink.push(output);
        }
    }
}

fn resumable(
    source: &Source,
    library: &Library,
    now: EventTime,
) -> io::Result<Option<(RecordingId, PathBuf, Recording)>> {
    let mut found = library.find(source.event())?;
    found.retain(|(of, _, _)| of == source);
    let Some((_, id, folder)) = found.into_iter().max_by_key(|(_, id, _)| id.began()) else {
        return Ok(None);
    };
    let recording = library.get(source.event(), &id)?;
    Ok(recording
        .filter(|recording| !recording.is_over(now))
        .map(|recording| (id, folder, recording)))
}

/// A Feed that has been silent for so long begins another recording.
pub(super) fn is_stale(job: &Job, now: EventTime) -> bool {
    job.open.is_some()
        && job.last_sample.is_some_and(|last| now.saturating_since(last) > CONTINUE_WITHIN)
}
