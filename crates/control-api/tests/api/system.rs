//! `/healthz`, `/readyz`, `/metrics`.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use genlock_store::Store;
use serde_json::json;

use crate::harness::{Answer, Api};

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
