//! The recorder's thread, and the one that makes files durable.

use std::collections::BTreeMap;
use std::fs::File;
use std::mem::take;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use genlock_feed::clock::EventClock;
use genlock_media::EventTime;

use super::desk::{Desk, RecorderConfig, RecordingTotals, SYNC_INTERVAL, Stop};
use super::disk::{self, Room};
use super::folder::Library;
use super::job::{Job, Means, is_stale};
use super::recording::Recording;
use crate::name::Source;

/// How often Feeds are read. Default 50 ms: few wake-ups, and what is held for 900 ms before is on its way to the disk
/// within a second.
const TICK: Duration = Duration::from_millis(50);

/// How often the room on the disk is looked at. Default 1 s.
const ROOM_INTERVAL: Duration = Duration::from_secs(1);

/// How often the folder is looked at: what it holds, what is too old. Default 60 s.
const KEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Files that wait to be made durable. Default 1024, the files of 500 sources. What finds no place waits
/// for its next turn.
const DURABLE_QUEUE: usize = 1024;

/// Records until the desk says that it is over.
pub(super) fn run(desk: &Arc<Desk>, config: &RecorderConfig, library: Library, clock: EventClock) {
    let (durable, files) = sync_channel::<File>(DURABLE_QUEUE);
    let syncing = thread::Builder::new().name("recorder-sync".to_owned()).spawn(move || {
        for file in files {
            if let Err(error) = file.sync_data() {
                tracing::warn!(%error, "a recording cannot be made durable");
            }
        }
    });
    let mut recordings = Recordings::new(config, library, durable);
    recordings.mend(clock.now());
    desk.lock().mended = true;
    loop {
        recordings.turn(desk, clock.now());
        if desk.lock().finishing || Arc::strong_count(desk) == 1 {
            break;
        }
        desk.wait(TICK);
    }
    recordings.finish(clock.now());
    if let Ok(syncing) = syncing {
        let _ = syncing.join();
    }
}

struct Recordings<'a> {
    config: &'a RecorderConfig,
    library: Library,
    jobs: BTreeMap<Source, Job>,
    room: Room,
    totals: RecordingTotals,
    durable: SyncSender<File>,
    room_at: Option<EventTime>,
    keep_at: Option<EventTime>,
    sync_at: Option<EventTime>,
}

impl<'a> Recordings<'a> {
    fn new(config: &'a RecorderConfig, library: Library, durable: SyncSender<File>) -> Self {
        let (jobs, room) = (BTreeMap::new(), Room::default());
        Self {
            config,
            library,
            jobs,
            room,
            totals: RecordingTotals::default(),
            durable,
            room_at: None,
            keep_at: None,
            sync_at: None,
        }
    }

    /// Makes whole what a crash has left.
    fn mend(&self, now: EventTime) {
        if let Err(error) = self.library.finish_removals() {
            tracing::warn!(%error, "what was removed stays on the disk");
        }
        for event in self.library.events().unwrap_or_default() {
            if let Err(error) = self.library.remove_unfinished(&event) {
                tracing::warn!(%error, event, "a re-cut that was not finished stays on the disk");
            }
            for (source, id, folder) in self.library.find(&event).unwrap_or_default() {
                let source = source.name();
                // Nothing is removed, or cut again, in the middle of it.
                let _changing = self.library.changing();
                match Recording::mend(&folder, now, self.config.zero_unix_micros) {
                    Ok(done) => {
                        for (file, bytes) in done.into_iter().flat_map(|done| done.truncate) {
                            tracing::warn!(event, source, %id, file, bytes, "a torn recording was cut");
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, event, source, %id, "a recording cannot be mended")
                    }
                }
            }
        }
    }

    fn turn(&mut self, desk: &Desk, now: EventTime) {
        self.look_around(now);
        self.follow(desk, now);
        let means = Means { config: self.config, library: &self.library, now };
        for (source, job) in &mut self.jobs {
            let refused = self.room.refuses(self.config, source, job.is_refused());
            let lost = job.lost();
            let written = job.work(means, refused);
            self.totals.bytes += written;
            self.totals.lost += job.lost() - lost;
            self.room.add(source, written);
        }
        if is_due(&mut self.sync_at, now, SYNC_INTERVAL) {
            let files: Vec<File> = self.jobs.values().flat_map(Job::handles).collect();
            self.make_durable(files);
        }
        self.totals.free = self.room.free;
        self.report(desk, now);
    }

