//! Ten unlike cameras and thousands of cuts, in fair and in foul weather.
//!
//! `GENLOCK_SIM_CUTS` sets the number of cuts (default 300; design goal 10 000).
//!
//! Of the design's clock jumps only those of the event clock can be played: the wall clock is no input of
//! the programme and enters the packager once, as a label.

use std::time::Duration;

use genlock_program::{AudioSource, CameraId, CutStyle, FailoverPolicy, Priority, Revert};

use crate::audience::Audience;
use crate::camera::Profile;
use crate::check::{self, Summary, Weather, check};
use crate::rng::Rng;
use crate::world::World;
use crate::{SECOND, for_each_seed, number};

/// Cuts between two checks; what was checked is forgotten.
const LEG: u64 = 100;

const STYLES: [CutStyle; 3] = [CutStyle::Auto, CutStyle::Clean, CutStyle::Instant];

fn cuts() -> u64 {
    number("GENLOCK_SIM_CUTS").unwrap_or(300)
}

/// Runs `operate` until the cuts are made, and checks each leg, the commands too.
fn run(
    world: &mut World,
    weather: Weather,
    mut audience: Option<&mut Audience>,
    mut operate: impl FnMut(&mut World),
) -> Result<Summary, String> {
    world.run_until(5 * SECOND);
    let (mut total, goal) = (Summary::default(), cuts());
    while world.cuts < goal {
        let leg = (world.cuts + LEG).min(goal);
        while world.cuts < leg {
            operate(world);
        }
        total = total.and(check(world, weather)?);
        if let Some(audience) = &mut audience {
            audience.watch(&world.record);
        }
        world.forget();
    }
    Ok(total)
}

/// A take at a random moment; the next once it is on air, or before.
fn take(world: &mut World, rng: &mut Rng, styles: &[CutStyle]) {
    let last = i64::try_from(world.cameras.len() - 1).expect("few cameras");
    let camera = usize::try_from(rng.between(0, last)).expect("not negative");
    let style = rng.pick(styles);
    // A refusal is an answer, too.
    drop(world.take_with(camera, style));
    let cuts = world.cuts;
    let patience = if rng.chance(90) { 12 * SECOND } else { rng.between(0, SECOND) };
    let until = world.now + patience;
    while world.cuts == cuts && world.now < until && world.status().pending.is_some() {
        world.run_until(world.now + 50_000);
    }
    world.run_until(world.now + rng.between(20_000, 1_200_000));
}

/// A hand on all the buttons at once.
fn storm(world: &mut World, rng: &mut Rng) {
    for _ in 0..rng.between(5, 40) {
        let any = rng.between(0, 9);
        let camera = usize::try_from(any).expect("not negative");
        let id = CameraId::from(world.cameras[camera].name());
        match rng.between(0, 9) {
            0 => drop(world.core.undo()),
            1 => drop(world.core.set_priority(&id, Priority(rng.pick(&[0, 1, 2, 3])))),
            2 => {
                world.core.remove_camera(&id);
                world.advance();
                let feed = world.cameras[camera].feed.clone();
                world.core.add_camera(id, feed, Priority(rng.pick(&[0, 1, 2, 3])));
            }
            3 => {
                let source =
                    if rng.chance(50) { AudioSource::Follow } else { AudioSource::Camera(id) };
                world.set_audio_source(&source).expect("it is known");
            }
            4 => world.core.lock(),
            5 => world.core.unlock(),
            _ => drop(world.take_with(camera, rng.pick(&CutStyle::ALL))),
        }
        world.advance();
        world.run_until(world.now + rng.between(0, 10_000));
    }
    world.core.unlock();
    world.advance();
}

/// Invariants 1, 2, 3 and 7: after any number of cuts every picture is at its own time.
#[test]
fn ten_unlike_cameras_in_fair_weather() {
    for_each_seed("ten_unlike_cameras_in_fair_weather", 1, |seed| {
        let mut rng = Rng::new(seed ^ 0xFA12);
        let mut world = World::new(Profile::ten(&mut rng), &mut rng);
        let summary = run(&mut world, Weather::Calm, None, |world| take(world, &mut rng, &STYLES))?;
        report("fair weather", &world, &summary);
        check::ensure(summary.joined_off <= 12_000, || format!("sound is off: {summary:?}"))?;
        check::ensure(summary.picture_off == 0, || format!("pictures lag: {summary:?}"))?;
        Ok(summary)
    });
}

/// Stalls, lost connections, storms of commands, a programme without time for seconds.
#[test]
fn ten_unlike_cameras_in_foul_weather() {
    for_each_seed("ten_unlike_cameras_in_foul_weather", 1, |seed| {
        let mut rng = Rng::new(seed ^ 0xF001);
        let mut profiles = Profile::ten(&mut rng);
        for profile in &mut profiles {
            profile.stalls = 2;
            profile.stall_max = rng.pick(&[300_000, 1_000_000, 5_000_000]);
            profile.drops = 1;
        }
        let mut world = World::new(profiles, &mut rng);
        let revert = Revert::After(Duration::from_secs(5));
        world.core.set_failover(FailoverPolicy { revert, ..FailoverPolicy::default() });
        let summary = run(&mut world, Weather::Wild, None, |world| {
            match rng.between(0, 19) {
                0 => storm(world, &mut rng),
                1 => world.suspend_for(rng.between(100_000, 5_000_000)),
                _ => {}
            }
            world.core.unlock();
            take(world, &mut rng, &STYLES);
        })?;
        report("foul weather", &world, &summary);
        Ok(summary)
    });
}

/// Invariants 4 and 5, by the packager's own distrustful viewer.
#[test]
fn playlists_of_ten_unlike_cameras() {
    for_each_seed("playlists_of_ten_unlike_cameras", 1, |seed| {
        let mut rng = Rng::new(seed ^ 0x4157);
        let mut world = World::new(Profile::ten(&mut rng), &mut rng);
        let mut audience = Audience::new();
        let summary = run(&mut world, Weather::Calm, Some(&mut audience), |world| {
            take(world, &mut rng, &STYLES);
        })?;
        report("with playlists", &world, &summary);
        let lost = audience.lost();
        check::ensure(lost == 0, || format!("{lost} samples were lost: {:?}", audience.dropped()))?;
        check::ensure(audience.segments() >= summary.cuts, || {
            format!("{} segments for {} cuts", audience.segments(), summary.cuts)
        })?;
        Ok(summary)
    });
}

fn report(name: &str, world: &World, summary: &Summary) {
    let Summary { cuts, silent, joined_off, sound_off, picture_off } = summary;
    println!(
        "{name}: {} s, {cuts} changes, {} takes; pictures {picture_off} ticks off; sound {joined_off} us \
         off behind cuts, {sound_off} us later; {silent} silent access units",
        world.now / SECOND,
        world.cuts
    );
}
