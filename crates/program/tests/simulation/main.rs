//! The programme over virtual time: unlike cameras, random takes, thousands of cuts.
//!
//! `GENLOCK_SIM_RUNS` sets the number of random runs of each kind (default 4; a nightly run takes more),
//! `GENLOCK_SIM_SEED` replays one seed. A failure prints the command.

// The viewer states its expectations by panicking; a failing seed and a long run print.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod audience;
mod automation;
mod camera;
mod check;
mod commands;
mod failover;
mod instant;
#[allow(dead_code, reason = "the packager's tests use all of it")]
#[path = "../../../packager/tests/hls/listing.rs"]
mod listing;
mod marathon;
#[path = "../../../packager/tests/hls/media.rs"]
mod media;
mod rng;
mod sound;
#[allow(dead_code, reason = "the packager's tests use all of it")]
#[path = "../../../packager/tests/hls/viewer.rs"]
mod viewer;
mod whole_pictures;
mod world;

use camera::Profile;
use check::{Summary, Weather, check};
use genlock_program::ProgramEvent;
use rng::Rng;
use world::World;

const SECOND: i64 = 1_000_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn runs(few: u64) -> Vec<u64> {
    match number("GENLOCK_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("GENLOCK_SIM_RUNS").unwrap_or(few)).collect(),
    }
}

/// Runs a test once for each seed. Whatever fails, an assertion of the viewer too, prints the command
/// that replays it.
fn for_each_seed(test: &str, few: u64, run: impl Fn(u64) -> Result<Summary, String>) {
    for seed in runs(few) {
        let replay = Replay { test, seed };
        if let Err(why) = run(seed) {
            panic!("seed {seed}: {why}");
        }
        std::mem::forget(replay);
    }
}

/// Prints its command when a panic drops it.
struct Replay<'a> {
    test: &'a str,
    seed: u64,
}

impl Drop for Replay<'_> {
    fn drop(&mut self) {
        let cuts = number("GENLOCK_SIM_CUTS").map(|cuts| format!("GENLOCK_SIM_CUTS={cuts} "));
        println!(
            "replay: GENLOCK_SIM_SEED={} {}cargo test -p genlock-program --test simulation {}",
            self.seed,
            cuts.unwrap_or_default(),
            self.test
        );
    }
}

/// Takes at random times for `seconds`.
fn operate(world: &mut World, rng: &mut Rng, seconds: i64, pause_max: i64) {
    let last = i64::try_from(world.cameras.len() - 1).expect("few cameras");
    world.run_until(5 * SECOND);
    while world.now < seconds * SECOND {
        let pause = rng.between(10_000, pause_max);
        world.run_until(world.now + pause);
        let camera = usize::try_from(rng.between(0, last)).expect("not negative");
        // A refusal is an answer, too.
        drop(world.take(camera));
    }
    world.run_until(world.now + 30 * SECOND);
}

#[test]
fn calm_cameras_of_any_kind() {
    for_each_seed("calm_cameras_of_any_kind", 4, |seed| {
        let mut rng = Rng::new(seed);
        let profiles = (0..4).map(|_| Profile::any(&mut rng)).collect();
        let mut world = World::new(profiles, &mut rng);
        operate(&mut world, &mut rng, 150, 6 * SECOND);
        let summary = check(&world, Weather::Calm)?;
        check::ensure(summary.cuts >= 10, || format!("too few cuts to say anything: {summary:?}"))?;
        Ok(summary)
    });
}

#[test]
fn cameras_with_sync_offsets() {
    for_each_seed("cameras_with_sync_offsets", 4, |seed| {
        let mut rng = Rng::new(seed ^ 0x0FF);
        let profiles = (0..3)
            .map(|_| Profile {
                latency: rng.between(-1_500, 600) * 1000,
                jitter: rng.between(0, 100) * 1000,
                ..Profile::any(&mut rng)
            })
            .collect();
        let mut world = World::new(profiles, &mut rng);
        operate(&mut world, &mut rng, 150, 6 * SECOND);
        let summary = check(&world, Weather::Calm)?;
        let failed =
            |(_, event): &(i64, ProgramEvent)| matches!(event, ProgramEvent::CutFailed { .. });
        let failure = world.record.events.iter().find(|event| failed(event));
        check::ensure(failure.is_none(), || format!("{failure:?}"))?;
        Ok(summary)
    });
}

