//! `/api/events/{event}/cameras`.

use axum::http::StatusCode;
use genlock_store::SecretHash;
use serde_json::json;

use crate::harness::{Api, last_segment};

#[tokio::test]
async fn a_camera_is_made_with_all_that_its_publisher_needs() {
    let api = Api::new();
    let event = api.event().await;
    let made = api.post(&format!("{event}/cameras"), json!({ "name": "Altar" })).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let mut camera = made.json();
    let id = camera["camera_id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), format!("{event}/cameras/{id}"));
    assert_eq!(camera["ingest_url"], "rtmp://genlock.test:1935/live");
    let hls_url = format!("http://genlock.test:8080/hls/{}/{id}/index.m3u8", last_segment(&event));
    assert_eq!(camera["hls_url"], hls_url.as_str());
    assert_eq!(camera["status"], "waiting");
    for field in ["since", "health", "forecast"] {
        assert_eq!(camera[field], json!(null), "{field}");
    }
    assert_eq!((&camera["priority"], &camera["sync_offset_ms"]), (&json!(100), &json!(0)));
    let key = camera.as_object_mut().unwrap().remove("stream_key").unwrap();
    assert!(key.as_str().unwrap().len() >= 26, "{key}");
    assert_eq!(api.live.state().key_hashes, [SecretHash::of(key.as_str().unwrap())]);

    assert_eq!(api.get(made.header("location")).await.json(), camera);
    let list = api.get(&format!("{event}/cameras")).await.json();
    assert_eq!(list, json!({ "items": [camera] }));
}

#[tokio::test]
async fn a_live_camera_shows_its_health() {
    let api = Api::new();
    let event = api.event().await;
    let path = api.camera(&event, "Altar").await;
    api.publish(&path);
    let camera = api.get(&path).await.json();
    assert_eq!(camera["status"], "live");
    assert_eq!(camera["since"], "1970-01-01T00:00:01.000Z");
    assert_eq!(camera["health"]["bitrate_bps"], 6_000_000);
    let issue = json!({
        "type": "gopSizeLong",
        "severity": "warning",
        "sentence": "Key frames are 8.3 s apart.",
        "setting": "Keyframe Interval: 2 s",
        "since": "1970-01-01T00:00:01.500Z",
    });
    assert_eq!(camera["health"]["issues"], json!([issue]));
    assert_eq!(camera["compatibility"]["verdict"], "audio_change");
    assert_eq!(camera["forecast"]["wait_ms"], 700);
}

#[tokio::test]
async fn cameras_are_listed_in_failover_order() {
    let api = Api::new();
    let event = api.event().await;
    let cameras = format!("{event}/cameras");
    for (name, priority) in [("c", 300), ("a", 0), ("b", 200)] {
        let wanted = json!({ "name": name, "priority": priority });
        assert_eq!(api.post(&cameras, wanted).await.status, StatusCode::CREATED);
    }
    let list = api.get(&cameras).await.json();
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_camera_changes_only_where_asked() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let changed = api.patch(&camera, json!({ "sync_offset_ms": -120 })).await.json();
    assert_eq!((&changed["name"], &changed["sync_offset_ms"]), (&json!("Altar"), &json!(-120)));
    api.patch(&camera, json!({ "name": "Aisle", "priority": 7 })).await;
    let told = api.live.state().changes.clone();
    let expect =
        ["camera created: Altar", "camera updated: Altar 100 -120", "camera updated: Aisle 7 -120"];
    assert_eq!(told[1..], expect);
}

#[tokio::test]
async fn a_new_key_replaces_the_old_one() {
    let api = Api::new();
    let event = api.event().await;
    let made = api.post(&format!("{event}/cameras"), json!({ "name": "Altar" })).await;
    let rotated = api.call("POST", &format!("{}/rotate-key", made.header("location"))).await;
    assert_eq!(rotated.status, StatusCode::OK);
    let (old, new) = (made.json()["stream_key"].clone(), rotated.json()["stream_key"].clone());
    assert_ne!(old, new);
    assert_eq!(rotated.json()["camera_id"], made.json()["camera_id"]);
    let hashes = [&old, &new].map(|key| SecretHash::of(key.as_str().unwrap()));
    assert_eq!(api.live.state().key_hashes, hashes);
    assert_eq!(api.live.state().changes.last().unwrap(), "key rotated: Altar");
}

#[tokio::test]
async fn a_camera_goes() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    assert_eq!(api.call("DELETE", &camera).await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.live.state().changes.last().unwrap(), "camera deleted: Altar");
    api.get(&camera).await.problem(404, "camera_not_found", None);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let api = Api::new();
    let (event, other) = (api.event().await, api.event().await);
    let camera = api.camera(&event, "Altar").await;
    let elsewhere = format!("{other}/cameras/{}", last_segment(&camera));
    for camera in [elsewhere, format!("{event}/cameras/nobody")] {
        api.get(&camera).await.problem(404, "camera_not_found", None);
        api.patch(&camera, json!({})).await.problem(404, "camera_not_found", None);
        api.call("DELETE", &camera).await.problem(404, "camera_not_found", None);
        let rotate = format!("{camera}/rotate-key");
        api.call("POST", &rotate).await.problem(404, "camera_not_found", None);
        let switch = format!("{camera}/switch");
        api.call("POST", &switch).await.problem(404, "camera_not_found", None);
    }
    let camera = "/api/events/nothing/cameras/nobody";
    api.get(camera).await.problem(404, "event_not_found", None);
    api.patch(camera, json!({})).await.problem(404, "event_not_found", None);
    api.call("DELETE", camera).await.problem(404, "event_not_found", None);
    api.call("POST", &format!("{camera}/rotate-key")).await.problem(404, "event_not_found", None);
    api.get("/api/events/nothing/cameras").await.problem(404, "event_not_found", None);
    let made = api.post("/api/events/nothing/cameras", json!({ "name": "a" })).await;
    made.problem(404, "event_not_found", None);
}

#[tokio::test]
async fn illegal_values_name_their_field() {
    let api = Api::new();
    let event = api.event().await;
    let cameras = format!("{event}/cameras");
    let camera = api.camera(&event, "Altar").await;
    for (field, value, code) in [
        ("name", json!(""), "invalid_value"),
        ("name", json!(7), "wrong_type"),
        ("priority", json!(10_001), "invalid_value"),
        ("priority", json!(-1), "invalid_value"),
        ("priority", json!(1.5), "wrong_type"),
        ("priority", json!(null), "wrong_type"),
        ("sync_offset_ms", json!(10_001), "invalid_value"),
        ("sync_offset_ms", json!(i32::MIN), "invalid_value"),
        ("sync_offset_ms", json!([]), "wrong_type"),
        ("stream_key", json!("mine"), "unknown_field"),
    ] {
        let mut wanted = json!({ "name": "a" });
        wanted[field] = value.clone();
        api.post(&cameras, wanted).await.problem(400, code, Some(field));
        let mut change = json!({});
        change[field] = value;
        api.patch(&camera, change).await.problem(400, code, Some(field));
    }
}

#[tokio::test]
async fn the_number_of_cameras_of_an_event_has_an_end() {
    let api = Api::new();
    let event = api.event().await;
    for _ in 0..genlock_store::limits::CAMERAS_PER_EVENT_MAX {
        api.camera(&event, "one").await;
    }
    let refused = api.post(&format!("{event}/cameras"), json!({ "name": "more" })).await;
    refused.problem(409, "limit_reached", None);
}
