//! The shell: one task per event that writes the slate's Feed while it is wanted.

use std::fmt;
use std::sync::Arc;

use genlock_feed::clock::EventClock;
use genlock_feed::{Feed, FeedWriter};
use genlock_media::EventTime;
use genlock_picture::still::StillGop;
use genlock_picture::{PictureError, Size};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::limits::FEED_LIMITS;
use crate::pacer::Pacer;
use crate::studio::{Artwork, Studio};

/// Handle to a slate. Clones share it; its task ends when the last one is dropped.
#[derive(Clone)]
pub struct Slate {
    feed: Feed,
    orders: watch::Sender<Orders>,
}

/// What the task is to do.
#[derive(Debug, Clone, Copy, Default)]
struct Orders {
    /// Size to show in, `None` to show nothing.
    size: Option<Size>,
    /// Counts the changes of the picture.
    revision: u64,
}

/// What a still was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edition {
    size: Size,
    revision: u64,
}

impl Orders {
    fn edition(self) -> Option<Edition> {
        self.size.map(|size| Edition { size, revision: self.revision })
    }
}

impl Slate {
    /// Starts the task of a slate that shows `artwork`, hidden.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn spawn(artwork: Arc<dyn Artwork>, studio: Studio, clock: EventClock) -> Self {
        let feed = Feed::new(FEED_LIMITS);
        let (orders, receiver) = watch::channel(Orders::default());
        let task = Task {
            orders: receiver,
            artwork,
            studio,
            feed: feed.clone(),
            clock,
            making: None,
            made: None,
            showing: None,
        };
        tokio::spawn(task.run());
        Self { feed, orders }
    }

    /// What it writes. Live while it shows.
    #[must_use]
    pub fn feed(&self) -> Feed {
        self.feed.clone()
    }

    /// Shows it in `size`, once it is encoded in that size: at once, if it was before.
    pub fn show(&self, size: Size) {
        self.order(|orders| orders.size = Some(size));
    }

    /// Shows it no longer.
    pub fn hide(&self) {
        self.order(|orders| orders.size = None);
    }

    /// The artwork is another now. A slate that shows goes over to it.
    pub fn repaint(&self) {
        self.order(|orders| orders.revision += 1);
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        self.orders.send_if_modified(|orders| {
            let before = (orders.size, orders.revision);
            change(orders);
            before != (orders.size, orders.revision)
        });
    }
}

impl fmt::Debug for Slate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slate").field("orders", &*self.orders.borrow()).finish_non_exhaustive()
    }
}

type Made = Result<StillGop, PictureError>;

struct Task {
    orders: watch::Receiver<Orders>,
    artwork: Arc<dyn Artwork>,
    studio: Studio,
    feed: Feed,
    clock: EventClock,
    /// A still on its way.
    making: Option<(Edition, JoinHandle<Made>)>,
    /// The newest still that came; `None` in it if there is none of that edition to be had.
    made: Option<(Edition, Option<Arc<StillGop>>)>,
    showing: Option<Showing>,
}

/// A publish session of the slate's Feed.
struct Showing {
    edition: Edition,
    pacer: Pacer,
    writer: FeedWriter,
}

impl Task {
    async fn run(mut self) {
        loop {
            let wanted = self.orders.borrow_and_update().edition();
            self.follow(wanted);
            tokio::select! {
                ordered = self.orders.changed() => if ordered.is_err() {
                    return;
                },
                (edition, made) = finished(&mut self.making) => self.take(edition, made),
                () = due(self.clock, self.showing.as_ref()) => {}
            }
            let now = self.clock.now();
            self.showing.take_if(|showing| !showing.push(now));
        }
    }

    /// Starts or ends what `wanted` asks for.
    fn follow(&mut self, wanted: Option<Edition>) {
        let Some(wanted) = wanted else {
            self.showing = None;
            return;
        };
        match &self.made {
            Some((edition, made)) if *edition == wanted => {
                if let Some(gop) = made.clone() {
                    self.show(wanted, gop);
                }
            }
            _ if self.making.is_none() => {
                let (studio, artwork) = (self.studio.clone(), Arc::clone(&self.artwork));
                let work = async move { studio.still(artwork, wanted.size).await };
                self.making = Some((wanted, tokio::spawn(work)));
            }
            // Another edition is on its way; this one comes after it.
            _ => {}
        }
    }

    fn show(&mut self, edition: Edition, gop: Arc<StillGop>) {
        match &mut self.showing {
            Some(showing) if showing.edition == edition => {}
            Some(showing) => {
                showing.edition = edition;
                showing.pacer.replace(gop);
            }
            None => {
                let now = self.clock.now();
                let (pacer, writer) = (Pacer::new(gop, now), self.feed.open(now));
                self.showing = Some(Showing { edition, pacer, writer });
            }
        }
    }

