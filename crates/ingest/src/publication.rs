//! One running publish: where its messages go.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use genlock_feed::FeedWriter;
use genlock_media::EventTime;
use genlock_rtmp::{MediaKind, MediaMessage, PublishId};

use crate::demux::DemuxError;
use crate::gate::{Admission, PublishEnd, PublishWatch};
use crate::intake::Intake;
use crate::takeover::{Claim, Eviction};

/// A publish that was admitted and started.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) id: PublishId,
    admission: Admission,
    claim: Claim,
    intake: Intake,
    /// Opened with the first sample: a Feed is live when there is something in it.
    writer: Option<FeedWriter>,
    watched: Watched,
}

/// Tells the end of a session to who watches it, however it comes.
#[derive(Debug)]
struct Watched {
    watch: Option<Arc<dyn PublishWatch>>,
    end: PublishEnd,
}

impl Watched {
    fn begin(watch: Option<Arc<dyn PublishWatch>>) -> Self {
        if let Some(watch) = &watch {
            watch.started();
        }
        Self { watch, end: PublishEnd::Gone }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.ended(self.end);
        }
    }
}

/// Why a publication cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PublicationError {
    /// What the publisher sends cannot be used.
    #[error(transparent)]
    Media(#[from] DemuxError),
    /// Its place was taken.
    #[error("{}", sentence(.0))]
    Evicted(Eviction),
}

/// What a publisher that loses its place is told.
fn sentence(eviction: &Eviction) -> &str {
    match eviction {
        Eviction::TakenOver => "another publisher took over",
        Eviction::Revoked(reason) => reason,
    }
}

impl Publication {
    pub(crate) fn new(
        now: EventTime,
        id: PublishId,
        claim: Claim,
        admission: Admission,
        peer: std::net::IpAddr,
    ) -> Self {
        let offset = admission.sync_offset.load(Ordering::Relaxed);
        let intake = Intake::new(now, offset, admission.monitor.open(peer));
        let watched = Watched::begin(admission.watch.clone());
        Self { id, admission, claim, intake, writer: None, watched }
    }

    /// The publisher sent something, whatever it was.
    pub(crate) fn touch(&self, now: EventTime) {
        self.claim.touch(now);
    }

    /// Takes an audio or video message to the Feed.
    pub(crate) fn message(
        &mut self,
        now: EventTime,
        message: &MediaMessage,
    ) -> Result<(), PublicationError> {
        let offset = self.admission.sync_offset.load(Ordering::Relaxed);
        self.intake.set_sync_offset(offset);
        if self.writer.is_none() {
            self.start_after_last_session();
        }
        let timestamp = message.timestamp.0;
        if let Some(watch) = &self.watched.watch {
            watch.message(timestamp);
        }
        match message.kind {
            MediaKind::Video => self.intake.video(now, timestamp, &message.payload)?,
            MediaKind::Audio => self.intake.audio(now, timestamp, &message.payload)?,
        }
        self.deliver(now)
    }

    /// Looked up until the first sample: a session that is being taken over goes on for a moment.
    fn start_after_last_session(&mut self) {
        let last = self.admission.feed.status();
        if let Some(end) = last.newest_video.max(last.newest_audio) {
            self.intake.start_after(end);
        }
    }

    fn deliver(&mut self, now: EventTime) -> Result<(), PublicationError> {
        while let Some(sample) = self.intake.poll_sample() {
            let feed = &self.admission.feed;
            let watch = &self.watched.watch;
            let writer = self.writer.get_or_insert_with(|| {
                watch.iter().for_each(|watch| watch.live());
                feed.open(now)
            });
            if writer.push(now, sample).is_err() {
                return Err(PublicationError::Evicted(Eviction::TakenOver));
            }
        }
        while let Some(notice) = self.intake.poll_notice() {
            tracing::warn!(?notice, "publisher's media needs attention");
        }
        Ok(())
    }

    /// What the encoder calls itself.
    pub(crate) fn encoder(&self, name: &str) {
        self.intake.encoder(name);
    }

    /// Resolves when the publication loses its place. Cancel-safe.
    pub(crate) async fn evicted(&mut self) -> Eviction {
        self.claim.evicted().await
    }

    /// What [`Self::close`] is to tell of the camera's place.
    pub(crate) fn note_end(&mut self, error: &PublicationError) {
        if matches!(error, PublicationError::Evicted(Eviction::TakenOver)) {
            self.watched.end = PublishEnd::TakenOver;
        }
    }

    /// Ends the publication, in error if there is a reason.
    pub(crate) fn close(self, now: EventTime, reason: Option<&str>) {
        if let Some(writer) = self.writer {
            writer.close(now);
        }
        self.intake.close(now, reason);
    }
}
