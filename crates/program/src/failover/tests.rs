//! Each decision in a table: loss, takeover, going back, slate, lock.

use genlock_feed::{Feed, FeedLimits, FeedWriter};

use super::*;
use crate::camera::Priority;
use crate::testing::{audio_config, sample, video_config};

const NOW: EventTime = EventTime::from_millis(100_000);

fn ago(millis: u64) -> EventTime {
    NOW - Duration::from_millis(millis)
}

/// A camera whose newest picture came `age_ms` ago.
fn camera(name: &str, age_ms: u64) -> (Camera, FeedWriter) {
    let feed = Feed::new(FeedLimits::default());
    let mut writer = feed.open(EventTime::ZERO);
    writer.push(ago(age_ms), sample(&video_config(1), 0, 9_000)).unwrap();
    (Camera { id: name.into(), feed, priority: Priority(0) }, writer)
}

fn chosen(cameras: &[&Camera], leaving: Option<&str>, failed: Option<&str>) -> Option<String> {
    let (leaving, failed) = (leaving.map(CameraId::from), failed.map(CameraId::from));
    let policy = FailoverPolicy::default();
    let cameras = cameras.iter().copied();
    let but = Exceptions { leaving: leaving.as_ref(), failed: failed.as_ref(), owed: None };
    choose(NOW, &policy, cameras, but).map(|camera| camera.id.as_str().to_owned())
}

#[test]
fn first_ready_camera_takes_over() {
    let (a, _a) = camera("a", 0);
    let (stale, _stale) = camera("stale", 1_000);
    let (gone, writer) = camera("gone", 0);
    writer.close(NOW);
    let (b, _b) = camera("b", 500);
    let all = [&a, &stale, &gone, &b];
    assert_eq!(chosen(&all, None, None).as_deref(), Some("a"));
    assert_eq!(chosen(&all, Some("a"), None).as_deref(), Some("b"));
    assert_eq!(chosen(&all, None, Some("a")).as_deref(), Some("b"), "a failed just now");
    assert_eq!(chosen(&[&a, &gone], None, Some("a")).as_deref(), Some("a"), "no other is left");
    assert_eq!(chosen(&[&a], Some("a"), None), None);
}

#[test]
fn a_camera_without_pictures_is_never_chosen() {
    let feed = Feed::new(FeedLimits::default());
    let _writer = feed.open(NOW);
    let silent = Camera { id: "silent".into(), feed, priority: Priority(0) };
    assert_eq!(chosen(&[&silent], None, None), None);
    let (stalled, mut writer) = camera("stalled", 5_000);
    writer.push(NOW, sample(&audio_config(0x1190), 0, 0)).unwrap();
    assert_eq!(chosen(&[&stalled], None, None), None, "its sound does not count");
}

#[test]
fn patience_is_the_silence_or_a_few_frames_of_a_slow_camera() {
    let policy = FailoverPolicy::default();
    let patience = |gap_ms| policy.patience(Duration::from_millis(gap_ms)).as_millis();
    assert_eq!([patience(33), patience(300), patience(1_000)], [900, 900, 3_000]);
}

/// What is decided, told in one word: the camera, `slate`, `dark`, `wait` or `stay`.
fn decided(policy: &FailoverPolicy, situation: &Situation<'_>, cameras: &[&Camera]) -> String {
    match decide(policy, situation, cameras.iter().copied()) {
        Decision::Take(camera, _) => camera.id.as_str().to_owned(),
        Decision::ShowSlate => "slate".to_owned(),
        Decision::GoDark(_) => "dark".to_owned(),
        Decision::Wait => "wait".to_owned(),
        Decision::Stay => "stay".to_owned(),
    }
}