/// Equal latency, a steady GOP, any jitter up to 250 ms: the cut is at the first sync sample by whose time the
/// last picture of the old camera that had left at the command has been shown, and no hold makes that a
/// later one.
#[test]
fn a_clean_take_uses_the_first_sync_sample() {
    for_each_seed("a_clean_take_uses_the_first_sync_sample", 4, |seed| {
        let mut rng = Rng::new(seed ^ 0xF125);
        let profiles = (0..3)
            .map(|_| Profile { latency: 0, scene_cuts: 0, ..Profile::any(&mut rng) })
            .collect();
        let mut world = World::new(profiles, &mut rng);
        world.run_until(20 * SECOND);
        for _ in 0..12 {
            world.run_until(world.now + rng.between(500_000, 5_000_000));
            let on_air = world.active();
            let old = world.cameras.iter().find(|camera| Some(camera.name()) == on_air);
            // Places of grids are whole ticks.
            let lasts = old.ok_or("nothing is on air")?.profile.frame_ticks() - 1;
            let edge = world.edge() + lasts;
            let target = usize::try_from(rng.between(0, 2)).expect("not negative");
            let Ok(cut) = world.take(target) else { continue };
            world.run_until(world.now + 10 * SECOND);
            let syncs = &world.cameras[target].syncs;
            let first = syncs.iter().find(|sync| sync.pts >= edge).ok_or("no sync sample came")?;
            let ended = world.record.commands[&cut.id].ended.clone();
            let Some((_, ProgramEvent::CutCommitted { cut_at, .. })) = ended else {
                return Err(format!("{cut:?} ended as {ended:?}"));
            };
            let expected = camera::micros(first.pts);
            check::ensure((cut_at.as_micros() - expected).abs() <= 1, || {
                format!("cut at {cut_at:?}, expected at {expected} us: {cut:?}")
            })?;
        }
        check(&world, Weather::Calm)
    });
}

/// Design goal: ten thousand cuts without drift. `GENLOCK_SIM_CUTS` asks for them all.
#[test]
fn many_cuts_leave_no_lag() {
    let cuts = number("GENLOCK_SIM_CUTS").unwrap_or(400);
    let mut rng = Rng::new(4);
    let rates = [(24, 1), (30_000, 1001), (60, 1)];
    let profiles = rates.map(|fps| Profile {
        fps,
        gop: fps.0 / fps.1 / 2,
        scene_cuts: 0,
        jitter: 40_000,
        ..Profile::any(&mut rng)
    });
    let mut world = World::new(profiles.to_vec(), &mut rng);
    world.run_until(5 * SECOND);
    for cut in 0..cuts {
        world.take(usize::try_from(cut % 3).expect("below three")).ok();
        world.run_until(world.now + 1_200_000 + rng.between(0, 500_000));
    }
    let summary = check(&world, Weather::Calm).expect("invariants hold");
    let made = u64::try_from(summary.cuts).expect("not negative");
    assert!(made + 2 >= cuts, "{summary:?}");
}

#[test]
fn stalling_and_dropping_cameras() {
    for_each_seed("stalling_and_dropping_cameras", 4, |seed| {
        let mut rng = Rng::new(seed ^ 0xBAD);
        let profiles = (0..4)
            .map(|_| Profile {
                stalls: 5,
                stall_max: rng.pick(&[300_000, 1_000_000, 5_000_000]),
                drops: 3,
                ..Profile::any(&mut rng)
            })
            .collect();
        let mut world = World::new(profiles, &mut rng);
        operate(&mut world, &mut rng, 150, 6 * SECOND);
        check(&world, Weather::Wild)
    });
}
