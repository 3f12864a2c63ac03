//! Takes, who is on air, the switch log, and the compatible paths.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use genlock_control_api::live::TakeError;
use genlock_store::{
    CameraId, Discontinuity, EventId, Store, SwitchReason, SwitchRecord, SwitchStyle, Timestamp,
};
use serde_json::json;

use crate::harness::{Api, TOKEN, last_segment};

async fn event_with_live_camera(api: &Api) -> (String, String) {
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    api.publish(&camera);
    (event, camera)
}

#[tokio::test]
async fn a_take_answers_its_plan() {
    let api = Api::new();
    let (event, camera) = event_with_live_camera(&api).await;
    let taken = api.call("POST", &format!("{camera}/switch")).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    let answer = taken.json();
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["active_camera"]["camera_id"], last_segment(&camera));
    assert_eq!(answer["active_camera"]["name"], "Altar");
    let cut = json!({
        "camera_id": last_segment(&camera),
        "style": "clean",
        "cut_at": "1970-01-01T00:00:03.000Z",
        "wait_ms": 700,
        "discontinuity": "parameters",
        "reason": "cadence",
    });
    assert_eq!(answer["cut"], cut);

    let active = api.get(&format!("{event}/active")).await.json();
    assert_eq!(active["status"], "live");
    assert_eq!(active["active_camera"]["camera_id"], last_segment(&camera));
    assert_eq!(active["on_air_since"], "1970-01-01T00:00:02.000Z");
    assert_eq!(active["pending"], json!(null));
}

#[tokio::test]
async fn a_take_of_the_camera_on_air_is_a_success_without_a_cut() {
    let api = Api::new();
    let (_, camera) = event_with_live_camera(&api).await;
    let switch = format!("{camera}/switch");
    api.call("POST", &switch).await;
    let again = api.call("POST", &switch).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json()["cut"], json!(null));
}

#[tokio::test]
async fn a_take_may_name_its_style() {
    let api = Api::new();
    let (_, camera) = event_with_live_camera(&api).await;
    let switch = format!("{camera}/switch");
    assert_eq!(api.post(&switch, json!({ "style": "clean" })).await.status, StatusCode::OK);
    assert_eq!(api.post(&switch, json!({})).await.status, StatusCode::OK);
    assert_eq!(api.post(&switch, json!(null)).await.status, StatusCode::OK);
    let bad = api.post(&switch, json!({ "style": "wipe" })).await;
    bad.problem(400, "invalid_value", Some("style"));
    let bad = api.post(&switch, json!({ "stile": "clean" })).await;
    bad.problem(400, "unknown_field", Some("stile"));
    api.post(&switch, json!([])).await.problem(400, "wrong_type", None);
}

#[tokio::test]
async fn a_camera_that_is_not_live_cannot_be_taken() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let switch = format!("{camera}/switch");
    api.call("POST", &switch).await.problem(409, "camera_not_live", None);
    for (refusal, status, code) in [
        (TakeError::NoVideo, 409, "camera_not_live"),
        (TakeError::UnknownCamera, 404, "camera_not_found"),
        (TakeError::Stopped, 503, "unavailable"),
    ] {
        api.live.state().refusal = Some(refusal);
        api.call("POST", &switch).await.problem(status, code, None);
    }
}

#[tokio::test]
async fn nobody_is_on_air_at_first() {
    let api = Api::new();
    let event = api.event().await;
    let active = api.get(&format!("{event}/active")).await.json();
    let expect = json!({
        "status": "waiting", "active_camera": null, "on_air_since": null, "pending": null
    });
    assert_eq!(active, expect);
    api.get("/api/events/nothing/active").await.problem(404, "event_not_found", None);
}

#[tokio::test]
async fn the_compatible_paths_do_the_same() {
    let api = Api::new();
    let (event, camera) = event_with_live_camera(&api).await;
    let wedding = format!("/api/stream/camera/{}", last_segment(&event));
    let taken = api.call("POST", &format!("{wedding}/{}/switch", last_segment(&camera))).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    assert_eq!(taken.json()["status"], "success");
    assert_eq!(taken.json()["active_camera"]["camera_id"], last_segment(&camera));
    let active = api.get(&format!("{wedding}/active")).await.json();
    assert_eq!(active, api.get(&format!("{event}/active")).await.json());
}