fn situation(actual: Actual<'_>) -> Situation<'_> {
    Situation {
        now: NOW,
        actual,
        locked: false,
        intent: None,
        intent_owed: false,
        intent_well_since: None,
        failed: None,
        waiting: false,
        slate_coming: false,
        slate: true,
    }
}

fn lost(why: Loss, since: EventTime) -> Option<Lost> {
    Some(Lost { why, since })
}

#[test]
fn a_lost_camera_is_left_after_the_grace_and_its_shortest_time_on_air() {
    let (other, _writer) = camera("other", 0);
    let id = CameraId::from("a");
    let policy = FailoverPolicy { grace: Duration::from_millis(200), ..FailoverPolicy::default() };
    for (why, lost_ms, on_air_ms, expect) in [
        (Loss::Closed, 199, 60_000, "stay"),
        (Loss::Closed, 200, 60_000, "other"),
        (Loss::Silent, 200, 60_000, "other"),
        (Loss::Closed, 500, 999, "stay"),
        (Loss::Closed, 500, 1_000, "other"),
        (Loss::Removed, 0, 0, "other"),
    ] {
        let since = ago(on_air_ms);
        let lost = lost(why, ago(lost_ms));
        let now = situation(Actual::Camera { id: &id, since, lost });
        let case = format!("{why:?} {lost_ms} ms ago, on air for {on_air_ms} ms");
        assert_eq!(decided(&policy, &now, &[&other]), expect, "{case}");
        if expect == "stay" {
            let look = next_look(&policy, &now).expect("it is looked again");
            assert_eq!(decided(&policy, &Situation { now: look, ..now }, &[]), "dark", "{case}");
        }
    }
}

#[test]
fn without_a_camera_the_picture_stands_and_then_the_slate_comes() {
    let id = CameraId::from("a");
    let policy = FailoverPolicy::default();
    let since = EventTime::ZERO;
    let camera = |why, lost_ms| Actual::Camera { id: &id, since, lost: lost(why, ago(lost_ms)) };
    let dark = |ms| Actual::Nothing { since: Some(ago(ms)) };
    for (actual, expect) in [
        (camera(Loss::Closed, 0), "dark"),
        (camera(Loss::Silent, 2_999), "wait"),
        (camera(Loss::Silent, 3_000), "slate"),
        (dark(2_999), "wait"),
        (dark(3_000), "slate"),
        (Actual::Nothing { since: None }, "wait"),
        (Actual::Slate { outdated: false }, "wait"),
        (Actual::Slate { outdated: true }, "slate"),
    ] {
        assert_eq!(decided(&policy, &situation(actual), &[]), expect, "{actual:?}");
    }
    let look = next_look(&policy, &situation(dark(1_000)));
    assert_eq!(look, Some(NOW + Duration::from_secs(2)));
    let bare = Situation { slate: false, ..situation(dark(9_000)) };
    assert_eq!(decided(&policy, &bare, &[]), "wait", "there is no slate");
    assert_eq!(next_look(&policy, &bare), None);
}

#[test]
fn a_camera_that_returns_ends_the_slate() {
    let (back, _writer) = camera("back", 0);
    let policy = FailoverPolicy::default();
    let slate = situation(Actual::Slate { outdated: false });
    assert_eq!(decided(&policy, &slate, &[&back]), "back");
}

#[test]
fn the_slate_covers_a_camera_that_is_waited_for_too_long() {
    let (slow, _writer) = camera("slow", 0);
    let id = slow.id.clone();
    let policy = FailoverPolicy::default();
    let dark = situation(Actual::Nothing { since: Some(ago(3_000)) });
    assert_eq!(decided(&policy, &dark, &[&slow]), "slow", "not asked yet");
    let waiting = Situation { waiting: true, ..dark };
    assert_eq!(decided(&policy, &waiting, &[&slow]), "slate");
    let coming = Situation { slate_coming: true, ..dark };
    assert_eq!(
        decided(&policy, &coming, &[&slow]),
        "slate",
        "it would give way to the slate again"
    );
    let shown = Situation { actual: Actual::Slate { outdated: false }, ..dark };
    assert_eq!(decided(&policy, &shown, &[&slow]), "slow");
    let failed = Situation { failed: Some(&id), ..dark };
    assert_eq!(decided(&policy, &failed, &[&slow]), "slate");
    let early = Situation { now: ago(1), ..waiting };
    assert_eq!(decided(&policy, &early, &[&slow]), "slow");
}

#[test]
fn a_lock_stops_everything_but_the_removal_of_a_camera() {
    let (other, _writer) = camera("other", 0);
    let id = CameraId::from("a");
    let policy =
        FailoverPolicy { revert: Revert::After(Duration::ZERO), ..FailoverPolicy::default() };
    let since = EventTime::ZERO;
    for (actual, expect) in [
        (Actual::Nothing { since: None }, "stay"),
        (Actual::Nothing { since: Some(since) }, "stay"),
        (Actual::Slate { outdated: false }, "stay"),
        (Actual::Camera { id: &id, since, lost: None }, "stay"),
        (Actual::Camera { id: &id, since, lost: lost(Loss::Closed, since) }, "stay"),
        (Actual::Camera { id: &id, since, lost: lost(Loss::Removed, NOW) }, "dark"),
    ] {
        let locked = Situation {
            locked: true,
            intent: Some(&other.id),
            intent_well_since: Some(since),
            ..situation(actual)
        };
        assert_eq!(decided(&policy, &locked, &[&other]), expect, "{actual:?}");
        assert_eq!(next_look(&policy, &locked), None, "{actual:?}");
    }
}

#[test]
fn the_chosen_camera_is_taken_back_by_policy_alone() {
    let (chosen, _writer) = camera("chosen", 0);
    let id = CameraId::from("a");
    let after = Revert::After(Duration::from_secs(10));
    for (revert, well_ms, on_air_ms, expect) in [
        (Revert::Stay, Some(60_000), 60_000, "stay"),
        (after, None, 60_000, "stay"),
        (after, Some(9_999), 60_000, "wait"),
        (after, Some(10_000), 60_000, "chosen"),
        (after, Some(10_000), 500, "wait"),
    ] {
        let policy = FailoverPolicy { revert, ..FailoverPolicy::default() };
        let now = Situation {
            intent: Some(&chosen.id),
            intent_well_since: well_ms.map(ago),
            ..situation(Actual::Camera { id: &id, since: ago(on_air_ms), lost: None })
        };
        let case = format!("{revert:?} well for {well_ms:?} ms, on air for {on_air_ms} ms");
        assert_eq!(decided(&policy, &now, &[&chosen]), expect, "{case}");
        if expect == "wait" {
            let look = next_look(&policy, &now).expect("it is looked again");
            let later = Situation { now: look, ..now };
            assert_eq!(decided(&policy, &later, &[&chosen]), "chosen", "{case}");
        }
    }
}

/// Chosen before a restart: first when nothing is on air, whatever the priorities, and later too, once it is
/// well, after the camera that came first has had its time on air. A policy that asks for more holds.
#[test]
fn a_camera_that_is_owed_goes_on_air_as_soon_as_it_can() {
    let (first, _first) = camera("first", 0);
    let (owed, _owed) = camera("owed", 0);
    let both = [&first, &owed];
    let intent = owed.id.clone();
    let nothing = Situation {
        intent: Some(&intent),
        intent_owed: true,
        ..situation(Actual::Nothing { since: None })
    };
    let stay = FailoverPolicy::default();
    assert_eq!(decided(&stay, &nothing, &both), "owed");
    assert_eq!(decided(&stay, &nothing, &[&first]), "first", "it is not there");
    assert_eq!(decided(&stay, &Situation { intent_owed: false, ..nothing }, &both), "first");
    let after = FailoverPolicy { revert: Revert::After(Duration::from_secs(5)), ..stay };
    for (policy, on_air_ms, well_ms, intent_owed, expect) in [
        (&stay, 1_000, Some(0), true, "owed"),
        (&stay, 999, Some(0), true, "wait"),
        (&stay, 1_000, None, true, "stay"),
        (&stay, 60_000, Some(60_000), false, "stay"),
        (&after, 60_000, Some(4_999), true, "wait"),
        (&after, 60_000, Some(5_000), true, "owed"),
    ] {
        let actual = Actual::Camera { id: &first.id, since: ago(on_air_ms), lost: None };
        let intent_well_since = well_ms.map(ago);
        let now = Situation { actual, intent_owed, intent_well_since, ..nothing };
        let case = format!("{:?} {on_air_ms} {well_ms:?} {intent_owed}", policy.revert);
        assert_eq!(decided(policy, &now, &both), expect, "{case}");
        assert_eq!(decided(policy, &Situation { locked: true, ..now }, &both), "stay", "{case}");
        let looks = next_look(policy, &now).is_some();
        assert_eq!(looks, expect == "wait", "{case}");
    }
}
