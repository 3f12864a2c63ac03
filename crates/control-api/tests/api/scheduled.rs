//! Scheduled takes.

use axum::http::StatusCode;
use genlock_store::limits::SCHEDULED_PER_EVENT_MAX;
use genlock_store::{Store, Timestamp};
use serde_json::{Value, json};

use crate::harness::{Answer, Api, last_segment};

const HOUR: i64 = 3_600_000;

fn in_ms(millis: i64) -> String {
    let now = Timestamp::from(std::time::SystemTime::now());
    Timestamp::from_millis(now.as_millis() + millis).to_string()
}

async fn schedule(api: &Api, event: &str, camera: &str, at: &str) -> Answer {
    let wanted = json!({ "camera_id": last_segment(camera), "style": "clean", "at": at });
    api.post(&format!("{event}/scheduled-takes"), wanted).await
}

#[tokio::test]
async fn takes_are_scheduled_listed_in_order_and_cancelled() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let (soon, later) = (in_ms(HOUR), in_ms(2 * HOUR));
    let second = schedule(&api, &event, &camera, &later).await;
    assert_eq!(second.status, StatusCode::CREATED, "{second:?}");
    let first = schedule(&api, &event, &camera, &soon).await;
    let take = first.json();
    assert_eq!(take["camera_id"], last_segment(&camera));
    assert_eq!(take["style"], "clean");
    assert_eq!(take["at"], soon);
    assert!(take["created_at"].as_str().unwrap().starts_with("20"));
    let list = format!("{event}/scheduled-takes");
    assert_eq!(first.header("location"), format!("{list}/{}", take["id"].as_str().unwrap()));
    assert_eq!(
        api.get(&list).await.json(),
        json!({ "items": [take, second.json()], "next_after": null })
    );
    assert_eq!(api.live.state().scheduled.len(), 2);

    let gone = api.call("DELETE", first.header("location")).await;
    assert_eq!((gone.status, gone.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(
        api.get(&list).await.json(),
        json!({ "items": [second.json()], "next_after": null })
    );
    assert_eq!(api.live.state().scheduled.len(), 1);
    let again = api.call("DELETE", first.header("location")).await;
    again.problem(404, "scheduled_take_not_found", None);
}

#[tokio::test]
async fn a_take_may_leave_its_style_to_the_event_and_name_any_zone() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let at = in_ms(HOUR).replace('Z', "+00:00");
    let wanted = json!({ "camera_id": last_segment(&camera), "at": at });
    let made = api.post(&format!("{event}/scheduled-takes"), wanted).await.json();
    assert_eq!(made["style"], json!(null));
    assert_eq!(made["at"], at.replace("+00:00", "Z"));
}

#[tokio::test]
async fn illegal_values_name_their_field() {
    let api = Api::new();
    let (event, other) = (api.event().await, api.event().await);
    let camera = api.camera(&event, "Altar").await;
    let elsewhere = api.camera(&other, "Altar").await;
    let id = last_segment(&camera);
    let at = in_ms(HOUR);
    let path = format!("{event}/scheduled-takes");
    for (body, code, field) in [
        (json!({ "camera_id": id, "at": "soon" }), "invalid_value", "at"),
        (json!({ "camera_id": id, "at": "2026-10-31T12:00:00" }), "invalid_value", "at"),
        (json!({ "camera_id": id, "at": in_ms(-1000) }), "invalid_value", "at"),
        (json!({ "camera_id": id, "at": in_ms(367 * 24 * HOUR) }), "invalid_value", "at"),
        (json!({ "camera_id": id, "at": 5 }), "wrong_type", "at"),
        (json!({ "camera_id": id }), "missing_field", "at"),
        (json!({ "camera_id": "a b", "at": at }), "invalid_value", "camera_id"),
        (json!({ "camera_id": "nobody", "at": at }), "invalid_value", "camera_id"),
        (json!({ "camera_id": last_segment(&elsewhere), "at": at }), "invalid_value", "camera_id"),
        (json!({ "at": at }), "missing_field", "camera_id"),
        (json!({ "camera_id": id, "at": at, "style": "wipe" }), "invalid_value", "style"),
        (json!({ "camera_id": id, "at": at, "when": 1 }), "unknown_field", "when"),
    ] {
        api.post(&path, body.clone()).await.problem(400, code, Some(field));
    }
    assert_eq!(api.get(&path).await.json(), json!({ "items": [], "next_after": null }));
    assert!(api.live.state().scheduled.is_empty());
}

#[tokio::test]
async fn there_is_nothing_to_schedule_where_there_is_no_event() {
    let api = Api::new();
    let path = "/api/events/nothing/scheduled-takes";
    let wanted = json!({ "camera_id": "x", "at": in_ms(HOUR) });
    api.post(path, wanted).await.problem(404, "event_not_found", None);
    api.get(path).await.problem(404, "event_not_found", None);
    api.call("DELETE", &format!("{path}/x")).await.problem(404, "event_not_found", None);
    let event = api.event().await;
    let unknown = api.call("DELETE", &format!("{event}/scheduled-takes/x")).await;
    unknown.problem(404, "scheduled_take_not_found", None);
    let odd = api.call("DELETE", &format!("{event}/scheduled-takes/a.b")).await;
    odd.problem(400, "invalid_id", Some("take"));
}

#[tokio::test]
async fn a_take_that_has_begun_cannot_be_cancelled() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let made = schedule(&api, &event, &camera, &in_ms(HOUR)).await;
    // The system has begun it, and has not come to remove it from the store yet.
    api.live.state().scheduled.clear();
    let late = api.call("DELETE", made.header("location")).await;
    late.problem(404, "scheduled_take_not_found", None);
}

#[tokio::test]
async fn a_take_whose_cancellation_is_not_kept_still_waits() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let made = schedule(&api, &event, &camera, &in_ms(HOUR)).await;
    api.store.close().await.unwrap();
    let refused = api.call("DELETE", made.header("location")).await;
    refused.problem(503, "store_unavailable", None);
    assert_eq!(api.live.state().scheduled.len(), 1);
}

#[tokio::test]
async fn the_number_of_scheduled_takes_has_an_end() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let at = in_ms(HOUR);
    for _ in 0..SCHEDULED_PER_EVENT_MAX {
        assert_eq!(schedule(&api, &event, &camera, &at).await.status, StatusCode::CREATED);
    }
    schedule(&api, &event, &camera, &at).await.problem(409, "limit_reached", None);
    let list: Value = api.get(&format!("{event}/scheduled-takes?limit=500")).await.json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(SCHEDULED_PER_EVENT_MAX as usize));
}