#[tokio::test]
async fn the_compatible_take_answers_400_for_a_camera_that_is_not_live() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let wedding = format!("/api/stream/camera/{}", last_segment(&event));
    let switch = format!("{wedding}/{}/switch", last_segment(&camera));
    api.call("POST", &switch).await.problem(400, "camera_not_live", None);
    let unknown = format!("{wedding}/nobody/switch");
    api.call("POST", &unknown).await.problem(404, "camera_not_found", None);
    let unknown = "/api/stream/camera/nothing/nobody/switch";
    api.call("POST", unknown).await.problem(404, "event_not_found", None);
    let odd = format!("{wedding}/a.b/switch");
    api.call("POST", &odd).await.problem(400, "invalid_id", Some("camera_id"));
}

#[tokio::test]
async fn the_compatible_take_does_not_mind_a_body() {
    let api = Api::new();
    let (event, camera) = event_with_live_camera(&api).await;
    let path =
        format!("/api/stream/camera/{}/{}/switch", last_segment(&event), last_segment(&camera));
    let form = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("a=b"))
        .unwrap();
    assert_eq!(api.send(form).await.status, StatusCode::OK);
}

async fn log_switches(api: &Api, event: &str, count: i64) {
    for at in 0..count {
        let record = SwitchRecord {
            event: EventId::parse(last_segment(event)).unwrap(),
            from: (at > 0).then(|| CameraId::parse("altar").unwrap()),
            to: CameraId::parse("aisle").unwrap(),
            requested_at: Timestamp::from_millis(at * 1000),
            switched_at: Timestamp::from_millis(at * 1000 + 700),
            style: SwitchStyle::Clean,
            wait_ms: 700,
            discontinuity: Discontinuity::Codec,
            reason: if at > 0 { SwitchReason::Take } else { SwitchReason::FirstLive },
        };
        api.store.append_switch(record).await.unwrap();
    }
}

#[tokio::test]
async fn the_log_is_read_page_by_page() {
    let api = Api::new();
    let event = api.event().await;
    log_switches(&api, &event, 5).await;
    let path = format!("{event}/switches");
    let first = api.get(&format!("{path}?limit=3")).await.json();
    let newest = json!({
        "seq": 5,
        "from_camera_id": "altar",
        "to_camera_id": "aisle",
        "requested_at": "1970-01-01T00:00:04.000Z",
        "switched_at": "1970-01-01T00:00:04.700Z",
        "style": "clean",
        "wait_ms": 700,
        "discontinuity": "codec",
        "reason": "take",
    });
    assert_eq!(first["items"][0], newest);
    assert_eq!(first["next_before"], 3);
    let last = api.get(&format!("{path}?limit=3&before=3")).await.json();
    assert_eq!(last["items"].as_array().unwrap().len(), 2);
    assert_eq!(last["items"][1]["from_camera_id"], json!(null));
    assert_eq!(last["items"][1]["reason"], "first_live");
    assert_eq!(last["next_before"], json!(null));
    assert_eq!(api.get(&path).await.json()["items"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn an_illegal_page_names_its_parameter() {
    let api = Api::new();
    let event = api.event().await;
    let path = format!("{event}/switches");
    for (query, code, field) in [
        ("limit=0", "invalid_value", "limit"),
        ("limit=501", "invalid_value", "limit"),
        ("limit", "invalid_value", "limit"),
        ("limit=-1", "invalid_value", "limit"),
        ("before=x", "invalid_value", "before"),
        ("before=99999999999999999999", "invalid_value", "before"),
        ("after=3", "unknown_field", "after"),
    ] {
        api.get(&format!("{path}?{query}")).await.problem(400, code, Some(field));
    }
    api.get("/api/events/nothing/switches").await.problem(404, "event_not_found", None);
}
