//! The ids that paths name, read and described.

use std::fmt::Display;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use genlock_store::{CameraId, EventId, HookDeliveryId, HookTargetName, ScheduledTakeId, TokenId};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::openapi::path_id;
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// The event that a path names.
#[derive(Debug)]
pub(crate) struct EventPath(pub(crate) EventId);

/// The event and the camera that a path names.
#[derive(Debug)]
pub(crate) struct CameraPath(pub(crate) EventId, pub(crate) CameraId);

/// The camera that a path names without its event.
#[derive(Debug)]
pub(crate) struct LoneCameraPath(pub(crate) CameraId);

/// The event and the scheduled take that a path names.
#[derive(Debug)]
pub(crate) struct ScheduledTakePath(pub(crate) EventId, pub(crate) ScheduledTakeId);

/// The delivery that a path names.
#[derive(Debug)]
pub(crate) struct DeliveryPath(pub(crate) HookDeliveryId);

/// The hook target that a path names.
#[derive(Debug)]
pub(crate) struct HookTargetPath(pub(crate) HookTargetName);

/// The event and the access token that a path names.
#[derive(Debug)]
pub(crate) struct TokenPath(pub(crate) EventId, pub(crate) TokenId);

/// Reads and describes a path's ids: how they are found, and for the description their names, meanings and
/// examples.
macro_rules! path {
    ($name:ident($params:ident) = $read:expr, $($of:literal $means:literal $example:literal),+) => {
        impl FromRequestParts<Arc<Shared>> for $name {
            type Rejection = Problem;

            async fn from_request_parts(
                parts: &mut Parts,
                shared: &Arc<Shared>,
            ) -> Result<Self, Problem> {
                let $params = &path_params(parts, shared).await?;
                Ok($read)
            }
        }

        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                vec![$(path_id($of, $means, $example)),+]
            }
        }
    };
}

path!(
    EventPath(params) = Self(event_id(params)?),
    "event" "id of the event" "q3vx5k2mhd7qpa4t"
);
path!(
    CameraPath(params) = Self(event_id(params)?, camera_id(params)?),
    "event" "id of the event" "q3vx5k2mhd7qpa4t",
    "camera" "id of the camera" "k5x2mhd7qpa3vtye"
);
path!(
    LoneCameraPath(params) = Self(camera_id(params)?),
    "camera_id" "id of the camera" "k5x2mhd7qpa3vtye"
);
path!(
    ScheduledTakePath(params) =
        Self(event_id(params)?, id(params, &["take"], ScheduledTakeId::parse)?),
    "event" "id of the event" "q3vx5k2mhd7qpa4t",
    "take" "id of the scheduled take" "mzxw6ytboi4dqnrr"
);
path!(
    DeliveryPath(params) = Self(id(params, &["delivery"], HookDeliveryId::parse)?),
    "delivery" "id of the delivery" "mzxw6ytboi4dqnrr"
);
path!(
    HookTargetPath(params) = Self(id(params, &["target"], HookTargetName::parse)?),
    "target" "name of the hook target" "back-end"
);
path!(
    TokenPath(params) = Self(event_id(params)?, id(params, &["token"], TokenId::parse)?),
    "event" "id of the event" "q3vx5k2mhd7qpa4t",
    "token" "id of the token, not the token" "r4vx5k2mhd7qpa3t"
);

/// An event's path, under its name in the NGINX-RTMP plan. Read by [`EventPath`].
pub(crate) struct WeddingPath;

/// A camera's path, under its name in the NGINX-RTMP plan. Read by [`CameraPath`].
pub(crate) struct WeddingCameraPath;

impl IntoParams for WeddingPath {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![path_id("wedding_id", "id of the event", "q3vx5k2mhd7qpa4t")]
    }
}

impl IntoParams for WeddingCameraPath {
    fn into_params(parameter_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut both = WeddingPath::into_params(&parameter_in);
        both.extend(LoneCameraPath::into_params(parameter_in));
        both
    }
}

pub(crate) async fn path_params(
    parts: &mut Parts,
    shared: &Arc<Shared>,
) -> Result<RawPathParams, Problem> {
    RawPathParams::from_request_parts(parts, shared)
        .await
        .map_err(|_| Problem::new(ProblemCode::InvalidId, "the path is not UTF-8"))
}

/// The compatible paths call an event a wedding.
pub(crate) fn event_id(params: &RawPathParams) -> Result<EventId, Problem> {
    id(params, &["event", "wedding_id"], EventId::parse)
}

pub(crate) fn camera_id(params: &RawPathParams) -> Result<CameraId, Problem> {
    id(params, &["camera", "camera_id"], CameraId::parse)
}

/// The id in the first parameter with one of `names`. A route without any of them reads as an empty id.
fn id<T, E: Display>(
    params: &RawPathParams,
    names: &[&'static str],
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Problem> {
    let found = params.iter().find(|(name, _)| names.contains(name));
    let (field, text) = found.unwrap_or(("path", ""));
    parse(text).map_err(|why| Problem::of_field(ProblemCode::InvalidId, field, why.to_string()))
}
