//! Cameras that come, go and come back: one story per test.

use std::time::Duration;

use genlock_media::{EventTime, TrackKind};
use genlock_program::{CameraId, CutStyle, Loss, Priority, ProgramEvent, StylePolicy};

use crate::SECOND;
use crate::camera::{Profile, Tag, micros};
use crate::check::{Weather, check};
use crate::world::World;

const FOR_GOOD: i64 = i64::MAX;

/// Two plain cameras that connect at 1 s and 2 s, run to `until`.
fn two_cameras(until: i64) -> World {
    let profiles = vec![Profile::plain(), Profile::plain()];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND], 7);
    world.run_until(until);
    world
}

fn cameras_since(world: &World, from: i64) -> Vec<u8> {
    let outputs = world.record.outputs.iter().filter(|output| output.at >= from);
    let mut seen: Vec<u8> = outputs
        .filter(|output| output.sample.kind() == TrackKind::Video)
        .filter_map(|output| Tag::read(&output.sample.payload))
        .map(|tag| tag.camera)
        .collect();
    seen.dedup();
    seen
}

#[test]
fn first_live_camera_goes_on_air_with_its_first_picture() {
    let world = two_cameras(5 * SECOND);
    let events = world.events_since(0);
    let [ProgramEvent::OnAir { camera, at, .. }] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(camera.as_str(), "cam-0");
    assert_eq!(first(&world, TrackKind::Video), at.as_micros());
    sound_starts_with_the_picture(&world);
}

#[test]
fn a_camera_added_inside_its_gop_waits_for_the_next_sync_sample() {
    let slow = Profile { gop: 240, ..Profile::plain() };
    let mut world = World::starting_at(vec![slow], vec![SECOND], 7);
    let id = CameraId::from("cam-0");
    world.core.remove_camera(&id);
    world.run_until(5 * SECOND);
    world.core.add_camera(id, world.cameras[0].feed.clone(), Priority(0));
    world.advance();
    world.run_until(15 * SECOND);
    let second = world.cameras[0].syncs[1];
    assert_eq!(first(&world, TrackKind::Video), micros(second.pts));
    sound_starts_with_the_picture(&world);
}

/// Presentation time of the track's first sample.
fn first(world: &World, kind: TrackKind) -> i64 {
    let output = world.record.outputs.iter().find(|output| output.sample.kind() == kind);
    output.expect("both tracks").sample.pts_event().as_micros()
}

fn sound_starts_with_the_picture(world: &World) {
    let apart = first(world, TrackKind::Audio) - first(world, TrackKind::Video);
    assert!((-21_334..=21_334).contains(&apart), "sound starts {apart} us off");
}

