//! Takes that are asked for twice and made once.

use axum::http::StatusCode;
use genlock_control_api::live::TakeError;
use serde_json::json;

use crate::harness::{Answer, Api, last_segment, request};

async fn take(api: &Api, camera: &str, key: &str, style: Option<&str>) -> Answer {
    let body = style.map(|style| json!({ "style": style }));
    send(api, &format!("{camera}/switch"), key, body).await
}

async fn send(api: &Api, path: &str, key: &str, body: Option<serde_json::Value>) -> Answer {
    let mut request = request("POST", path, body);
    request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    api.send(request).await
}

async fn live_camera(api: &Api, event: &str, name: &str) -> String {
    let camera = api.camera(event, name).await;
    api.publish(&camera);
    camera
}

#[tokio::test]
async fn a_repeated_take_is_made_once_and_answered_alike() {
    let api = Api::new();
    let event = api.event().await;
    let camera = live_camera(&api, &event, "Altar").await;
    let first = take(&api, &camera, "\"k1\"", None).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.header("idempotent-replayed"), "");
    assert!(first.json()["cut"].is_object());
    let again = take(&api, &camera, "\"k1\"", None).await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(api.live.state().styles.len(), 1);
    let other = take(&api, &camera, "k2", None).await;
    assert_eq!(other.json()["cut"], json!(null), "it is on air already");
    assert_eq!(api.live.state().styles.len(), 2);
}

#[tokio::test]
async fn a_key_names_one_take_of_one_event() {
    let api = Api::new();
    let event = api.event().await;
    let (a, b) = (live_camera(&api, &event, "a").await, live_camera(&api, &event, "b").await);
    take(&api, &a, "k", None).await;
    take(&api, &b, "k", None).await.problem(422, "idempotency_key_reused", None);
    take(&api, &a, "k", Some("clean")).await.problem(422, "idempotency_key_reused", None);
    let other = api.event().await;
    let elsewhere = live_camera(&api, &other, "c").await;
    assert_eq!(take(&api, &elsewhere, "k", None).await.status, StatusCode::OK);
    assert_eq!(api.live.state().styles.len(), 2);
}

#[tokio::test]
async fn a_refusal_is_repeated_and_a_fault_is_not() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    take(&api, &camera, "k", None).await.problem(409, "camera_not_live", None);
    api.publish(&camera);
    take(&api, &camera, "k", None).await.problem(409, "camera_not_live", None);
    api.live.state().refusal = Some(TakeError::Stopped);
    take(&api, &camera, "again", None).await.problem(503, "unavailable", None);
    api.live.state().refusal = None;
    assert_eq!(take(&api, &camera, "again", None).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_take_whose_client_went_away_is_not_made_again() {
    let api = Api::new();
    let event = api.event().await;
    let camera = live_camera(&api, &event, "Altar").await;
    tokio::select! {
        biased;
        answer = take(&api, &camera, "k", None) => panic!("{answer:?} came at once"),
        () = std::future::ready(()) => {}
    }
    while api.live.state().styles.is_empty() {
        tokio::task::yield_now().await;
    }
    let mut again = take(&api, &camera, "k", None).await;
    while again.status == StatusCode::CONFLICT {
        again.problem(409, "idempotency_key_in_use", None);
        again = take(&api, &camera, "k", None).await;
    }
    assert!(again.json()["cut"].is_object(), "{again:?}");
    assert_eq!(api.live.state().styles.len(), 1);
}

#[tokio::test]
async fn the_compatible_path_knows_keys_too() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let path =
        format!("/api/stream/camera/{}/{}/switch", last_segment(&event), last_segment(&camera));
    send(&api, &path, "k", None).await.problem(400, "camera_not_live", None);
    take(&api, &camera, "k", None).await.problem(409, "camera_not_live", None);
    api.publish(&camera);
    let first = send(&api, &path, "l", None).await;
    let again = send(&api, &path, "l", None).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.text, again.text);
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let api = Api::new();
    let event = api.event().await;
    let camera = live_camera(&api, &event, "Altar").await;
    for key in ["", "\"", "a b", &"x".repeat(129)] {
        let answer = take(&api, &camera, key, None).await;
        answer.problem(400, "invalid_value", Some("idempotency-key"));
    }
    assert_eq!(api.live.state().styles.len(), 0);
}
