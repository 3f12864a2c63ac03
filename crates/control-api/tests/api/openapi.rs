//! `/api/openapi.json` and the golden file beside the crate.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::Value;

use crate::harness::Api;

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
    assert_eq!(paths.len(), 42);
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let guarded = operation["responses"]["401"].is_object();
            let wanted = path.starts_with("/api/") || path.starts_with("/ws/");
            assert_eq!(guarded, wanted, "{method} {path}");
        }
    }
}