#[test]
fn a_camera_that_stays_too_late_is_left() {
    let mut world = two_cameras(10 * SECOND);
    world.cameras[0].profile.latency += 4 * SECOND;
    world.run_until(20 * SECOND);
    assert_eq!(world.active().as_deref(), Some("cam-1"));
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn a_lost_publisher_is_replaced_at_the_next_sync_sample() {
    let mut world = two_cameras(10 * SECOND);
    world.cameras[0].disconnect_for(world.now, FOR_GOOD);
    world.advance();
    world.run_until(15 * SECOND);
    let next = world.cameras[1]
        .syncs
        .iter()
        .find(|sync| sync.arrived > 10 * SECOND)
        .expect("a GOP of one second");
    let events = world.events_since(10 * SECOND);
    let [ProgramEvent::FailedOver { from, to, loss: Loss::Closed, cut_at, .. }] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!((from.as_str(), to.as_str()), ("cam-0", "cam-1"));
    assert_eq!(cut_at.as_micros(), micros(next.pts), "not the cached one");
    check(&world, Weather::Wild).expect("invariants hold");
}

/// A programme that runs behind shows all that a lost camera has sent, then the next camera from its first
/// sync sample behind that, whatever the event's style is.
#[test]
fn a_lost_camera_is_shown_out_by_a_programme_that_runs_behind() {
    for style in [CutStyle::Auto, CutStyle::Clean, CutStyle::Lookahead] {
        let mut world = two_cameras(5 * SECOND);
        let lookahead = Duration::from_secs(4);
        let policy = StylePolicy { style, lookahead, ..StylePolicy::default() };
        world.core.set_style_policy(EventTime::from_micros(world.now), policy);
        world.advance();
        world.run_until(20 * SECOND);
        world.cameras[0].disconnect_for(world.now, FOR_GOOD);
        world.advance();
        world.run_until(30 * SECOND);
        let pictures = |camera: u8| {
            let outputs = world.record.outputs.iter();
            let video = outputs.filter(|output| output.sample.kind() == TrackKind::Video);
            let tags = video.filter_map(|output| Tag::read(&output.sample.payload));
            tags.filter(move |tag| tag.camera == camera).map(|tag| tag.pts)
        };
        let last = pictures(0).max().expect("it was on air");
        let sent = 20 * SECOND - micros(last);
        assert!(sent < 100_000, "{style}: shown up to {sent} us before it was lost");
        let next = world.cameras[1].syncs.iter().find(|sync| sync.pts > last);
        assert_eq!(pictures(1).next(), next.map(|sync| sync.pts), "{style}");
        check(&world, Weather::Wild).expect("invariants hold");
    }
}

/// Cameras in failover order, the third of them in the middle of a GOP of 8 s when the first is lost at 11.8 s:
/// its key frame would come at 18 s. Returns to whom the programme went, and when.
fn gone_to(second: Profile, starts: i64, stall: Option<(i64, i64)>) -> (String, i64) {
    let slow = Profile { gop: 240, ..Profile::plain() };
    let profiles = vec![Profile::plain(), second, slow];
    let mut world = World::starting_at(profiles, vec![SECOND, starts, 2 * SECOND], 7);
    let policy = StylePolicy { style: CutStyle::Clean, ..StylePolicy::default() };
    world.core.set_style_policy(EventTime::ZERO, policy);
    if let Some((at, span)) = stall {
        world.run_until(at);
        world.cameras[1].stall_for(world.now, span);
    }
    world.run_until(11_800_000);
    world.cameras[0].disconnect_for(world.now, FOR_GOOD);
    world.advance();
    world.run_until(22 * SECOND);
    check(&world, Weather::Wild).expect("invariants hold");
    let events = world.events_since(11 * SECOND);
    let [ProgramEvent::FailedOver { to, cut_at, .. }] = events.as_slice() else {
        panic!("{events:?}");
    };
    (to.as_str().to_owned(), cut_at.as_micros())
}

#[test]
fn a_camera_that_comes_first_in_the_order_takes_the_place_of_one_that_is_waited_for() {
    let (to, cut_at) = gone_to(Profile::plain(), 13 * SECOND, None);
    assert_eq!(to, "cam-1", "it has come meanwhile");
    assert!(cut_at < 14 * SECOND, "at its first picture, not at {cut_at} us");
}

#[test]
fn a_wait_for_a_camera_is_not_prolonged_for_one_that_comes_first_in_the_order() {
    let slow = Profile { gop: 240, ..Profile::plain() };
    // It is back before the other's key frame, but its own would come a second later.
    let (to, cut_at) = gone_to(slow, 3 * SECOND, Some((11_500_000, 1_600_000)));
    assert_eq!(to, "cam-2");
    assert!((17 * SECOND..19 * SECOND).contains(&cut_at), "at {cut_at} us");
}

#[test]
fn a_camera_that_returns_is_not_taken_back() {
    let mut world = two_cameras(10 * SECOND);
    world.cameras[0].disconnect_for(world.now, 3 * SECOND);
    world.advance();
    world.run_until(30 * SECOND);
    assert_eq!(world.active().as_deref(), Some("cam-1"));
    assert_eq!(cameras_since(&world, 12 * SECOND), [1]);
}

#[test]
fn a_short_stall_changes_nothing() {
    let mut world = two_cameras(10 * SECOND);
    world.cameras[0].stall_for(world.now, 800_000);
    world.run_until(15 * SECOND);
    assert_eq!(world.events_since(10 * SECOND), []);
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn a_long_stall_fails_over() {
    let mut world = two_cameras(10 * SECOND);
    world.cameras[0].stall_for(world.now, 5 * SECOND);
    world.run_until(12 * SECOND + SECOND / 2);
    let events = world.events_since(10 * SECOND);
    assert!(
        matches!(events.as_slice(), [ProgramEvent::FailedOver { loss: Loss::Silent, .. }]),
        "{events:?}"
    );
    world.run_until(20 * SECOND);
    assert_eq!(world.active().as_deref(), Some("cam-1"));
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn with_nobody_left_the_programme_waits_and_resumes_by_itself() {
    let mut world = two_cameras(10 * SECOND);
    world.cameras[1].disconnect_for(world.now, FOR_GOOD);
    world.cameras[0].disconnect_for(world.now, 20 * SECOND);
    world.advance();
    world.run_until(29 * SECOND);
    assert_eq!(world.active(), None);
    assert_eq!(cameras_since(&world, 10 * SECOND + 1), Vec::<u8>::new());
    world.run_until(40 * SECOND);
    let events = world.events_since(10 * SECOND);
    assert!(
        matches!(
            events.as_slice(),
            [ProgramEvent::OffAir { loss: Loss::Closed, .. }, ProgramEvent::OnAir { .. }]
        ),
        "{events:?}"
    );
    check(&world, Weather::Wild).expect("invariants hold");
    let silent = world.record.outputs.iter().filter(|output| {
        output.sample.kind() == TrackKind::Audio && Tag::read(&output.sample.payload).is_none()
    });
    assert!(silent.count() < 10, "the hole is not filled with silence");
}

#[test]
fn a_reconnect_goes_on_behind_what_was_shown() {
    let profiles = vec![Profile::plain()];
    let mut world = World::starting_at(profiles, vec![SECOND], 3);
    for second in [5, 10, 15] {
        world.run_until(second * SECOND);
        world.cameras[0].disconnect_for(world.now, 300_000);
        world.advance();
    }
    world.run_until(20 * SECOND);
    assert_eq!(world.active().as_deref(), Some("cam-0"));
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn failover_follows_the_priorities_of_the_moment() {
    let profiles = vec![Profile::plain(); 3];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND, 2 * SECOND], 5);
    world.run_until(5 * SECOND);
    assert!(world.core.set_priority(&"cam-2".into(), Priority(0)));
    assert!(world.core.set_priority(&"cam-1".into(), Priority(9)));
    world.cameras[0].disconnect_for(world.now, FOR_GOOD);
    world.advance();
    world.run_until(10 * SECOND);
    assert_eq!(world.active().as_deref(), Some("cam-2"));
}

#[test]
fn removing_the_camera_on_air_hands_over() {
    let mut world = two_cameras(10 * SECOND);
    assert!(world.core.remove_camera(&"cam-0".into()));
    world.advance();
    world.run_until(15 * SECOND);
    let events = world.events_since(10 * SECOND);
    assert!(
        matches!(events.as_slice(), [ProgramEvent::FailedOver { loss: Loss::Removed, .. }]),
        "{events:?}"
    );
    assert!(world.core.remove_camera(&"cam-1".into()));
    world.advance();
    assert_eq!(world.active(), None);
    assert!(!world.core.remove_camera(&CameraId::from("cam-1")), "it is gone");
}

#[test]
fn a_camera_without_sound_is_silent_in_the_running_configuration() {
    let mute = Profile { audio: None, ..Profile::plain() };
    let profiles = vec![Profile::plain(), mute];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND], 5);
    world.run_until(5 * SECOND);
    world.take(1).expect("it is live");
    world.run_until(20 * SECOND);
    check(&world, Weather::Calm).expect("invariants hold");
    let audio = world.record.outputs.iter().map(|output| &output.sample);
    let audio: Vec<_> = audio.filter(|sample| sample.kind() == TrackKind::Audio).collect();
    assert!(audio.windows(2).all(|pair| pair[0].config == pair[1].config));
    let reached = audio.last().expect("sound").pts_event() + std::time::Duration::from_millis(150);
    assert!(reached >= EventTime::from_micros(world.now), "silence keeps step with the picture");
}

#[test]
fn a_seam_between_equal_cameras_needs_no_silence() {
    let mut world = two_cameras(5 * SECOND);
    for cut in 0..20 {
        world.take((cut + 1) % 2).expect("it is live");
        world.run_until(world.now + 2 * SECOND);
    }
    let summary = check(&world, Weather::Calm).expect("invariants hold");
    assert_eq!((summary.cuts, summary.silent), (20, 0));
}
