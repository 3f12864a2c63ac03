//! The recorder's thread, and the one that makes files durable.

use std::collections::BTreeMap;
use std::fs::File;
use std::mem::take;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::task::Waker;
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

/// How often Feeds are looked at of which nothing is open and to which nobody publishes, where there may be too little room for
/// them. Default 1 s. Otherwise they are looked at when something happens in them: one more of them costs nothing.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

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
    let waker = Waker::from(Arc::clone(&desk.bell));
    let mut recordings = Recordings::new(config, library, durable, waker);
    recordings.mend(clock.now());
    desk.lock().mended = true;
    let mut rung = false;
    loop {
        recordings.turn(desk, clock.now(), rung);
        if desk.lock().finishing || Arc::strong_count(desk) == 1 {
            break;
        }
        rung = desk.bell.wait(if recordings.are_idle() { ROOM_INTERVAL } else { TICK });
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
    /// Woken by idle jobs' Feeds.
    waker: Waker,
    idle_at: Option<EventTime>,
    room_at: Option<EventTime>,
    keep_at: Option<EventTime>,
    sync_at: Option<EventTime>,
}

/// Which jobs a turn concerned.
#[derive(Debug, Clone, Copy)]
struct Scope {
    /// They are not those of the turn before.
    others: bool,
    /// Idle ones, too.
    all: bool,
}

impl<'a> Recordings<'a> {
    fn new(
        config: &'a RecorderConfig,
        library: Library,
        durable: SyncSender<File>,
        waker: Waker,
    ) -> Self {
        let (jobs, room) = (BTreeMap::new(), Room::default());
        Self {
            config,
            library,
            jobs,
            room,
            totals: RecordingTotals::default(),
            durable,
            waker,
            idle_at: None,
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

    /// One look at everything that needs one; whether the bell has `rung` for it.
    fn turn(&mut self, desk: &Desk, now: EventTime, rung: bool) {
        self.look_around(now);
        let has_followed = self.follow(desk, now);
        let means = Means { config: self.config, library: &self.library, now };
        let for_room =
            self.room.is_tight(self.config) && is_due(&mut self.idle_at, now, IDLE_INTERVAL);
        let all = rung || for_room;
        for (source, job) in self.jobs.iter_mut().filter(|(_, job)| all || !job.is_idle()) {
            if job.is_at_rest() && !job.has_news(&self.waker) && !for_room {
                continue;
            }
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
        self.report(desk, now, Scope { others: has_followed, all });
    }

    /// Nobody publishes anything that is to be recorded.
    fn are_idle(&self) -> bool {
        self.jobs.values().all(Job::is_idle)
    }

    /// Tells the desk how the jobs are doing; in place where they are the same as before, as this is done twenty times a second.
    fn report(&self, desk: &Desk, now: EventTime, scope: Scope) {
        let mut state = desk.lock();
        state.totals = self.totals;
        if scope.others {
            let statuses = self.jobs.iter().map(|(source, job)| (source.clone(), job.status(now)));
            state.statuses = statuses.collect();
            return;
        }
        let statuses = state.statuses.values_mut().zip(self.jobs.values());
        for (status, job) in statuses.filter(|(_, job)| scope.all || !job.is_idle()) {
            *status = job.status(now);
        }
    }

    /// Begins and stops what the desk says. Whether that may be something else than before.
    fn follow(&mut self, desk: &Desk, now: EventTime) -> bool {
        let is_stale = self.end_stale(now);
        let (wanted, stops, forgotten) = {
            let mut state = desk.lock();
            if !take(&mut state.changed) && !is_stale {
                return false;
            }
            (state.wanted.clone(), take(&mut state.stops), take(&mut state.forgotten))
        };
        for source in self.sources(|source, _| !wanted.contains_key(source)) {
            let how = stops.get(&source).copied().unwrap_or(Stop::Pause);
            self.stop(&source, now, how);
        }
        for event in forgotten {
            if let Err(error) = self.library.remove_event(&event, now) {
                tracing::warn!(%error, event, "recordings of a removed event stay on the disk");
            }
            self.room.used.remove(&event);
        }
        for (source, feed) in wanted {
            match self.jobs.get_mut(&source) {
                Some(job) => job.follow(&feed),
                None => {
                    self.jobs.insert(source.clone(), Job::new(source, feed));
                }
            }
        }
        true
    }

    /// Ends recordings that have been silent for long; the next picture begins another. Whether there was one.
    fn end_stale(&mut self, now: EventTime) -> bool {
        let stale = self.sources(|_, job| is_stale(job, now));
        for source in &stale {
            self.stop(source, now, Stop::End);
        }
        !stale.is_empty()
    }

    /// The sources of some jobs.
    fn sources(&self, which: impl Fn(&Source, &Job) -> bool) -> Vec<Source> {
        let some = self.jobs.iter().filter(|(source, job)| which(source, job));
        some.map(|(source, _)| source.clone()).collect()
    }

    fn stop(&mut self, source: &Source, now: EventTime, how: Stop) {
        if let Some(job) = self.jobs.remove(source) {
            let files = job.stop(now, how);
            self.make_durable(files);
        }
    }

    fn finish(mut self, now: EventTime) {
        for source in self.sources(|_, _| true) {
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
