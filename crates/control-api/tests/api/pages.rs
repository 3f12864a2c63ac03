//! Lists come in pages.

use std::sync::Arc;

use genlock_store::{EventId, Replica, SqliteStore, Store};
use serde_json::{Value, json};

use crate::harness::{Answer, Api, last_segment};

/// Names of the items, and the query of the next page.
fn page(answer: &Answer, name: &str) -> (Vec<String>, Option<String>) {
    let body = answer.json();
    let items = body["items"].as_array().unwrap();
    let text = |item: &Value| match &item[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let names = items.iter().map(text).collect();
    (names, body["next_after"].as_str().map(|after| format!("?limit=2&after={after}")))
}

/// Names of the items of all pages of two.
pub(crate) async fn pages(api: &Api, list: &str, name: &str) -> Vec<Vec<String>> {
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
async fn hook_targets_come_in_pages_that_outlive_their_entries() {
    let api = Api::new();
    let list = "/api/hooks/targets";
    for name in ["c", "a", "b"] {
        api.put(&format!("{list}/{name}"), json!({ "url": "http://told/" })).await;
    }
    assert_eq!(pages(&api, list, "name").await, [["fixed", "a"], ["b", "c"]]);
    let (_, next) = page(&api.get(&format!("{list}?limit=2")).await, "name");
    api.call("DELETE", &format!("{list}/a")).await;
    let second = api.get(&format!("{list}{}", next.unwrap())).await;
    assert_eq!(page(&second, "name").0, ["b", "c"]);
}

#[tokio::test]
async fn writes_that_were_refused_come_in_pages() {
    let shared = Arc::new(SqliteStore::in_memory().unwrap());
    let copy = Arc::new(SqliteStore::copy_in_memory(false).unwrap());
    let replica = Replica::new(Arc::clone(&copy), Arc::clone(&shared) as Arc<dyn Store>);
    replica.fill().await.unwrap();
    let api = Api::over(copy);
    let event = api.event().await;
    replica.flush().await.unwrap();
    // Somebody removes the event there, so that nothing can be added to it.
    let id = EventId::parse(last_segment(&event)).unwrap();
    shared.delete_event(&id).await.unwrap();
    for name in ["a", "b", "c"] {
        api.camera(&event, name).await;
    }
    replica.flush().await.unwrap();
    let list = "/api/store/rejected";
    let (all, _) = page(&api.get(list).await, "place");
    assert_eq!(all.len(), 3);
    assert_eq!(pages(&api, list, "place").await, [&all[..2], &all[2..]]);
}

#[tokio::test]
async fn what_is_no_page_is_refused() {
    let api = Api::new();
    let event = api.event().await;
    let recordings = format!("{event}/recordings");
    let deletions = format!("{recordings}/deletions");
    for (query, code, field) in [
        ("limit=0", "invalid_value", "limit"),
        ("limit=501", "invalid_value", "limit"),
        ("after=x", "invalid_value", "after"),
        ("offset=3", "unknown_field", "offset"),
    ] {
        for list in [
            "/api/events",
            "/api/hooks/dead",
            "/api/hooks/targets",
            "/api/store/rejected",
            &recordings,
            &deletions,
        ] {
            api.get(&format!("{list}?{query}")).await.problem(400, code, Some(field));
        }
    }
}
