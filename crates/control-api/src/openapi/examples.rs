//! Examples of every JSON body, made of the examples of its fields.
//!
//! A field names its own example where its type says too little (`#[schema(example = …)]`); the rest follows from the
//! schema: the first name of an enumeration, the least number, one item of a list.

use serde_json::{Map, Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, OpenApi};

use super::{inline, operations};

const JSON: &str = "application/json";

/// How deep schemas are followed: none of ours comes back to itself, and none is half as deep. Each reference counts as a step.
const DEPTH_MAX: usize = 32;

/// Adds the examples.
pub(super) fn add(document: &mut OpenApi) {
    let components = serde_json::to_value(&document.components).expect("components are plain data");
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            for content in bodies(operation) {
                if content.example.is_none() && content.examples.is_empty() {
                    let schema =
                        serde_json::to_value(&content.schema).expect("schemas are plain data");
                    content.example = Some(of(&components, &schema, DEPTH_MAX));
                }
            }
        }
    }
}

/// The JSON that a call takes, and that it gives. Problems have examples of their own.
fn bodies(operation: &mut Operation) -> impl Iterator<Item = &mut Content> {
    let asked = operation.request_body.iter_mut().filter_map(inline);
    let answered = operation.responses.responses.values_mut().filter_map(inline);
    asked
        .flat_map(|body| body.content.iter_mut())
        .chain(answered.flat_map(|response| response.content.iter_mut()))
        .filter(|(media_type, _)| *media_type == JSON)
        .filter_map(|(_, content)| inline(content))
}

fn of(components: &Value, schema: &Value, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)) {
        return example.clone();
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches("#/components");
        let target = components.pointer(pointer).unwrap_or(&Value::Null);
        return of(components, target, depth);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| of(components, part, depth));
        return Value::Object(parts.filter_map(into_fields).flatten().collect());
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let first = choices.iter().find(|choice| choice["type"] != "null");
        return first.map_or(Value::Null, |choice| of(components, choice, depth));
    }
    if let Some(names) = schema["enum"].as_array() {
        return names.first().cloned().unwrap_or_default();
    }
    of_type(components, schema, depth)
}

fn of_type(components: &Value, schema: &Value, depth: usize) -> Value {
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").unwrap_or(&Value::Null),
        kind => kind,
    };
    match kind.as_str() {
        Some("object") => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            fields.map(|(name, field)| (name.clone(), of(components, field, depth))).collect()
        }
        Some("array") => json!([of(components, &schema["items"], depth)]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 0.into()),
        Some("boolean") => false.into(),
        Some("string") if schema["format"] == "date-time" => "2026-10-31T12:00:00.000Z".into(),
        Some("string") => "text".into(),
        _ => Value::Null,
    }
}

fn into_fields(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}
