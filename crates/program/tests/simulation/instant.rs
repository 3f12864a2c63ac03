//! Takes that do not wait for a sync sample, and takes in a programme that runs behind.

use std::time::Duration;

use genlock_media::EventTime;
use genlock_program::{CutStyle, ProgramEvent, Reason, Settled, StylePolicy};

use crate::camera::Profile;
use crate::check::{self, Weather, check};
use crate::rng::Rng;
use crate::world::World;
use crate::{SECOND, for_each_seed};

/// Three plain cameras with a GOP of `gop` frames, in the middle of one at 8.7 s.
fn cameras(gop: i64, b_frames: i64) -> World {
    let profile = Profile { gop, b_frames, ..Profile::plain() };
    let profiles = vec![profile.clone(), profile.clone(), profile];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND, 3 * SECOND], 11);
    world.run_until(8_700_000);
    world
}

fn settled(world: &World) -> Vec<Settled> {
    let events = world.record.events.iter().filter(|(at, _)| *at >= 8 * SECOND);
    let settled = events.filter_map(|(_, event)| match event {
        ProgramEvent::CutSettled(settled) => Some(settled.clone()),
        _ => None,
    });
    settled.collect()
}

#[test]
fn an_instant_take_is_on_air_at_once_and_caught_up_in_half_a_second() {
    for (gop, b_frames, at_most_ms) in [(60, 0, 40), (60, 2, 110), (250, 0, 40), (250, 3, 150)] {
        let mut world = cameras(gop, b_frames);
        let cut = world.take_with(1, CutStyle::Instant).expect("it is live");
        assert_eq!((cut.forecast.style, cut.forecast.reason), (CutStyle::Instant, Reason::Cached));
        world.run_until(world.now + 3 * SECOND);
        let settled = settled(&world);
        let [entry] = settled.as_slice() else { panic!("{settled:?}") };
        let wait = entry.wait.as_millis();
        assert!(wait <= at_most_ms, "gop {gop}, {b_frames} B-frames: {wait} ms");
        assert_eq!((entry.id, entry.style), (Some(cut.id), CutStyle::Instant));
        assert!(entry.catch_up > Duration::ZERO && entry.catch_up <= Duration::from_millis(501));
        assert_eq!(entry.picture_gap_us.map(|gap| gap / 100), Some(0), "{entry:?}");
        assert!(entry.audio_error_us.is_some_and(|error| error.abs() <= 10_667), "{entry:?}");
        check(&world, Weather::Calm).expect("invariants hold");
    }
}

/// A sync sample that comes before the catch-up is over takes the place of its rest.
#[test]
fn a_sync_sample_that_comes_first_replaces_the_rest() {
    let mut world = cameras(60, 0);
    let newest = world.cameras[1].syncs.last().expect("a GOP of two seconds").arrived;
    world.run_until(newest + 2 * SECOND - 400_000);
    world.take_with(1, CutStyle::Instant).expect("it is live");
    world.run_until(world.now + 3 * SECOND);
    let [entry] = settled(&world).try_into().expect("one cut");
    assert_eq!(entry.style, CutStyle::Instant);
    check(&world, Weather::Calm).expect("invariants hold");
    let late = world.record.outputs.iter().filter_map(|output| {
        let tag = crate::camera::Tag::read(&output.sample.payload)?;
        let picture = output.sample.kind() == genlock_media::TrackKind::Video;
        (picture && output.sample.pts() > tag.pts).then_some(output.at)
    });
    let until = late.max().expect("a catch-up");
    assert!(until - newest < 2_120_000, "it went on for {} us", until - newest);
}

#[test]
fn a_short_wait_is_clean() {
    let mut world = cameras(60, 0);
    let newest = world.cameras[1].syncs.last().expect("a GOP of two seconds").arrived;
    world.run_until(newest + 2 * SECOND - 200_000);
    let cut = world.take_with(1, CutStyle::Instant).expect("it is live");
    assert_eq!(cut.forecast.style, CutStyle::Clean);
}

#[test]
fn instant_takes_of_cameras_of_any_kind() {
    for_each_seed("instant_takes_of_cameras_of_any_kind", 4, |seed| {
        let mut rng = Rng::new(seed ^ 0x1275);
        let profiles = (0..4).map(|_| Profile::any(&mut rng)).collect();
        let mut world = World::new(profiles, &mut rng);
        world.run_until(5 * SECOND);
        while world.now < 150 * SECOND {
            world.run_until(world.now + rng.between(10_000, 4 * SECOND));
            let camera = usize::try_from(rng.between(0, 3)).expect("not negative");
            let style = rng.pick(&[CutStyle::Instant, CutStyle::Instant, CutStyle::Auto]);
            // A refusal is an answer, too.
            drop(world.take_with(camera, style));
        }
        world.run_until(world.now + 30 * SECOND);
        let summary = check(&world, Weather::Calm)?;
        check::ensure(summary.cuts >= 20, || format!("too few cuts to say anything: {summary:?}"))?;
        Ok(summary)
    });
}

