//! Thumbnails of cameras and programmes: the newest sync sample, decoded when somebody asks.
//!
//! Each Feed has a [`Thumbnail`] that makes its picture in single flight and at most once a second. All
//! pictures are decoded one after the other on one blocking thread, so that a hundred cameras in a console
//! take one core's time at most, and nobody who does not ask costs anything.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use genlock_control_api::thumbnails::{Jpeg, Thumbnails};
use genlock_feed::{Feed, Position, Read, Start};
use genlock_media::{Dependency, Sample, TrackConfig, VideoConfig};
use genlock_picture::{PictureError, Size, card, thumbnail};
use genlock_slate::Studio;
use genlock_store::{CameraId, EventId};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Engine;

/// Widest thumbnail in pixels: a third of 1080p, half of 720p.
const WIDTH_MAX: u32 = 640;

/// Quality of the JPEG: 20 to 40 kB for a picture of a camera.
const JPEG_QUALITY: u8 = 80;

/// Shortest time between two decodings of one Feed. A console that draws faster sees the same picture.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// Entries that are passed over in search of the sync sample at which a reader starts: more than a Feed
/// looks back for sound.
const PREROLL_MAX: usize = 512;

/// What stands where there is no picture.
static NEUTRAL: LazyLock<Bytes> = LazyLock::new(|| {
    let card = card::draw_neutral(Size::near(WIDTH_MAX, 360)).to_jpeg(JPEG_QUALITY);
    card.map(Bytes::from).unwrap_or_default()
});

/// The thumbnail of one Feed.
#[derive(Debug, Default)]
pub(super) struct Thumbnail {
    /// Held while the picture is made: whoever comes meanwhile gets the same one.
    newest: Mutex<Option<Made>>,
}

#[derive(Debug, Clone)]
struct Made {
    from: Position,
    at: Instant,
    jpeg: Jpeg,
}

impl Thumbnail {
    /// The picture of the newest sync sample of `feed`, or the neutral card.
    pub(super) async fn get(&self, feed: &Feed, studio: &Studio) -> Jpeg {
        let mut newest = self.newest.lock().await;
        let Some(sync) = feed.sync_points().pop() else { return neutral() };
        if let Some(made) = newest.as_ref()
            && (made.from == sync.position || made.at.elapsed() < INTERVAL_MIN)
        {
            return made.jpeg.clone();
        }
        let Some(sample) = sample_at(feed, sync.position) else { return neutral() };
        // A number that no other picture of this Feed has, also after a restart: the event clock goes on.
        let tag = sync.pts.as_micros().to_string();
        let made =
            studio.work(move || thumbnail::decode(&sample, WIDTH_MAX)?.to_jpeg(JPEG_QUALITY));
        let jpeg = match made.await {
            Ok(jpeg) => Jpeg { bytes: jpeg.into(), tag },
            Err(error) => {
                log_failure(&error);
                neutral()
            }
        };
        *newest = Some(Made { from: sync.position, at: Instant::now(), jpeg: jpeg.clone() });
        jpeg
    }
}

/// The sync sample at `position`, `None` if it has left the ring.
fn sample_at(feed: &Feed, position: Position) -> Option<Sample> {
    let mut reader = feed.reader(Start::Sync(position));
    for _ in 0..PREROLL_MAX {
        match reader.try_next()? {
            Read::Entry(entry) if entry.sample.is_video_sync() => return Some(entry.sample),
            Read::Entry(_) | Read::Lagged { .. } => {}
        }
    }
    None
}

fn neutral() -> Jpeg {
    Jpeg { bytes: NEUTRAL.clone(), tag: "card".to_owned() }
}

fn log_failure(error: &PictureError) {
    match error {
        PictureError::UnsupportedCodec | PictureError::NoCodec => {}
        error => tracing::debug!(%error, "no thumbnail of a sync sample"),
    }
}

#[async_trait]
impl Thumbnails for Engine {
    async fn camera(&self, camera: &CameraId) -> Option<Jpeg> {
        let camera = self.all_events().iter().find_map(|event| event.camera(camera))?;
        Some(camera.thumbnail().get(&camera.feed(), &self.thumbnail_studio).await)
    }

    async fn program(&self, event: &EventId) -> Option<Jpeg> {
        let event = self.event(event)?;
        Some(event.thumbnail().get(&event.output(), &self.thumbnail_studio).await)
    }

    async fn recorded(&self, picture: Option<(VideoConfig, Bytes)>) -> Jpeg {
        let Some((config, payload)) = picture else { return neutral() };
        let tag = format!("{:08x}-{}", crc32fast::hash(&payload), payload.len());
        let sample = Sample {
            config: Arc::new(TrackConfig::Video(config)),
            dts: 0,
            composition_offset: 0,
            duration: None,
            dependency: Dependency::Sync,
            payload,
        };
        let made = self
            .thumbnail_studio
            .work(move || thumbnail::decode(&sample, WIDTH_MAX)?.to_jpeg(JPEG_QUALITY));
        match made.await {
            Ok(jpeg) => Jpeg { bytes: jpeg.into(), tag },
            Err(error) => {
                log_failure(&error);
                neutral()
            }
        }
    }
}

#[cfg(test)]
#[cfg(feature = "codec")]
mod tests {
    use genlock_feed::{FeedLimits, FeedWriter};
    use genlock_media::EventTime;
    use genlock_picture::still::{self, StillGop};

    use super::*;

    fn gop() -> StillGop {
        let size = Size::near(128, 72);
        still::encode(&card::draw(size), size).unwrap()
    }

    fn push(writer: &mut FeedWriter, config: &Arc<TrackConfig>, payload: &Bytes, millis: i64) {
        let sample = Sample {
            config: Arc::clone(config),
            dts: millis * 90,
            composition_offset: 9_000,
            duration: None,
            dependency: Dependency::Sync,
            payload: payload.clone(),
        };
        writer.push(EventTime::from_millis(millis), sample).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_the_newest_sync_sample_but_at_most_once_a_second() {
        let (feed, gop) = (Feed::new(FeedLimits::default()), gop());
        let mut writer = feed.open(EventTime::ZERO);
        let (thumbnail, studio) = (Thumbnail::default(), Studio::default());
        assert_eq!(thumbnail.get(&feed, &studio).await.tag, "card");
        push(&mut writer, &gop.config, &gop.access_units[0], 0);
        let first = thumbnail.get(&feed, &studio).await;
        assert_eq!(first.tag, "100000");
        let picture = genlock_picture::upload::decode(&first.bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (128, 72));
        push(&mut writer, &gop.config, &gop.access_units[0], 500);
        assert_eq!(thumbnail.get(&feed, &studio).await.tag, "100000", "half a second later");
        tokio::time::advance(INTERVAL_MIN).await;
        assert_eq!(thumbnail.get(&feed, &studio).await.tag, "600000");
    }

    #[tokio::test]
    async fn what_cannot_be_decoded_is_a_card() {
        let (feed, gop) = (Feed::new(FeedLimits::default()), gop());
        let mut writer = feed.open(EventTime::ZERO);
        let broken = Bytes::from_static(&[0, 0, 0, 4, 0x65, 1, 2, 3]);
        push(&mut writer, &gop.config, &broken, 0);
        let jpeg = Thumbnail::default().get(&feed, &Studio::default()).await;
        assert_eq!(jpeg, neutral());
        assert!(jpeg.bytes.starts_with(&[0xff, 0xd8]));
    }
}
