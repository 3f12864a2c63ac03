//! What the programme does by itself beyond a plain failover: slate, lock, flaps, going back.

use std::time::Duration;

use genlock_media::TrackKind;
use genlock_program::{FailoverPolicy, FlapLimit, Lock, Loss, ProgramEvent, Revert, TakeError};

use crate::SECOND;
use crate::camera::{Profile, Tag, micros};
use crate::check::{Weather, check};
use crate::world::World;

const FOR_GOOD: i64 = i64::MAX;

/// Two plain cameras and a slate with one picture per second.
fn with_slate() -> World {
    let card = Profile { fps: (1, 1), gop: 1, audio: None, ..Profile::plain() };
    let profiles = vec![Profile::plain(), Profile::plain(), card];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND, SECOND + 300_000], 7);
    world.use_as_slate(2);
    world.run_until(10 * SECOND);
    world
}

fn lose(world: &mut World, camera: usize, away: i64) {
    world.cameras[camera].disconnect_for(world.now, away);
    world.advance();
}

fn set_policy(world: &mut World, policy: FailoverPolicy) {
    world.core.set_failover(policy);
}

#[test]
fn the_slate_covers_the_loss_of_all_and_a_returning_camera_ends_it() {
    let mut world = with_slate();
    lose(&mut world, 1, FOR_GOOD);
    lose(&mut world, 0, 20 * SECOND);
    world.run_until(12 * SECOND + SECOND / 2);
    assert!(!world.status().slate, "a gap first");
    world.run_until(25 * SECOND);
    let status = world.status();
    assert!(status.slate);
    assert_eq!((status.active, status.intent), (None, Some("cam-0".into())));
    world.run_until(40 * SECOND);
    let events = world.events_since(10 * SECOND);
    let [
        ProgramEvent::OffAir { loss: Loss::Closed, .. },
        ProgramEvent::SlateShown { from: None, at: shown, .. },
        ProgramEvent::OnAir { camera, at: back, .. },
    ] = events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!(camera.as_str(), "cam-0");
    // After 3 s, with a picture that may be as old as viewers have not needed yet.
    let shown = shown.as_micros() - 10 * SECOND;
    assert!((2_100_000..=4_100_000).contains(&shown), "shown after {shown} us");
    let first = world.cameras[0].syncs.iter().find(|sync| sync.arrived > 30 * SECOND);
    assert_eq!(back.as_micros(), micros(first.expect("a GOP of one second").pts));
    check(&world, Weather::Wild).expect("invariants hold");
    let under_the_slate = world.record.outputs.iter().filter(|output| {
        let at = output.sample.pts_event().as_micros();
        output.sample.kind() == TrackKind::Audio && (15 * SECOND..29 * SECOND).contains(&at)
    });
    assert!(under_the_slate.clone().all(|output| Tag::read(&output.sample.payload).is_none()));
    let silence = under_the_slate.count();
    assert!((655..=657).contains(&silence), "{silence} access units in 14 s");
}

