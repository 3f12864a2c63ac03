//! What is made of a recording: playlists, clips, progressive files.

use bytes::Bytes;
use genlock_media::EventTime;
use genlock_recorder::media::{FragmentSamples, read_fragment};
use genlock_recorder::movie::{Movie, MovieBuilder};
use genlock_recorder::repair::MediaFiles;
use genlock_recorder::{Clip, Rolling, Timeline, playlist};

use crate::support::{Camera, Folder, SECOND, hevc, other_avc};

/// A second of the recording, in milliseconds of the event clock: its first picture is shown at 0.1 s.
fn at(second: i64) -> EventTime {
    EventTime::from_millis(3_600_100 + second * 1_000)
}

fn samples(folder: &Folder, timeline: &Timeline, fragment: usize) -> FragmentSamples {
    let placed = timeline.fragments()[fragment];
    let body = folder.read(placed.file, placed.fragment.offset, placed.fragment.bytes).unwrap();
    read_fragment(&body).unwrap()
}

fn movie(folder: &Folder, clip: &Clip) -> Movie {
    let timeline = folder.timeline();
    let mut builder = MovieBuilder::default();
    for at in clip.fragments.clone() {
        let placed = timeline.fragments()[at];
        let init = &timeline.inits()[placed.init];
        let section = folder.read(init.file, init.init.offset, init.init.bytes).unwrap();
        builder.push(&placed, init, &section, &samples(folder, &timeline, at));
    }
    builder.finish().unwrap()
}

fn bytes_of(folder: &Folder, movie: &Movie) -> Vec<u8> {
    let mut bytes = movie.head.to_vec();
    for extent in &movie.extents {
        let length = u32::try_from(extent.bytes).unwrap();
        bytes.extend_from_slice(&folder.read(extent.file, extent.offset, length).unwrap());
    }
    assert_eq!(bytes.len() as u64, movie.bytes());
    bytes
}

#[test]
fn a_clip_begins_at_the_sync_sample_before_and_ends_with_the_fragment_behind() {
    let mut camera = Camera::new(Rolling::default());
    camera.gop = 75; // 3 s, in fragments of 280 ms
    camera.run(12_000);
    let timeline = camera.end().timeline();
    let check = |from: i64, to: i64, begin: i64, end: i64| {
        let clip = Clip::between(&timeline, at(from), at(to)).unwrap();
        let beyond = clip.end.as_micros() - at(end).as_micros();
        assert_eq!(clip.begin, at(begin), "{from} to {to}");
        assert!((0..280_000).contains(&beyond), "{from} to {to}: {clip:?}");
        assert!(timeline.fragments()[clip.fragments.start].fragment.sync);
    };
    check(0, 12, 0, 12);
    check(-50, 500, 0, 12);
    check(3, 4, 3, 4);
    check(5, 7, 3, 7);
    check(11, 12, 9, 12);
    assert_eq!(Clip::between(&timeline, at(12), at(20)), None);
    assert_eq!(Clip::between(&timeline, at(5), at(5)), None);
    assert_eq!(Clip::between(&timeline, at(-5), at(0)), None);
    assert_eq!(Clip::whole(&timeline), Clip::between(&timeline, at(0), at(12)));
    assert_eq!(Clip::whole(&Timeline::default()), None);
}

#[test]
fn a_playlist_of_a_recording_that_is_over() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(10_000);
    camera.pause(5_000);
    camera.reconnect();
    camera.video = other_avc();
    camera.run(4_000);
    let timeline = camera.end().timeline();
    let text = playlist::render(&timeline, Clip::whole(&timeline).as_ref(), true);
    let lines: Vec<&str> = text.lines().collect();
    let ranged = |prefix: &str| lines.iter().filter(|line| line.starts_with(prefix)).count();
    assert_eq!(&lines[..2], ["#EXTM3U", "#EXT-X-VERSION:7"]);
    assert!(lines.contains(&"#EXT-X-PLAYLIST-TYPE:VOD") && lines.ends_with(&["#EXT-X-ENDLIST"]));
    assert_eq!((ranged("#EXT-X-MAP"), ranged("#EXT-X-DISCONTINUITY")), (2, 1));
    let lengths: Vec<&&str> = lines.iter().filter(|line| line.starts_with("#EXTINF")).collect();
    assert_eq!(
        lengths,
        [&"#EXTINF:4.000000,", &"#EXTINF:4.000000,", &"#EXTINF:2.000000,", &"#EXTINF:4.000000,"]
    );
    // 1 764 000 000 s and the event clock's 3 600.1 s.
    assert!(lines.contains(&"#EXT-X-PROGRAM-DATE-TIME:2025-11-24T17:00:00.100Z"), "{text}");
    assert!(lines.contains(&"#EXT-X-PROGRAM-DATE-TIME:2025-11-24T17:00:15.100Z"), "{text}");
}

