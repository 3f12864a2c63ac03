//! What happens in an event, as notices for JSON hooks.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use genlock_archive::{Archive, Happened, Stored};
use genlock_control_api::Live;
use genlock_control_api::live::{Cause, Change, CutStage, Happening, Happenings, Issue};
use genlock_recorder::{Source, State};
use genlock_store::{Camera, CameraId, Event, EventId};
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use super::Engine;
use super::event::LiveEvent;
use super::hooks::Hooks;

/// Between two looks at the health of all cameras.
const LOOK_EACH: Duration = Duration::from_secs(1);

/// Tells what the programme of `event` does until it has told everything.
pub(super) fn follow(event: &LiveEvent, mut happenings: Happenings, hooks: Hooks) {
    let (id, told) = (event.id().clone(), event.told().clone());
    event.spawn(async move {
        let mut on_air = false;
        loop {
            let happening = tokio::select! {
                biased;
                happening = happenings.next() => happening,
                () = told.cancelled() => None,
            };
            let Some(happening) = happening else { return };
            if let Some((kind, data)) = describe(&happening) {
                hooks.tell(&id, kind, data).await;
            }
            if let Some(now) = puts_on_air(&happening)
                && now != std::mem::replace(&mut on_air, now)
            {
                let status = if now { "live" } else { "waiting" };
                hooks.tell(&id, "event.status", json!({ "status": status })).await;
            }
        }
    });
}

/// Kind and particulars of what the programme does.
fn describe(happening: &Happening) -> Option<(&'static str, Value)> {
    match happening {
        Happening::Cut { cut_id, stage, camera, plan, reason } => {
            let data = json!({
                "cut_id": cut_id, "camera_id": text(camera.as_ref()), "plan": plan, "reason": reason,
            });
            Some((take(*stage), data))
        }
        Happening::Switched { from, to, at, cause, style, discontinuity } => {
            let data = json!({
                "from_camera_id": text(from.as_ref()), "camera_id": to.as_str(), "at": at.to_string(),
                "cause": cause, "style": style, "discontinuity": discontinuity,
            });
            let kind = match cause {
                Cause::Failover => "program.failed_over",
                Cause::Revert => "program.reverted",
                Cause::Take | Cause::FirstLive => "program.switched",
            };
            Some((kind, data))
        }
        Happening::OffAir { from, slate } => {
            let kind = if *slate { "program.slate_shown" } else { "program.off_air" };
            Some((kind, json!({ "from_camera_id": text(from.as_ref()) })))
        }
        Happening::Missed => Some(("program.missed", json!({}))),
    }
}

const fn take(stage: CutStage) -> &'static str {
    match stage {
        CutStage::Accepted => "take.accepted",
        CutStage::Committed => "take.committed",
        CutStage::Published => "take.published",
        CutStage::Superseded => "take.superseded",
        CutStage::Undone => "take.undone",
        CutStage::Failed => "take.failed",
    }
}

/// Whether a camera is on air after it; `None` where that does not change.
const fn puts_on_air(happening: &Happening) -> Option<bool> {
    match happening {
        Happening::Switched { .. } => Some(true),
        Happening::OffAir { .. } => Some(false),
        Happening::Cut { .. } | Happening::Missed => None,
    }
}

fn text(camera: Option<&CameraId>) -> Option<&str> {
    camera.map(CameraId::as_str)
}

/// Event, kind and particulars of a change of what is kept; `None` for what concerns the server alone.
pub(super) fn of_change(change: &Change) -> Option<(EventId, &'static str, Value)> {
    let event = |kind, event: &Event| {
        let data = json!({
            "name": event.name.as_str(), "locked": event.lock.is_some(), "life": event.life,
            "playback": event.playback,
        });
        (event.id.clone(), kind, data)
    };
    let camera = |kind, camera: &Camera| {
        let data = json!({ "camera_id": camera.id.as_str(), "name": camera.name.as_str() });
        (camera.event.clone(), kind, data)
    };
    Some(match change {
        Change::EventCreated(made) => event("event.created", made),
        Change::EventUpdated(changed) => event("event.updated", changed),
        Change::LockChanged(changed) if changed.lock.is_some() => event("event.locked", changed),
        Change::LockChanged(changed) => event("event.unlocked", changed),
        Change::EventDeleted(id) => (id.clone(), "event.deleted", json!({})),
        Change::CameraCreated(made) => camera("camera.created", made),
        Change::CameraUpdated(changed) => camera("camera.updated", changed),
        Change::KeyRotated(changed) => camera("camera.key_rotated", changed),
        Change::CameraDeleted(gone) => camera("camera.deleted", gone),
        Change::TakeScheduled(take) => {
            let data = json!({
                "scheduled_take_id": take.id.as_str(), "camera_id": take.camera.as_str(),
                "at": take.at.to_string(),
            });
            (take.event.clone(), "take.scheduled", data)
        }
        Change::PlaybackKeys(_) => return None,
    })
}

