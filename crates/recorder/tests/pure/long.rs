//! A re-cut of a long event: three cameras of 6 Mb/s and a cut every 43 s. The files are sparse: the payloads have their
//! lengths and no bytes.
//!
//! The clock is read to print how long it took; nothing depends on it.
//!
//! ```sh
//! GENLOCK_RECUT_HOURS=6 cargo test --profile sim -p genlock-recorder --test pure -- --nocapture a_long_event
//! ```

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use genlock_feed::clock::EventClock;
use genlock_feed::{Entry, Epoch, Joint, Position};
use genlock_media::{Dependency, EventTime, Sample, TrackConfig};
use genlock_recorder::recut::AskedClip;
use genlock_recorder::shell::media_name;
use genlock_recorder::{
    Clip, Output, Recorder, RecorderConfig, RecordingId, Recut, Rolling, Writer, playlist,
};

use crate::support::{PICTURE, SECOND, ZERO_UNIX_MICROS, aac, avc};

const BEGAN: u64 = 1_764_000_000;
const START_S: i64 = 3_600;
const CUT_EVERY_S: i64 = 43;
const PICTURE_BYTES: usize = 30_000;

/// Slices as long as these are payloads, which are left out.
const PAYLOAD_BYTES: usize = 4_096;

fn drain(writer: &mut Writer, folder: &Path, media: &mut Option<File>, index: &mut Vec<u8>) {
    while let Some(output) = writer.poll() {
        match output {
            Output::File(number) => {
                *media = Some(File::create(folder.join(media_name(number))).unwrap());
            }
            Output::Media(body) => {
                let media = media.as_mut().unwrap();
                for slice in &body {
                    match slice.len() {
                        PAYLOAD_BYTES.. => {
                            drop(media.seek(SeekFrom::Current(i64::try_from(slice.len()).unwrap())))
                        }
                        _ => media.write_all(slice).unwrap(),
                    }
                }
            }
            Output::Index(record) => index.extend_from_slice(&record),
        }
    }
}

/// Records `seconds` of a camera whose GOPs of two seconds begin `phase` pictures behind the event.
fn record(folder: &Path, phase: i64, seconds: i64) {
    fs::create_dir_all(folder).unwrap();
    let (video, audio): (Arc<TrackConfig>, _) = (avc(), aac());
    let (picture, sound) = (Bytes::from(vec![0; PICTURE_BYTES]), Bytes::from(vec![0; 180]));
    let now = |dts: i64| EventTime::from_millis(dts / 90);
    let begin = START_S * SECOND + phase * PICTURE;
    let mut writer = Writer::new(Rolling::default(), now(begin), ZERO_UNIX_MICROS);
    let (mut media, mut index, mut position) = (None, Vec::new(), 0);
    let mut push = |writer: &mut Writer, arrived, sample| {
        position += 1;
        let (position, epoch) = (Position(position), Epoch(1));
        writer.push(Entry { position, epoch, arrived, joint: Joint::Continues, sample });
    };
    let mut heard = begin / 90_000 * 48_000;
    for place in 0..seconds * 25 {
        let dts = begin + place * PICTURE;
        let sync = place % 50 == 0;
        let dependency = if sync { Dependency::Sync } else { Dependency::Reference };
        let (config, payload) = (Arc::clone(&video), picture.clone());
        let sample =
            Sample { config, dts, composition_offset: 9_000, duration: None, dependency, payload };
        push(&mut writer, now(dts), sample);
        while heard / 8 < dts / 15 {
            let (config, payload) = (Arc::clone(&audio), sound.clone());
            let (dependency, composition_offset) = (Dependency::Sync, 0);
            let dts = heard;
            let sample =
                Sample { config, dts, composition_offset, duration: None, dependency, payload };
            push(&mut writer, now(begin + place * PICTURE), sample);
            heard += 1_024;
        }
        if sync {
            drain(&mut writer, folder, &mut media, &mut index);
        }
    }
    writer.end(now(begin + seconds * SECOND));
    drain(&mut writer, folder, &mut media, &mut index);
    if let Some(media) = &mut media {
        let length = media.stream_position().unwrap();
        media.set_len(length).unwrap();
    }
    fs::write(folder.join("index"), index).unwrap();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long it takes is printed")]
fn a_long_event_is_cut_again_by_reference() {
    let hours = std::env::var("GENLOCK_RECUT_HOURS").ok().and_then(|hours| hours.parse().ok());
    let seconds = hours.map_or(180, |hours: i64| hours * 3_600);
    let data = tempfile::tempdir().unwrap();
    let names = ["one", "two", "three"];
    for (name, phase) in names.iter().zip([0, 7, 31]) {
        record(&data.path().join(format!("wedding/{name}/{BEGAN}")), phase, seconds);
    }
    let config = RecorderConfig {
        keep_free: 0,
        ..RecorderConfig::new(data.path().into(), ZERO_UNIX_MICROS)
    };
    let clock = EventClock::starting_at(EventTime::from_millis((START_S + seconds + 100) * 1_000));
    let recorder = Recorder::start(config, clock).unwrap();

    let at = |second: i64| EventTime::from_millis((START_S + 2 + second) * 1_000);
    let clips: Vec<AskedClip> = (0..(seconds - 4) / CUT_EVERY_S)
        .zip(names.iter().cycle())
        .map(|(cut, name)| AskedClip {
            name: (*name).to_owned(),
            recording: RecordingId::new(BEGAN, name).unwrap(),
            from: at(cut * CUT_EVERY_S),
            to: at((cut + 1) * CUT_EVERY_S),
        })
        .collect();
    let started = Instant::now();
    let made = recorder.library().recut("wedding", "All of it", &clips, recorder.now()).unwrap();
    let took = started.elapsed();
    let Recut::Made(recut) = made else { panic!("there was one") };
    let (begin, end) = recut.timeline.span().unwrap();
    let shown = end.saturating_since(begin).as_secs_f64();
    let wanted = clips.len() as f64 * CUT_EVERY_S as f64;
    assert!((shown - wanted).abs() < 2.0, "{shown} s of {wanted} s");
    let own = fs::metadata(recut.folder().join(media_name(1))).unwrap().len();
    assert!(own < clips.len() as u64 * 5_000, "{own} bytes for {} clips", clips.len());

    let started = Instant::now();
    let whole = Clip::whole(&recut.timeline).unwrap();
    let list = playlist::render(&recut.timeline, Some(&whole), true);
    let listed = started.elapsed();
    let started = Instant::now();
    let movie = recut.movie(&whole).unwrap();
    let indexed = started.elapsed();
    // One for each clip, and one where a clip goes on in the next hour's file.
    assert!(list.matches("#EXT-X-MAP").count() >= clips.len());
    println!(
        "{shown:.0} s of three cameras, {} cuts: re-cut in {took:?} ({own} bytes), playlist in \
         {listed:?}, index of its download ({} MB) in {indexed:?}",
        clips.len() - 1,
        movie.bytes() / 1_000_000,
    );
}
