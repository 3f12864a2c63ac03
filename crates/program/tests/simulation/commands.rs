//! Takes and their answers.

use genlock_media::{EventTime, Sample, TrackKind};
use genlock_program::{CutFailure, ProgramEvent, Reason, TakeError, UndoError};

use crate::SECOND;
use crate::camera::{Profile, Tag, micros};
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

/// The target is late by less than the hold window, which no steady hold would have to know of.
#[test]
fn sound_and_picture_change_together_when_the_target_is_late() {
    let late = Profile { latency: 250_000, ..Profile::plain() };
    let profiles = vec![Profile::plain(), late];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND], 11);
    world.run_until(8 * SECOND);
    let cut = world.take(1).expect("it is live");
    world.run_until(world.now + 3 * SECOND);
    let ended = world.record.commands[&cut.id].ended.clone();
    let Some((_, ProgramEvent::CutCommitted { cut_at, .. })) = ended else {
        panic!("{ended:?}");
    };
    let old_after_cut = world.record.outputs.iter().filter(|output| {
        let is_old = Tag::read(&output.sample.payload).is_some_and(|tag| tag.camera == 0);
        is_old && output.sample.pts_event() > cut_at
    });
    assert_eq!(old_after_cut.count(), 0);
}

/// What `cam-1`, with a GOP of one second, does after its newest sync sample.
fn next_sync(world: &World, gops: i64) -> i64 {
    let newest = world.cameras[1].syncs.last().expect("a GOP of one second");
    micros(newest.pts + gops * 90_000)
}

fn assert_forecast(cut_at: Option<EventTime>, expected: i64) {
    let apart = cut_at.expect("a cadence").as_micros() - expected;
    assert!(apart.abs() < 1_000, "{apart} us from what is expected");
}

#[test]
fn a_sync_sample_whose_time_has_passed_is_not_forecast() {
    let late = Profile { latency: 250_000, ..Profile::plain() };
    let profiles = vec![Profile::plain(), late];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND], 11);
    world.run_until(8 * SECOND);
    let newest = *world.cameras[1].syncs.last().expect("a GOP of one second");
    world.run_until(newest.arrived + SECOND - 40_000);
    let expected = next_sync(&world, 2);
    let cut = world.take(1).expect("it is live");
    assert_forecast(cut.forecast.cut_at, expected);
}

#[test]
fn a_sync_sample_that_comes_too_late_moves_the_forecast_on() {
    let mut world = three_cameras();
    let newest = *world.cameras[1].syncs.last().expect("a GOP of one second");
    world.run_until(newest.arrived + SECOND - 50_000);
    let (first, second) = (next_sync(&world, 1), next_sync(&world, 2));
    world.cameras[1].stall_for(world.now, 700_000);
    let cut = world.take(1).expect("it is live");
    assert_forecast(cut.forecast.cut_at, first);
    world.run_until(world.now + 750_000);
    let status = world.core.status(EventTime::from_micros(world.now));
    assert_forecast(status.pending.expect("it waits").forecast.cut_at, second);
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

#[test]
fn an_undo_withdraws_the_newest_take_and_tells_which() {
    let mut world = three_cameras();
    let slow = world.take(2).expect("it is live");
    let undone = world.core.undo().expect("it waits");
    assert_eq!((undone.id, undone.to), (slow.id, "cam-2".into()));
    assert_eq!(undone.stays, Some("cam-0".into()));
    assert_eq!(world.core.undo(), Err(UndoError::NothingToUndo));
    world.run_until(world.now + 20 * SECOND);
    assert_eq!(world.events_since(6 * SECOND), [ProgramEvent::CutUndone { id: slow.id }]);
    assert_eq!(world.active().as_deref(), Some("cam-0"));
}

#[test]
fn what_has_been_aired_cannot_be_undone() {
    let mut world = three_cameras();
    world.take(1).expect("it is live");
    world.run_until(world.now + 2 * SECOND);
    assert_eq!(world.core.undo(), Err(UndoError::NothingToUndo));
    assert_eq!(world.active().as_deref(), Some("cam-1"));
}

/// A picture that would still be shown when the cut comes is left out: two pictures closer than a frame
/// are one to clocks that count in frames.
#[test]
fn no_picture_of_a_steady_camera_is_cut_short() {
    const MILLISECOND: i64 = 90;
    for b_frames in [0, 2] {
        for phase in [3_000, 10_000, 17_000, 25_000, 31_000] {
            let profile = Profile { b_frames, ..Profile::plain() };
            let starts = vec![SECOND, 2 * SECOND + phase];
            let mut world = World::starting_at(vec![profile.clone(); 2], starts, 11);
            // Half a GOP before the sync samples: what has left before a command cannot be taken back.
            world.run_until(5 * SECOND + SECOND / 2);
            for target in [1, 0, 1, 0] {
                world.run_until(world.now + 4 * SECOND);
                world.take(target).expect("it is live");
            }
            world.run_until(world.now + 3 * SECOND);
            let outputs = world.record.outputs.iter().map(|output| &output.sample);
            let video = outputs.filter(|sample| sample.kind() == TrackKind::Video);
            let mut shown: Vec<_> = video.map(Sample::pts).collect();
            shown.sort_unstable();
            let shortest = shown.windows(2).map(|pair| pair[1] - pair[0]).min();
            assert!(
                shortest >= Some(profile.frame_ticks() - MILLISECOND),
                "{b_frames} B-frames, phase {phase} us: {shortest:?} ticks"
            );
        }
    }
}
