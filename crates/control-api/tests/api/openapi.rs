//! `/api/openapi.json` and the golden file beside the crate.

use std::collections::BTreeSet;
use std::time::SystemTime;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use genlock_store::Timestamp;
use serde_json::Value;

use crate::harness::{Api, last_segment, request};

/// Written anew with `UPDATE_GOLDEN=1 cargo test -p genlock-control-api openapi`.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

#[test]
fn the_description_is_the_golden_one() {
    let described = genlock_control_api::document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &described).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    assert!(described == golden, "the API changed: run with UPDATE_GOLDEN=1 and review the diff");
}

#[tokio::test]
async fn the_description_is_served_to_anybody() {
    let api = Api::new();
    let request = Request::get("/api/openapi.json").body(Body::empty()).unwrap();
    let answer = api.send(request).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/json");
    let described = genlock_control_api::document().to_pretty_json().unwrap();
    assert_eq!(answer.text, described);
    assert_eq!(answer.json()["openapi"], "3.1.0");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(genlock_control_api::document()).unwrap();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.contains("#/components/schemas/Problem"), "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(reference) if name == "$ref" => {
                        references.insert(reference.clone());
                    }
                    value => collect(value, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[test]
fn everything_below_api_asks_for_the_token() {
    let document = serde_json::to_value(genlock_control_api::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let guarded = operation["responses"]["401"].is_object();
            let observed = ["/metrics", "/stat"].contains(&path.as_str());
            let wanted = path.starts_with("/api/") || path.starts_with("/ws/") || observed;
            assert_eq!(guarded, wanted, "{method} {path}");
        }
    }
}

/// What stands in examples, of which the server knows nothing.
fn real(text: &str, known: &[(&str, &str)]) -> String {
    known.iter().fold(text.to_owned(), |text, (example, real)| text.replace(example, real))
}

#[tokio::test]
async fn every_example_of_a_request_is_a_legal_one() {
    let document = serde_json::to_value(genlock_control_api::document()).unwrap();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let json = &operation["requestBody"]["content"]["application/json"];
            if json.is_null() {
                continue;
            }
            let api = Api::new();
            api.call("POST", "/api/playback-keys/rotate").await;
            let event = api.event().await;
            let camera = api.camera(&event, "Altar").await;
            let in_a_minute = Timestamp::from(SystemTime::now()).as_millis() + 60_000;
            let known = [
                ("k5x2mhd7qpa3vtye", last_segment(&camera)),
                ("2026-10-31T13:00:00+01:00", &Timestamp::from_millis(in_a_minute).to_string()),
            ];
            let path = path.replace("{event}", last_segment(&event));
            let path = path.replace("{camera}", last_segment(&camera));
            let path = path.replace("{target}", "back-end");
            let example: Value =
                serde_json::from_str(&real(&json["example"].to_string(), &known)).unwrap();
            assert!(example.is_object(), "{method} {path} has no example");
            let mut call = request(&method.to_uppercase(), &path, Some(example.clone()));
            call.headers_mut().insert("host", "live.example".parse().unwrap());
            let answer = api.send(call).await;
            // What needs a live camera or a recording is tried where there is one.
            let needs = ["camera_not_live", "recording_not_found"];
            let needs_more = needs.iter().any(|code| answer.text.contains(code));
            assert!(
                answer.status.is_success() || needs_more,
                "{method} {path} {example}: {answer:?}"
            );
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn every_answer_has_an_example() {
    let document = serde_json::to_value(genlock_control_api::document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                    let is_file =
                        ["image/", "video/"].iter().any(|kind| media_type.starts_with(kind));
                    let has_one = content.get("example").is_some_and(|example| !example.is_null());
                    let has_some =
                        content["examples"].as_object().is_some_and(|some| !some.is_empty());
                    assert!(
                        is_file || has_one || has_some,
                        "{method} {path} {status} {media_type}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let api = Api::new();
    let get = async |path: &str| api.send(Request::get(path).body(Body::empty()).unwrap()).await;
    let page = get("/api/docs").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    for file in ["page.css", "page.js"] {
        assert!(page.text.contains(&format!("\"docs/{file}\"")), "{file}");
        let asset = get(&format!("/api/docs/{file}")).await;
        assert_eq!(asset.status, StatusCode::OK);
        assert_eq!(asset.header("x-content-type-options"), "nosniff");
        assert!(!asset.text.contains("://"), "{file} names another server");
    }
    assert!(!page.text.contains("://"));
    assert!(!page.text.contains(" style=") && !page.text.contains("<script>"), "nothing inline");
}