/// Byte ranges tile the files: each begins where the one before ends, or behind an init section.
#[test]
fn segments_of_a_playlist_are_whole_fragments() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(10_000);
    camera.video = hevc();
    camera.sync_next();
    camera.run(5_000);
    let folder = camera.end();
    let timeline = folder.timeline();
    let text = playlist::render(&timeline, Clip::whole(&timeline).as_ref(), true);
    let mut covered = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(range) = line.strip_prefix("#EXT-X-BYTERANGE:") else { continue };
        let (bytes, offset) = range.split_once('@').unwrap();
        let file: u32 = lines.next().unwrap().strip_suffix(".mp4").unwrap().parse().unwrap();
        let (bytes, offset): (u32, u64) = (bytes.parse().unwrap(), offset.parse().unwrap());
        assert!(
            read_fragment(&folder.read(file, offset, bytes).unwrap())
                .unwrap()
                .video
                .unwrap()
                .samples[0]
                .sync
        );
        covered += u64::from(bytes);
    }
    let inits: u64 = timeline.inits().iter().map(|init| u64::from(init.init.bytes)).sum();
    assert_eq!(covered + inits, timeline.bytes());
}

/// What a player of an EVENT playlist has seen stays as it was, whatever is recorded after.
#[test]
fn what_was_listed_never_changes() {
    let mut camera = Camera::new(Rolling::default());
    let mut before = String::new();
    for second in 0..40 {
        camera.gop = 20 + second * 7;
        camera.run(1_000);
        let timeline = camera.folder.timeline();
        let text = playlist::render(&timeline, Clip::whole(&timeline).as_ref(), false);
        assert!(text.contains("#EXT-X-PLAYLIST-TYPE:EVENT") && !text.contains("ENDLIST"));
        assert!(text.starts_with(&before), "{before}\n\n{text}");
        before = text;
    }
    assert!(before.matches("#EXTINF").count() >= 4, "{before}");
    let timeline = camera.end().timeline();
    let whole = playlist::render(&timeline, Clip::whole(&timeline).as_ref(), true);
    assert!(whole.starts_with(&before.replace(":EVENT", ":VOD")));
}

#[test]
fn every_sample_of_a_progressive_file_is_where_it_says() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(4_000);
    camera.pause(3_000);
    camera.reconnect();
    camera.video = other_avc();
    camera.run(4_000);
    let folder = camera.end();
    let clip = Clip::whole(&folder.timeline()).unwrap();
    let file = bytes_of(&folder, &movie(&folder, &clip));
    let mut reader =
        mp4::Mp4Reader::read_header(std::io::Cursor::new(&file), file.len() as u64).unwrap();
    let ids: Vec<u32> = {
        let mut ids: Vec<u32> = reader.tracks().keys().copied().collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids, [1, 2]);
    let pictures = reader.sample_count(1).unwrap();
    assert_eq!(pictures, 200);
    let (mut at, mut syncs) = (0, 0);
    for number in 1..=pictures {
        let sample = reader.read_sample(1, number).unwrap().unwrap();
        assert_eq!(sample.start_time, at);
        // The picture before the gap lasts until the one behind it.
        at += if number == 100 { 3_600 + 3 * 90_000 } else { 3_600 };
        assert_eq!(sample.rendering_offset, 9_000);
        syncs += u32::from(sample.is_sync);
        let first_unit = if sample.is_sync { 0x67 } else { 0x41 };
        assert_eq!(sample.bytes[4], first_unit, "sample {number}");
    }
    assert_eq!((syncs, at), (4, u64::try_from(11 * SECOND).unwrap()));
    for number in 1..=reader.sample_count(2).unwrap() {
        let sample = reader.read_sample(2, number).unwrap().unwrap();
        assert_eq!(sample.bytes, Bytes::from(vec![0x5A; 180]));
    }
}

#[test]
fn the_head_of_a_movie_comes_first_and_the_rest_are_stretches_of_the_files() {
    let rolling = Rolling { span: std::time::Duration::from_secs(3), ..Rolling::default() };
    let mut camera = Camera::new(rolling);
    camera.run(12_000);
    let folder = camera.end();
    let clip = Clip::between(&folder.timeline(), at(2), at(10)).unwrap();
    let movie = movie(&folder, &clip);
    assert_eq!(movie.extents.iter().map(|extent| extent.file).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(&movie.head[4..8], b"ftyp");
    assert_eq!(&movie.head[movie.head.len() - 12..][..4], b"mdat");
}
