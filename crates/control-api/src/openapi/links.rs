//! Where the calls that make something lead: which other calls take the id in the answer.

use std::collections::BTreeMap;

use utoipa::openapi::OpenApi;
use utoipa::openapi::link::Link;

use super::{inline, operations};

/// The call that makes something, the parameter that names it elsewhere, and where the answer has its id.
const MADE_BY: [(&str, &str, &str); 6] = [
    ("create_event", "event", "$response.body#/id"),
    ("create_event", "wedding_id", "$response.body#/id"),
    ("create_camera", "camera", "$response.body#/camera_id"),
    ("create_camera", "camera_id", "$response.body#/camera_id"),
    ("schedule_take", "take", "$response.body#/id"),
    ("create_token", "token", "$response.body#/id"),
];

/// Where the call that makes something inside an event has the event's id, for either name of the parameter.
const EVENT: &str = "$request.path.event";

/// Adds a link to each call whose parameters are known then.
pub(super) fn add(document: &mut OpenApi) {
    let calls = calls(document);
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            let id = operation.operation_id.clone().unwrap_or_default();
            let made = operation.responses.responses.get_mut("201").and_then(inline);
            let Some(made) = made else { continue };
            for (call, parameters) in &calls {
                if let Some(parameters) = known_after(&id, parameters) {
                    let mut link = Link::default();
                    link.operation_id.clone_from(call);
                    link.parameters = parameters;
                    made.links.insert(call.clone(), link.into());
                }
            }
        }
    }
}

/// Each call's id and the parameters of its path.
fn calls(document: &mut OpenApi) -> Vec<(String, Vec<String>)> {
    let mut calls = Vec::new();
    for (path, item) in &mut document.paths.paths {
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let names: Vec<_> = names.map(str::to_owned).collect();
        for operation in operations(item) {
            calls.extend(operation.operation_id.clone().map(|id| (id, names.clone())));
        }
    }
    calls
}

/// What the parameters of a call are after `made_by`; `None` unless all are known, one of them since then.
fn known_after(
    made_by: &str,
    parameters: &[String],
) -> Option<BTreeMap<String, serde_json::Value>> {
    let new = |name: &str| {
        let made = MADE_BY.iter().find(|(call, made, _)| *call == made_by && *made == name);
        made.map(|(_, _, place)| *place)
    };
    let inside = made_by != "create_event";
    let known = |name: &String| {
        let is_event = inside && matches!(name.as_str(), "event" | "wedding_id");
        let place = new(name).or_else(|| is_event.then_some(EVENT))?;
        Some((name.clone(), place.into()))
    };
    parameters.iter().any(|name| new(name).is_some()).then_some(())?;
    parameters.iter().map(known).collect()
}
