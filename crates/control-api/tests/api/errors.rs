//! What is refused before any call is reached.

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use genlock_control_api::limits::BODY_BYTES_MAX;
use serde_json::json;

use crate::harness::{Answer, Api, TOKEN, request};

async fn send(api: &Api, content_type: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut request =
        Request::post("/api/events").header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    if let Some(content_type) = content_type {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    api.send(request.body(body.into()).unwrap()).await
}

const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn text_that_is_not_json_is_told_by_position() {
    let api = Api::new();
    let answer = send(&api, JSON, "{\"name\": \"a\",\n}").await;
    answer.problem(400, "bad_json", None);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("line 2 column 1"), "{detail}");
    send(&api, JSON, "").await.problem(400, "bad_json", None);
    send(&api, JSON, "{\"name\":\"\\ud800\"}").await.problem(400, "bad_json", None);
    send(&api, JSON, vec![b'"', 0xff, b'"']).await.problem(400, "bad_json", None);
}

#[tokio::test]
async fn fields_are_named() {
    let api = Api::new();
    send(&api, JSON, "{}").await.problem(400, "missing_field", Some("name"));
    let twice = "{\"name\":\"a\",\"name\":\"b\"}";
    send(&api, JSON, twice).await.problem(400, "duplicate_field", Some("name"));
    let answer = api.post("/api/events", json!({ "name": "a", "nmae": "b" })).await;
    answer.problem(400, "unknown_field", Some("nmae"));
    let answer = api.post("/api/events", json!({ "name": ["a"] })).await;
    answer.problem(400, "wrong_type", Some("name"));
    let answer = api.post("/api/events", json!({ "name": "a", "policy": { "x": 1 } })).await;
    answer.problem(400, "unknown_field", Some("policy.x"));
    let answer = api.post("/api/events", json!("a")).await;
    answer.problem(400, "wrong_type", None);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("expected an object"), "{detail}");
    assert_eq!(api.get("/api/events").await.json(), json!({ "items": [], "next_after": null }));
}

#[tokio::test]
async fn other_media_types_are_refused() {
    let api = Api::new();
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let answer = send(&api, content_type, "{\"name\":\"a\"}").await;
        answer.problem(415, "unsupported_media_type", None);
    }
    let answer = send(&api, Some("application/json; charset=utf-8"), "{\"name\":\"a\"}").await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let api = Api::new();
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(BODY_BYTES_MAX));
    send(&api, JSON, large).await.problem(413, "body_too_large", None);
}

#[tokio::test]
async fn ids_that_are_none_are_refused() {
    let api = Api::new();
    for id in ["a.b", "a%2Fb", "%00", &"x".repeat(65), "ä".repeat(2).as_str()] {
        let id = id.replace('ä', "%C3%A4");
        let event = api.get(&format!("/api/events/{id}")).await;
        event.problem(400, "invalid_id", Some("event"));
        let camera = api.get(&format!("/api/events/a/cameras/{id}")).await;
        camera.problem(400, "invalid_id", Some("camera"));
    }
    api.get("/api/events/%ff").await.problem(400, "invalid_id", None);
    let reserved = api.get("/api/events/a/cameras/program").await;
    reserved.problem(400, "invalid_id", Some("camera"));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told_apart() {
    let api = Api::new();
    for path in ["/api", "/api/", "/api/nothing", "/api/events/", "/api/events/a/b/c/d"] {
        api.get(path).await.problem(404, "unknown_path", None);
    }
    let answer = api.call("PUT", "/api/events").await;
    answer.problem(405, "method_not_allowed", None);
    assert_eq!(answer.header("allow"), "POST,GET,HEAD");
    api.call("DELETE", "/healthz").await.problem(405, "method_not_allowed", None);
    api.call("POST", "/api/openapi.json").await.problem(405, "method_not_allowed", None);
}

#[tokio::test]
async fn nothing_is_done_without_the_token() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let mut peer = 0;
    for (method, path) in [
        ("GET", "/api/events".to_owned()),
        ("POST", "/api/events".to_owned()),
        ("GET", event.clone()),
        ("PATCH", event.clone()),
        ("DELETE", event.clone()),
        ("GET", format!("{event}/cameras")),
        ("POST", format!("{event}/cameras")),
        ("GET", camera.clone()),
        ("PATCH", camera.clone()),
        ("DELETE", camera.clone()),
        ("POST", format!("{camera}/rotate-key")),
        ("POST", format!("{camera}/switch")),
        ("GET", format!("{event}/active")),
        ("GET", format!("{event}/switches")),
        ("DELETE", format!("{event}/switch")),
        ("PUT", format!("{event}/lock")),
        ("DELETE", format!("{event}/lock")),
        ("GET", format!("{event}/scheduled-takes")),
        ("POST", format!("{event}/scheduled-takes")),
        ("DELETE", format!("{event}/scheduled-takes/a")),
        ("POST", "/api/stream/camera/a/b/switch".to_owned()),
        ("GET", "/api/stream/camera/a/active".to_owned()),
    ] {
        for token in [None, Some("Bearer "), Some("Bearer wrong"), Some("Basic abc")] {
            let mut request = Request::builder().method(method).uri(&path);
            if let Some(token) = token {
                request = request.header(header::AUTHORIZATION, token);
            }
            let mut request = request.body(Body::empty()).unwrap();
            // Each call from elsewhere: an address that keeps guessing is not listened to.
            peer += 1;
            request.extensions_mut().insert(SocketAddr::from(([192, 0, 2, peer], 1)));
            let answer = api.send(request).await;
            answer.problem(401, "unauthorized", None);
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"genlock\"");
        }
    }
    assert_eq!(api.live.state().changes.len(), 2, "the event and the camera made at first");
}

#[tokio::test]
async fn a_token_in_the_query_is_no_token() {
    let api = Api::new();
    let path = format!("/api/events?token={TOKEN}&access_token={TOKEN}");
    let request = Request::get(path).body(Body::empty()).unwrap();
    api.send(request).await.problem(401, "unauthorized", None);
}

#[tokio::test]
async fn every_answer_is_kept_from_browsers_and_caches() {
    let api = Api::new();
    for path in ["/api/events", "/api/nothing", "/api/events/nothing", "/healthz", "/metrics"] {
        let answer = api.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = "default-src 'none'; frame-ancestors 'none'";
        assert_eq!(answer.header("content-security-policy"), policy, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.headers.get("access-control-allow-origin"), None, "{path}");
    }
    let preflight = request("OPTIONS", "/api/events", None);
    api.send(preflight).await.problem(405, "method_not_allowed", None);
}
