//! Whose sound is heard: one story per test.

use genlock_media::{EventTime, Sample, TrackKind};
use genlock_packager::Dropped;
use genlock_program::{AudioSource, AudioSourceError, Discontinuity, Loss, ProgramEvent};

use crate::SECOND;
use crate::audience::Audience;
use crate::camera::{Profile, Tag};
use crate::check::{Weather, check};
use crate::world::World;

const FOR_GOOD: i64 = i64::MAX;

/// Two plain cameras and a desk that sends a picture and sound, run to 10 s with the desk's sound.
fn with_desk(desk: Profile) -> World {
    let profiles = vec![Profile::plain(), Profile::plain(), desk];
    let mut world = World::starting_at(profiles, vec![SECOND, SECOND + 7_000, SECOND + 3_000], 7);
    world.run_until(5 * SECOND);
    world.set_audio_source(&desk_source()).expect("it is known");
    world.run_until(10 * SECOND);
    world
}

fn desk_source() -> AudioSource {
    AudioSource::Camera("cam-2".into())
}

/// The programme's access units whose time is in `from..until`.
fn heard(world: &World, from: i64, until: i64) -> Vec<&Sample> {
    let outputs = world.record.outputs.iter().map(|output| &output.sample);
    let audio = outputs.filter(|sample| sample.kind() == TrackKind::Audio);
    audio.filter(|sample| (from..until).contains(&sample.pts_event().as_micros())).collect()
}

/// Who is heard, in order; `None` is silence.
fn voices(world: &World, from: i64, until: i64) -> Vec<Option<u8>> {
    let units = heard(world, from, until).into_iter();
    let mut voices: Vec<_> =
        units.map(|unit| Tag::read(&unit.payload).map(|tag| tag.camera)).collect();
    voices.dedup();
    voices
}

#[test]
fn cuts_do_not_touch_a_fixed_source() {
    let mut world = with_desk(Profile::plain());
    for cut in 0..20 {
        world.take((cut + 1) % 2).expect("it is live");
        world.run_until(world.now + 1_300_000);
    }
    let units = heard(&world, 10 * SECOND, 35 * SECOND);
    let tags: Vec<_> = units.iter().filter_map(|unit| Tag::read(&unit.payload)).collect();
    assert_eq!(tags.len(), units.len(), "no silence");
    assert!(tags.windows(2).all(|pair| pair[1].index == pair[0].index + 1), "none is left out");
    let shifts: Vec<_> = units.iter().zip(&tags).map(|(unit, tag)| unit.dts - tag.pts).collect();
    assert!(shifts.windows(2).all(|pair| pair[0] == pair[1]), "none is moved");
    let moved = world.record.events.iter().filter_map(|(at, event)| match event {
        ProgramEvent::CutSettled(entry) if *at > 10 * SECOND => Some(entry.audio_error_us),
        _ => None,
    });
    assert_eq!(moved.collect::<Vec<_>>(), [None; 20]);
    assert_eq!(check(&world, Weather::Calm).expect("invariants hold").cuts, 20);
}