#[test]
fn instant_takes_of_stalling_and_dropping_cameras() {
    for_each_seed("instant_takes_of_stalling_and_dropping_cameras", 4, |seed| {
        let mut rng = Rng::new(seed ^ 0x1BAD);
        let stalling = |rng: &mut Rng| Profile {
            stalls: 5,
            stall_max: rng.pick(&[300_000, 1_000_000, 5_000_000]),
            drops: 3,
            ..Profile::any(rng)
        };
        let profiles = (0..4).map(|_| stalling(&mut rng)).collect();
        let mut world = World::new(profiles, &mut rng);
        world.run_until(5 * SECOND);
        while world.now < 150 * SECOND {
            world.run_until(world.now + rng.between(10_000, 4 * SECOND));
            let camera = usize::try_from(rng.between(0, 3)).expect("not negative");
            drop(world.take_with(camera, CutStyle::Instant));
        }
        world.run_until(world.now + 30 * SECOND);
        check(&world, Weather::Wild)
    });
}

fn run_behind(world: &mut World, lookahead_ms: u64) {
    let lookahead = Duration::from_millis(lookahead_ms);
    let policy = StylePolicy { lookahead, ..StylePolicy::default() };
    world.core.set_style_policy(EventTime::from_micros(world.now), policy);
    world.advance();
}

/// How long ago the newest picture that has left was due.
fn behind_ms(world: &World) -> i64 {
    (world.now - crate::camera::micros(world.edge())) / 1000
}

#[test]
fn a_programme_that_runs_behind_cuts_at_the_nearest_sync_sample() {
    let mut world = cameras(60, 0);
    run_behind(&mut world, 2_500);
    world.run_until(16 * SECOND);
    assert!((behind_ms(&world) - 2_500).abs() < 150, "{} ms behind", behind_ms(&world));
    for (after_ms, before) in [(300, true), (900, true), (1_100, false), (1_700, false)] {
        let active = world.active().expect("one is on air");
        let target = if active == "cam-1" { 2 } else { 1 };
        let newest = *world.cameras[target].syncs.last().expect("a GOP of two seconds");
        world.run_until(newest.arrived + 2 * SECOND + after_ms * 1000);
        let nearest = if before { 1 } else { 2 };
        let expected = crate::camera::micros(newest.pts + nearest * 180_000);
        let cut = world.take_with(target, CutStyle::Auto).expect("it is live");
        assert_eq!(cut.forecast.style, CutStyle::Lookahead);
        world.run_until(world.now + 5 * SECOND);
        let ended = world.record.commands[&cut.id].ended.clone();
        let Some((_, ProgramEvent::CutCommitted { cut_at, .. })) = ended else {
            panic!("{ended:?}");
        };
        assert!((cut_at.as_micros() - expected).abs() <= 1, "{after_ms} ms after: {cut:?}");
    }
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn what_no_viewer_has_seen_can_be_undone() {
    let mut world = cameras(60, 0);
    run_behind(&mut world, 2_500);
    world.run_until(16 * SECOND);
    let newest = *world.cameras[1].syncs.last().expect("a GOP of two seconds");
    world.run_until(newest.arrived + 2_300_000);
    let cut = world.take_with(1, CutStyle::Lookahead).expect("it is live");
    world.run_until(world.now + 1_500_000);
    let undone = world.core.undo().expect("it has not been aired");
    assert_eq!((undone.id, undone.stays), (cut.id, Some("cam-0".into())));
    world.run_until(world.now + 8 * SECOND);
    let pictures = world.record.outputs.iter().filter_map(|output| {
        crate::camera::Tag::read(&output.sample.payload).map(|tag| tag.camera)
    });
    assert!(pictures.into_iter().all(|camera| camera == 0), "cam-1 was never shown");
    check(&world, Weather::Wild).expect("invariants hold");
}

/// Growing and shrinking while pictures pass: no timeline breaks, and no pause is long enough for a gap.
#[test]
fn the_delay_changes_live_without_a_break() {
    let mut world = cameras(60, 2);
    for (lookahead, seconds) in [(4_000, 12), (1_000, 4), (10_000, 25), (0, 5)] {
        run_behind(&mut world, lookahead);
        world.run_until(world.now + seconds * SECOND);
        let wanted = i64::try_from(lookahead).expect("small");
        let behind = behind_ms(&world);
        assert!((behind - wanted).abs() < 250, "{behind} ms behind instead of {wanted}");
    }
    let pauses = world.record.outputs.windows(2).map(|pair| pair[1].at - pair[0].at);
    assert!(pauses.max() < Some(500_000));
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn takes_of_every_style_in_a_programme_that_runs_behind() {
    for_each_seed("takes_of_every_style_in_a_programme_that_runs_behind", 4, |seed| {
        let mut rng = Rng::new(seed ^ 0xD1A7);
        let profiles = (0..4).map(|_| Profile::any(&mut rng)).collect();
        let mut world = World::new(profiles, &mut rng);
        world.run_until(5 * SECOND);
        while world.now < 150 * SECOND {
            if rng.chance(10) {
                let delay = u64::try_from(rng.between(0, 6_000)).expect("not negative");
                run_behind(&mut world, delay);
            }
            world.run_until(world.now + rng.between(10_000, 4 * SECOND));
            let camera = usize::try_from(rng.between(0, 3)).expect("not negative");
            drop(world.take_with(camera, rng.pick(&CutStyle::ALL)));
            if rng.chance(20) {
                // What has been aired stays.
                drop(world.core.undo());
                world.advance();
            }
        }
        world.run_until(world.now + 40 * SECOND);
        check(&world, Weather::Wild)
    });
}
