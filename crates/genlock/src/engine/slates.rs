//! The slates of all events: where their pictures are kept, and when they show.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use genlock_control_api::slates::{Kept, Slates, SlatesError, Uploaded};
use genlock_feed::Feed;
use genlock_picture::upload::{self, Format};
use genlock_picture::{PictureError, Size, card};
use genlock_program::{ProgramHandle, ProgramStatus};
use genlock_slate::{Artwork, Slate};
use genlock_store::{EventId, SlateFolder};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Engine;

/// How long there must be no camera before the slate begins to be made: most failovers are over by then.
const SETTLE: Duration = Duration::from_millis(500);

/// Quality of the built-in card as JPEG: its edges are clean and it is some 20 kB.
const CARD_JPEG_QUALITY: u8 = 90;

/// The picture of one event.
#[derive(Debug)]
struct EventArtwork {
    event: EventId,
    folder: SlateFolder,
}

impl Artwork for EventArtwork {
    fn picture(&self) -> io::Result<Option<Vec<u8>>> {
        self.folder.get(&self.event)
    }
}

impl Engine {
    /// The slate of an event that starts.
    pub(super) fn slate(&self, event: &EventId) -> Slate {
        let artwork = EventArtwork { event: event.clone(), folder: self.slates.clone() };
        Slate::spawn(Arc::new(artwork), self.studio.clone(), self.clock)
    }

    /// Removes the picture of an event that is gone. What cannot be removed now goes at the next start.
    pub(super) async fn forget_slate(&self, event: &EventId) {
        let (folder, id) = (self.slates.clone(), event.clone());
        if let Err(error) = on_disk(move || folder.remove(&id)).await {
            tracing::warn!(%event, %error, "the slate of a removed event stays on the disk");
        }
    }

    /// Removes what belongs to none of `events`.
    pub(super) async fn sweep_slates(&self, events: Vec<EventId>) {
        let folder = self.slates.clone();
        if let Err(error) = on_disk(move || folder.keep_only(&events)).await {
            tracing::warn!(%error, "slates of removed events stay on the disk");
        }
    }

    fn repaint(&self, event: &EventId) {
        if let Some(live) = self.event(event) {
            live.slate().repaint();
        }
    }
}

#[async_trait]
impl Slates for Engine {
    async fn check(&self, picture: Bytes) -> Result<Uploaded, SlatesError> {
        let checked = self.studio.work(move || {
            let format = Format::of(&picture).ok_or(PictureError::UnknownFormat)?;
            let (media_type, bytes) = (format.media_type(), picture.len());
            let picture = upload::decode(&picture)?;
            Ok(Uploaded { media_type, width: picture.width(), height: picture.height(), bytes })
        });
        checked.await.map_err(|error| SlatesError::Unusable(error.to_string()))
    }

    async fn keep(&self, event: &EventId, picture: Bytes) -> Result<(), SlatesError> {
        let (folder, id) = (self.slates.clone(), event.clone());
        on_disk(move || folder.put(&id, &picture)).await?;
        self.repaint(event);
        Ok(())
    }

    async fn picture(&self, event: &EventId) -> Result<Kept, SlatesError> {
        let (folder, id) = (self.slates.clone(), event.clone());
        if let Some(picture) = on_disk(move || folder.get(&id)).await? {
            let format = Format::of(&picture).unwrap_or(Format::Png);
            return Ok(Kept { media_type: format.media_type(), picture: picture.into() });
        }
        let card = self.studio.work(|| card::draw(Size::HD).to_jpeg(CARD_JPEG_QUALITY)).await;
        let card = card.map_err(|error| SlatesError::Unusable(error.to_string()))?;
        Ok(Kept { media_type: Format::Jpeg.media_type(), picture: card.into() })
    }

    async fn remove(&self, event: &EventId) -> Result<(), SlatesError> {
        let (folder, id) = (self.slates.clone(), event.clone());
        on_disk(move || folder.remove(&id)).await?;
        self.repaint(event);
        Ok(())
    }
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Shows `slate` while no camera of `program` is left, until the programme ends.
///
/// The programme decides when it takes the slate; here it is only seen to that there is one by then.
pub(super) fn follow(program: &ProgramHandle, slate: Slate) {
    tokio::spawn(show_when_left(program.watch_status(), program.output().clone(), slate));
}

async fn show_when_left(mut programme: watch::Receiver<ProgramStatus>, output: Feed, slate: Slate) {
    let mut was_on_air = false;
    let mut show_at: Option<Instant> = None;
    loop {
        let is_left = {
            let status = programme.borrow_and_update();
            was_on_air |= status.active.is_some();
            was_on_air && (status.active.is_none() || status.lost.is_some())
        };
        if is_left {
            show_at.get_or_insert_with(|| Instant::now() + SETTLE);
        } else if show_at.take().is_some() {
            slate.hide();
        }
        tokio::select! {
            changed = programme.changed() => if changed.is_err() {
                return;
            },
            () = reached(show_at) => {
                slate.show(size_of(&output));
                if programme.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn reached(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// The programme's size.
fn size_of(output: &Feed) -> Size {
    let config = output.status().video;
    let video = config.as_ref().and_then(|config| config.as_video());
    video.map_or(Size::HD, |video| Size::near(video.width, video.height))
}
