//! Bounded time, one change at a time, and nothing half done.

use std::convert::Infallible;
use std::task::{Context, Waker};

use axum::body::{Body, Bytes};
use axum::http::{Request, header};
use futures_util::stream;
use genlock_store::Store;
use serde_json::json;
use tower::ServiceExt;

use crate::harness::{Api, FOLLOWERS_MAX, TOKEN, request};

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let api = Api::new();
    let body = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    let request = Request::post("/api/events")
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)
        .unwrap();
    api.send(request).await.problem(408, "request_timeout", None);
}

#[tokio::test]
async fn a_take_that_never_ends_is_given_up() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    api.live.state().takes_hang = true;
    let taken = api.call("POST", &format!("{camera}/switch")).await;
    taken.problem(503, "unavailable", None);
}

#[tokio::test]
async fn changes_behind_one_that_never_ends_are_given_up() {
    let api = Api::new();
    api.live.state().applies_hang = true;
    let first = api.post("/api/events", json!({ "name": "a" })).await;
    first.problem(503, "unavailable", None);
    let second = api.post("/api/events", json!({ "name": "b" })).await;
    second.problem(503, "unavailable", None);
    let detail = second.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("changes before"), "{detail}");
}

#[tokio::test]
async fn a_store_that_is_closed_is_unavailable_not_an_internal_error() {
    let api = Api::new();
    let event = api.event().await;
    api.store.close().await.unwrap();
    api.get("/api/events").await.problem(503, "store_unavailable", None);
    api.get(&event).await.problem(503, "store_unavailable", None);
    let made = api.post("/api/events", json!({ "name": "a" })).await;
    made.problem(503, "store_unavailable", None);
    assert_eq!(api.live.state().changes.len(), 1, "only what is kept is told");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_store_and_system_in_step() {
    let api = Api::new();
    let made = request("POST", "/api/events", Some(json!({ "name": "Gone" })));
    let mut call = Box::pin(api.router.clone().oneshot(made));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    drop(call);
    api.live.changed.notified().await;
    assert_eq!(api.live.state().changes, ["event created: Gone"]);
    assert_eq!(api.store.events().await.unwrap().len(), 1);
}

#[tokio::test]
async fn changes_reach_the_system_in_the_order_of_the_store() {
    let api = Api::new();
    let event = api.event().await;
    let renames = (0..50).map(|number| {
        let rename = request("PATCH", &event, Some(json!({ "name": format!("n{number}") })));
        tokio::spawn(api.router.clone().oneshot(rename))
    });
    for rename in renames.collect::<Vec<_>>() {
        assert!(rename.await.unwrap().unwrap().status().is_success());
    }
    let name = api.get(&event).await.json()["name"].as_str().unwrap().to_owned();
    let last = api.live.state().changes.last().unwrap().clone();
    assert_eq!(last, format!("event updated: {name} 900"));
    assert_eq!(api.live.state().changes.len(), 51);
}

#[tokio::test]
async fn so_many_clients_follow_at_once_and_no_more() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let follow = |path: String| api.router.clone().oneshot(request("GET", &path, None));
    let updates = || follow(format!("{event}/updates"));
    let mut following = Vec::new();
    for _ in 0..FOLLOWERS_MAX {
        following.push(updates().await.unwrap());
    }
    assert!(following.iter().all(|answer| answer.status() == 200));
    assert_eq!(updates().await.unwrap().status(), 503);
    assert_eq!(follow(format!("{camera}/tally")).await.unwrap().status(), 503);
    following.pop();
    assert_eq!(updates().await.unwrap().status(), 200, "a place is free again");
}
