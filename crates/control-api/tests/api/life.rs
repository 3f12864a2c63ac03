//! Start, pause, resume, end; kick.

use axum::http::StatusCode;
use serde_json::json;

use crate::harness::{Api, last_segment};

#[tokio::test]
async fn steps_that_fit_are_told_and_may_be_repeated() {
    let api = Api::new();
    let event = api.event().await;
    for step in ["start", "pause", "pause", "resume", "resume", "end", "end"] {
        let taken = api.call("POST", &format!("{event}/{step}")).await;
        assert_eq!(taken.status, StatusCode::OK, "{step}: {taken:?}");
        assert_eq!(taken.json()["id"], last_segment(&event));
    }
    let updates =
        api.live.state().changes.iter().filter(|told| told.starts_with("event up")).count();
    assert_eq!(updates, 7);
}

#[tokio::test]
async fn steps_that_do_not_fit_are_told_why() {
    let api = Api::new();
    let held = api.post("/api/events", json!({ "name": "a", "hold": true })).await;
    let event = held.header("location").to_owned();
    let step = async |step: &str| api.call("POST", &format!("{event}/{step}")).await;
    step("pause").await.problem(409, "event_not_started", None);
    assert_eq!(step("start").await.status, StatusCode::OK);
    assert_eq!(step("pause").await.status, StatusCode::OK);
    step("start").await.problem(409, "event_paused", None);
    assert_eq!(step("end").await.status, StatusCode::OK);
    step("resume").await.problem(409, "event_ended", None);
    api.call("POST", "/api/events/x/end").await.problem(404, "event_not_found", None);
}

#[tokio::test]
async fn takes_need_an_open_event() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    api.publish(&camera);
    for (step, code) in [("pause", "event_paused"), ("end", "event_ended")] {
        api.call("POST", &format!("{event}/{step}")).await;
        api.call("POST", &format!("{camera}/switch")).await.problem(409, code, None);
    }
    let log = api.get(&format!("{event}/switches")).await;
    assert_eq!(log.status, StatusCode::OK, "the log stays");
    let new = api.post(&format!("{event}/cameras"), json!({ "name": "b" })).await;
    new.problem(409, "event_ended", None);
}

#[tokio::test]
async fn a_publisher_is_thrown_out_and_kept_out() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    api.publish(&camera);
    let kick = format!("{camera}/kick");
    let kicked = api.post(&kick, json!({ "ban": 60 })).await.json();
    assert_eq!(kicked["disconnected"], true);
    assert!(kicked["refused_until"].is_string(), "{kicked}");
    let told = format!("kicked: {} 60s", last_segment(&camera));
    assert_eq!(api.live.state().changes.last(), Some(&told));
    let again = api.call("POST", &kick).await.json();
    assert_eq!(again, json!({ "disconnected": false, "refused_until": null }));
    api.post(&kick, json!({ "ban": 86_401 })).await.problem(400, "invalid_value", Some("ban"));
    api.call("POST", &format!("{event}/cameras/x/kick")).await.problem(
        404,
        "camera_not_found",
        None,
    );
}

#[tokio::test]
async fn viewers_are_told() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    assert_eq!(api.get(&event).await.json()["viewers"], 0);
    api.publish(&camera);
    api.call("POST", &format!("{camera}/switch")).await;
    assert_eq!(api.get(&event).await.json()["viewers"], 3);
    assert_eq!(api.get(&camera).await.json()["viewers"], 2);
}
