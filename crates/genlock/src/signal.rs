//! The end: SIGTERM or Ctrl-C.

use tokio::signal::unix::{SignalKind, signal};

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
