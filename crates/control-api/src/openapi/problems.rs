//! Which problems each call can answer with: most follow from its shape, the rest is declared here.
//!
//! Every problem is an example of its status's answer, named by its code. The API's tests hold each answer that
//! they get against this.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use utoipa::ToSchema as _;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder};

use super::{asks_for_token, inline, operations};
use crate::problem::ProblemCode::*;
use crate::problem::{MEDIA_TYPE, ProblemCode, ProblemDetails};

/// Calls by their ids, and the codes that do not follow from their shapes.
const OF_CALLS: &[(&str, &[ProblemCode])] = &[
    ("create_event", &[LimitReached, AlreadyExists]),
    ("create_camera", &[LimitReached, ClaimRequired, EventEnded, AlreadyExists]),
    ("create_token", &[LimitReached, AlreadyExists]),
    ("rotate_playback_key", &[LimitReached]),
    ("schedule_take", &[LimitReached, AlreadyExists]),
    ("switch", TAKE),
    ("compatible_switch", TAKE),
    ("update_event", &[PreconditionFailed]),
    ("delete_event", &[PreconditionFailed]),
    ("update_camera", &[PreconditionFailed]),
    ("delete_camera", &[PreconditionFailed]),
    ("put_hook_target", &[AlreadyExists, LimitReached]),
    ("delete_hook_target", &[AlreadyExists, HookTargetNotFound]),
    ("undo", &[NothingToUndo, EventEnded]),
    ("start_event", STEP),
    ("pause_event", STEP),
    ("resume_event", STEP),
    ("end_event", STEP),
    ("put_slate", &[UnusablePicture]),
    ("reload_configuration", &[ConfigurationRefused]),
    ("delete_recording", &[RecordingOpen, RecordingUsed]),
    ("recut", &[RecordingRemoved, LimitReached]),
    ("recording_clip", &[NothingRecorded]),
    ("download_recording", &[NothingRecorded]),
    ("recording_edit_list", &[NothingRecorded]),
    ("follow_by_websocket", &[ForeignOrigin, UpgradeRequired]),
    ("compatible_follow", &[ForeignOrigin, UpgradeRequired]),
    ("preview", &[ForeignOrigin, UpgradeRequired]),
];

/// What stands in the way of a take.
const TAKE: &[ProblemCode] = &[
    CameraNotLive,
    EventEnded,
    EventPaused,
    EventNotStarted,
    InvalidValue,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
];

/// What stands in the way of a step in an event's life.
const STEP: &[ProblemCode] = &[EventEnded, EventPaused, EventNotStarted, EventRunning];

/// What observers read; some of it without a token.
const OBSERVED: [&str; 2] = ["/metrics", "/stat"];

/// What stands in the way of callers.
const TOKEN: &[ProblemCode] = &[Unauthorized, Forbidden, TooManyAttempts];

/// Adds the problems of every call, and an example of each code.
pub(super) fn add(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let refusals = if asks_for_token(path) || OBSERVED.contains(&path.as_str()) {
            TOKEN
        } else if path.starts_with("/watch/") {
            &[PlaybackRefused]
        } else {
            continue;
        };
        for operation in operations(item) {
            let mut codes = codes_of(path, operation);
            codes.extend(refusals);
            describe(operation, &codes);
        }
    }
    let components = document.components.get_or_insert_default();
    for code in ProblemCode::ALL {
        components.examples.insert(code.as_text(), example(*code, code.status()).into());
    }
}

/// The problems that a call can answer with, whoever asks.
fn codes_of(path: &str, operation: &Operation) -> BTreeSet<ProblemCode> {
    let mut codes = BTreeSet::from([Internal, StoreUnavailable, Unavailable]);
    if path.contains('{') {
        codes.insert(InvalidId);
    }
    for (parameter, code) in [
        ("{event}", EventNotFound),
        ("{wedding_id}", EventNotFound),
        ("{camera}", CameraNotFound),
        ("{camera_id}", CameraNotFound),
        ("{take}", ScheduledTakeNotFound),
        ("{recording}", RecordingNotFound),
        ("{delivery}", DeliveryNotFound),
        ("{token}", TokenNotFound),
    ] {
        if path.contains(parameter) {
            codes.insert(code);
        }
    }
    if is_read_from_query(operation) {
        codes.extend([UnknownField, InvalidValue]);
    }
    if let Some(RefOr::T(body)) = &operation.request_body {
        codes.extend([RequestTimeout, BodyTooLarge, UnsupportedMediaType]);
        if body.content.contains_key("application/json") {
            codes.extend([BadJson, UnknownField, DuplicateField, WrongType, InvalidValue]);
        }
        if body.required == Some(Required::True) && body.content.contains_key("application/json") {
            codes.insert(MissingField);
        }
    }
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let declared = OF_CALLS.iter().filter(|(call, _)| *call == id);
    codes.extend(declared.flat_map(|(_, codes)| *codes));
    codes
}

/// WebSockets pass over what they do not understand.
fn is_read_from_query(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    let in_query = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query);
    operation.operation_id.as_deref() != Some("follow_by_websocket") && parameters.any(in_query)
}

fn describe(operation: &mut Operation, codes: &BTreeSet<ProblemCode>) {
    let id = operation.operation_id.clone().unwrap_or_default();
    for code in codes {
        let status = status_of(&id, *code);
        let responses = &mut operation.responses.responses;
        let response = responses.entry(status.as_str().to_owned()).or_insert_with(|| {
            let description = status.canonical_reason().unwrap_or_default();
            let response: Response = ResponseBuilder::new().description(description).build();
            response.into()
        });
        let Some(response) = inline(response) else { continue };
        let content = response.content.entry(MEDIA_TYPE.to_owned()).or_insert_with(|| {
            let problem = Ref::from_schema_name(ProblemDetails::name());
            ContentBuilder::new().schema(Some(problem)).build().into()
        });
        let Some(content) = inline(content) else { continue };
        let named: RefOr<Example> = if status == code.status() {
            RefOr::Ref(Ref::new(format!("#/components/examples/{}", code.as_text())))
        } else {
            example(*code, status).into()
        };
        content.examples.insert(code.as_text(), named);
    }
}

/// The compatible paths answer with the NGINX-RTMP plan's status.
fn status_of(operation: &str, code: ProblemCode) -> StatusCode {
    match (operation, code) {
        ("compatible_switch", CameraNotLive) => StatusCode::BAD_REQUEST,
        _ => code.status(),
    }
}

fn example(code: ProblemCode, status: StatusCode) -> Example {
    let value = serde_json::to_value(ProblemDetails::example(code, status));
    let value = value.expect("problem details are plain data");
    ExampleBuilder::new().summary(code.meaning()).value(Some(value)).build()
}
