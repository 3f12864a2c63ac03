//! When media came into a playlist: for records of what viewers could see, and when.

use std::sync::Arc;
use std::time::Duration;

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
    /// The presentation time at which the newest cut that it lists came.
    pub newest_splice: Option<EventTime>,
}

/// How long media must be listed beyond an instant to be listed from it on: 50 us. Less than any picture lasts, a
/// squeezed one too; more than times are rounded by, so that what ends at the instant does not count.
const LISTED_MIN: Duration = Duration::from_micros(50);

impl Listed {
    /// Whether a picture is listed whose presentation time is `cut_at`, where a cut or nothing else came.
    ///
    /// A cut may be listed earlier on the timeline than it came: in place of what was not published.
    #[must_use]
    pub fn shows(&self, cut_at: EventTime) -> bool {
        let spliced = self.newest_splice.is_some_and(|at| at + LISTED_MIN > cut_at);
        spliced || cut_at + LISTED_MIN < self.media_until
    }
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
            if let Some(listed) = listed(&self.publication, *changed_at) {
                return Some(listed);
            }
        }
    }
}

/// What is listed now; `None` before there is anything.
pub(crate) fn current(publication: &Publication) -> Option<Listed> {
    let changes = publication.changes();
    let changed_at = changes.borrow();
    listed(publication, *changed_at)
}

/// What the snapshot lists that came at `at`. The time is held while this runs, so that it is that snapshot's.
fn listed(publication: &Publication, at: EventTime) -> Option<Listed> {
    let snapshot = publication.snapshot()?;
    let media_until = snapshot.media_until()?;
    Some(Listed { at, media_until, newest_splice: snapshot.newest_splice() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(media_until_us: i64, newest_splice_ms: Option<i64>) -> bool {
        let listed = Listed {
            at: EventTime::from_millis(9000),
            media_until: EventTime::from_micros(media_until_us),
            newest_splice: newest_splice_ms.map(EventTime::from_millis),
        };
        listed.shows(EventTime::from_millis(2000))
    }

    #[test]
    fn a_picture_is_shown_by_media_behind_its_time() {
        assert!(!shows(2_000_000, None));
        assert!(!shows(2_000_011, None), "a tail, and a tick of rounding");
        assert!(shows(2_001_000, None), "a squeezed picture");
    }

    #[test]
    fn a_cut_is_shown_where_the_old_cameras_pictures_would_have_been() {
        assert!(!shows(1_900_000, Some(1500)), "the cut before it");
        assert!(shows(1_900_000, Some(2000)));
        assert!(shows(1_900_000, Some(2500)), "a later cut, which came after it");
    }
}
