//! Each request has an id, which its answer and its problems tell.

use axum::body::Body;
use axum::http::Request;

use crate::harness::{Api, request};

#[tokio::test]
async fn a_request_brings_its_id_or_gets_one() {
    let api = Api::new();
    let mut own = request("GET", "/api/events/nothing", None);
    own.headers_mut().insert("x-request-id", "8e03978e-40d5".parse().unwrap());
    let answer = api.send(own).await;
    answer.problem(404, "event_not_found", None);
    assert_eq!(answer.header("x-request-id"), "8e03978e-40d5");
    assert_eq!(answer.json()["request_id"], "8e03978e-40d5");
    let (first, second) = (api.get("/healthz").await, api.get("/healthz").await);
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    let mut illegal = request("GET", "/api/nothing", None);
    illegal.headers_mut().insert("x-request-id", "a b".parse().unwrap());
    let answer = api.send(illegal).await;
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    assert_ne!(answer.header("x-request-id"), "a b");
}

#[tokio::test]
async fn what_is_refused_before_any_handler_has_an_id_too() {
    let api = Api::new();
    let stranger = Request::get("/api/events").body(Body::empty()).unwrap();
    let answer = api.send(stranger).await;
    answer.problem(401, "unauthorized", None);
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    let answer = api.call("PUT", "/api/events").await;
    answer.problem(405, "method_not_allowed", None);
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
}
