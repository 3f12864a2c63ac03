//! The lock of an event.

use axum::http::StatusCode;
use serde_json::json;

use crate::harness::Api;

#[tokio::test]
async fn a_lock_tells_who_and_when_and_is_released() {
    let api = Api::new();
    let event = api.event().await;
    let path = format!("{event}/lock");
    let locked = api.put(&path, json!({ "name": " Ann " })).await;
    assert_eq!(locked.status, StatusCode::OK, "{locked:?}");
    let lock = locked.json();
    assert_eq!((&lock["by"], &lock["name"]), (&json!("human"), &json!("Ann")));
    assert!(lock["locked_at"].as_str().unwrap().starts_with("20"), "{lock}");
    assert_eq!(api.get(&event).await.json()["lock"], lock);
    assert_eq!(api.get(&format!("{event}/active")).await.json()["lock"], lock);

    for _ in 0..2 {
        let released = api.call("DELETE", &path).await;
        assert_eq!((released.status, released.text.as_str()), (StatusCode::NO_CONTENT, ""));
        assert_eq!(api.get(&event).await.json()["lock"], json!(null));
    }
    let told = api.live.state().changes.clone();
    assert_eq!(told[1..], ["locked: true", "locked: false", "locked: false"]);
}

#[tokio::test]
async fn a_lock_needs_no_body_and_a_newer_one_replaces_it() {
    let api = Api::new();
    let event = api.event().await;
    let path = format!("{event}/lock");
    api.put(&path, json!({ "name": "Ann" })).await;
    let anonymous = api.call("PUT", &path).await.json();
    assert_eq!(anonymous["name"], json!(null));
    assert_eq!(api.get(&event).await.json()["lock"], anonymous);
}

#[tokio::test]
async fn a_lock_that_makes_no_sense_is_refused() {
    let api = Api::new();
    let event = api.event().await;
    let path = format!("{event}/lock");
    api.put(&path, json!({ "name": "" })).await.problem(400, "invalid_value", Some("name"));
    api.put(&path, json!({ "nom": "Ann" })).await.problem(400, "unknown_field", Some("nom"));
    assert_eq!(api.get(&event).await.json()["lock"], json!(null));
    for method in ["PUT", "DELETE"] {
        let nowhere = api.call(method, "/api/events/nothing/lock").await;
        nowhere.problem(404, "event_not_found", None);
    }
}
