//! Takes and their answers.

use genlock_program::{CutFailure, ProgramEvent, Reason, TakeError};

use crate::SECOND;
use crate::camera::Profile;
use crate::world::World;

/// Three plain cameras; the last has a GOP of 8 s and no cadence yet.
fn three_cameras() -> World {
    let slow = Profile { gop: 240, ..Profile::plain() };
    let profiles = vec![Profile::plain(), Profile::plain(), slow];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND, 3 * SECOND], 11);
    world.run_until(6 * SECOND);
    world
}

#[test]
fn the_answer_forecasts_the_cut() {
    let mut world = three_cameras();
    let cut = world.take(1).expect("it is live");
    assert_eq!(cut.forecast.reason, Reason::Cadence);
    let forecast = cut.forecast.cut_at.expect("a cadence").as_micros();
    world.run_until(world.now + 2 * SECOND);
    let events = world.events_since(6 * SECOND);
    let [ProgramEvent::CutCommitted { id, cut_at, wait, .. }] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(*id, cut.id);
    assert!((cut_at.as_micros() - forecast).abs() < 1_000);
    assert!(wait.as_millis() <= 1_100);
}

#[test]
fn a_newer_take_replaces_one_that_waits() {
    let mut world = three_cameras();
    let slow = world.take(2).expect("it is live");
    assert_eq!(slow.forecast.reason, Reason::Unknown);
    let quick = world.take(1).expect("it is live");
    world.run_until(world.now + 20 * SECOND);
    let events = world.events_since(6 * SECOND);
    let [ProgramEvent::CutSuperseded { id: first }, ProgramEvent::CutCommitted { id: second, .. }] =
        events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!((*first, *second), (slow.id, quick.id));
    assert_eq!(world.active().as_deref(), Some("cam-1"));
}

#[test]
fn taking_the_camera_on_air_cancels_what_waits() {
    let mut world = three_cameras();
    let slow = world.take(2).expect("it is live");
    assert_eq!(world.take(0), Err(TakeError::AlreadyOnAir("cam-0".into())));
    world.run_until(world.now + 20 * SECOND);
    let events = world.events_since(6 * SECOND);
    assert_eq!(events, [ProgramEvent::CutSuperseded { id: slow.id }]);
    assert_eq!(world.active().as_deref(), Some("cam-0"));
}

#[test]
fn a_take_during_a_cut_queues_and_the_newest_wins() {
    // The old camera is late, so that the cut is committed well before it is made.
    let late = Profile { latency: 600_000, ..Profile::plain() };
    let profiles = vec![late, Profile::plain(), Profile::plain()];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND, 3 * SECOND], 11);
    world.run_until(6 * SECOND);
    let first = world.take(1).expect("it is live");
    while world.cameras[1].syncs.last().is_none_or(|sync| sync.arrived < 6 * SECOND) {
        world.run_until(world.now + 10_000);
    }
    let second = world.take(2).expect("it is live");
    assert_eq!(second.forecast.reason, Reason::Queued);
    assert_eq!(second.from, Some("cam-1".into()));
    let third = world.take(0).expect("it is live");
    world.run_until(world.now + 10 * SECOND);
    let ends: Vec<_> = world
        .events_since(6 * SECOND)
        .into_iter()
        .map(|event| match event {
            ProgramEvent::CutCommitted { id, .. } => ("committed", id),
            ProgramEvent::CutSuperseded { id } => ("superseded", id),
            other => panic!("{other:?}"),
        })
        .collect();
    let expect = [("superseded", second.id), ("committed", first.id), ("committed", third.id)];
    assert_eq!(ends, expect);
    assert_eq!(world.active().as_deref(), Some("cam-0"));
}

#[test]
fn a_take_without_a_sync_sample_fails_in_time() {
    let endless = Profile { gop: 30_000, ..Profile::plain() };
    let profiles = vec![Profile::plain(), endless];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND], 11);
    world.run_until(6 * SECOND);
    let cut = world.take(1).expect("it is live");
    world.run_until(22 * SECOND);
    let events = world.events_since(6 * SECOND);
    let failed = ProgramEvent::CutFailed {
        id: cut.id,
        to: "cam-1".into(),
        reason: CutFailure::NoSyncSample,
    };
    assert_eq!(events, [failed]);
}

#[test]
fn a_take_of_a_camera_that_goes_away_fails_at_once() {
    let mut world = three_cameras();
    let cut = world.take(2).expect("it is live");
    world.cameras[2].disconnect_for(world.now, i64::MAX);
    world.advance();
    let events = world.events_since(6 * SECOND);
    let failed =
        ProgramEvent::CutFailed { id: cut.id, to: "cam-2".into(), reason: CutFailure::CameraGone };
    assert_eq!(events, [failed]);
    assert_eq!(world.take(2), Err(TakeError::NotLive("cam-2".into())));
}

#[test]
fn stopping_ends_what_waits() {
    let mut world = three_cameras();
    let cut = world.take(2).expect("it is live");
    world.core.stop();
    world.advance();
    let failed =
        ProgramEvent::CutFailed { id: cut.id, to: "cam-2".into(), reason: CutFailure::Stopped };
    assert_eq!(world.events_since(6 * SECOND), [failed]);
}
