//! When media came into a playlist: for records of what viewers could see, and when.

use std::sync::Arc;

use genlock_media::EventTime;
use tokio::sync::watch;

use crate::publication::Publication;

/// The listings of a publication, one after the other. One that is not asked for in time is skipped for the
/// next: [`Listed::media_until`] never goes back while the publication is packaged without a pause.
#[derive(Debug)]
pub struct Listings {
    publication: Arc<Publication>,
    changes: watch::Receiver<EventTime>,
}

/// What a playlist listed at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// When the playlist came to be, on the event clock.
    pub at: EventTime,
    /// The presentation time up to which it lists media.
    pub media_until: EventTime,
}

impl Listings {
    pub(crate) fn new(publication: Arc<Publication>) -> Self {
        let mut changes = publication.changes();
        changes.mark_changed();
        Self { publication, changes }
    }

    /// What is listed, once it is something else than the last time; `None` when the publication is gone.
    ///
    /// Nothing is lost when the future is dropped before it is ready.
    pub async fn next(&mut self) -> Option<Listed> {
        loop {
            self.changes.changed().await.expect("the publication that is held owns the sender");
            if self.publication.ended().is_cancelled() {
                return None;
            }
            let changed_at = self.changes.borrow_and_update();
            let snapshot = self.publication.snapshot();
            if let Some(media_until) = snapshot.and_then(|snapshot| snapshot.media_until()) {
                return Some(Listed { at: *changed_at, media_until });
            }
        }
    }
}
