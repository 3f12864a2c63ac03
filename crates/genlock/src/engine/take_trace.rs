//! A take as a span: from the asking until the playlist lists the cut, or until it comes to nothing.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use genlock_control_api::live::{CutStage, Happening, Happenings};
use genlock_program::{Cut, TakeError};
use genlock_store::CameraId;
use tokio::time::timeout;
use tracing::Span;
use tracing::field::{Empty, debug};

use super::event::LiveEvent;
use super::words::millis;
use super::{Engine, happenings, program_publication};
use crate::traces::TARGET;

/// How long a take is followed. Default 60 s: the longest delay of a programme and the longest GOP are less; where nobody
/// watches, no playlist lists the cut.
const FOLLOWED_MAX: Duration = Duration::from_secs(60);

/// A take that was asked for.
pub(super) struct TakeTrace {
    span: Span,
    happenings: Happenings,
}

impl Engine {
    /// Begins a span, if somebody wants it.
    pub(super) fn trace_take(&self, event: &LiveEvent, camera: &CameraId) -> Option<TakeTrace> {
        let span = tracing::info_span!(
            target: TARGET,
            "take",
            genlock.event = %event.id(),
            genlock.camera = %camera,
            genlock.style = Empty,
            genlock.wait_ms = Empty,
            genlock.outcome = Empty,
        );
        if span.is_disabled() {
            return None;
        }
        let told = event.program().subscribe();
        let listings = program_publication(event.id()).and_then(|id| self.origin.listings(&id));
        Some(TakeTrace { span, happenings: happenings::stream(told, listings, self.wall) })
    }
}

impl TakeTrace {
    /// Follows what becomes of a take that was accepted.
    pub(super) fn answered(self, event: &Arc<LiveEvent>, answer: &Result<Cut, TakeError>) {
        let cut = match answer {
            Ok(cut) => cut,
            Err(error) => {
                self.span.record("genlock.outcome", debug(error));
                return;
            }
        };
        self.span.record("genlock.style", debug(cut.forecast.style));
        if let Some(wait) = cut.forecast.wait {
            self.span.record("genlock.wait_ms", millis(wait));
        }
        let (id, ended) = (cut.id.0, event.ended().clone());
        event.spawn(async move {
            let followed = timeout(FOLLOWED_MAX, self.follow(id));
            ended.run_until_cancelled(followed).await;
        });
    }

    async fn follow(mut self, cut: u64) {
        while let Some(happening) = self.happenings.next().await {
            let Happening::Cut { cut_id, stage, .. } = happening else { continue };
            if cut_id != cut {
                continue;
            }
            let name = name(stage);
            tracing::info!(target: TARGET, parent: &self.span, "{name}");
            if stage != CutStage::Accepted {
                self.span.record("genlock.outcome", name);
            }
            if !matches!(stage, CutStage::Accepted | CutStage::Committed) {
                return;
            }
        }
    }
}

const fn name(stage: CutStage) -> &'static str {
    match stage {
        CutStage::Accepted => "accepted",
        CutStage::Committed => "committed",
        CutStage::Published => "published",
        CutStage::Superseded => "superseded",
        CutStage::Undone => "undone",
        CutStage::Failed => "failed",
    }
}
