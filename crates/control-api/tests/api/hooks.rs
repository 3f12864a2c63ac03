//! `/api/hooks`.

use axum::http::StatusCode;
use genlock_store::{EventId, HookDelivery, HookDeliveryId, HookQueue, Store, Timestamp};
use serde_json::json;

use crate::harness::{Api, creator_token};

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
    }], "next_after": null });
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
    assert_eq!(api.get("/api/hooks/dead").await.json(), json!({ "items": [], "next_after": null }));
}

#[tokio::test]
async fn targets_are_added_changed_and_removed() {
    let api = Api::new();
    let path = "/api/hooks/targets/back-end";
    let wanted = json!({ "url": "http://told/hook?t=hunter2", "events": ["camera.*"] });
    let added = api.put(path, wanted).await;
    assert_eq!(added.status, StatusCode::CREATED);
    let expect = json!({
        "name": "back-end", "origin": "http://told", "events": ["camera.*"], "configured": false,
        "secret": "made here",
    });
    assert_eq!(added.json(), expect);
    let changed = json!({ "url": "http://told/", "secret": "0123456789abcdef" });
    let changed = api.put(path, changed).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!(changed.json()["secret"], json!(null), "it is known already");
    assert_eq!(changed.json()["events"], json!(["*"]));
    let listed = api.get("/api/hooks/targets").await;
    let names: Vec<_> = listed.json()["items"].as_array().unwrap().clone();
    let names: Vec<_> = names.iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["fixed", "back-end"]);
    assert!(!listed.text.contains("secret"), "{listed:?}");
    assert_eq!(api.call("DELETE", path).await.status, StatusCode::NO_CONTENT);
    api.call("DELETE", path).await.problem(404, "hook_target_not_found", None);
}

#[tokio::test]
async fn a_target_that_may_not_be_is_told_why() {
    let api = Api::new();
    let wanted = json!({ "url": "http://told/" });
    let fixed = "/api/hooks/targets/fixed";
    api.put(fixed, wanted.clone()).await.problem(409, "already_exists", None);
    api.call("DELETE", fixed).await.problem(409, "already_exists", None);
    let metadata = json!({ "url": "http://169.254.169.254/" });
    let refused = api.put("/api/hooks/targets/a", metadata).await;
    refused.problem(400, "invalid_value", Some("url"));
    let odd = api.put("/api/hooks/targets/a%2Fb", wanted.clone()).await;
    odd.problem(400, "invalid_id", Some("target"));
    let creator = creator_token("ann", &json!({}));
    let refused = api.by(&creator, "PUT", "/api/hooks/targets/a", Some(wanted)).await;
    refused.problem(403, "forbidden", None);
}
