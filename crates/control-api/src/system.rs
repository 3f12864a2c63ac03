//! `/healthz`, `/readyz` and `/metrics`: public, and therefore without names, ids or keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use genlock_store::MetaKey;
use serde::Serialize;
use utoipa::ToSchema;

use crate::metrics;
use crate::state::Shared;

/// Whether the server can take traffic.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct ReadinessView {
    /// Whether all parts work.
    ready: bool,
    /// The parts.
    checks: Vec<CheckView>,
}

/// A part that must work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub(crate) struct CheckView {
    /// Which.
    #[schema(example = "store")]
    name: &'static str,
    /// What is wrong with it, `null` if nothing is.
    problem: Option<String>,
}

/// Ask whether the process lives
#[utoipa::path(
    get, path = "/healthz", tag = "system", operation_id = "healthz", security(()),
    responses((status = 200, description = "it does", body = String, content_type = "text/plain"))
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
    let store = shared.store.meta(MetaKey::AdminTokenHash).await;
    // What exactly the back end said is in the log, not in a public answer.
    let problem = store.err().map(|error| {
        tracing::warn!(%error, "the store is not ready");
        "does not answer".to_owned()
    });
    let mut checks = vec![CheckView { name: "store", problem }];
    checks.extend(
        shared
            .live
            .checks()
            .into_iter()
            .map(|check| CheckView { name: check.name, problem: check.problem }),
    );
    let ready = checks.iter().all(|check| check.problem.is_none());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadinessView { ready, checks }))
}

/// Read the metrics
#[utoipa::path(
    get, path = "/metrics", tag = "system", operation_id = "metrics", security(()),
    responses((
        status = 200, description = "Prometheus text exposition format 0.0.4", body = String,
        content_type = "text/plain"
    ))
)]
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let text = metrics::render(&shared.live.totals());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
