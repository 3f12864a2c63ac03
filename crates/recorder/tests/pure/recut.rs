//! Re-cuts: clips of recordings as a recording that is made of references.

use std::fs;
use std::ops::Range;

use genlock_feed::clock::EventClock;
use genlock_media::EventTime;
use genlock_recorder::media::read_fragment;
use genlock_recorder::recut::{AskedClip, Fault, Field, RecutError};
use genlock_recorder::shell::{Removal, media_name};
use genlock_recorder::{
    Clip, Recorder, RecorderConfig, Recording, RecordingId, Recut, Rolling, playlist,
};

use crate::support::{Camera, Folder, PICTURE, ZERO_UNIX_MICROS, other_avc};

const BEGAN: u64 = 1_764_000_000;

/// Milliseconds behind the first picture of a camera that began with the event.
fn at(millis: i64) -> EventTime {
    EventTime::from_millis(3_600_100 + millis)
}

fn id(name: &str) -> RecordingId {
    RecordingId::new(BEGAN, name).unwrap()
}

fn clip(name: &str, millis: Range<i64>) -> AskedClip {
    let (from, to) = (at(millis.start), at(millis.end));
    AskedClip { name: name.to_owned(), recording: id(name), from, to }
}

/// A folder with recordings of `wedding`: altar and aisle, with a sync sample every two seconds; those of the aisle are
/// 720 ms later.
struct Shelf {
    recorder: Recorder,
    _data: tempfile::TempDir,
}

impl Shelf {
    fn new() -> Self {
        let (mut altar, mut aisle) =
            (Camera::new(Rolling::default()), Camera::new(Rolling::default()));
        altar.run(20_000);
        aisle.pause(720);
        aisle.video = other_avc();
        aisle.run(18_000);
        Self::with(&[("altar", altar.end()), ("aisle", aisle.end())])
    }