    /// Tells the desk how every job is doing. In place: this is done twenty times a second, also while nothing is recorded.
    fn report(&self, desk: &Desk, now: EventTime) {
        let mut state = desk.lock();
        state.statuses.retain(|source, _| self.jobs.contains_key(source));
        for (source, job) in &self.jobs {
            match state.statuses.get_mut(source) {
                Some(status) => *status = job.status(now),
                None => {
                    state.statuses.insert(source.clone(), job.status(now));
                }
            }
        }
        state.totals = self.totals;
    }

    /// Begins and stops what the desk says.
    fn follow(&mut self, desk: &Desk, now: EventTime) {
        let (gone, stops, forgotten) = {
            let mut state = desk.lock();
            let jobs = self.jobs.keys();
            let gone = jobs.filter(|source| !state.wanted.contains_key(*source)).cloned();
            let gone: Vec<Source> = gone.collect();
            (gone, take(&mut state.stops), take(&mut state.forgotten))
        };
        for source in gone {
            let how = stops.get(&source).copied().unwrap_or(Stop::Pause);
            self.stop(&source, now, how);
        }
        for event in forgotten {
            if let Err(error) = self.library.remove_event(&event, now) {
                tracing::warn!(%error, event, "recordings of a removed event stay on the disk");
            }
            self.room.used.remove(&event);
        }
        let stale: Vec<Source> = self
            .jobs
            .iter()
            .filter(|(_, job)| is_stale(job, now))
            .map(|(source, _)| source.clone())
            .collect();
        for source in stale {
            self.stop(&source, now, Stop::End);
        }
        for (source, feed) in &desk.lock().wanted {
            match self.jobs.get_mut(source) {
                Some(job) => job.follow(feed),
                None => {
                    self.jobs.insert(source.clone(), Job::new(source.clone(), feed.clone()));
                }
            }
        }
    }

    fn stop(&mut self, source: &Source, now: EventTime, how: Stop) {
        if let Some(job) = self.jobs.remove(source) {
            let files = job.stop(now, how);
            self.make_durable(files);
        }
    }

    fn finish(mut self, now: EventTime) {
        let sources: Vec<Source> = self.jobs.keys().cloned().collect();
        for source in sources {
            self.stop(&source, now, Stop::Pause);
        }
    }

    fn make_durable(&self, files: Vec<File>) {
        for file in files {
            if let Err(TrySendError::Full(_)) = self.durable.try_send(file) {
                tracing::debug!("the disk is slow in making recordings durable");
            }
        }
    }

    fn look_around(&mut self, now: EventTime) {
        if is_due(&mut self.room_at, now, ROOM_INTERVAL) {
            self.room.free = disk::free(&self.config.folder);
        }
        if is_due(&mut self.keep_at, now, KEEP_INTERVAL) {
            for event in self.library.events().unwrap_or_default() {
                self.remove_old(&event, now);
                let used = self.library.used(&event).unwrap_or(0);
                self.room.used.insert(event, used);
            }
        }
    }

    fn remove_old(&self, event: &str, now: EventTime) {
        let Some(keep) = self.config.keep else { return };
        for recording in self.library.list(event).unwrap_or_default() {
            let is_old = recording.newest().is_some_and(|ended| now.saturating_since(ended) > keep);
            if is_old
                && recording.is_over(now)
                && let Err(error) = self.library.remove(event, &recording.id, "age", now)
            {
                let id = &recording.id;
                tracing::warn!(%error, event, %id, "an old recording cannot be removed");
            }
        }
    }
}

/// Whether something is due, which then is due again after `interval`.
fn is_due(last: &mut Option<EventTime>, now: EventTime, interval: Duration) -> bool {
    let due = last.is_none_or(|last| now.saturating_since(last) >= interval);
    if due {
        *last = Some(now);
    }
    due
}
