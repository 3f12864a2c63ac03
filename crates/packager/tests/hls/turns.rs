//! Cuts in a row that change the sound's configuration, and whose sound comes later than the next cut.

use std::sync::Arc;
use std::time::Duration;

use genlock_media::{EventTime, TrackConfig, TrackKind};
use genlock_packager::{Dropped, Packager, Splice};

use crate::camera::{Arrival, Camera, aac_at, config, play};
use crate::viewer::Viewer;

/// A cut at a time in milliseconds.
struct Cut {
    at_ms: u64,
    video: Arc<TrackConfig>,
    catch_up_ms: u64,
    /// What is told of the sound.
    sound: Option<Arc<TrackConfig>>,
}

/// How late the sound is.
const LAG: Duration = Duration::from_millis(200);
const END_MS: u64 = 14_000;

/// Plays cameras from one cut to the next, with the sounds that begin at the times in milliseconds.
fn programme(cuts: &[Cut], sounds: &[(u64, u32)]) -> (Packager, Viewer) {
    let ends = |starts: Vec<u64>| starts.into_iter().skip(1).chain([END_MS]);
    let mut arrivals = Vec::new();
    for (cut, end) in cuts.iter().zip(ends(cuts.iter().map(|cut| cut.at_ms).collect())) {
        let camera = Camera { video: Arc::clone(&cut.video), ..Camera::plain() };
        let mut pictures = of_kind(&camera, cut.at_ms, end, TrackKind::Video);
        let settled = pictures[0].sample.pts_event() + Duration::from_millis(cut.catch_up_ms);
        let splice = Splice { settled, sound: cut.sound.clone() };
        pictures[0].splice = Some(splice).filter(|_| cut.at_ms > 0);
        arrivals.append(&mut pictures);
    }
    for (&(start, rate), end) in sounds.iter().zip(ends(sounds.iter().map(|s| s.0).collect())) {
        let camera = Camera { audio: Some(aac_at(rate)), audio_lag: LAG, ..Camera::plain() };
        let mut units = of_kind(&camera, start, end + 100, TrackKind::Audio);
        units.retain(|unit| (time(start)..time(end)).contains(&unit.sample.pts_event()));
        arrivals.append(&mut units);
    }
    arrivals.sort_by_key(|arrival| arrival.at);
    play(config(), &arrivals)
}

fn of_kind(camera: &Camera, from_ms: u64, to_ms: u64, kind: TrackKind) -> Vec<Arrival> {
    let (from, to) = (Duration::from_millis(from_ms), Duration::from_millis(to_ms));
    let mut arrivals = camera.samples(from, to);
    arrivals.retain(|arrival| arrival.sample.kind() == kind);
    arrivals
}

/// When pictures are shown that are decoded at `at_ms`.
fn time(at_ms: u64) -> EventTime {
    EventTime::ZERO + Duration::from_millis(at_ms + 100)
}

fn first() -> Cut {
    Cut { at_ms: 0, video: Camera::plain().video, catch_up_ms: 0, sound: None }
}

/// A cut to other pictures than `first`'s or, `again`, to those.
fn cut(at_ms: u64, again: bool, rate: u32) -> Cut {
    let camera = if again { Camera::plain() } else { Camera::unlike() };
    Cut { at_ms, video: camera.video, catch_up_ms: 0, sound: Some(aac_at(rate)) }
}

fn nothing_lost(packager: &Packager, place: &str) {
    let dropped = packager.stats().dropped;
    let lost = Dropped { replaced: 0, ..dropped };
    assert_eq!(lost, Dropped::default(), "{place}");
}

/// The second cut tells the sound that the first has brought: the third is the one that changes it back, and it is
/// not waited for.
#[test]
fn a_change_is_not_taken_for_that_of_a_cut_whose_sound_runs_already() {
    for (second, apart) in [(9_033, 505), (9_233, 505), (9_233, 367), (9_400, 505)] {
        let third = second + apart;
        for at in [9_000, second] {
            let cuts = [
                first(),
                cut(9_000, false, 44_100),
                cut(second, true, 44_100),
                cut(third, false, 48_000),
            ];
            let (packager, viewer) =
                programme(&cuts, &[(0, 48_000), (at, 44_100), (third, 48_000)]);
            let place = format!("cuts at {second} and {third}, sound at {at}");
            nothing_lost(&packager, &place);
            let mut tagged = viewer.segments.iter().filter(|(_, seen)| seen.segment.discontinuity);
            let (of_second, _) = tagged.nth(1).expect("a segment for each cut");
            let mut parts = viewer.part_log.iter();
            let (listed, ..) = parts.find(|(_, segment, _)| segment == of_second).expect("a part");
            let took = listed.saturating_since(time(second));
            assert!(took < LAG + Duration::from_millis(300), "{place}: {took:?}");
        }
    }
}

/// The sound that the first cut told never comes: what comes is the second's.
#[test]
fn a_cut_whose_sound_never_comes_takes_not_that_of_the_next() {
    for second in [9_033, 9_233, 9_400, 9_505] {
        let cuts = [first(), cut(9_000, false, 32_000), cut(second, true, 44_100)];
        let (packager, _) = programme(&cuts, &[(0, 48_000), (second, 44_100)]);
        nothing_lost(&packager, &format!("cut again at {second}"));
    }
}

/// A camera that catches up is shown early, from the last part's end on; one with other sound that takes its place
/// is shown where its sound is.
#[test]
fn a_cut_with_other_sound_stays_where_it_is_while_another_catches_up() {
    for second in [9_200, 9_300, 9_400] {
        for start in (9_000..9_500).step_by(67) {
            let at_ms = start + second - 9_000;
            let catching_up = Cut { catch_up_ms: 600, sound: None, ..cut(start, false, 48_000) };
            let cuts = [first(), catching_up, cut(at_ms, true, 44_100)];
            let (packager, viewer) = programme(&cuts, &[(0, 48_000), (at_ms, 44_100)]);
            nothing_lost(&packager, &format!("cuts at {start} and {at_ms}"));
            let shown = viewer.shown();
            let place = (time(at_ms).as_micros() * 9 + 50) / 100;
            assert!(shown.iter().any(|at| (at - place).abs() <= 1), "cuts at {start} and {at_ms}");
        }
    }
}