#[test]
fn a_stalled_camera_makes_room_for_the_slate_and_goes_on_behind_it() {
    let mut world = with_slate();
    lose(&mut world, 1, FOR_GOOD);
    world.cameras[0].stall_for(world.now, 10 * SECOND);
    world.run_until(30 * SECOND);
    let events = world.events_since(10 * SECOND);
    assert!(
        matches!(
            events.as_slice(),
            [ProgramEvent::SlateShown { from: Some(_), .. }, ProgramEvent::OnAir { .. }]
        ),
        "{events:?}"
    );
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn the_slate_is_no_target_of_a_take_and_takes_end_it() {
    let mut world = with_slate();
    let answer = world.take(2);
    assert_eq!(answer, Err(TakeError::UnknownCamera("cam-2".into())));
    lose(&mut world, 1, FOR_GOOD);
    lose(&mut world, 0, 20 * SECOND);
    world.run_until(29 * SECOND);
    world.core.lock();
    world.run_until(40 * SECOND);
    assert!(world.status().slate, "locked");
    let cut = world.take(0).expect("it is live");
    assert_eq!(cut.from, None);
    world.run_until(42 * SECOND);
    assert_eq!(world.active().as_deref(), Some("cam-0"));
}

#[test]
fn a_withdrawn_slate_is_shown_no_longer() {
    let mut world = with_slate();
    lose(&mut world, 1, FOR_GOOD);
    lose(&mut world, 0, FOR_GOOD);
    world.run_until(20 * SECOND);
    assert!(world.status().slate);
    world.core.set_slate(None);
    world.advance();
    assert!(!world.status().slate);
    let slate = world.cameras[2].feed.clone();
    world.core.set_slate(Some(slate));
    world.run_until(30 * SECOND);
    assert!(world.status().slate, "after the same time");
}

#[test]
fn a_lock_stops_the_failover_until_it_is_released() {
    let mut world = with_slate();
    world.core.lock();
    lose(&mut world, 0, 12 * SECOND);
    world.run_until(20 * SECOND);
    assert_eq!(world.events_since(10 * SECOND), [ProgramEvent::Locked(Lock::Operator)]);
    let status = world.status();
    assert_eq!((status.active, status.lost), (Some("cam-0".into()), Some(Loss::Closed)));
    world.core.unlock();
    world.advance();
    world.run_until(22 * SECOND);
    assert_eq!(world.active().as_deref(), Some("cam-1"));
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn a_locked_camera_that_returns_resumes_by_itself() {
    let mut world = with_slate();
    world.core.lock();
    lose(&mut world, 0, 6 * SECOND);
    world.run_until(20 * SECOND);
    let status = world.status();
    assert_eq!((status.active, status.lost), (Some("cam-0".into()), None));
    let last = world.record.outputs.last().expect("it runs");
    assert!(last.at > 20 * SECOND - 100_000);
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn too_many_failovers_lock_the_programme() {
    let flaps = Some(FlapLimit { changes: 3, window: Duration::from_secs(60) });
    let mut world = with_slate();
    set_policy(&mut world, FailoverPolicy { flaps, ..FailoverPolicy::default() });
    for (camera, second) in [(0, 10), (1, 16), (0, 22), (1, 28)] {
        world.run_until(second * SECOND);
        lose(&mut world, camera, 3 * SECOND);
    }
    world.run_until(40 * SECOND);
    let told = |event: &ProgramEvent| match event {
        ProgramEvent::FailedOver { to, .. } => to.as_str().to_owned(),
        ProgramEvent::Locked(Lock::Flapping) => "locked".to_owned(),
        other => panic!("{other:?}"),
    };
    let events: Vec<_> = world.events_since(10 * SECOND).iter().map(told).collect();
    assert_eq!(events, ["cam-1", "cam-0", "locked", "cam-1"]);
    assert_eq!(world.active().as_deref(), Some("cam-1"), "it resumed by itself");
}

#[test]
fn the_chosen_camera_is_taken_back_once_it_has_been_well() {
    let mut world = with_slate();
    let revert = Revert::After(Duration::from_secs(5));
    set_policy(&mut world, FailoverPolicy { revert, ..FailoverPolicy::default() });
    lose(&mut world, 0, 3 * SECOND);
    world.run_until(15 * SECOND);
    let status = world.status();
    assert_eq!((status.active, status.intent), (Some("cam-1".into()), Some("cam-0".into())));
    // A stall starts its health anew.
    world.cameras[0].stall_for(world.now, SECOND + SECOND / 2);
    world.run_until(21 * SECOND);
    assert_eq!(world.active().as_deref(), Some("cam-1"));
    world.run_until(23 * SECOND);
    assert_eq!(world.active().as_deref(), Some("cam-0"));
    let events = world.events_since(15 * SECOND);
    assert!(matches!(events.as_slice(), [ProgramEvent::Reverted { .. }]), "{events:?}");
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn a_take_of_the_camera_that_took_over_makes_it_the_chosen_one() {
    let mut world = with_slate();
    let revert = Revert::After(Duration::from_secs(2));
    set_policy(&mut world, FailoverPolicy { revert, ..FailoverPolicy::default() });
    lose(&mut world, 0, 3 * SECOND);
    world.run_until(12 * SECOND);
    assert_eq!(world.take(1), Err(TakeError::AlreadyOnAir("cam-1".into())));
    world.run_until(30 * SECOND);
    assert_eq!(world.active().as_deref(), Some("cam-1"));
}
