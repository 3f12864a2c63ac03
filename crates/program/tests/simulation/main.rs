//! The programme over virtual time: unlike cameras, random takes, thousands of cuts.
//!
//! `GENLOCK_SIM_RUNS` sets the number of random runs of each kind (default 6; CI at night takes more),
//! `GENLOCK_SIM_SEED` replays one seed. A failure prints the command.

mod camera;
mod check;
mod rng;
mod world;

use camera::Profile;
use check::{Summary, Weather, check};
use rng::Rng;
use world::World;

const SECOND: i64 = 1_000_000;

fn runs() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("GENLOCK_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("GENLOCK_SIM_RUNS").unwrap_or(6)).collect(),
    }
}

fn for_each_seed(test: &str, run: impl Fn(u64) -> Result<Summary, String>) {
    for seed in runs() {
        if let Err(why) = run(seed) {
            panic!(
                "seed {seed}: {why}\nreplay: GENLOCK_SIM_SEED={seed} cargo test -p genlock-program \
                 --test simulation {test}"
            );
        }
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
    for_each_seed("calm_cameras_of_any_kind", |seed| {
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
fn stalling_and_dropping_cameras() {
    for_each_seed("stalling_and_dropping_cameras", |seed| {
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
