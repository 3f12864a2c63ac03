//! `/api/configuration/reload`.

use axum::http::StatusCode;
use genlock_control_api::configuration::{ReloadError, Reloaded};
use genlock_store::StoreError;
use serde_json::json;

use crate::harness::{Api, creator_token};

const PATH: &str = "/api/configuration/reload";

async fn told(result: Result<Reloaded, ReloadError>) -> crate::harness::Answer {
    let api = Api::new();
    *api.configuration.0.lock().unwrap() = Some(result);
    api.call("POST", PATH).await
}

#[tokio::test]
async fn what_changed_and_what_needs_a_restart_is_told() {
    let reloaded = Reloaded {
        changed: vec!["log.filter".to_owned()],
        needs_restart: vec!["hls.part_ms".to_owned()],
    };
    let answer = told(Ok(reloaded)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let expected = json!({ "changed": ["log.filter"], "needs_restart": ["hls.part_ms"] });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn a_mistake_is_told_with_its_key() {
    let why = "hls.part_ms must be 200 to 2000, not 10".to_owned();
    let key = Some("hls.part_ms".to_owned());
    let answer = told(Err(ReloadError::Refused { key, why: why.clone() })).await;
    answer.problem(422, "configuration_refused", Some("hls.part_ms"));
    assert_eq!(answer.json()["detail"], why);
    let unread = ReloadError::Refused { key: None, why: "cannot read genlock.toml".to_owned() };
    told(Err(unread)).await.problem(422, "configuration_refused", None);
    let failed = ReloadError::Store(StoreError::TimedOut);
    told(Err(failed)).await.problem(503, "store_unavailable", None);
}

#[tokio::test]
async fn it_is_the_administrators() {
    let api = Api::new();
    let creator = creator_token("ann", &json!({}));
    api.by(&creator, "POST", PATH, None).await.problem(403, "forbidden", None);
    api.by("wrong-token", "POST", PATH, None).await.problem(401, "unauthorized", None);
}
