//! Cuts between cameras, every 5 s, as the programme's Feed carries them.

use std::time::Duration;

use genlock_media::{EventTime, TrackKind};
use genlock_packager::{Dropped, Splice};

use crate::camera::{Arrival, Camera, config, other_aac, play, seconds};

/// Cuts from one camera to the next every 5 s: pictures as the cameras have them, sound on one grid if
/// the cameras agree on it.
fn programme(cameras: &[Camera], cuts: u32) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    for cut in 0..cuts {
        let (from, to) = (5 * cut, 5 * (cut + 1));
        let camera = &cameras[usize::try_from(cut).unwrap() % cameras.len()];
        let (from, to) = (Duration::from_secs(from.into()), Duration::from_secs(to.into()));
        arrivals.extend(camera.samples(from, to));
    }
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

#[test]
fn equal_cameras_leave_no_trace() {
    let a = Camera::plain();
    let b = Camera { frames_per_gop: 45, b_frames: 2, ..Camera::plain() };
    let (packager, viewer) = play(config(), &programme(&[a, b], 8));
    assert!(viewer.segments.values().all(|seen| !seen.segment.discontinuity));
    assert_eq!(packager.stats().dropped, Dropped::default());
}

#[test]
fn unlike_cameras_are_discontinuities_and_reuse_their_init_sections() {
    let (a, b) = (Camera::plain(), Camera::unlike());
    let (packager, viewer) = play(config(), &programme(&[a, b], 8));
    let discontinuities = viewer.segments.values().filter(|seen| seen.segment.discontinuity);
    assert_eq!(discontinuities.count(), 7);
    let mut maps: Vec<_> =
        viewer.segments.values().filter_map(|seen| seen.segment.map.clone()).collect();
    maps.sort();
    maps.dedup();
    assert_eq!(maps, ["t-i0.mp4", "t-i1.mp4"]);
    assert_eq!(packager.stats().dropped.before_sync, 0);
}

#[test]
fn unlike_frame_rates_keep_the_rules() {
    let a = Camera { frames_per_1001_s: 25_025, frames_per_gop: 33, ..Camera::plain() };
    let b =
        Camera { frames_per_1001_s: 60_000, frames_per_gop: 100, b_frames: 3, ..Camera::unlike() };
    let c = Camera { frames_per_1001_s: 24_024, rounding: 90, ..Camera::plain() };
    play(config(), &programme(&[a, b, c], 9));
}

#[test]
fn another_audio_configuration_is_a_discontinuity_at_the_cut() {
    let a = Camera::plain();
    let mut b = Camera::plain();
    b.audio = Some(other_aac());
    let mut arrivals = programme(&[a, b], 6);
    // The end of the old camera's sound is on its own grid: drop what overlaps the new one's.
    let mut grid = Vec::new();
    for arrival in arrivals.drain(..) {
        let audio = arrival.sample.kind() == TrackKind::Audio;
        let late = grid.last().is_some_and(|last: &Arrival| {
            audio
                && last.sample.kind() == TrackKind::Audio
                && last.sample.dts_time() >= arrival.sample.dts_time()
        });
        if !late {
            grid.push(arrival);
        }
    }
    let (_, viewer) = play(config(), &grid);
    let discontinuities: Vec<_> = viewer
        .segments
        .values()
        .filter(|seen| seen.segment.discontinuity)
        .map(|seen| seen.segment.date_time_ms.unwrap() - 1_700_000_000_000)
        .collect();
    // Cuts at 5, 10, … s of decoding time, presented 100 ms later.
    assert_eq!(discontinuities, [5_100, 10_100, 15_100, 20_100, 25_100]);
}

