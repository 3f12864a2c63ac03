//! `/api/events`.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use genlock_control_api::{Addresses, RtmpPort};
use genlock_store::{EventId, SqliteStore, Store};
use serde_json::json;

use crate::harness::{Api, TOKEN, last_segment, request};

#[tokio::test]
async fn an_event_is_made_listed_and_read() {
    let api = Api::new();
    let made = api.post("/api/events", json!({ "name": " Ann & Bob " })).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let event = made.json();
    let id = event["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/api/events/{id}"));
    assert_eq!(event["name"], "Ann & Bob");
    assert_eq!(event["status"], "waiting");
    assert_eq!(event["active_camera_id"], json!(null));
    assert_eq!(event["intended_camera_id"], json!(null));
    assert_eq!(event["lock"], json!(null));
    assert_eq!(event["policy"]["failover_after_ms"], 900);
    let created_at = event["created_at"].as_str().unwrap();
    assert!(created_at.starts_with("20") && created_at.ends_with('Z'), "{created_at}");
    let base = "http://genlock.test:8080";
    let program = json!({
        "hls_url": format!("{base}/hls/{id}/program/index.m3u8"),
        "ts_url": format!("{base}/hls/{id}/program/ts.m3u8"),
        "watch_url": format!("{base}/watch/{id}"),
    });
    assert_eq!(event["program"], program);

    assert_eq!(
        api.get("/api/events").await.json(),
        json!({ "items": [event], "next_after": null })
    );
    let mut with_cameras = event.clone();
    with_cameras["cameras"] = json!([]);
    with_cameras["role"] = json!("owner");
    assert_eq!(api.get(made.header("location")).await.json(), with_cameras);
}

#[tokio::test]
async fn an_event_is_read_with_its_cameras_and_who_is_on_air() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    api.publish(&camera);
    api.call("POST", &format!("{camera}/switch")).await;
    let read = api.get(&event).await.json();
    assert_eq!(read["status"], "live");
    assert_eq!(read["active_camera_id"], last_segment(&camera));
    assert_eq!(read["cameras"][0]["name"], "Altar");
    assert_eq!(read["cameras"][0]["status"], "live");
}

#[tokio::test]
async fn an_event_changes_only_where_asked() {
    let api = Api::new();
    let event = api.event().await;
    let renamed = api.patch(&event, json!({ "name": "Final" })).await;
    assert_eq!(renamed.status, StatusCode::OK, "{renamed:?}");
    let policy = json!({ "policy": { "failover_after_ms": 2000 } });
    let changed = api.patch(&event, policy).await.json();
    assert_eq!(changed["name"], "Final");
    assert_eq!(changed["policy"]["failover_after_ms"], 2000);
    let untouched = api.patch(&event, json!({})).await.json();
    assert_eq!(untouched, changed);
    assert_eq!(
        api.live.state().changes,
        [
            "event created: Ann & Bob",
            "event updated: Final 900",
            "event updated: Final 2000",
            "event updated: Final 2000"
        ]
    );
}

#[tokio::test]
async fn an_event_goes_with_everything_in_it() {
    let api = Api::new();
    let event = api.event().await;
    api.camera(&event, "Altar").await;
    let gone = api.call("DELETE", &event).await;
    assert_eq!((gone.status, gone.text.as_str()), (StatusCode::NO_CONTENT, ""));
    api.get(&event).await.problem(404, "event_not_found", None);
    api.call("DELETE", &event).await.problem(404, "event_not_found", None);
    let id = EventId::parse(last_segment(&event)).unwrap();
    assert!(api.store.cameras(&id).await.unwrap().is_empty());
    assert_eq!(api.live.state().changes.last().unwrap(), &format!("event deleted: {id}"));
}

#[tokio::test]
async fn a_policy_can_be_given_at_once() {
    let api = Api::new();
    let wanted = json!({ "name": "a", "policy": { "failover_after_ms": 300 } });
    let made = api.post("/api/events", wanted).await.json();
    assert_eq!(made["policy"]["failover_after_ms"], 300);
}

#[tokio::test]
async fn addresses_are_the_configured_ones_or_relative() {
    let configured = Api::with(Addresses {
        public_url: Some("https://live.example".to_owned()),
        rtmp_public_url: None,
        rtmp_port: RtmpPort::Plain(1936),
    });
    let event = configured.event().await;
    let read = configured.get(&event).await.json();
    let url = read["program"]["watch_url"].as_str().unwrap();
    assert!(url.starts_with("https://live.example/watch/"), "{url}");
    let camera = configured.camera(&event, "a").await;
    let camera = configured.get(&camera).await.json();
    assert_eq!(camera["ingest_url"], "rtmp://live.example:1936/live");

    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "a").await;
    let without_host = Request::get(&camera)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .body(Body::empty())
        .unwrap();
    let read = api.send(without_host).await.json();
    assert_eq!(read["ingest_url"], json!(null));
    assert!(read["hls_url"].as_str().unwrap().starts_with("/hls/"));
}

#[tokio::test]
async fn illegal_values_name_their_field() {
    let api = Api::new();
    let event = api.event().await;
    let long = "x".repeat(201);
    for name in ["", "  ", "a\nb", &long] {
        let made = api.post("/api/events", json!({ "name": name })).await;
        made.problem(400, "invalid_value", Some("name"));
        api.patch(&event, json!({ "name": name })).await.problem(
            400,
            "invalid_value",
            Some("name"),
        );
    }
    let field = Some("policy.failover_after_ms");
    for millis in [0, 199, 30_001] {
        let policy = json!({ "policy": { "failover_after_ms": millis } });
        api.patch(&event, policy).await.problem(400, "invalid_value", field);
    }
    let wrong = json!({ "policy": { "failover_after_ms": "soon" } });
    api.patch(&event, wrong).await.problem(400, "wrong_type", field);
    let huge = json!({ "policy": { "failover_after_ms": 5_000_000_000_u64 } });
    api.patch(&event, huge).await.problem(400, "invalid_value", field);
    let null = json!({ "name": null });
    api.patch(&event, null).await.problem(400, "wrong_type", Some("name"));
}

#[tokio::test]
async fn the_number_of_events_has_an_end() {
    let store = SqliteStore::in_memory().unwrap().with_events_max(2);
    let api = Api::over(Arc::new(store));
    for _ in 0..2 {
        api.event().await;
    }
    let refused = api.post("/api/events", json!({ "name": "one more" })).await;
    refused.problem(409, "limit_reached", None);
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let api = Api::new();
    let answer = api.send(request("HEAD", "/api/events", None)).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
}