    fn take(&mut self, edition: Edition, made: Made) {
        let gop = match made {
            Ok(gop) => {
                let bytes: usize = gop.access_units.iter().map(|unit| unit.len()).sum();
                let (width, height) = (edition.size.width(), edition.size.height());
                info!(width, height, bytes, "slate encoded");
                Some(Arc::new(gop))
            }
            Err(error) => {
                warn!(%error, "there is no slate, the playlist goes on with gaps");
                None
            }
        };
        self.made = Some((edition, gop));
    }
}

impl Showing {
    /// Pushes what is due. Returns whether the session is still the Feed's.
    fn push(&mut self, now: EventTime) -> bool {
        while let Some(sample) = self.pacer.poll(now) {
            if self.writer.push(now, sample).is_err() {
                return false;
            }
        }
        true
    }
}

/// Resolves when the still that is on its way has come.
async fn finished(making: &mut Option<(Edition, JoinHandle<Made>)>) -> (Edition, Made) {
    let Some((edition, task)) = making else { return std::future::pending().await };
    let (edition, made) = (*edition, task.await);
    *making = None;
    (edition, made.unwrap_or_else(|error| Err(PictureError::Encoder(error.to_string()))))
}

/// Resolves when the next picture is due.
async fn due(clock: EventClock, showing: Option<&Showing>) {
    match showing {
        Some(showing) => tokio::time::sleep(clock.until(showing.pacer.next_at())).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use genlock_feed::{Read, Start};
    use genlock_media::Sample;
    use genlock_picture::card;

    use super::*;

    /// A picture that the test changes.
    #[derive(Debug, Default)]
    struct Easel(Mutex<Option<Vec<u8>>>);

    impl Artwork for Easel {
        fn picture(&self) -> io::Result<Option<Vec<u8>>> {
            Ok(self.0.lock().unwrap().clone())
        }
    }

    fn started() -> (Arc<Easel>, Slate) {
        let easel = Arc::new(Easel::default());
        let clock = EventClock::starting_at(EventTime::from_millis(1_000_000));
        (Arc::clone(&easel), Slate::spawn(easel, Studio::default(), clock))
    }

    async fn next(reader: &mut genlock_feed::FeedReader) -> Sample {
        match reader.next().await {
            Read::Entry(entry) => entry.sample,
            Read::Lagged { .. } => panic!("the test reads at once"),
        }
    }

    async fn until_not_live(feed: &Feed) {
        let mut watch = feed.watch();
        while feed.status().live {
            watch.changed().await;
        }
    }

    #[tokio::test]
    async fn it_writes_only_while_it_is_wanted() {
        let (_easel, slate) = started();
        let feed = slate.feed();
        let mut reader = feed.reader(Start::Next);
        assert!(!feed.status().live);
        slate.show(Size::near(128, 64));
        let first = next(&mut reader).await;
        assert!(first.is_video_sync());
        let video = first.config.as_video().unwrap().clone();
        assert_eq!((video.width, video.height), (128, 64));
        slate.hide();
        until_not_live(&feed).await;
        slate.show(Size::near(128, 64));
        while !next(&mut reader).await.is_video_sync() {}
        assert_eq!(feed.status().epoch, genlock_feed::Epoch(2));
    }

    #[tokio::test]
    async fn another_picture_replaces_the_one_that_shows() {
        let (easel, slate) = started();
        let mut reader = slate.feed().reader(Start::Next);
        slate.show(Size::near(64, 64));
        let first = next(&mut reader).await;
        let uploaded = card::draw_neutral(Size::near(64, 64)).to_jpeg(90).unwrap();
        *easel.0.lock().unwrap() = Some(uploaded);
        slate.repaint();
        let mut last = first.dts;
        loop {
            let sample = next(&mut reader).await;
            assert!(sample.dts > last, "decoding times grow");
            last = sample.dts;
            if sample.is_video_sync() && sample.payload != first.payload {
                break;
            }
        }
        assert_eq!(slate.feed().status().epoch, genlock_feed::Epoch(1), "in the same session");
    }

    #[tokio::test]
    async fn a_broken_picture_is_replaced_by_the_card() {
        let (easel, slate) = started();
        *easel.0.lock().unwrap() = Some(b"not a picture".to_vec());
        let mut reader = slate.feed().reader(Start::Next);
        slate.show(Size::near(64, 64));
        let size = Size::near(64, 64);
        let expect = genlock_picture::still::encode(&card::draw(size), size).unwrap();
        assert_eq!(next(&mut reader).await.payload, expect.access_units[0]);
    }

    #[tokio::test]
    async fn the_task_ends_with_its_last_handle() {
        let (easel, slate) = started();
        drop(slate);
        while Arc::strong_count(&easel) > 1 {
            tokio::task::yield_now().await;
        }
    }
}