/// The issues of each camera that have been told and not taken back.
type Known = BTreeMap<(EventId, CameraId), BTreeMap<&'static str, Issue>>;

/// Tells issues of cameras as they come and go, as long as `engine` is there.
pub(super) fn watch_health(engine: &Arc<Engine>) {
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        let (mut known, mut recordings) = (Known::new(), BTreeMap::new());
        let mut ticks = interval(LOOK_EACH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(engine) = Weak::upgrade(&engine) else { return };
            // Whoever wants to be told later hears of all that there is then.
            let (now, states) = if engine.hooks.wants_notices() {
                (issues(&engine), recording_states(&engine))
            } else {
                (Known::new(), RecordingStates::new())
            };
            for ((event, camera), kind, issue) in differences(&known, &now) {
                let data = json!({ "camera_id": camera.as_str(), "issue": issue });
                engine.hooks.tell(event, kind, data).await;
            }
            known = now;
            for (event, data) in recording_changes(&recordings, &states) {
                engine.hooks.tell(&event, "recording.state_changed", data).await;
            }
            recordings = states;
        }
    });
}

/// What becomes of each source that is to be recorded, and why it fails.
type RecordingStates = BTreeMap<Source, (State, Option<String>)>;

fn recording_states(engine: &Engine) -> RecordingStates {
    let statuses = engine.recorder.statuses();
    statuses.into_iter().map(|(source, status)| (source, (status.state, status.error))).collect()
}

/// Event and particulars of what has another state than before.
fn recording_changes(before: &RecordingStates, now: &RecordingStates) -> Vec<(EventId, Value)> {
    let changed = now.iter().filter(|&(source, (state, _))| {
        before.get(source).map_or(&State::Waiting, |(state, _)| state) != state
    });
    changed
        .filter_map(|(source, (state, error))| {
            let event = EventId::parse(source.event()).ok()?;
            let data =
                json!({ "source": source.name(), "state": state_name(state), "error": error });
            Some((event, data))
        })
        .collect()
}

const fn state_name(state: &State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Recording => "recording",
        State::DiskLow => "disk_low",
        State::QuotaReached => "quota_reached",
        State::Failed => "failed",
    }
}

/// Tells where recordings are, as long as `engine` is there.
pub(super) fn follow_archive(engine: &Arc<Engine>, archive: Archive) {
    let engine = Arc::downgrade(engine);
    tokio::spawn(async move {
        loop {
            let happened = archive.happened().await;
            let Some(engine) = Weak::upgrade(&engine) else { return };
            if let Ok(event) = EventId::parse(happened.source.event()) {
                engine.hooks.tell(&event, "recording.stored", stored(&happened)).await;
            }
        }
    });
}

fn stored(happened: &Happened) -> Value {
    let Happened { source, id, stored, error } = happened;
    let stored = match stored {
        Stored::Local => "local",
        Stored::Uploading => "uploading",
        Stored::Both => "both",
        Stored::Remote => "remote",
    };
    json!({
        "source": source.name(), "recording_id": id.to_string(), "stored": stored, "error": error,
    })
}

fn issues(engine: &Engine) -> Known {
    let mut known = Known::new();
    for event in engine.all_events() {
        for camera in event.cameras() {
            let health = Live::camera(engine, event.id(), camera.id()).health;
            let told = health.into_iter().flat_map(|health| health.issues);
            let issues: BTreeMap<_, _> = told.map(|issue| (issue.kind, issue)).collect();
            if !issues.is_empty() {
                known.insert((event.id().clone(), camera.id().clone()), issues);
            }
        }
    }
    known
}

