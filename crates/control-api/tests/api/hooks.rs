//! `/api/hooks/dead`.

use axum::http::StatusCode;
use genlock_store::{EventId, HookDelivery, HookDeliveryId, HookQueue, Store, Timestamp};
use serde_json::json;

use crate::harness::Api;

async fn with_dead() -> Api {
    let api = Api::new();
    let delivery = HookDelivery {
        id: HookDeliveryId::parse("d1").unwrap(),
        event: EventId::parse("ev").ok(),
        sequence: 4,
        target: "back-end".to_owned(),
        body: json!({ "type": "camera.live" }).to_string(),
        attempts: 30,
        last_error: Some("it answered 503".to_owned()),
        next_attempt_at: Timestamp::from_millis(0),
        dead: true,
        created_at: Timestamp::from_millis(0),
    };
    api.store.put_hook_delivery(delivery).await.unwrap();
    api
}

#[tokio::test]
async fn what_was_given_up_is_listed_with_its_reason() {
    let api = with_dead().await;
    let expect = json!({ "items": [{
        "id": "d1", "target": "back-end", "event_id": "ev", "attempts": 30,
        "last_error": "it answered 503", "body": { "type": "camera.live" },
        "created_at": "1970-01-01T00:00:00.000Z",
    }] });
    assert_eq!(api.get("/api/hooks/dead").await.json(), expect);
}

#[tokio::test]
async fn a_delivery_is_sent_again_on_demand() {
    let api = with_dead().await;
    let path = "/api/hooks/dead/d1/replay";
    assert_eq!(api.call("POST", path).await.status, StatusCode::ACCEPTED);
    let waiting = api.store.hook_deliveries(HookQueue::Waiting, 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    api.call("POST", path).await.problem(404, "delivery_not_found", None);
    api.call("POST", "/api/hooks/dead/a%2Fb/replay").await.problem(
        400,
        "invalid_id",
        Some("delivery"),
    );
}

#[tokio::test]
async fn a_delivery_is_forgotten_on_demand() {
    let api = with_dead().await;
    assert_eq!(api.call("DELETE", "/api/hooks/dead/d1").await.status, StatusCode::NO_CONTENT);
    api.call("DELETE", "/api/hooks/dead/d1").await.problem(404, "delivery_not_found", None);
    assert_eq!(api.get("/api/hooks/dead").await.json(), json!({ "items": [] }));
}
