//! What cuts between the cameras of an event would be.

use serde_json::{Value, json};

use crate::harness::{Api, last_segment};

#[tokio::test]
async fn the_matrix_is_in_failover_order_and_says_what_to_change() {
    let api = Api::new();
    let event = api.event().await;
    let mut ids = Vec::new();
    for (priority, name) in (0..).zip(["a", "b", "waiting", "c"]) {
        let wanted = json!({ "name": name, "priority": priority });
        let made = api.post(&format!("{event}/cameras"), wanted).await;
        let camera = made.header("location").to_owned();
        if name != "waiting" {
            api.publish(&camera);
        }
        ids.push(last_segment(&camera).to_owned());
    }
    let answer = api.get(&format!("{event}/compatibility")).await.json();
    let names: Vec<_> = items(&answer, "program").map(|fit| fit["name"].clone()).collect();
    assert_eq!(names, ["a", "b", "waiting", "c"]);
    assert_eq!(answer["program"][2]["compatibility"], Value::Null, "the fake does not know it");
    let sound = json!({
        "verdict": "audio_change",
        "obstacle": null,
        "discontinuity": "codec",
        "differences": [{
            "field": "sample_rate",
            "severity": "warning",
            "cost": "codec",
            "expected": "48 kHz",
            "got": "44.1 kHz",
            "meaning": "Sound clicks.",
            "setting": "Settings > Audio > Sample Rate: 48 kHz",
        }],
        "lost_in_ts": ["video"],
    });
    assert_eq!(answer["program"][0]["compatibility"], sound);
    let pairs: Vec<_> = items(&answer, "pairs")
        .map(|pair| (pair["from_camera_id"].clone(), pair["to_camera_id"].clone()))
        .collect();
    let expected = [(0, 1), (0, 3), (1, 0), (1, 3), (3, 0), (3, 1)];
    let expected = expected.map(|(from, to)| (json!(ids[from]), json!(ids[to])));
    assert_eq!(pairs, expected);
    assert_eq!(answer["pairs"][5]["compatibility"], sound);
}

#[tokio::test]
async fn an_unknown_event_has_no_matrix() {
    let answer = Api::new().get("/api/events/nosuchevent/compatibility").await;
    answer.problem(404, "event_not_found", None);
}

fn items<'a>(answer: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    answer[field].as_array().unwrap().iter()
}