#[test]
fn a_lost_source_is_silent_then_stood_in_for_and_heard_again_once_it_is_steady() {
    let mut world = with_desk(Profile::plain());
    world.cameras[2].disconnect_for(world.now, 10 * SECOND);
    world.run_until(30 * SECOND);
    let voice = |camera: Option<&str>| ProgramEvent::Heard { camera: camera.map(Into::into) };
    let events = world.record.events.iter().filter(|(at, _)| *at >= 10 * SECOND);
    let told: Vec<_> =
        events.filter(|(_, event)| matches!(event, ProgramEvent::Heard { .. })).collect();
    let [(lost, stand_in), (back, desk)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((stand_in, desk), (&voice(Some("cam-0")), &voice(Some("cam-2"))));
    assert!((11_000_000..11_100_000).contains(lost), "{lost}");
    assert!((22_000_000..22_200_000).contains(back), "{back}");
    assert_eq!(voices(&world, 9 * SECOND, 30 * SECOND), [Some(2), None, Some(0), Some(2)]);
    let silent = heard(&world, 9 * SECOND, 30 * SECOND)
        .into_iter()
        .filter(|unit| Tag::read(&unit.payload).is_none());
    assert!(silent.count() <= 50, "a second at most");
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn a_short_pause_of_a_fixed_source_changes_nothing() {
    let mut world = with_desk(Profile::plain());
    world.cameras[2].stall_for(world.now, 800_000);
    world.run_until(15 * SECOND);
    assert_eq!(voices(&world, 9 * SECOND, 15 * SECOND), [Some(2)]);
    assert_eq!(world.events_since(10 * SECOND), []);
}

#[test]
fn a_source_that_stutters_is_not_heard_until_it_is_steady() {
    let mut world = with_desk(Profile::plain());
    for _ in 0..5 {
        world.cameras[2].stall_for(world.now, 1_400_000);
        world.run_until(world.now + 2_400_000);
    }
    let changes = world.events_since(10 * SECOND);
    assert_eq!(
        changes.iter().filter(|event| matches!(event, ProgramEvent::Heard { .. })).count(),
        1
    );
    world.run_until(30 * SECOND);
    assert_eq!(voices(&world, 28 * SECOND, 29 * SECOND), [Some(2)]);
}

#[test]
fn under_a_lock_a_lost_source_stays_silent() {
    let mut world = with_desk(Profile::plain());
    world.core.lock();
    world.cameras[2].disconnect_for(world.now, 5 * SECOND);
    world.run_until(30 * SECOND);
    assert_eq!(voices(&world, 9 * SECOND, 30 * SECOND), [Some(2), None, Some(2)]);
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn stand_ins_follow_each_other_by_priority() {
    let mut world = with_desk(Profile::plain());
    world.cameras[2].disconnect_for(world.now, FOR_GOOD);
    world.run_until(15 * SECOND);
    world.cameras[0].disconnect_for(world.now, FOR_GOOD);
    world.advance();
    world.run_until(20 * SECOND);
    assert_eq!(world.status().heard, Some("cam-1".into()));
    assert_eq!(world.status().audio_source, desk_source());
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn a_source_without_sound_is_stood_in_for() {
    let world = with_desk(Profile { audio: None, ..Profile::plain() });
    assert_eq!(world.status().heard, Some("cam-0".into()));
    assert_eq!(voices(&world, 8 * SECOND, 9 * SECOND), [Some(0)]);
}

#[test]
fn a_source_of_another_configuration_costs_a_discontinuity_and_cuts_then_cost_none() {
    let desk = Profile { audio: Some((44_100, 2)), ..Profile::plain() };
    let profiles = vec![Profile::plain(), Profile::plain(), desk];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND, 2 * SECOND], 7);
    world.run_until(5 * SECOND);
    let followed = world.take(2).expect("it is live");
    assert_eq!(followed.forecast.discontinuity, Discontinuity::Codec);
    drop(world.take(0));
    assert_eq!(world.set_audio_source(&desk_source()), Ok(Discontinuity::Codec));
    world.run_until(10 * SECOND);
    let fixed = world.take(1).expect("it is live");
    assert_eq!(fixed.forecast.discontinuity, Discontinuity::Parameters);
    world.run_until(15 * SECOND);
    assert_eq!(world.set_audio_source(&AudioSource::Follow), Ok(Discontinuity::Codec));
    world.run_until(20 * SECOND);
    // Silent until the sync sample that takes the new configuration along.
    let voices = voices(&world, 4 * SECOND, 19 * SECOND);
    assert_eq!(voices, [Some(0), None, Some(2), None, Some(1)]);
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn an_unknown_source_is_refused_and_a_removed_one_lets_the_sound_follow() {
    let mut world = with_desk(Profile::plain());
    let unknown = world.set_audio_source(&AudioSource::Camera("x".into()));
    assert_eq!(unknown, Err(AudioSourceError::UnknownCamera("x".into())));
    assert_eq!(world.status().audio_source, desk_source());
    world.core.remove_camera(&"cam-2".into());
    world.advance();
    world.run_until(15 * SECOND);
    assert_eq!(world.status().audio_source, AudioSource::Follow);
    assert_eq!(voices(&world, 9 * SECOND, 14 * SECOND), [Some(2), Some(0)]);
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn the_sound_of_a_fixed_source_goes_on_over_the_slate() {
    let card = Profile { fps: (1, 1), gop: 1, audio: None, ..Profile::plain() };
    let profiles = vec![Profile::plain(), Profile::plain(), card];
    let mut world = World::starting_at(profiles, vec![SECOND, 2 * SECOND, SECOND + 300_000], 7);
    world.use_as_slate(2);
    world.run_until(5 * SECOND);
    world.set_audio_source(&AudioSource::Camera("cam-1".into())).expect("it is known");
    world.run_until(10 * SECOND);
    // Its picture is not wanted, only its sound.
    world.core.lock();
    world.cameras[0].disconnect_for(world.now, FOR_GOOD);
    world.advance();
    world.run_until(12 * SECOND);
    let status = world.status();
    assert_eq!((status.lost, status.heard), (Some(Loss::Closed), Some("cam-1".into())));
    world.core.unlock();
    world.advance();
    world.run_until(20 * SECOND);
    assert_eq!(voices(&world, 14 * SECOND, 20 * SECOND), [Some(1)]);
    check(&world, Weather::Wild).expect("invariants hold");
}

#[test]
fn every_cut_under_follow_tells_by_how_much_its_sound_was_moved() {
    let third = Profile { audio: None, ..Profile::plain() };
    let profiles = vec![Profile::plain(), Profile::plain(), third];
    let mut world = World::starting_at(profiles, vec![SECOND, SECOND + 7_000, SECOND], 7);
    world.run_until(5 * SECOND);
    for camera in [1, 0, 2, 1] {
        let cut = world.take(camera).expect("it is live");
        world.run_until(world.now + 3 * SECOND);
        let entry = world.record.events.iter().find_map(|(_, event)| match event {
            ProgramEvent::CutSettled(entry) if entry.id == Some(cut.id) => Some(entry.clone()),
            _ => None,
        });
        let entry = entry.expect("it is settled");
        if camera == 2 {
            assert_eq!(entry.audio_error_us, None, "it has no sound");
            continue;
        }
        let moved = entry.audio_error_us.expect("it has sound");
        let first = world.record.outputs.iter().map(|output| &output.sample).find(|sample| {
            let from = sample.pts_event()
                >= cut.forecast.cut_at.unwrap_or(EventTime::MAX)
                    - std::time::Duration::from_millis(22);
            let tag = Tag::read(&sample.payload);
            from && sample.kind() == TrackKind::Audio
                && tag.is_some_and(|tag| usize::from(tag.camera) == camera)
        });
        let first = first.expect("its sound");
        let own = Tag::read(&first.payload).expect("it is tagged").pts;
        let micros = (first.dts - own) * 1_000_000 / 48_000;
        assert!((moved - micros).abs() <= 1, "told {moved}, is {micros}");
        assert!(moved.abs() <= 10_667, "{moved}");
    }
}

/// A desk that comes back at another rate, in the middle of a GOP of 4 s.
#[test]
fn sound_that_changes_without_a_cut_waits_for_a_sync_sample_and_none_is_lost() {
    let long = Profile { gop: 120, ..Profile::plain() };
    let desk = Profile { audio: Some((44_100, 2)), ..Profile::plain() };
    let mut world = World::starting_at(vec![long, desk], vec![SECOND, SECOND + 7_000], 7);
    let mut audience = Audience::new();
    for (second, desk) in [(6, true), (15, false), (22, true)] {
        world.run_until(second * SECOND);
        let source = if desk { AudioSource::Camera("cam-1".into()) } else { AudioSource::Follow };
        assert_eq!(world.set_audio_source(&source), Ok(Discontinuity::Codec));
    }
    world.run_until(30 * SECOND);
    audience.watch(&world.record);
    assert_eq!(audience.dropped(), Dropped::default());
    // Sync samples are 4 s apart: at 1, 5, 9 s and so on.
    let expect = [Some(0), None, Some(1), None, Some(0), None, Some(1)];
    assert_eq!(voices(&world, 2 * SECOND, 29 * SECOND), expect);
    for (from, until, voice) in [(9, 15, Some(1)), (17, 22, Some(0)), (25, 29, Some(1))] {
        let (from, until) = (from * SECOND + 100_000, until * SECOND - 100_000);
        assert_eq!(voices(&world, from, until), [voice], "{from} us to {until} us");
    }
    check(&world, Weather::Wild).expect("invariants hold");
}

/// The path of a camera stands still, or the programme gets no time, and everything comes at once.
#[test]
fn what_comes_at_once_loses_no_sound() {
    for span in [600_000, 900_000, 1_300_000] {
        let camera = Profile { audio_lag: 150_000, b_frames: 2, ..Profile::plain() };
        let mut world = World::starting_at(vec![camera], vec![SECOND], 7);
        let mut audience = Audience::new();
        for pause in 0..20 {
            // At any place of parts and segments.
            world.run_until((6 + 3 * pause) * SECOND + 37_000 * pause);
            world.suspend_for(span);
        }
        world.run_until(70 * SECOND);
        audience.watch(&world.record);
        assert_eq!(audience.dropped(), Dropped::default(), "{span} µs");
    }
}
