//! Playback: paths that open a signed event for a while, and the keys that sign them.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use genlock_store::playback::RotationError;
use genlock_store::{MetaKey, Playback, PlaybackKeys, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{
    KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};

use crate::addresses::Links;
use crate::auth::Caller;
use crate::cameras::random_failed;
use crate::events;
use crate::extract::{Body, OptionalBody, integer, present, present_integer};
use crate::limits::{GRACE_SECONDS_MAX, PLAYBACK_SECONDS_MAX, PLAYBACK_SECONDS_MIN};
use crate::live::{Change, Opened, PlaybackGrant};
use crate::paths::EventPath;
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;
use crate::time::{now, rfc3339, rfc3339_option};
use crate::tokens::later;

/// Who may watch an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Playback)]
pub(crate) enum PlaybackName {
    /// Whoever has the address.
    Public,
    /// Whoever has a path with a playback token in it.
    Signed,
}

/// A playback token that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPlaybackToken {
    /// Seconds until it ends: ten seconds to 31 days. Not beyond the end of the access token that asks.
    #[schema(minimum = 10, maximum = 2678400, example = 14400)]
    #[serde(deserialize_with = "integer")]
    expires_in: u32,
    /// The one address that may use it; of IPv6 the /64 counts. Left out, any may.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, schema_with = address_schema)]
    address: Option<String>,
    /// Whether it opens every camera too, and not only the programme. Default false.
    #[serde(default)]
    cameras: bool,
    /// Whether it opens everything: the cameras too, and what was recorded of them and of the programme, as
    /// `/p/{token}/watch/{event}/recordings/{recording}/…` (`index.m3u8`, `download.mp4`). Default false.
    #[serde(default)]
    recordings: bool,
}

fn address_schema() -> Schema {
    let of = |format| ObjectBuilder::new().schema_type(Type::String).format(Some(format));
    OneOfBuilder::new()
        .item(of(SchemaFormat::KnownFormat(KnownFormat::Ipv4)))
        .item(of(SchemaFormat::KnownFormat(KnownFormat::Ipv6)))
        .examples(["192.0.2.7"])
        .into()
}

/// A playback token, as part of the addresses that it opens.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlaybackTokenView {
    /// The token: `/p/{token}/hls/…` opens what `/hls/…` does not.
    #[schema(example = "k3hd7q.1793462400.p.x2mhd7qpa3vtyek5x2mhd7qpa3vtye")]
    token: String,
    /// When it ends. A player that holds it stops at its next request after that.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Multivariant playlist of the programme, LL-HLS.
    #[schema(example = "http://live.example:8080/p/TOKEN/hls/q3vx5k2mhd7qpa4t/program/index.m3u8")]
    hls_url: String,
    /// The same as MPEG-TS.
    #[schema(example = "http://live.example:8080/p/TOKEN/hls/q3vx5k2mhd7qpa4t/program/ts.m3u8")]
    ts_url: String,
    /// The viewer's page.
    #[schema(example = "http://live.example:8080/p/TOKEN/watch/q3vx5k2mhd7qpa4t")]
    watch_url: String,
}

/// How the key is to be replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// Seconds for which tokens that older keys signed are believed still, at most 31 days. Left out, each lives to its
    /// own end; 0 ends them all at once, as after a leak.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, maximum = 2678400, example = 3600)]
    grace: Option<u32>,
}

/// The keys that playback tokens are signed with, without their secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlaybackKeyList {
    /// Newest first; it is the one that signs.
    items: Vec<PlaybackKeyView>,
}

/// A key that playback tokens are signed with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlaybackKey)]
pub(crate) struct PlaybackKeyView {
    /// Names the key in tokens.
    #[schema(example = "k3hd7q")]
    id: String,
    /// When it was made.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When tokens that it signed end, whatever they say; `null` for the newest key.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    retires_at: Option<Timestamp>,
}

