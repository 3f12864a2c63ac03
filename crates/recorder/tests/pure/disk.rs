//! The shell: Feeds in, folders out.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use genlock_feed::clock::EventClock;
use genlock_feed::{Feed, FeedLimits, FeedWriter};
use genlock_media::{Dependency, EventTime, Sample};
use genlock_recorder::shell::{Removal, media_name};
use genlock_recorder::{
    Clip, Recorder, RecorderConfig, Recording, RecordingId, Source, State, Status, Stop,
};

use crate::support::{ZERO_UNIX_MICROS, avc};

/// How long anything may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn wait_for<T>(mut what: impl FnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE.as_millis() / 20 {
        if let Some(got) = what() {
            return got;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it did not happen in {PATIENCE:?}");
}

pub(crate) struct Desk {
    pub(crate) clock: EventClock,
    pub(crate) recorder: Recorder,
    pub(crate) source: Source,
    feed: Feed,
    writer: Option<FeedWriter>,
    at: i64,
}

impl Desk {
    pub(crate) fn new(config: RecorderConfig) -> Self {
        Self::at(config, 3_600_000)
    }

    pub(crate) fn at(config: RecorderConfig, millis: i64) -> Self {
        let clock = EventClock::starting_at(EventTime::from_millis(millis));
        let recorder = Recorder::start(config, clock).unwrap();
        let (source, feed) =
            (Source::new("wedding", "cam").unwrap(), Feed::new(FeedLimits::default()));
        recorder.record(source.clone(), feed.clone());
        // From here on the Feed is read: what is pushed now is not the past.
        wait_for(|| recorder.status(&source));
        Self { clock, recorder, source, feed, writer: None, at: millis * 90 }
    }

    /// Pushes GOPs of three tenths of a second at once.
    pub(crate) fn push(&mut self, gops: i64) {
        let now = self.clock.now();
        let writer = self.writer.get_or_insert_with(|| self.feed.open(now));
        let config = avc();
        for picture in 0..gops * 5 {
            let dependency =
                if picture % 5 == 0 { Dependency::Sync } else { Dependency::Reference };
            let sample = Sample {
                config: Arc::clone(&config),
                dts: self.at,
                composition_offset: 9_000,
                duration: None,
                dependency,
                payload: vec![0xA5; 5_000].into(),
            };
            self.at += 5_400;
            writer.push(now, sample).unwrap();
        }
    }

    fn status(&self) -> Option<Status> {
        self.recorder.status(&self.source)
    }

    fn wait_state(&self, state: &State) -> Status {
        wait_for(|| self.status().filter(|status| status.state == *state))
    }

    pub(crate) fn recordings(&self) -> Vec<Recording> {
        self.recorder.library().list("wedding").unwrap()
    }

    pub(crate) fn wait_fragments(&self, least: usize) -> Recording {
        wait_for(|| {
            self.recordings().pop().filter(|newest| newest.timeline.fragments().len() >= least)
        })
    }
}

pub(crate) fn config(folder: &Path) -> RecorderConfig {
    RecorderConfig {
        keep_free: 0,
        ..RecorderConfig::new(folder.join("recordings"), ZERO_UNIX_MICROS)
    }
}

#[test]
fn what_a_feed_holds_comes_to_the_disk_and_is_found() {
    let data = tempfile::tempdir().unwrap();
    let mut desk = Desk::new(config(data.path()));
    assert!(desk.recordings().is_empty());
    desk.push(6);
    let recording = desk.wait_fragments(5);
    assert_eq!(recording.source, desk.source);
    let status = desk.wait_state(&State::Recording);
    assert_eq!((status.recording, status.lost), (Some(recording.id), 0));
    desk.recorder.stop(&desk.source, Stop::End);
    let over =
        wait_for(|| desk.recordings().pop().filter(|newest| newest.timeline.ended().is_some()));
    assert_eq!(over.timeline.fragments().len(), 6);
    assert!(desk.status().is_none() && over.is_over(desk.clock.now()));

    let movie = over.movie(&Clip::whole(&over.timeline).unwrap()).unwrap();
    assert_eq!(movie.extents[0].file, 1);
    let (config, picture) = over.sync_sample(over.timeline.fragments()[3].begin).unwrap().unwrap();
    assert_eq!(Some(&config), avc().as_video());
    assert!(picture.ends_with(&[0xA5; 5_000]));

    let (library, id) = (desk.recorder.library(), over.id);
    assert!(library.get("wedding", &id).unwrap().is_some());
    assert!(library.get("other", &id).unwrap().is_none());
    let removed = library.remove("wedding", &id, "somebody\twith a tab", desk.clock.now());
    let Removal::Removed(removed) = removed.unwrap() else { panic!("it was not removed") };
    assert!(removed.bytes > over.timeline.bytes());
    let again = library.remove("wedding", &id, "x", desk.clock.now()).unwrap();
    assert_eq!(again, Removal::Unknown);
    let by = "somebody with a tab".to_owned();
    let written_down = genlock_recorder::shell::Deleted { by, ..removed };
    assert_eq!(library.deletions("wedding").unwrap(), [written_down]);
    assert!(library.deletions("other").unwrap().is_empty());
    assert!(desk.recordings().is_empty());
}

