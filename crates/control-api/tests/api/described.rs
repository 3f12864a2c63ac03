//! Holds answers against the description of the API: each status, each code of a problem, and the request's id.

use std::sync::LazyLock;

use axum::http::Method;
use serde_json::Value;

use crate::harness::Answer;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(genlock_control_api::document()).unwrap());

/// Panics if the description does not have such an answer to this call. Calls that it does not have at all are
/// checked by whoever makes them.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    assert!(!answer.header("x-request-id").is_empty(), "{method} {path}: {answer:?}");
    let Some(operation) = operation(method, path) else { return };
    let described = &operation["responses"][answer.status.as_str()];
    assert!(described.is_object(), "{method} {path} is not described with {answer:?}");
    // Answers to HEAD have the header and no body.
    if !answer.text.is_empty() && answer.header("content-type") == "application/problem+json" {
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        let examples = &described["content"]["application/problem+json"]["examples"];
        assert!(examples[&code].is_object(), "{method} {path} is not described with {code}");
    }
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let method = if method == Method::HEAD { "get" } else { &method.as_str().to_lowercase() };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    // What has no parameters comes first, as in the router.
    let mut matching: Vec<_> = paths.iter().filter(|(known, _)| is_at(known, path)).collect();
    matching.sort_by_key(|(known, _)| known.matches('{').count());
    matching.first().and_then(|(_, item)| item.get(method))
}

fn is_at(known: &str, path: &str) -> bool {
    let (known, path): (Vec<_>, Vec<_>) = (known.split('/').collect(), path.split('/').collect());
    let fits = |(known, given): (&&str, &&str)| {
        known == given || (known.starts_with('{') && !given.is_empty())
    };
    known.len() == path.len() && known.iter().zip(&path).all(fits)
}
