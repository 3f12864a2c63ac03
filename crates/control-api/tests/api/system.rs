//! `/healthz`, `/readyz`, `/metrics`, `/stat`.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use genlock_control_api::{AccessRules, Observers};
use genlock_store::{MetaKey, Replica, SecretHash, SqliteStore, Store};
use serde_json::json;

use crate::harness::{Answer, Api, TOKEN, creator_token, last_segment};

async fn anonymous(api: &Api, path: &str) -> Answer {
    api.send(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn health_and_readiness_need_no_token() {
    let api = Api::new();
    let health = anonymous(&api, "/healthz").await;
    assert_eq!((health.status, health.text.as_str()), (StatusCode::OK, "ok\n"));
    let ready = anonymous(&api, "/readyz").await;
    assert_eq!(ready.status, StatusCode::OK);
    let expect = json!({
        "ready": true,
        "checks": [{ "name": "store", "problem": null }, { "name": "rtmp", "problem": null }],
        "store": "ok",
        "pending": 0,
    });
    assert_eq!(ready.json(), expect);
}

#[tokio::test]
async fn a_part_that_fails_is_named() {
    let api = Api::new();
    api.live.state().problem = Some("the port is gone".to_owned());
    let ready = anonymous(&api, "/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["checks"][1]["problem"], "the port is gone");
    api.live.state().problem = None;
    api.store.close().await.unwrap();
    let ready = anonymous(&api, "/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["checks"][0]["problem"], "does not answer");
    assert_eq!(anonymous(&api, "/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_shared_database_that_is_behind_is_told_and_the_server_stays_ready() {
    let shared = Arc::new(SqliteStore::in_memory().unwrap());
    let copy = Arc::new(SqliteStore::copy_in_memory(false).unwrap());
    let replica = Replica::new(Arc::clone(&copy), Arc::clone(&shared) as Arc<dyn Store>);
    replica.fill().await.unwrap();
    shared.close().await.unwrap();
    let api = Api::over(copy);
    api.event().await;
    assert!(replica.flush().await.is_err());
    let ready = anonymous(&api, "/readyz").await;
    assert_eq!(ready.status, StatusCode::OK);
    assert_eq!((&ready.json()["store"], &ready.json()["pending"]), (&json!("behind"), &json!(1)));
    let metrics = anonymous(&api, "/metrics").await.text;
    assert!(metrics.contains("genlock_store_up 0\n"), "{metrics}");
    assert!(metrics.contains("genlock_store_pending 1\n"), "{metrics}");
    let store = api.get("/api/store").await.json();
    let expect = json!({
        "state": "behind", "pending": 1, "rejected": 0, "last_error": "the store is closed",
    });
    assert_eq!(store, expect);
    let stranger = anonymous(&api, "/api/store").await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_shared_database_that_is_another_one_is_a_problem() {
    let shared = Arc::new(SqliteStore::in_memory().unwrap());
    let copy = Arc::new(SqliteStore::copy_in_memory(false).unwrap());
    let replica = Replica::new(Arc::clone(&copy), Arc::clone(&shared) as Arc<dyn Store>);
    replica.fill().await.unwrap();
    shared.set_meta(MetaKey::StoreId, "another".to_owned()).await.unwrap();
    assert!(replica.flush().await.is_err());
    let ready = anonymous(&Api::over(copy), "/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["store"], "foreign");
    let problem = &ready.json()["checks"][0]["problem"];
    assert!(problem.as_str().unwrap().contains("not the one"), "{problem}");
}

#[tokio::test]
async fn metrics_are_prometheus_text_without_identities() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    api.publish(&camera);
    let metrics = anonymous(&api, "/metrics").await;
    assert_eq!(metrics.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(metrics.text.contains("genlock_cameras{state=\"live\"} 1\n"), "{}", metrics.text);
    for identity in [event.as_str(), camera.as_str(), "Altar"] {
        let id = identity.rsplit('/').next().unwrap();
        assert!(!metrics.text.contains(id), "{}", metrics.text);
    }
}

const OBSERVER: &str = "token-for-monitoring";

fn observers(anonymous: bool) -> Observers {
    Observers { token: Some(SecretHash::of(OBSERVER)), anonymous }
}

async fn by(api: &Api, path: &str, authorization: &str) -> Answer {
    let request = Request::get(path).header("authorization", authorization);
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn observers_read_series_of_events_and_cameras() {
    let api = Api::observed_by(observers(true));
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    api.publish(&camera);
    let (event, camera) = (last_segment(&event), last_segment(&camera));
    let up = format!("genlock_camera_up{{event=\"{event}\",camera=\"{camera}\"}} 1\n");
    for token in [OBSERVER, TOKEN] {
        let metrics = by(&api, "/metrics", &format!("Bearer {token}")).await;
        assert_eq!(metrics.status, StatusCode::OK);
        assert!(metrics.text.contains(&up), "{}", metrics.text);
        let stat = by(&api, "/stat", &format!("Bearer {token}")).await;
        assert_eq!(stat.header("content-type"), "text/xml; charset=utf-8");
        assert!(stat.text.contains(&format!("<name>{camera}</name>")), "{}", stat.text);
    }
    assert!(!anonymous(&api, "/metrics").await.text.contains(&up));
}

#[tokio::test]
async fn programs_that_know_only_an_address_have_the_token_in_it() {
    let api = Api::observed_by(observers(true));
    // stat:token-for-monitoring
    let basic = "Basic c3RhdDp0b2tlbi1mb3ItbW9uaXRvcmluZw==";
    assert_eq!(by(&api, "/stat", basic).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_names_events_is_for_observers_only() {
    let api = Api::observed_by(observers(false));
    let event = api.event().await;
    for path in ["/metrics", "/stat"] {
        anonymous(&api, path).await.problem(401, "unauthorized", None);
        by(&api, path, "Bearer wrong-token").await.problem(401, "unauthorized", None);
        let creator = format!("Bearer {}", creator_token("ann", &json!({})));
        by(&api, path, &creator).await.problem(403, "forbidden", None);
    }
    // The metrics token opens nothing else.
    by(&api, &event, &format!("Bearer {OBSERVER}")).await.problem(401, "unauthorized", None);
    let open = Api::observed_by(observers(true));
    assert_eq!(anonymous(&open, "/metrics").await.status, StatusCode::OK);
    anonymous(&open, "/stat").await.problem(401, "unauthorized", None);
}

#[tokio::test]
async fn other_rules_count_from_the_next_call_on() {
    let api = Api::observed_by(observers(false));
    let known = format!("Bearer {OBSERVER}");
    let creator = format!("Bearer {}", creator_token("ann", &json!({})));
    assert_eq!(by(&api, "/metrics", &known).await.status, StatusCode::OK);
    assert_eq!(by(&api, "/api/events", &creator).await.status, StatusCode::OK);
    api.access.change(AccessRules::default());
    by(&api, "/metrics", &known).await.problem(401, "unauthorized", None);
    by(&api, "/api/events", &creator).await.problem(401, "unauthorized", None);
    assert_eq!(anonymous(&api, "/metrics").await.status, StatusCode::OK);
}

#[tokio::test]
async fn guesses_at_the_metrics_token_are_throttled() {
    let api = Api::observed_by(observers(true));
    let mut refused = None;
    for number in 0..30 {
        let answer = by(&api, "/stat", &format!("Bearer wrong-{number}")).await;
        if refused.is_none() && answer.status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(number);
        }
    }
    assert_eq!(refused, Some(10));
    let right = by(&api, "/stat", &format!("Bearer {OBSERVER}")).await;
    right.problem(429, "too_many_attempts", None);
}
