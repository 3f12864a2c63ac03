//! Lists come in pages.

use serde_json::json;

use crate::harness::{Answer, Api};

/// Names of the items, and the query of the next page.
fn page(answer: &Answer, name: &str) -> (Vec<String>, Option<String>) {
    let body = answer.json();
    let items = body["items"].as_array().unwrap();
    let names = items.iter().map(|item| item[name].as_str().unwrap().to_owned()).collect();
    (names, body["next_after"].as_str().map(|after| format!("?limit=2&after={after}")))
}

async fn pages(api: &Api, list: &str, name: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut query = Some("?limit=2".to_owned());
    while let Some(asked) = query {
        let (names, next) = page(&api.get(&format!("{list}{asked}")).await, name);
        pages.push(names);
        query = next;
    }
    pages
}

#[tokio::test]
async fn events_come_in_pages_that_outlive_their_entries() {
    let api = Api::new();
    for name in ["a", "b", "c"] {
        api.post("/api/events", json!({ "name": name })).await;
    }
    // Those of one millisecond are in no order that is told.
    let (all, none) = page(&api.get("/api/events").await, "id");
    assert_eq!(none, None);
    assert_eq!(pages(&api, "/api/events", "id").await, [&all[..2], &all[2..]]);
    let (_, next) = page(&api.get("/api/events?limit=2").await, "id");
    api.call("DELETE", &format!("/api/events/{}", all[0])).await;
    let second = api.get(&format!("/api/events{}", next.unwrap())).await;
    assert_eq!(page(&second, "id"), (all[2..].to_vec(), None));
}

#[tokio::test]
async fn scheduled_takes_come_in_pages() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let list = format!("{event}/scheduled-takes");
    let camera = api.get(&camera).await.json()["camera_id"].clone();
    let mut times = Vec::new();
    for minute in 1..=3 {
        let at = genlock_store::Timestamp::from(std::time::SystemTime::now()).as_millis();
        let at = genlock_store::Timestamp::from_millis(at + minute * 60_000).to_string();
        let made = api.post(&list, json!({ "camera_id": camera, "at": at })).await.json();
        times.push(made["at"].as_str().unwrap().to_owned());
    }
    assert_eq!(pages(&api, &list, "at").await, [&times[..2], &times[2..]]);
}

#[tokio::test]
async fn what_is_no_page_is_refused() {
    let api = Api::new();
    for (query, code, field) in [
        ("limit=0", "invalid_value", "limit"),
        ("limit=501", "invalid_value", "limit"),
        ("after=x", "invalid_value", "after"),
        ("offset=3", "unknown_field", "offset"),
    ] {
        for list in ["/api/events", "/api/hooks/dead"] {
            api.get(&format!("{list}?{query}")).await.problem(400, code, Some(field));
        }
    }
}
