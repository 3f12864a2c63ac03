//! Edit lists: what the switch log says, over the recordings of the cameras.

use std::collections::BTreeMap;

use genlock_media::EventTime;
use genlock_recorder::edit::{Cut, EditList, Material, Rate};
use genlock_recorder::{RecordingId, Rolling, Timeline};

use crate::support::Camera;

/// Milliseconds behind the first picture of the programme.
fn at(millis: i64) -> EventTime {
    EventTime::from_millis(3_600_100 + millis)
}

fn cut(millis: i64, source: Option<&str>) -> Cut {
    Cut { at: at(millis), source: source.map(str::to_owned), catches_up: false }
}

/// A recording at 25 fps that begins so much later than the event clock's 3600 s.
fn recording(name: &str, begins_ms: i64, millis: i64) -> (RecordingId, Timeline) {
    let mut camera = Camera::new(Rolling::default());
    camera.pause(begins_ms);
    camera.run(millis);
    (RecordingId::new(1_764_000_000, name).unwrap(), camera.end().timeline())
}

fn edit(cuts: &[Cut], behind_micros: i64) -> EditList {
    with_material(cuts, behind_micros, |material| EditList::new(material).unwrap())
}

fn with_material<T>(cuts: &[Cut], behind_micros: i64, make: impl FnOnce(&Material<'_>) -> T) -> T {
    let (program_id, program) = recording("program", 0, 20_000);
    let recordings = [recording("altar", 0, 20_000), recording("aisle", 2_000, 16_000)];
    let names = BTreeMap::from([("altar".to_owned(), "Altar & \"Arch\"".to_owned())]);
    let material = Material {
        event: "wedding",
        title: "Anna <3 Ben",
        program: &program,
        program_id: &program_id,
        recordings: &recordings,
        cuts,
        behind_micros,
        names: &names,
        rate: Rate::measured(25, 90_000),
    };
    make(&material)
}

/// Begin, length, and offset in the camera's recording of each clip.
fn frames(edit: &EditList) -> Vec<(i64, i64, Option<i64>)> {
    let offset =
        |clip: &genlock_recorder::edit::Clip| clip.media.as_ref().map(|media| media.offset);
    edit.clips.iter().map(|clip| (clip.begin, clip.frames, offset(clip))).collect()
}

#[test]
fn clips_lie_over_the_recordings_by_the_clock() {
    let cuts = [cut(0, Some("altar")), cut(5_000, Some("aisle")), cut(12_040, Some("altar"))];
    let list = edit(&cuts, 0);
    assert_eq!(frames(&list), [(0, 125, Some(0)), (125, 176, Some(75)), (301, 199, Some(301))]);
    let media = list.clips[1].media.as_ref().unwrap();
    assert_eq!((media.length, media.file.as_str()), (400, "wedding-1764000000-aisle.mp4"));
    assert_eq!((&*list.clips[0].name, &*list.clips[1].name), ("Altar & \"Arch\"", "aisle"));
}

#[test]
fn a_programme_that_runs_behind_shows_what_was_earlier() {
    let cuts = [cut(0, Some("altar")), cut(5_000, Some("aisle"))];
    assert_eq!(frames(&edit(&cuts, 1_000_000)), [(0, 125, Some(0)), (125, 375, Some(50))]);
}

#[test]
fn what_was_on_air_before_the_recording_stays_and_what_came_after_does_not() {
    let cuts = [
        cut(-9_000, Some("aisle")),
        cut(-50, Some("altar")),
        cut(5_000, None),
        cut(6_000, Some("nobody")),
        cut(7_000, Some("altar")),
        cut(7_000, Some("aisle")),
        cut(25_000, Some("altar")),
    ];
    let list = edit(&cuts, 0);
    let expect = [(0, 125, Some(0)), (125, 25, None), (150, 25, None), (175, 325, Some(125))];
    assert_eq!(frames(&list), expect);
    assert_eq!(list.clips[1].name, "No camera");
    assert_eq!(frames(&edit(&[], 0)), [(0, 500, None)]);
}

/// An `instant` cut at 5 s: the aisle has sync samples at 2 s, 4 s, 6 s, ….
fn instant() -> [Cut; 2] {
    [cut(0, Some("altar")), Cut { catches_up: true, ..cut(5_000, Some("aisle")) }]
}

#[test]
fn behind_an_instant_cut_the_programme_itself_is_shown_until_it_has_caught_up() {
    let list = edit(&instant(), 0);
    assert_eq!(frames(&list), [(0, 125, Some(0)), (125, 25, Some(125)), (150, 350, Some(100))]);
    let files: Vec<_> =
        list.clips.iter().map(|clip| clip.media.as_ref().unwrap().id.name().to_owned()).collect();
    assert_eq!(files, ["altar", "program", "aisle"]);
    assert_eq!((&*list.clips[1].name, &*list.clips[2].name), ("aisle", "aisle"));
    // At a sync sample 200 ms later it may not have caught up yet.
    let late = [cut(0, Some("altar")), Cut { catches_up: true, ..cut(5_800, Some("aisle")) }];
    assert_eq!(frames(&edit(&late, 0))[1..], [(145, 55, Some(145)), (200, 300, Some(150))]);
    // One second behind its cameras it shows that sync sample a second later.
    let behind = edit(&instant(), 1_000_000);
    assert_eq!(frames(&behind), [(0, 125, Some(0)), (125, 50, Some(125)), (175, 325, Some(100))]);
}

#[test]
fn spans_are_of_recordings_that_have_all_of_them() {
    let mut cuts = instant().to_vec();
    cuts.extend([cut(12_000, None), cut(14_000, Some("nobody")), cut(15_000, Some("aisle"))]);
    let spans = with_material(&cuts, 0, |material| material.spans().unwrap());
    let told: Vec<_> =
        spans.iter().map(|span| (span.recording.name().to_owned(), span.from, span.to)).collect();
    let expect = [
        ("altar", 0, 5_000),
        ("program", 5_000, 6_000),
        ("aisle", 6_000, 12_000),
        ("program", 12_000, 14_000),
        ("program", 14_000, 15_000),
        // Its recording ends at 18 s, the programme's at 20 s.
        ("program", 15_000, 20_000),
    ];
    assert_eq!(told, expect.map(|(name, from, to)| (name.to_owned(), at(from), at(to))));
}

#[test]
fn an_edl_has_a_line_for_each_clip_and_where_it_is_from() {
    let cuts = [cut(0, Some("altar")), cut(5_000, None), cut(6_000, Some("aisle"))];
    let text = edit(&cuts, 0).to_edl();
    let expect = "TITLE: Anna <3 Ben\nFCM: NON-DROP FRAME\n\n\
        001  CAM1     V     C        00:00:00:00 00:00:05:00 00:00:00:00 00:00:05:00\n\
        * FROM CLIP NAME: Altar & \"Arch\"\n* SOURCE FILE: wedding-1764000000-altar.mp4\n\
        002  CAM2     V     C        00:00:04:00 00:00:18:00 00:00:06:00 00:00:20:00\n\
        * FROM CLIP NAME: aisle\n* SOURCE FILE: wedding-1764000000-aisle.mp4\n";
    assert_eq!(text, expect);
}

#[test]
fn otio_is_json_with_both_tracks() {
    let cuts = [cut(0, Some("altar")), cut(5_000, Some("aisle"))];
    let read: serde_json::Value = serde_json::from_str(&edit(&cuts, 0).to_otio()).unwrap();
    let tracks = read["tracks"]["children"].as_array().unwrap();
    let kinds: Vec<_> = tracks.iter().map(|track| track["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Video", "Audio"]);
    let second = &tracks[0]["children"][1];
    assert_eq!(second["source_range"]["start_time"]["value"], 75.0);
    assert_eq!(
        second["media_references"]["DEFAULT_MEDIA"]["available_range"]["duration"]["value"],
        400.0
    );
    assert_eq!(tracks[0]["markers"].as_array().unwrap().len(), 2);
}

#[test]
fn fcpxml_names_each_file_once_and_escapes_what_people_typed() {
    let cuts = [cut(0, Some("altar")), cut(5_000, Some("aisle")), cut(8_000, Some("altar"))];
    let text = edit(&cuts, 0).to_fcpxml();
    assert_eq!(text.matches("<asset id=").count(), 2);
    assert_eq!(text.matches("<asset-clip").count(), 3);
    assert!(text.contains("project name=\"Anna &lt;3 Ben\""), "{text}");
    assert!(text.contains("name=\"Altar &amp; &quot;Arch&quot;\" offset=\"200/25s\" start=\"200/25s\" duration=\"300/25s\""), "{text}");
}
