//! `/healthz` and `/readyz`: public, and therefore without names, ids or keys. `/metrics` and `/stat`: more of that for
//! observers with a token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use genlock_store::{MetaKey, StoreState, StoreStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Observer, Peer, observer};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;
use crate::{metrics, stat};

/// Whether the server can take traffic.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct ReadinessView {
    /// Whether all parts work.
    ready: bool,
    /// The parts.
    checks: Vec<CheckView>,
    /// Whether everything is where it belongs.
    store: StoreStateView,
    /// Writes that are kept here until the shared database takes them.
    #[schema(example = 0)]
    pending: u64,
}

/// Whether everything is where it belongs.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = StoreState)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StoreStateView {
    /// Everything is.
    Ok,
    /// The shared database does not take writes now. They are kept here and will follow.
    Behind,
    /// The last write failed here: the disk is full, too slow or gone. What needs no write goes on.
    Failing,
    /// The shared database is another one than the one that was copied here: nothing is written to it.
    Foreign,
}

impl From<StoreState> for StoreStateView {
    fn from(state: StoreState) -> Self {
        match state {
            StoreState::Ok => Self::Ok,
            StoreState::Behind => Self::Behind,
            StoreState::Failing => Self::Failing,
            StoreState::Foreign => Self::Foreign,
        }
    }
}

/// How the store is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Store)]
pub(crate) struct StoreView {
    /// Whether everything is where it belongs.
    state: StoreStateView,
    /// Writes that are kept here until the shared database takes them.
    #[schema(example = 0)]
    pending: u64,
    /// Writes that the shared database refused for what they are. They are kept here for a human to look at.
    #[schema(example = 0)]
    rejected: u64,
    /// Why the last attempt to write failed, `null` if it did not.
    #[schema(example = json!(null))]
    last_error: Option<String>,
}

/// A part that must work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub(crate) struct CheckView {
    /// Which.
    #[schema(example = "store")]
    name: &'static str,
    /// What is wrong with it, `null` if nothing is.
    #[schema(example = "does not answer")]
    problem: Option<String>,
}

/// Ask whether the process lives
#[utoipa::path(
    get, path = "/healthz", tag = "system", operation_id = "healthz", security(()),
    responses((
        status = 200, description = "it does", body = String, content_type = "text/plain",
        example = json!("ok\n")
    ))
)]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Ask whether the server can take traffic
#[utoipa::path(
    get, path = "/readyz", tag = "system", operation_id = "readyz", security(()),
    responses(
        (status = 200, description = "it can", body = ReadinessView),
        (status = 503, description = "it cannot; why", body = ReadinessView)
    )
)]
pub(crate) async fn readyz(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let status = shared.store.status();
    let store = shared.store.meta(MetaKey::AdminTokenHash).await;
    // What exactly the back end said is in the log, not in a public answer.
    let problem = match (store, status.state) {
        (Err(error), _) => {
            tracing::warn!(%error, "the store is not ready");
            Some("does not answer".to_owned())
        }
        (Ok(_), StoreState::Foreign) => {
            Some("the shared database is not the one that was copied here".to_owned())
        }
        // What waits is kept, and everything else works without the shared database. Viewers and takes need no write.
        (Ok(_), StoreState::Ok | StoreState::Behind | StoreState::Failing) => None,
    };
    let mut checks = vec![CheckView { name: "store", problem }];
    checks.extend(
        shared
            .live
            .checks()
            .into_iter()
            .map(|check| CheckView { name: check.name, problem: check.problem }),
    );
    let ready = checks.iter().all(|check| check.problem.is_none());
    let (store, pending) = (status.state.into(), status.pending);
    let answer = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (answer, Json(ReadinessView { ready, checks, store, pending }))
}

/// Ask how the store is
#[utoipa::path(
    get, path = "/api/store", tag = "system", operation_id = "store",
    responses((status = 200, description = "how it is", body = StoreView))
)]
pub(crate) async fn store(State(shared): State<Arc<Shared>>) -> Json<StoreView> {
    let StoreStatus { state, pending, rejected, last_error } = shared.store.status();
    Json(StoreView { state: state.into(), pending, rejected, last_error })
}

/// Read the metrics
///
/// Without a token only what names no event and no camera, if the server is configured to tell that. The token is the
/// metrics token or the administrator's, as bearer or as the password of Basic authentication.
#[utoipa::path(
    get, path = "/metrics", tag = "system", operation_id = "metrics",
    security((), ("token" = [])),
    responses((
        status = 200, description = "Prometheus text exposition format 0.0.4", body = String,
        content_type = "text/plain", example = json!("genlock_cameras{state=\"live\"} 3\n")
    ))
)]
pub(crate) async fn metrics(
    State(shared): State<Arc<Shared>>,
    Peer(peer): Peer,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let observer = observer(&shared, peer, &headers).await?;
    if observer == Observer::Anonymous && !shared.access.rules().observers.anonymous {
        return Err(no_token());
    }
    let (totals, store) = (shared.live.totals(), shared.store.status());
    let server = shared.telemetry.server();
    let archive = shared.archive.totals();
    let mut text =
        metrics::server(&totals, &shared.recorder.totals(), archive.as_ref(), &store, &server);
    if observer == Observer::Known {
        text.push_str(&metrics::events(&shared.telemetry.events()));
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

/// Read the statistics as nginx-rtmp writes them
///
/// The token is the metrics token or the administrator's, as bearer or as the password of Basic authentication.
#[utoipa::path(
    get, path = "/stat", tag = "system", operation_id = "stat", security(("token" = [])),
    responses((
        status = 200, description = "XML in the shape of nginx-rtmp's statistics module", body = String,
        content_type = "text/xml", example = json!("<rtmp>\n</rtmp>\n")
    ))
)]
pub(crate) async fn stat(
    State(shared): State<Arc<Shared>>,
    Peer(peer): Peer,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    match observer(&shared, peer, &headers).await? {
        Observer::Anonymous => Err(no_token()),
        Observer::Known => {
            let xml = stat::render(&shared.telemetry.server(), &shared.telemetry.events());
            Ok(([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], xml))
        }
    }
}

fn no_token() -> Problem {
    Problem::new(ProblemCode::Unauthorized, "the request carries no token")
}
