//! An event's policy.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Api, last_segment};

fn of(policy: Value) -> Value {
    json!({ "policy": policy })
}

#[tokio::test]
async fn a_new_events_policy_has_its_defaults() {
    let api = Api::new();
    let event = api.event().await;
    let expect = json!({
        "cut_style": "auto",
        "auto_wait_ms": 1000,
        "lookahead_ms": 0,
        "audio_source": "follow",
        "failover_after_ms": 900,
        "failover_grace_ms": 0,
        "on_air_min_ms": 1000,
        "flap_limit": { "changes": 10, "window_ms": 60_000 },
        "revert_after_ms": null,
        "slate_after_ms": 3000,
        "dialect": "strict",
        "recording": "all",
        "viewer_angles": false,
        "viewer_recording": true,
    });
    assert_eq!(api.get(&event).await.json()["policy"], expect);
}

#[tokio::test]
async fn every_field_changes_alone() {
    let api = Api::new();
    let event = api.event().await;
    let desk = api.camera(&event, "Desk").await;
    let mut expect = api.get(&event).await.json()["policy"].clone();
    for (field, value) in [
        ("cut_style", json!("lookahead")),
        ("auto_wait_ms", json!(0)),
        ("lookahead_ms", json!(10_000)),
        ("audio_source", json!(last_segment(&desk))),
        ("failover_after_ms", json!(300)),
        ("failover_grace_ms", json!(2000)),
        ("on_air_min_ms", json!(5000)),
        ("flap_limit", json!(null)),
        ("revert_after_ms", json!(5000)),
        ("slate_after_ms", json!(0)),
        ("dialect", json!("seamless")),
        ("recording", json!("program")),
        ("viewer_angles", json!(true)),
        ("viewer_recording", json!(false)),
        ("flap_limit", json!({ "changes": 3, "window_ms": 10_000 })),
        ("revert_after_ms", json!(null)),
        ("audio_source", json!("follow")),
    ] {
        let changed = api.patch(&event, of(json!({ field: value }))).await;
        assert_eq!(changed.status, StatusCode::OK, "{field}: {changed:?}");
        expect[field] = value;
        assert_eq!(changed.json()["policy"], expect, "{field}");
        assert_eq!(api.get(&event).await.json()["policy"], expect, "{field}");
    }
}

#[tokio::test]
async fn illegal_values_name_their_field() {
    let api = Api::new();
    let event = api.event().await;
    for (field, value, code) in [
        ("cut_style", json!("wipe"), "invalid_value"),
        ("cut_style", json!(null), "wrong_type"),
        ("auto_wait_ms", json!(10_001), "invalid_value"),
        ("auto_wait_ms", json!(-1), "invalid_value"),
        ("lookahead_ms", json!(10_001), "invalid_value"),
        ("lookahead_ms", json!(0.5), "wrong_type"),
        ("audio_source", json!("nobody"), "invalid_value"),
        ("audio_source", json!("a b"), "invalid_value"),
        ("audio_source", json!(null), "wrong_type"),
        ("failover_grace_ms", json!(30_001), "invalid_value"),
        ("on_air_min_ms", json!(30_001), "invalid_value"),
        ("flap_limit", json!(3), "wrong_type"),
        ("flap_limit", json!([3, 1000]), "wrong_type"),
        ("revert_after_ms", json!(999), "invalid_value"),
        ("revert_after_ms", json!("never"), "wrong_type"),
        ("slate_after_ms", json!(3_600_001), "invalid_value"),
        ("dialect", json!("loose"), "invalid_value"),
        ("recording", json!("some"), "invalid_value"),
        ("wipe", json!(1), "unknown_field"),
    ] {
        let refused = api.patch(&event, of(json!({ field: value }))).await;
        refused.problem(400, code, Some(&format!("policy.{field}")));
    }
    for (limit, code, field) in [
        (json!({ "changes": 0, "window_ms": 1000 }), "invalid_value", "policy.flap_limit.changes"),
        (json!({ "changes": 9, "window_ms": 999 }), "invalid_value", "policy.flap_limit.window_ms"),
        (json!({ "changes": 9 }), "missing_field", "window_ms"),
        (
            json!({ "changes": 9, "window_ms": 1000, "x": 1 }),
            "unknown_field",
            "policy.flap_limit.x",
        ),
    ] {
        let refused = api.patch(&event, of(json!({ "flap_limit": limit }))).await;
        refused.problem(400, code, Some(field));
    }
    assert_eq!(api.live.state().changes.len(), 1, "only the event that was made is told");
}

#[tokio::test]
async fn a_new_event_has_no_camera_for_its_sound() {
    let api = Api::new();
    let wanted = json!({ "name": "a", "policy": { "audio_source": "desk" } });
    let refused = api.post("/api/events", wanted).await;
    refused.problem(400, "invalid_value", Some("policy.audio_source"));
    assert_eq!(api.get("/api/events").await.json(), json!({ "items": [], "next_after": null }));
    let wanted =
        json!({ "name": "a", "policy": { "audio_source": "follow", "cut_style": "clean" } });
    let made = api.post("/api/events", wanted).await.json();
    assert_eq!(made["policy"]["cut_style"], "clean");
}

#[tokio::test]
async fn a_camera_of_another_event_is_no_source_of_sound() {
    let api = Api::new();
    let (event, other) = (api.event().await, api.event().await);
    let camera = api.camera(&other, "Desk").await;
    let policy = of(json!({ "audio_source": last_segment(&camera) }));
    let refused = api.patch(&event, policy).await;
    refused.problem(400, "invalid_value", Some("policy.audio_source"));
}

#[tokio::test]
async fn sound_follows_the_picture_again_when_its_camera_is_removed() {
    let api = Api::new();
    let event = api.event().await;
    let (desk, other) = (api.camera(&event, "Desk").await, api.camera(&event, "Other").await);
    api.patch(&event, of(json!({ "audio_source": last_segment(&desk) }))).await;
    api.call("DELETE", &other).await;
    assert_eq!(api.live.state().changes.last().unwrap(), "camera deleted: Other");
    api.call("DELETE", &desk).await;
    assert_eq!(api.get(&event).await.json()["policy"]["audio_source"], "follow");
    let told = api.live.state().changes.clone();
    assert!(
        told.ends_with(&["camera deleted: Desk".into(), "event updated: Ann & Bob 900".into()])
    );
}

#[tokio::test]
async fn an_event_that_is_not_there_has_no_policy_to_change() {
    let api = Api::new();
    let changed = api.patch("/api/events/nothing", of(json!({ "audio_source": "x" }))).await;
    changed.problem(404, "event_not_found", None);
}
