//! The switch log and its ledger.

use genlock_store::{
    CameraId, Discontinuity, EventId, Ledger, ScheduledTakeId, Store, SwitchOutcome, SwitchReason,
    SwitchRecord, SwitchStyle, Timestamp, UnknownFields,
};
use serde_json::{Value, json};

use crate::harness::{Api, last_segment};

fn record(event: &str, at: i64) -> SwitchRecord {
    SwitchRecord {
        event: EventId::parse(last_segment(event)).unwrap(),
        from: Some(CameraId::parse("altar").unwrap()),
        to: Some(CameraId::parse("aisle").unwrap()),
        requested_at: Timestamp::from_millis(at * 1000),
        switched_at: Some(Timestamp::from_millis(at * 1000 + 700)),
        style: SwitchStyle::Clean,
        wait_ms: 700,
        discontinuity: Discontinuity::Codec,
        reason: SwitchReason::Take,
        scheduled: None,
        outcome: SwitchOutcome::Cut,
        ledger: Ledger::default(),
        unknown: UnknownFields::default(),
    }
}

async fn log_switches(api: &Api, event: &str, count: i64) {
    for at in 0..count {
        api.store.append_switch(record(event, at)).await.unwrap();
    }
}

async fn newest(api: &Api, event: &str) -> Value {
    api.get(&format!("{event}/switches?limit=1")).await.json()["items"][0].clone()
}

#[tokio::test]
async fn the_log_is_read_page_by_page() {
    let api = Api::new();
    let event = api.event().await;
    log_switches(&api, &event, 5).await;
    let path = format!("{event}/switches");
    let first = api.get(&format!("{path}?limit=3")).await.json();
    assert_eq!(first["items"][0]["seq"], 5);
    assert_eq!(first["next_before"], 3);
    let last = api.get(&format!("{path}?limit=3&before=3")).await.json();
    assert_eq!(last["items"].as_array().unwrap().len(), 2);
    assert_eq!(last["items"][1]["seq"], 1);
    assert_eq!(last["next_before"], json!(null));
    assert_eq!(api.get(&path).await.json()["items"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn an_entry_tells_what_was_planned_and_what_came() {
    let api = Api::new();
    let event = api.event().await;
    let at = |millis| Some(Timestamp::from_millis(millis));
    let cut = SwitchRecord {
        style: SwitchStyle::Instant,
        ledger: Ledger {
            planned_at: at(4690),
            committed_at: at(4710),
            published_at: at(4745),
            video_gap_us: Some(-11),
            audio_error_us: Some(10_500),
            catch_up_ms: Some(430),
        },
        ..record(&event, 4)
    };
    api.store.append_switch(cut).await.unwrap();
    let expect = json!({
        "seq": 1,
        "from_camera_id": "altar",
        "to_camera_id": "aisle",
        "requested_at": "1970-01-01T00:00:04.000Z",
        "switched_at": "1970-01-01T00:00:04.700Z",
        "outcome": "cut",
        "style": "instant",
        "wait_ms": 700,
        "discontinuity": "codec",
        "asked_by": "human",
        "reason": "take",
        "scheduled_take_id": null,
        "ledger": {
            "planned_at": "1970-01-01T00:00:04.690Z",
            "committed_at": "1970-01-01T00:00:04.710Z",
            "published_at": "1970-01-01T00:00:04.745Z",
            "video_gap_us": -11,
            "audio_error_us": 10_500,
            "catch_up_ms": 430,
        },
    });
    assert_eq!(newest(&api, &event).await, expect);
}

#[tokio::test]
async fn a_missed_take_is_told_with_its_reason() {
    let api = Api::new();
    let event = api.event().await;
    let missed = SwitchRecord {
        switched_at: None,
        reason: SwitchReason::Scheduled,
        scheduled: Some(ScheduledTakeId::parse("t1").unwrap()),
        outcome: SwitchOutcome::Late,
        ..record(&event, 4)
    };
    api.store.append_switch(missed).await.unwrap();
    let told = newest(&api, &event).await;
    assert_eq!(told["outcome"], "late");
    assert_eq!(told["switched_at"], json!(null));
    assert_eq!((&told["asked_by"], &told["reason"]), (&json!("scheduled"), &json!("scheduled")));
    assert_eq!(told["scheduled_take_id"], "t1");
    assert_eq!(told["ledger"]["published_at"], json!(null));
}

#[tokio::test]
async fn what_the_programme_does_by_itself_is_told_as_such() {
    let api = Api::new();
    let event = api.event().await;
    for (reason, told) in [
        (SwitchReason::FirstLive, "first_live"),
        (SwitchReason::Failover, "failover"),
        (SwitchReason::Revert, "revert"),
        (SwitchReason::NobodyLeft, "nobody_left"),
    ] {
        let automatic = SwitchRecord { to: None, reason, ..record(&event, 0) };
        api.store.append_switch(automatic).await.unwrap();
        let entry = newest(&api, &event).await;
        assert_eq!(entry["asked_by"], "automatic");
        assert_eq!(entry["reason"], told);
        assert_eq!(entry["to_camera_id"], json!(null));
    }
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
