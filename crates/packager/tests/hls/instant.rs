//! Cuts made at once, as the programme's Feed carries them: the new camera's GOP at four times its rate
//! until it is back on the event clock.

use std::time::Duration;

use genlock_media::{Dependency, EventTime, MediaTime, Timescale, TrackKind};
use genlock_packager::{Packager, Splice};

use crate::camera::{Arrival, Camera, config, play, play_on, seconds};
use crate::listing::Part;
use crate::support::COMPOSITION_OFFSET;
use crate::viewer::Viewer;

/// From `old` to `new` at `cut`, `new` being `age` into its GOP; 20 s in all.
fn programme(old: &Camera, new: &Camera, cut: Duration, age: Duration) -> Vec<Arrival> {
    let shift = Duration::from_millis(100);
    let mut arrivals = old.samples(Duration::ZERO, cut - shift);
    arrivals.retain(|arrival| arrival.sample.kind() == TrackKind::Video);
    let last = arrivals.iter().map(|arrival| arrival.sample.pts()).max().expect("pictures");
    let cut_at = last + 3_000;
    let sound = old.samples(Duration::ZERO, Duration::from_secs(20)).into_iter();
    arrivals.extend(sound.filter(|arrival| {
        let is_sound = arrival.sample.kind() == TrackKind::Audio;
        is_sound && arrival.sample.dts_time().to_event() < time(cut_at)
    }));
    let fresh = new.samples(cut - shift - age, Duration::from_secs(20));
    let from =
        fresh.iter().filter(|arrival| arrival.sample.is_video_sync()).map(|a| a.sample.pts());
    let from = from.min().expect("a sync sample");
    let settled = cut_at + (cut_at - from) / 3;
    let line = |at: i64| if at >= settled { at } else { cut_at + (at - from) / 4 };
    let command = time(cut_at) - Duration::from_millis(20);
    for mut arrival in fresh {
        let sample = &mut arrival.sample;
        if sample.kind() == TrackKind::Audio {
            if sample.dts_time().to_event() >= time(cut_at) {
                arrivals.push(arrival);
            }
            continue;
        }
        let (own, shown) = (sample.pts(), line(sample.pts()));
        if own < settled && sample.dependency == Dependency::Disposable {
            continue;
        }
        sample.dts =
            line(sample.dts + i64::from(COMPOSITION_OFFSET)) - i64::from(COMPOSITION_OFFSET);
        sample.composition_offset = i32::try_from(shown - sample.dts).expect("small");
        arrival.at = arrival.at.max(command).max(time(shown) - Duration::from_millis(50));
        if own == from {
            arrival.at = command;
            arrival.splice = Some(Splice { settled: time(settled), sound: None });
        }
        arrivals.push(arrival);
    }
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

fn time(ticks: i64) -> EventTime {
    MediaTime::new(ticks, Timescale::VIDEO).to_event()
}

/// The splice's arrival, and the first part that is listed from then on.
fn first_part(arrivals: &[Arrival], viewer: &Viewer) -> (EventTime, EventTime, u64, Part) {
    let splice = arrivals.iter().find(|arrival| arrival.splice.is_some()).expect("a splice").at;
    let mut after = viewer.part_log.iter().filter(|(listed, ..)| *listed >= splice);
    let (listed, segment, part) =
        after.find(|(.., part)| part.independent).expect("a part that a player can start with");
    (splice, *listed, *segment, part.clone())
}

/// The splice's arrival, and when the first part of the new camera was listed: behind the tag, if there is one.
fn first_listed(arrivals: &[Arrival], viewer: &Viewer) -> (EventTime, EventTime) {
    let (splice, listed, ..) = first_part(arrivals, viewer);
    let tagged = viewer.segments.iter().find(|(_, seen)| seen.segment.discontinuity);
    let behind = tagged
        .and_then(|(number, _)| viewer.part_log.iter().find(|(_, segment, _)| segment == number));
    (splice, behind.map_or(listed, |(listed, ..)| *listed))
}

/// Cuts all over a part, and all over a segment.
fn cuts() -> impl Iterator<Item = Duration> {
    (0..31).map(|step| Duration::from_millis(8_000 + step * 67))
}

#[test]
fn between_equal_cameras_a_part_of_the_new_one_is_listed_at_once_in_the_open_segment() {
    let camera = Camera::plain();
    let mut at_once = 0;
    for cut in cuts() {
        let arrivals = programme(&camera, &camera, cut, seconds(1.0));
        let (packager, viewer) = play(config(), &arrivals);
        assert!(viewer.segments.values().all(|seen| !seen.segment.discontinuity), "cut at {cut:?}");
        let (splice, listed, _, part) = first_part(&arrivals, &viewer);
        // Where a segment has just ended, or should, its last part is listed for a moment first.
        let took = listed.saturating_since(splice);
        assert!(took <= Duration::from_millis(125), "cut at {cut:?}: {took:?} {part:?}");
        at_once += u32::from(took <= Duration::from_millis(10));
        assert!(part.duration < 0.2, "{part:?}");
        let dropped = packager.stats().dropped;
        assert_eq!((dropped.unpaired_audio, dropped.before_sync), (0, 0), "cut at {cut:?}");
    }
    assert!(at_once >= 20, "only {at_once} were listed at once");
}

#[test]
fn between_unlike_cameras_the_segment_ends_where_its_last_part_did() {
    let mut at_once = 0;
    for cut in cuts() {
        let arrivals = programme(&Camera::plain(), &Camera::unlike(), cut, seconds(1.3));
        let (packager, viewer) = play(config(), &arrivals);
        let tags = viewer.segments.values().filter(|seen| seen.segment.discontinuity);
        assert_eq!(tags.count(), 1, "cut at {cut:?}");
        let (splice, listed) = first_listed(&arrivals, &viewer);
        let took = listed.saturating_since(splice);
        // Where a segment has begun without a tag, it gets what there is of the old camera first, with its sound.
        assert!(took <= Duration::from_millis(220), "cut at {cut:?}: {took:?}");
        at_once += u32::from(took <= Duration::from_millis(125));
        assert_eq!(packager.stats().dropped.before_sync, 0, "cut at {cut:?}");
    }
    assert!(at_once >= 22, "only {at_once} began a segment without a part of the old camera");
}

#[test]
fn a_snapshot_tells_which_cut_it_lists_first() {
    for new in [Camera::plain(), Camera::unlike()] {
        for cut in cuts() {
            let arrivals = programme(&Camera::plain(), &new, cut, seconds(1.3));
            let splice = arrivals.iter().position(|arrival| arrival.splice.is_some()).unwrap();
            let cut_at = arrivals[splice].sample.pts_event();
            let mut viewer = Viewer::new(&config());
            let mut packager = Packager::new(config(), EventTime::ZERO);
            play_on(&mut packager, &mut viewer, &arrivals[..splice]);
            assert_eq!(packager.snapshot().newest_splice(), None);
            play_on(&mut packager, &mut viewer, &arrivals[splice..]);
            let (_, listed) = first_listed(&arrivals, &viewer);
            let told = viewer.splice_log.iter().find(|(_, newest)| *newest == Some(cut_at));
            assert_eq!(told.map(|(at, _)| *at), Some(listed), "cut at {cut:?}");
        }
    }
}

/// A published picture may need unpublished ones: then they are published, and the segment ends with them.
#[test]
fn pictures_that_complete_a_published_one_are_kept() {
    let old = Camera { b_frames: 2, ..Camera::plain() };
    let new = Camera { b_frames: 3, ..Camera::plain() };
    for cut in cuts() {
        let arrivals = programme(&old, &new, cut, seconds(1.7));
        let (_, viewer) = play(config(), &arrivals);
        let (splice, listed, ..) = first_part(&arrivals, &viewer);
        let took = listed.saturating_since(splice);
        assert!(took <= Duration::from_millis(250), "cut at {cut:?}: {took:?}");
    }
}

/// A part may end behind a picture that is shown at its very end, and in front of one that is shown before that.
#[test]
fn between_pictures_of_any_depth_none_is_missing_and_none_shares_its_place() {
    for b_frames in 0..=4 {
        let old = Camera { b_frames, ..Camera::plain() };
        for mini_gops in 0..59 / (b_frames + 1) {
            let pictures = 241 + mini_gops * (b_frames + 1);
            let cut = seconds(0.1) + Duration::from_micros(pictures * 100_000 / 3);
            let arrivals = programme(&old, &Camera::plain(), cut, seconds(1.0));
            let (_, viewer) = play(config(), &arrivals);
            let place = format!("{b_frames} B-frames, cut behind {pictures} pictures");
            let shown = viewer.shown();
            let steps: Vec<_> = shown.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(steps.iter().all(|step| *step >= 700), "{place}: {:?}", steps.iter().min());
            // Pictures are moved by whole ticks.
            assert!(steps.iter().all(|step| *step <= 3_002), "{place}: {:?}", steps.iter().max());
        }
    }
}

/// Two cuts in a row while the sound is late: the first part behind the one is listed before its sound is there, and
/// where the segment ended with it at the other, the sound would be lost that is too early for the next one.
#[test]
fn late_sound_is_whole_when_a_cut_follows_another() {
    let old = Camera { audio_lag: Duration::from_millis(350), ..Camera::plain() };
    let pictures = |camera: &Camera, from, to| {
        let mut pictures = camera.samples(from, to);
        pictures.retain(|arrival| arrival.sample.kind() == TrackKind::Video);
        pictures
    };
    let spliced = |camera: &Camera, from, to| {
        let mut pictures = pictures(camera, from, to);
        let settled = pictures[2].sample.pts_event();
        pictures[0].splice = Some(Splice { settled, sound: None });
        pictures
    };
    for (cut, apart) in cuts().flat_map(|cut| [167, 300, 433].map(|apart| (cut, apart))) {
        let (again, end) = (cut + Duration::from_millis(apart), seconds(14.0));
        let mut arrivals = old.samples(Duration::ZERO, end);
        arrivals.retain(|arrival| arrival.sample.kind() == TrackKind::Audio);
        arrivals.extend(pictures(&old, Duration::ZERO, cut));
        arrivals.extend(spliced(&Camera::unlike(), cut, again));
        arrivals.extend(spliced(&Camera::plain(), again, end));
        arrivals.sort_by_key(|arrival| arrival.at);
        let (packager, _) = play(config(), &arrivals);
        let dropped = packager.stats().dropped;
        let lost = (dropped.unpaired_audio, dropped.late, dropped.before_sync);
        assert_eq!(lost, (0, 0, 0), "cut at {cut:?}, and {apart} ms later");
    }
}

#[test]
fn with_another_audio_configuration_the_cut_stays_where_it_is() {
    let mut new = Camera::plain();
    new.audio = Some(crate::camera::other_aac());
    let cut = seconds(8.2);
    let mut arrivals = programme(&Camera::plain(), &new, cut, seconds(1.0));
    for arrival in &mut arrivals {
        if arrival.splice.is_some() {
            arrival.splice =
                Some(Splice { settled: arrival.sample.pts_event(), sound: new.audio.clone() });
        }
    }
    let (packager, viewer) = play(config(), &arrivals);
    let tagged: Vec<_> =
        viewer.segments.values().filter(|seen| seen.segment.discontinuity).collect();
    assert_eq!(tagged.len(), 1);
    assert_eq!(packager.stats().dropped.replaced, 0);
}
