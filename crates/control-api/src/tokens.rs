//! `/api/events/{event}/tokens`: what an owner hands to others, for an event or one camera of it, for a while.
//!
//! A token appears in exactly one answer, the one that made it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use genlock_store::{
    AccessRole, AccessSecret, AccessToken, CameraId, DisplayName, Timestamp, TokenId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cameras::random_failed;
use crate::events;
use crate::extract::{Body, integer, present};
use crate::limits::{TOKEN_SECONDS_MAX, TOKEN_SECONDS_MIN};
use crate::openapi::{Id, Name};
use crate::paths::{EventPath, TokenPath};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;
use crate::time::{now, rfc3339};

/// An access token that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// What its holder may do.
    role: RoleName,
    /// The one camera that it is for: a tally page, the operator of that camera. Left out, it is for the whole
    /// event.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, value_type = Option<Id>)]
    camera: Option<String>,
    /// Name for people: 1 to 200 characters, no control characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = "Tally of the altar", value_type = Option<Name>)]
    name: Option<String>,
    /// Seconds until it ends: a minute to 31 days.
    #[schema(minimum = 60, maximum = 2678400, example = 28800)]
    #[serde(deserialize_with = "integer")]
    expires_in: u32,
}

/// What the holder of an access token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub(crate) enum RoleName {
    /// See the event, its cameras and who is on air.
    Viewer,
    /// The same, and switch.
    Operator,
}

/// An access token, without what its holder presents.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenView {
    /// Identity, fixed. Not the token.
    #[schema(example = "r4vx5k2mhd7qpa3t")]
    id: String,
    /// What its holder may do.
    role: RoleName,
    /// The one camera that it is for, `null` for the whole event.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    camera_id: Option<String>,
    /// Name for people.
    #[schema(example = "Tally of the altar")]
    name: Option<String>,
    /// When it was made.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A new access token, which is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenWithSecret {
    #[serde(flatten)]
    described: TokenView,
    /// What its holder presents, as `Authorization: Bearer`.
    #[schema(example = "glk_mzxw6ytboi4dqnrrgm2tknrrgi3dqnzrgm2tknrr")]
    token: String,
}

/// Access tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// Oldest first. Ended ones may be among them.
    items: Vec<TokenView>,
}

/// Make an access token
#[utoipa::path(
    post, path = "/api/events/{event}/tokens", tag = "tokens", operation_id = "create_token",
    params(EventPath),
    request_body = NewToken,
    responses(
        (
            status = 201, description = "the token, shown this once", body = TokenWithSecret,
            headers(("location" = String, description = "path of the token"))
        ),
        (status = 409, description = "the event has as many tokens as it may have")
    )
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    Body(wanted): Body<NewToken>,
) -> Result<Response, Problem> {
    if !(TOKEN_SECONDS_MIN..=TOKEN_SECONDS_MAX).contains(&wanted.expires_in) {
        let why = format!("a token lasts {TOKEN_SECONDS_MIN} to {TOKEN_SECONDS_MAX} seconds");
        return Err(Problem::invalid("expires_in", why));
    }
    let camera = match wanted.camera.as_deref() {
        None => None,
        Some(text) => {
            let id = CameraId::parse(text).map_err(|why| Problem::invalid("camera", why))?;
            events::find(&shared, &event).await?;
            if shared.store.camera(&event, &id).await?.is_none() {
                return Err(Problem::invalid("camera", "the event has no such camera"));
            }
            Some(id)
        }
    };
    let name = wanted.name.as_deref().map(DisplayName::parse).transpose();
    let (secret, created_at) = (AccessSecret::random().map_err(random_failed)?, now());
    let token = AccessToken {
        id: TokenId::random().map_err(random_failed)?,
        event,
        camera,
        role: wanted.role.into(),
        name: name.map_err(|why| Problem::invalid("name", why))?,
        hash: secret.hash(),
        created_at,
        expires_at: later(created_at, wanted.expires_in),
    };
    shared.store.create_token(token.clone(), created_at).await?;
    let location = format!("/api/events/{}/tokens/{}", token.event, token.id);
    let shown = TokenWithSecret { described: token.into(), token: secret.reveal().to_owned() };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(shown)).into_response())
}

/// List the access tokens of an event
#[utoipa::path(
    get, path = "/api/events/{event}/tokens", tag = "tokens", operation_id = "list_tokens",
    params(EventPath),
    responses((status = 200, description = "its access tokens, oldest first", body = TokenList))
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
) -> Result<Json<TokenList>, Problem> {
    events::find(&shared, &event).await?;
    let tokens = shared.store.tokens(&event).await?;
    Ok(Json(TokenList { items: tokens.into_iter().map(TokenView::from).collect() }))
}

/// Revoke an access token; it admits nobody from now on, and connections that it opened are closed
#[utoipa::path(
    delete, path = "/api/events/{event}/tokens/{token}", tag = "tokens",
    operation_id = "revoke_token",
    params(TokenPath),
    responses((status = 204, description = "it is revoked"))
)]
pub(crate) async fn revoke(
    State(shared): State<Arc<Shared>>,
    TokenPath(event, id): TokenPath,
) -> Result<StatusCode, Problem> {
    if shared.store.delete_token(&event, &id).await?.is_some() {
        shared.token_revoked();
        return Ok(StatusCode::NO_CONTENT);
    }
    events::find(&shared, &event).await?;
    Err(Problem::new(ProblemCode::TokenNotFound, "the event has no such token"))
}

/// `seconds` after `from`.
pub(crate) fn later(from: Timestamp, seconds: u32) -> Timestamp {
    Timestamp::from_millis(from.as_millis().saturating_add(i64::from(seconds) * 1000))
}

impl From<AccessToken> for TokenView {
    fn from(token: AccessToken) -> Self {
        Self {
            id: token.id.into(),
            role: token.role.into(),
            camera_id: token.camera.map(String::from),
            name: token.name.map(|name| name.to_string()),
            created_at: token.created_at,
            expires_at: token.expires_at,
        }
    }
}

impl From<AccessRole> for RoleName {
    fn from(role: AccessRole) -> Self {
        match role {
            AccessRole::Viewer => Self::Viewer,
            AccessRole::Operator => Self::Operator,
        }
    }
}

impl From<RoleName> for AccessRole {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Viewer => Self::Viewer,
            RoleName::Operator => Self::Operator,
        }
    }
}