/// What is new in `now`, and what has gone since `before`.
fn differences<'a>(
    before: &'a Known,
    now: &'a Known,
) -> Vec<(&'a (EventId, CameraId), &'static str, &'a Issue)> {
    let missing = |from: &'a Known, other: &'a Known, told| {
        from.iter().flat_map(move |(camera, issues)| {
            let others = other.get(camera);
            let only_here = issues
                .iter()
                .filter(move |(kind, _)| others.is_none_or(|o| !o.contains_key(*kind)));
            only_here.map(move |(_, issue)| (camera, told, issue))
        })
    };
    missing(before, now, "health.cleared").chain(missing(now, before, "health.raised")).collect()
}

#[cfg(test)]
mod tests {
    use genlock_control_api::live::Severity;
    use genlock_recorder::RecordingId;
    use genlock_store::Timestamp;

    use super::*;

    fn known(kinds: &[&'static str]) -> Known {
        let issue = |kind: &&'static str| {
            let issue = Issue {
                kind,
                severity: Severity::Warning,
                sentence: String::new(),
                setting: String::new(),
                since: Timestamp::from_millis(0),
            };
            (*kind, issue)
        };
        let camera = (EventId::parse("e").unwrap(), CameraId::parse("a").unwrap());
        Known::from([(camera, kinds.iter().map(issue).collect())])
    }

    fn told(before: &Known, now: &Known) -> Vec<String> {
        let differences = differences(before, now);
        differences.iter().map(|(_, kind, issue)| format!("{kind} {}", issue.kind)).collect()
    }

    #[test]
    fn an_issue_is_told_when_it_comes_and_when_it_goes_and_not_between() {
        let (none, long, both) = (Known::new(), known(&["long"]), known(&["long", "old"]));
        assert_eq!(told(&none, &long), ["health.raised long"]);
        assert!(told(&long, &long).is_empty());
        assert_eq!(told(&long, &both), ["health.raised old"]);
        assert_eq!(told(&both, &none), ["health.cleared long", "health.cleared old"]);
    }

    #[test]
    fn a_recording_is_told_when_its_state_changes() {
        let states = |state: State| {
            RecordingStates::from([(Source::new("e", "program").unwrap(), (state, None))])
        };
        let told = |before: &RecordingStates, now: &RecordingStates| {
            let changes = recording_changes(before, now);
            changes.iter().map(|(_, data)| data["state"].clone()).collect::<Vec<_>>()
        };
        let none = RecordingStates::new();
        assert!(told(&none, &states(State::Waiting)).is_empty());
        assert_eq!(told(&none, &states(State::Recording)), ["recording"]);
        assert_eq!(told(&states(State::Recording), &states(State::DiskLow)), ["disk_low"]);
        assert!(told(&states(State::Failed), &states(State::Failed)).is_empty());
    }

    #[test]
    fn a_recording_in_the_store_is_told_by_its_name() {
        let source = Source::new("e", "program").unwrap();
        let id = RecordingId::new(7, "program").unwrap();
        let happened = Happened { source, id, stored: Stored::Both, error: None };
        let expect = json!({
            "source": "program", "recording_id": "7-program", "stored": "both", "error": null,
        });
        assert_eq!(stored(&happened), expect);
    }

    #[test]
    fn an_event_is_live_from_the_first_camera_on_air_until_none_is() {
        let off = Happening::OffAir { from: None, slate: true };
        assert_eq!(puts_on_air(&off), Some(false));
        assert_eq!(describe(&off).unwrap().0, "program.slate_shown");
        let stage = Happening::Cut {
            cut_id: 1,
            stage: CutStage::Published,
            camera: CameraId::parse("a").ok(),
            plan: None,
            reason: None,
        };
        assert_eq!(puts_on_air(&stage), None);
        let (kind, data) = describe(&stage).unwrap();
        assert_eq!((kind, &data["camera_id"]), ("take.published", &json!("a")));
    }
}