    fn with(recordings: &[(&str, Folder)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        for (name, folder) in recordings {
            let path = data.path().join(format!("wedding/{name}/{BEGAN}"));
            fs::create_dir_all(&path).unwrap();
            fs::write(path.join("index"), &folder.index).unwrap();
            for (number, body) in &folder.files {
                fs::write(path.join(media_name(*number)), body).unwrap();
            }
        }
        let config = RecorderConfig {
            keep_free: 0,
            ..RecorderConfig::new(data.path().to_owned(), ZERO_UNIX_MICROS)
        };
        let clock = EventClock::starting_at(EventTime::from_millis(3_700_000));
        Self { recorder: Recorder::start(config, clock).unwrap(), _data: data }
    }

    fn recut(&self, clips: &[AskedClip]) -> Result<Recut, RecutError> {
        let now = self.recorder.now();
        self.recorder.library().recut("wedding", "Highlights", clips, now)
    }

    fn made(&self, clips: &[AskedClip]) -> Recording {
        match self.recut(clips).unwrap() {
            Recut::Made(recording) => recording,
            Recut::Known(known) => panic!("there was {} before", known.id),
        }
    }

    fn fault(&self, clips: &[AskedClip]) -> Fault {
        match self.recut(clips) {
            Err(RecutError::Clip(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }
}

fn bytes_of(recording: &Recording, file: u32, offset: u64, bytes: u64) -> Vec<u8> {
    let mut body = Vec::new();
    for stretch in recording.timeline.stretches(file, offset, bytes) {
        let media = recording.media(stretch.file).open().unwrap();
        body.extend_from_slice(&media.read(stretch.offset, stretch.bytes).unwrap());
    }
    body
}

/// When each picture is shown, in milliseconds behind the begin of the event, and its number in its camera.
fn pictures(recording: &Recording) -> Vec<(i64, u32)> {
    let mut pictures = Vec::new();
    for placed in recording.timeline.fragments() {
        let (offset, bytes) = (placed.fragment.offset, u64::from(placed.fragment.bytes));
        let body = bytes_of(recording, placed.file, offset, bytes);
        let Some(run) = read_fragment(&body).unwrap().video else { continue };
        let (mut place, mut dts) = (run.offset as usize, run.dts + placed.shift_90k);
        for sample in &run.samples {
            let past = place + sample.bytes as usize;
            let unit = past - if sample.sync { 3_000 } else { 700 };
            let number = u32::from_be_bytes(body[unit + 5..unit + 9].try_into().unwrap());
            pictures.push(((dts + i64::from(sample.composition_offset)) / 90 - 3_600_100, number));
            (place, dts) = (past, dts + i64::from(sample.duration));
        }
    }
    pictures
}

/// Pictures in a row, 40 ms apart.
fn row(millis: i64, numbers: Range<u32>) -> Vec<(i64, u32)> {
    numbers.zip(0..).map(|(number, place)| (millis + place * PICTURE / 90, number)).collect()
}

#[test]
fn a_cut_is_where_the_next_camera_has_a_sync_sample() {
    let shelf = Shelf::new();
    let clips =
        [clip("altar", 0..6_500), clip("aisle", 6_500..11_200), clip("altar", 11_200..15_000)];
    let recut = shelf.made(&clips);
    // The aisle's sync samples are at 6.72 and 8.72 s, the altar's at 10 and 12 s.
    let mut expect = row(0, 0..168);
    expect.extend(row(6_720, 150..(12_000 - 720) / 40));
    expect.extend(row(12_000, 300..375));
    assert_eq!(pictures(&recut), expect);
    let got: Vec<_> = recut.timeline.clips().iter().map(|clip| clip.got).collect();
    assert_eq!(got, [(at(0), at(6_720)), (at(6_720), at(12_000)), (at(12_000), at(15_000))]);
    assert_eq!(recut.timeline.span(), Some((at(0), at(15_000))));
    assert!(recut.timeline.holes().is_empty());
    // Other parameters, and not a picture's distance between them.
    let text = playlist::render(&recut.timeline, Clip::whole(&recut.timeline).as_ref(), true);
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY").count(), 2, "{text}");
    assert!(text.ends_with("#EXT-X-ENDLIST\n"), "{text}");
}

#[test]
fn pictures_that_meet_at_no_frame_are_joined_without_a_hole() {
    let (mut altar, mut aisle) = (Camera::new(Rolling::default()), Camera::new(Rolling::default()));
    altar.run(10_000);
    aisle.pause(15);
    aisle.run(10_000);
    let shelf = Shelf::with(&[("altar", altar.end()), ("aisle", aisle.end())]);
    let recut = shelf.made(&[clip("altar", 0..4_000), clip("aisle", 4_000..7_000)]);
    let mut expect = row(0, 0..100);
    // The in-point fills the hole of 15 ms; what follows has its own time.
    expect.push((4_000, 100));
    expect.extend(row(4_055, 101..175));
    assert_eq!(pictures(&recut), expect);
    assert_eq!(recut.timeline.clips()[1].got.0, at(4_015));
}

#[test]
fn at_a_sync_sample_of_its_own_a_clip_ends_with_all_that_is_before_it() {
    let shelf = Shelf::new();
    let recut = shelf.made(&[clip("aisle", 720..4_720), clip("aisle", 4_720..8_720)]);
    assert_eq!(pictures(&recut), row(720, 0..200));
    let fragments = recut.timeline.fragments().iter();
    let own = fragments.filter(|placed| placed.file == 1).count();
    assert!(
        own <= 1,
        "{own} fragments were cut, and only the first has sound from before its picture"
    );
}

#[test]
fn clips_that_do_not_meet_are_shown_behind_each_other() {
    let shelf = Shelf::new();
    let clips = [clip("aisle", 14_800..16_000), clip("altar", 3_900..6_300)];
    let recut = shelf.made(&clips);
    let mut expect = row(14_720, 350..382);
    expect.extend(row(16_000, 100..158));
    assert_eq!(pictures(&recut), expect);
    let timeline = &recut.timeline;
    assert_eq!(timeline.clips()[1].got, (at(4_000), at(6_320)));
    let (begin, end) = timeline.span().unwrap();
    assert_eq!(end.saturating_since(begin).as_millis(), 3_600);
    // Seconds of the re-cut are seconds of what is shown.
    let second = Clip::between(timeline, at(16_500), at(17_000)).unwrap();
    assert_eq!(
        (second.begin, timeline.fragments()[second.fragments.start].shift_90k),
        (at(16_000), 12_000 * 90)
    );
    let text = playlist::render(timeline, Clip::whole(timeline).as_ref(), true);
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY").count(), 1, "{text}");
}

#[test]
fn a_download_has_every_picture_once_and_no_byte_twice() {
    let shelf = Shelf::new();
    let recut = shelf.made(&[clip("altar", 0..6_500), clip("aisle", 6_500..9_100)]);
    let movie = recut.movie(&Clip::whole(&recut.timeline).unwrap()).unwrap();
    let mut file = movie.head.to_vec();
    for extent in &movie.extents {
        file.extend(bytes_of(&recut, extent.file, extent.offset, extent.bytes));
    }
    assert_eq!(file.len() as u64, movie.bytes());
    let bytes = file.len() as u64;
    let read = mp4::Mp4Reader::read_header(std::io::Cursor::new(file), bytes).unwrap();
    let track = |id: u32| read.tracks().get(&id).unwrap();
    assert_eq!(track(1).sample_count() as usize, pictures(&recut).len());
    assert_eq!(track(1).duration().as_millis(), 9_120);
    assert!(track(2).duration().as_millis().abs_diff(9_120) <= 22, "{:?}", track(2).duration());
}

#[test]
fn only_the_heads_of_seams_are_written() {
    let shelf = Shelf::new();
    let clips =
        [clip("altar", 0..6_500), clip("aisle", 6_500..11_200), clip("altar", 11_200..19_000)];
    let recut = shelf.made(&clips);
    let own = fs::metadata(recut.folder().join(media_name(1))).unwrap().len();
    assert!(own > 0 && own < 10_000, "{own} bytes");
    assert_eq!(recut.timeline.origins().len(), 2);
    let borrowed: u64 = recut.timeline.bytes();
    assert!(borrowed > 500_000, "{borrowed} bytes");
}

#[test]
fn the_same_list_makes_no_second_one() {
    let shelf = Shelf::new();
    let clips = [clip("altar", 0..5_000)];
    let made = shelf.made(&clips);
    match shelf.recut(&clips).unwrap() {
        Recut::Known(known) => assert_eq!(known.id, made.id),
        Recut::Made(twin) => panic!("{} beside {}", twin.id, made.id),
    }
    assert_ne!(shelf.made(&[clip("altar", 0..6_000)]).id, made.id);
    assert_eq!(shelf.recorder.library().list("wedding").unwrap().len(), 4);
}

#[test]
fn what_a_recut_is_made_of_stays_until_the_recut_is_gone() {
    let shelf = Shelf::new();
    let recut = shelf.made(&[clip("altar", 0..5_000)]);
    let library = shelf.recorder.library();
    let remove = |id: &RecordingId| library.remove("wedding", id, "x", shelf.recorder.now());
    assert_eq!(remove(&id("altar")).unwrap(), Removal::Used(recut.id.clone()));
    assert!(matches!(remove(&id("aisle")).unwrap(), Removal::Removed(_)));
    assert!(matches!(remove(&recut.id).unwrap(), Removal::Removed(_)));
    assert!(matches!(remove(&id("altar")).unwrap(), Removal::Removed(_)));
}

#[test]
fn what_cannot_be_had_is_named() {
    let shelf = Shelf::new();
    let good = clip("altar", 0..5_000);
    let check = |bad: AskedClip, field, why: &str| {
        let fault = shelf.fault(&[good.clone(), bad]);
        assert_eq!((fault.clip, fault.field), (1, field), "{fault:?}");
        assert!(fault.why.contains(why), "{fault:?}");
    };
    check(clip("nobody", 0..1), Field::Recording, "no such recording");
    check(clip("altar", -500..5_000), Field::From, "the recording has 2025-11-24T17:00:00.100Z to");
    check(clip("altar", 25_000..26_000), Field::From, "the recording has");
    check(clip("altar", 15_000..25_000), Field::To, "the recording has");
    check(clip("altar", 5_000..5_000), Field::To, "behind");
    let fault = shelf.fault(&[clip("altar", 9_100..10_020), clip("altar", 10_020..12_000)]);
    assert_eq!((fault.clip, fault.field), (0, Field::To));
    assert!(fault.why.contains("sync sample at 2025-11-24T17:00:10.100Z"), "{fault:?}");
    let recut = shelf.made(std::slice::from_ref(&good));
    let again = AskedClip { recording: recut.id, ..good.clone() };
    check(again, Field::Recording, "re-cut itself");
}

#[test]
fn what_a_crash_has_left_of_one_is_removed() {
    let shelf = Shelf::new();
    let unfinished = shelf._data.path().join("wedding/recut/5.new");
    fs::create_dir_all(&unfinished).unwrap();
    assert_eq!(shelf.recorder.library().list("wedding").unwrap().len(), 2);
    shelf.recorder.finish();
    let config = RecorderConfig::new(shelf._data.path().to_owned(), ZERO_UNIX_MICROS);
    let clock = EventClock::starting_at(EventTime::from_millis(3_700_000));
    Recorder::start(config, clock).unwrap().finish();
    assert!(!unfinished.exists());
}
