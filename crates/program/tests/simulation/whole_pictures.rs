//! Equal cameras that are out of step with each other, as displays and clocks see them that count in
//! whole pictures.

use genlock_media::{Sample, TrackKind};

use crate::SECOND;
use crate::camera::Profile;
use crate::check::{Weather, check};
use crate::world::World;

/// A picture at 30 fps in ticks.
const PICTURE: i64 = 3_000;

/// Presentation times of a programme that is cut between three equal cameras, in order. The second and
/// the third are `phases` microseconds earlier than in step with the first.
fn shown(b_frames: i64, phases: [i64; 2]) -> Vec<i64> {
    let profile = Profile { b_frames, ..Profile::plain() };
    let profiles = vec![profile.clone(), profile.clone(), profile];
    let [second, third] = phases;
    let starts = vec![SECOND, 2 * SECOND - second, 3 * SECOND - third];
    let mut world = World::starting_at(profiles, starts, 7);
    world.run_until(6 * SECOND);
    for cut in 0..30usize {
        world.take([1, 2, 0, 2, 1, 0][cut % 6]).expect("it is live");
        world.run_until(world.now + 1_700_000);
    }
    let summary = check(&world, Weather::Calm).expect("invariants hold");
    assert!(summary.cuts >= 28, "{summary:?}");
    let samples = world.record.outputs.iter().map(|output| &output.sample);
    let video = samples.filter(|sample| sample.kind() == TrackKind::Video);
    let mut shown: Vec<_> = video.map(Sample::pts).collect();
    shown.sort_unstable();
    shown
}

#[test]
fn a_cut_brings_no_two_pictures_into_one_place() {
    for b_frames in [0, 2, 3] {
        for phases in [[0, 0], [500, 17_000], [900, 300], [16_700, 33_000], [5_000, 12_345]] {
            let shown = shown(b_frames, phases);
            let places = |phase: i64| {
                let place =
                    move |time: &i64| (2 * (time + phase) + PICTURE).div_euclid(2 * PICTURE);
                shown.iter().map(place).collect::<Vec<_>>()
            };
            let collides = |phase: &i64| places(*phase).windows(2).any(|pair| pair[0] == pair[1]);
            let collisions: Vec<_> = (0..PICTURE).filter(collides).collect();
            assert_eq!(collisions, [], "{b_frames} B-frames, {phases:?} us out of step");
        }
    }
}
