//! What the operator says to the process: SIGTERM and Ctrl-C end it, SIGHUP lets it look again at what it was told.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Resolves at the first SIGTERM or SIGINT. A second one ends the process at once, because then nobody
/// listens any more.
pub(crate) async fn stop() {
    let interrupted = tokio::signal::ctrl_c();
    let Ok(mut terminated) = signal(SignalKind::terminate()) else {
        // Without a handler for SIGTERM the system's own, which ends the process, is in place.
        let _ = interrupted.await;
        return;
    };
    tokio::select! {
        _ = terminated.recv() => tracing::info!("SIGTERM: stopping"),
        _ = interrupted => tracing::info!("interrupted: stopping"),
    }
}

/// Passes each SIGHUP on, until `stop`. From its first poll on a SIGHUP does not end the process any more.
pub(crate) async fn hang_ups(heard: Arc<Notify>, stop: CancellationToken) {
    let mut hang_ups = match signal(SignalKind::hangup()) {
        Ok(hang_ups) => hang_ups,
        Err(error) => return tracing::error!(%error, "SIGHUP cannot be heard"),
    };
    while let Some(Some(())) = stop.run_until_cancelled(hang_ups.recv()).await {
        heard.notify_one();
    }
}