#[test]
fn a_recording_goes_on_after_a_restart_and_another_begins_after_a_night() {
    let data = tempfile::tempdir().unwrap();
    let mut desk = Desk::new(config(data.path()));
    desk.push(4);
    let first = desk.wait_fragments(3);
    desk.recorder.finish();
    assert_eq!(desk.recordings()[0].timeline.fragments().len(), 4);

    let mut desk = Desk::at(config(data.path()), 3_700_000);
    desk.push(4);
    let again = desk.wait_fragments(7);
    assert_eq!(again.id, first.id);
    assert_eq!(again.timeline.files().len(), 2);
    desk.recorder.finish();

    let mut desk = Desk::at(config(data.path()), 40_000_000);
    desk.push(4);
    wait_for(|| (desk.recordings().len() == 2).then_some(()));
    desk.recorder.finish();
}

#[test]
fn a_torn_end_is_cut_at_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let mut desk = Desk::new(config(data.path()));
    desk.push(6);
    let recording = desk.wait_fragments(5);
    desk.recorder.finish();
    let media = recording.folder().join(media_name(1));
    let length = fs::metadata(&media).unwrap().len();
    fs::File::options().write(true).open(&media).unwrap().set_len(length - 100).unwrap();

    let desk = Desk::at(config(data.path()), 3_700_000);
    let mended =
        wait_for(|| desk.recordings().pop().filter(|newest| !newest.timeline.repairs().is_empty()));
    assert_eq!(mended.timeline.fragments().len(), 5);
    assert_eq!(fs::metadata(&media).unwrap().len(), mended.timeline.bytes());
    assert!(mended.timeline.ended().is_none());
    desk.recorder.finish();

    // Torn again, and found only the next day: it is ended too, and not looked at any more.
    fs::File::options().write(true).open(&media).unwrap().set_len(length / 2).unwrap();
    let desk = Desk::at(config(data.path()), 90_000_000);
    let ended =
        wait_for(|| desk.recordings().pop().filter(|newest| newest.timeline.ended().is_some()));
    assert_eq!(ended.timeline.repairs().len(), 1);
    assert!(ended.timeline.fragments().len() < 5);
    desk.recorder.finish();
}

#[test]
fn a_disk_that_refuses_is_tried_again_and_nothing_is_lost() {
    let data = tempfile::tempdir().unwrap();
    // A file where the folder should be: nothing can be written until it is gone.
    let blocked = data.path().join("recordings");
    fs::write(&blocked, "").unwrap();
    let mut desk = Desk::new(config(data.path()));
    desk.push(4);
    let failed = desk.wait_state(&State::Failed);
    assert!(failed.error.is_some());
    fs::remove_file(&blocked).unwrap();
    desk.push(2);
    let recording = desk.wait_fragments(5);
    assert!(recording.timeline.holes().is_empty());
    assert_eq!(desk.wait_state(&State::Recording).error, None);
    desk.recorder.finish();
}

#[test]
fn a_camera_stops_at_nine_tenths_of_the_quota_and_goes_on_when_there_is_room() {
    let data = tempfile::tempdir().unwrap();
    let mut desk = Desk::new(RecorderConfig { event_quota: Some(100_000), ..config(data.path()) });
    desk.push(4);
    desk.wait_state(&State::QuotaReached);
    desk.push(4);
    desk.recorder.finish();
    assert!(desk.recordings()[0].timeline.bytes() < 120_000);
}

#[test]
fn recordings_that_are_old_are_removed() {
    let data = tempfile::tempdir().unwrap();
    let mut desk = Desk::new(config(data.path()));
    desk.push(4);
    desk.wait_fragments(3);
    desk.recorder.finish();
    let keep = Some(Duration::from_secs(6 * 3_600));
    let desk = Desk::at(RecorderConfig { keep, ..config(data.path()) }, 3_600_000 + 7 * 3_600_000);
    wait_for(|| desk.recordings().is_empty().then_some(()));
    desk.recorder.finish();
}

#[test]
fn names_from_outside_find_nothing() {
    let data = tempfile::tempdir().unwrap();
    let desk = Desk::new(config(data.path()));
    let id = RecordingId::parse("1-cam").unwrap();
    for event in ["..", "", "a/b", "nobody"] {
        assert!(desk.recorder.library().get(event, &id).unwrap().is_none());
        assert!(desk.recorder.library().list(event).unwrap().is_empty());
        desk.recorder.library().remove_event(event, desk.clock.now()).unwrap();
    }
    desk.recorder.finish();
}
