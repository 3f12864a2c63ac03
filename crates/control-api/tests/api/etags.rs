//! Changes that are only for the state that a client knows.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, request};

/// A call that is for one state only.
async fn conditional(
    api: &Api,
    method: &str,
    path: &str,
    etag: &str,
    body: Option<Value>,
) -> Answer {
    let mut request = request(method, path, body);
    request.headers_mut().insert("if-match", etag.parse().unwrap());
    api.send(request).await
}

#[tokio::test]
async fn the_second_of_two_changes_of_the_same_state_is_refused() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    for path in [event, camera] {
        let seen = api.get(&path).await;
        let etag = seen.header("etag").to_owned();
        assert_eq!(etag, format!("\"{}\"", seen.json()["version"].as_str().unwrap()));
        let renamed = |name: &str| Some(json!({ "name": name }));
        let first = conditional(&api, "PATCH", &path, &etag, renamed("first")).await;
        assert_eq!(first.status, StatusCode::OK);
        assert_ne!(first.header("etag"), etag);
        let second = conditional(&api, "PATCH", &path, &etag, renamed("second")).await;
        second.problem(412, "precondition_failed", None);
        assert_eq!(api.get(&path).await.json()["name"], "first");
        let deleted = conditional(&api, "DELETE", &path, &etag, None).await;
        deleted.problem(412, "precondition_failed", None);
        let again =
            conditional(&api, "PATCH", &path, first.header("etag"), renamed("second")).await;
        assert_eq!(again.json()["name"], "second");
        let anyway = conditional(&api, "PATCH", &path, "*", renamed("third")).await;
        assert_eq!(anyway.json()["name"], "third");
    }
}

#[tokio::test]
async fn what_changes_by_itself_is_no_other_state() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let (of_event, of_camera) = (api.get(&event).await, api.get(&camera).await);
    api.publish(&camera);
    api.call("POST", &format!("{camera}/switch")).await;
    assert_eq!(api.get(&event).await.header("etag"), of_event.header("etag"));
    assert_eq!(api.get(&camera).await.header("etag"), of_camera.header("etag"));
    let rotated = api.call("POST", &format!("{camera}/rotate-key")).await;
    assert_ne!(rotated.header("etag"), of_camera.header("etag"));
    let paused = api.call("POST", &format!("{event}/pause")).await;
    assert_ne!(paused.header("etag"), of_event.header("etag"));
}

#[tokio::test]
async fn what_was_just_made_can_be_removed_by_its_tag() {
    let api = Api::new();
    let event = api.post("/api/events", json!({ "name": "a" })).await;
    let path = event.header("location").to_owned();
    let camera = api.post(&format!("{path}/cameras"), json!({ "name": "Altar" })).await;
    let (camera_path, tag) = (camera.header("location"), camera.header("etag"));
    let deleted = conditional(&api, "DELETE", camera_path, tag, None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let gone = conditional(&api, "PATCH", camera_path, tag, Some(json!({}))).await;
    gone.problem(404, "camera_not_found", None);
    let deleted = conditional(&api, "DELETE", &path, event.header("etag"), None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
}