/// A clean cut shows its first picture early, and the sound changes up to a mini-GOP later, when it comes
/// late as sound does: nothing of either sound is lost, and both meet.
#[test]
fn sound_that_changes_behind_the_cut_is_whole() {
    let old = Camera { audio_lag: Duration::from_millis(150), ..Camera::plain() };
    let new = Camera { audio: Some(other_aac()), ..old.clone() };
    for behind in [0, 60, 140, 250] {
        let cut = time(seconds(9.0));
        let change = cut + Duration::from_millis(behind);
        let ends = |arrival: &Arrival| match arrival.sample.kind() {
            TrackKind::Audio => change,
            TrackKind::Video => cut,
        };
        let mut before = old.samples(Duration::ZERO, seconds(9.5));
        before.retain(|arrival| arrival.sample.pts_event() < ends(arrival));
        let mut after = new.samples(seconds(9.0), seconds(20.0));
        after.retain(|arrival| arrival.sample.pts_event() >= ends(arrival));
        let mut arrivals = before;
        arrivals.append(&mut after);
        arrivals.sort_by_key(|arrival| arrival.at);
        let is_first = |arrival: &&mut Arrival| {
            arrival.sample.is_video_sync() && arrival.sample.pts_event() >= cut
        };
        let first = arrivals.iter_mut().find(is_first).expect("a sync sample");
        let settled = first.sample.pts_event();
        first.splice = Some(Splice { settled, sound: new.audio.clone() });
        let (packager, viewer) = play(config(), &arrivals);
        let place = format!("the sound changes {behind} ms behind the cut");
        assert_eq!(packager.stats().dropped.unpaired_audio, 0, "{place}");
        let tagged = viewer.segments.values().filter(|seen| seen.segment.discontinuity);
        assert_eq!(tagged.count(), 1, "{place}");
    }
}

/// A camera that is cut to just before it changes its parameters: the limit on changes is for those that nobody
/// asked for, and without its pictures the sound would be lost up to the next sync sample.
#[test]
fn parameters_that_change_just_behind_a_cut_cost_nothing() {
    for behind in [33, 67, 100] {
        let (old, new) = (Camera::plain(), Camera::unlike());
        let (cut, change) = (seconds(9.0), seconds(9.0) + Duration::from_millis(behind));
        let mut arrivals = old.samples(Duration::ZERO, cut);
        let spliced = arrivals.len();
        arrivals.extend(new.samples(cut, change));
        arrivals.extend(old.samples(change, seconds(15.0)));
        let first =
            arrivals.iter_mut().skip(spliced).find(|arrival| arrival.sample.is_video_sync());
        let first = first.expect("a sync sample");
        first.splice = Some(Splice { settled: first.sample.pts_event(), sound: None });
        arrivals.sort_by_key(|arrival| arrival.at);
        let (packager, viewer) = play(config(), &arrivals);
        let place = format!("parameters change {behind} ms behind the cut");
        assert_eq!(packager.stats().dropped, Dropped::default(), "{place}");
        let tagged = viewer.segments.values().filter(|seen| seen.segment.discontinuity);
        assert_eq!(tagged.count(), 2, "{place}");
    }
}

fn time(after: Duration) -> EventTime {
    EventTime::ZERO + Duration::from_millis(100) + after
}

#[test]
fn the_tail_is_visible_before_the_next_segment_starts() {
    // Everything that is late arrives at once: without the guard, tail and first part would come in one
    // update, which `viewer` refuses.
    let mut arrivals = programme(&[Camera::plain(), Camera::unlike()], 4);
    for arrival in &mut arrivals {
        let ms = arrival.at.as_millis();
        arrival.at = EventTime::from_millis((ms / 1_100 + 1) * 1_100);
    }
    let (_, viewer) = play(config(), &arrivals);
    assert!(viewer.segments.len() > 6);
}

#[test]
fn alternating_configurations_cannot_flood_the_playlist() {
    let cameras = [Camera::plain(), Camera::unlike()];
    let mut arrivals = Vec::new();
    for index in 0_usize..300 {
        let from = seconds(4.0) + Duration::from_millis(33) * u32::try_from(index).unwrap();
        let mut one = cameras[index % 2].samples(from, from + Duration::from_millis(33));
        arrivals.append(&mut one);
    }
    let (packager, viewer) = play(config(), &arrivals);
    assert!(packager.stats().dropped.before_sync > 0);
    assert!(viewer.segments.len() < 120, "{}", viewer.segments.len());
}