/// Make a playback token
#[utoipa::path(
    post, path = "/api/events/{event}/playback-tokens", tag = "playback",
    operation_id = "create_playback_token",
    params(EventPath),
    request_body = NewPlaybackToken,
    responses((status = 201, description = "the token and what it opens", body = PlaybackTokenView))
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    Caller(caller): Caller,
    links: Links,
    EventPath(event): EventPath,
    Body(wanted): Body<NewPlaybackToken>,
) -> Result<Response, Problem> {
    if !(PLAYBACK_SECONDS_MIN..=PLAYBACK_SECONDS_MAX).contains(&wanted.expires_in) {
        let why = format!("it lasts {PLAYBACK_SECONDS_MIN} to {PLAYBACK_SECONDS_MAX} seconds");
        return Err(Problem::invalid("expires_in", why));
    }
    let event = events::find(&shared, &event).await?.id;
    let asked = later(now(), wanted.expires_in);
    let expires_at = caller.expires_at().map_or(asked, |ends| ends.min(asked));
    let address = wanted.address.as_deref().map(str::parse).transpose();
    let address: Option<IpAddr> = address.map_err(|why| Problem::invalid("address", why))?;
    let opens = match (wanted.recordings, wanted.cameras) {
        (true, _) => Opened::Archive,
        (false, true) => Opened::Event,
        (false, false) => Opened::Program,
    };
    let grant = PlaybackGrant { event: event.clone(), opens, expires_at, address };
    let token = shared.live.sign_playback(&grant).ok_or_else(|| {
        Problem::new(ProblemCode::Unavailable, "the playback keys are not there yet")
    })?;
    let links = links.below(&format!("/p/{token}"));
    let view = PlaybackTokenView {
        token,
        expires_at,
        hls_url: links.program_hls(&event),
        ts_url: links.program_ts(&event),
        watch_url: links.watch(&event),
    };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// Replace the key that playback tokens are signed with
#[utoipa::path(
    post, path = "/api/playback-keys/rotate", tag = "playback",
    operation_id = "rotate_playback_key",
    request_body = Option<Rotation>,
    responses(
        (status = 200, description = "the keys as they are now", body = PlaybackKeyList),
        (status = 409, description = "as many old keys as there may be are believed still")
    )
)]
pub(crate) async fn rotate(
    State(shared): State<Arc<Shared>>,
    OptionalBody(wanted): OptionalBody<Rotation>,
) -> Result<Json<PlaybackKeyList>, Problem> {
    let grace = wanted.grace.unwrap_or(GRACE_SECONDS_MAX);
    if grace > GRACE_SECONDS_MAX {
        return Err(Problem::invalid("grace", format!("at most {GRACE_SECONDS_MAX} seconds")));
    }
    let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
    let keys = shared
        .change(async move {
            let kept = store.meta(MetaKey::PlaybackKeys).await?;
            let kept = kept.as_deref().and_then(PlaybackKeys::from_text);
            let keys = match kept {
                Some(keys) => keys.rotate(now(), i64::from(grace) * 1000)?,
                None => PlaybackKeys::random(now()).map_err(random_failed)?,
            };
            store.set_meta(MetaKey::PlaybackKeys, keys.to_text()).await?;
            live.apply(Change::PlaybackKeys(keys.clone())).await;
            Ok(keys)
        })
        .await?;
    let view = |key: &genlock_store::playback::PlaybackKey| PlaybackKeyView {
        id: key.id.clone(),
        created_at: key.created_at,
        retires_at: key.retires_at,
    };
    Ok(Json(PlaybackKeyList { items: keys.keys().iter().map(view).collect() }))
}

impl From<RotationError> for Problem {
    fn from(error: RotationError) -> Self {
        match error {
            RotationError::NoEntropy(error) => random_failed(error),
            error => Self::new(ProblemCode::LimitReached, error.to_string()),
        }
    }
}

impl From<PlaybackName> for Playback {
    fn from(name: PlaybackName) -> Self {
        match name {
            PlaybackName::Public => Self::Public,
            PlaybackName::Signed => Self::Signed,
        }
    }
}

impl From<Playback> for PlaybackName {
    fn from(playback: Playback) -> Self {
        match playback {
            Playback::Public => Self::Public,
            Playback::Signed => Self::Signed,
        }
    }
}
