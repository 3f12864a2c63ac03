//! One viewer: reloads and downloads side by side, in the order a player would.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::follow::{Follower, Reloading, Update, open_when_there};
use super::pieces::{self, Piece};
use crate::http::{Answer, Client};
use crate::playlist::Position;
use crate::target::HttpUrl;

/// Playlists that wait while a download takes its time. A viewer that is further behind reloads later.
const UPDATES_MAX: usize = 64;

/// Who is told what a viewer sees.
pub(crate) trait Observer {
    /// Playing may start with this much media.
    fn opened(&self, hold_back: Duration);
    /// A playlist came.
    fn playlist(&self, update: &Update);
    /// A part or segment came.
    fn piece(&self, arrived: &Arrived);
    /// Segments or parts were passed over: no longer listed, or failed.
    fn skipped(&self, count: u64);
    /// The server says that there is nothing for this long (GAP).
    fn gap(&self, duration: Duration);
    /// Something failed.
    fn failed(&self, error: anyhow::Error);
}

/// A part or segment that has arrived.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// Media duration.
    pub(crate) duration: Duration,
    /// When the first byte of the first playlist that lists it was here.
    pub(crate) list_begun: Instant,
    /// When all of that playlist was here.
    pub(crate) listed: Instant,
    /// Whether the first playlist listed it: it is older than the viewer.
    pub(crate) at_start: bool,
    /// The bytes.
    pub(crate) answer: Answer,
}

/// What a viewer does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// How it reloads.
    pub(crate) reloading: Reloading,
    /// Whether it asks for the part of the preload hint.
    pub(crate) hints: bool,
}

/// Watches for ever.
pub(crate) async fn watch(
    client: Rc<Client>,
    url: &HttpUrl,
    manner: Manner,
    observer: &impl Observer,
) {
    let (mut follower, first) =
        open_when_there(&client, url, manner.reloading, |error| observer.failed(error)).await;
    let low_latency = follower.is_low_latency();
    let (sender, receiver) = mpsc::channel(UPDATES_MAX);
    let reloads = async {
        reload(&mut follower, first, sender, observer).await;
    };
    let downloads = Downloads {
        client,
        low_latency,
        hints: manner.hints && low_latency,
        observer,
        next: None,
        map: None,
        hinted: None,
    };
    tokio::join!(reloads, downloads.run(receiver));
}

async fn reload(
    follower: &mut Follower,
    first: Update,
    sender: mpsc::Sender<Update>,
    observer: &impl Observer,
) {
    let mut update = first;
    loop {
        observer.playlist(&update);
        let ended = update.media.ended;
        if sender.send(update).await.is_err() || ended {
            return;
        }
        update = loop {
            match follower.next().await {
                Ok(update) => break update,
                Err(error) => observer.failed(error),
            }
        };
    }
}

struct Downloads<'a, O> {
    client: Rc<Client>,
    low_latency: bool,
    hints: bool,
    observer: &'a O,
    /// The first piece not taken yet.
    next: Option<Position>,
    /// The init section that was fetched last.
    map: Option<String>,
    hinted: Option<Hinted>,
}

/// A request for a part that is not there yet.
struct Hinted {
    uri: String,
    task: JoinHandle<anyhow::Result<Answer>>,
}

impl Drop for Hinted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<O: Observer> Downloads<'_, O> {
    async fn run(mut self, mut updates: mpsc::Receiver<Update>) {
        while let Some(update) = updates.recv().await {
            self.take(&update).await;
        }
    }

    async fn take(&mut self, update: &Update) {
        let media = &update.media;
        let next = match self.next {
            // A server that has started its numbers anew has lost this viewer's place.
            Some(next) if media.next_unlisted().msn + 1 >= next.msn => next,
            _ => self.start(update),
        };
        let listed = pieces::listed_from(media, next, self.low_latency);
        self.next = Some(listed.next);
        if listed.skipped > 0 {
            self.observer.skipped(listed.skipped);
        }
        let awaited = self.hinted.take_if(|hint| listed.pieces.iter().any(|p| p.uri == hint.uri));
        if let Some(uri) = media.hint.as_deref().filter(|_| self.hints) {
            self.ask_for_hint(update, uri);
        }
        let mut awaited = awaited;
        for piece in &listed.pieces {
            let hinted = awaited.take_if(|hint| hint.uri == piece.uri);
            self.download(update, piece, hinted).await;
        }
    }

    fn start(&self, update: &Update) -> Position {
        let distance = update.media.distance_from_edge(self.low_latency);
        let start = pieces::start(&update.media, self.low_latency, distance);
        let listed = pieces::listed_from(&update.media, start, self.low_latency);
        let there: f64 = listed.pieces.iter().map(|piece| piece.duration).sum();
        // A window shorter than the hold-back is all that a player can have; an empty one still grows.
        let hold_back =
            if there > 0.0 && !self.low_latency { distance.min(there) } else { distance };
        self.observer.opened(Duration::try_from_secs_f64(hold_back).unwrap_or_default());
        start
    }

    fn ask_for_hint(&mut self, update: &Update, uri: &str) {
        if self.hinted.as_ref().is_some_and(|hint| hint.uri == uri) {
            return;
        }
        match update.base.join(uri) {
            Ok(url) => {
                let client = Rc::clone(&self.client);
                let task = tokio::task::spawn_local(async move { client.get_ok(&url).await });
                self.hinted = Some(Hinted { uri: uri.to_owned(), task });
            }
            Err(error) => self.observer.failed(error),
        }
    }

    async fn download(&mut self, update: &Update, piece: &Piece<'_>, hinted: Option<Hinted>) {
        let duration = Duration::try_from_secs_f64(piece.duration).unwrap_or_default();
        if piece.gap {
            return self.observer.gap(duration);
        }
        if let Err(error) = self.fetch_map(update, piece).await {
            self.observer.failed(error.context("init section"));
        }
        let hinted = match hinted {
            Some(mut hinted) => (&mut hinted.task).await.ok().and_then(Result::ok),
            None => None,
        };
        // A server may withdraw what it hinted at and list the part all the same later.
        let answer = match hinted {
            Some(answer) => Ok(answer),
            None => self.get(update, piece.uri).await,
        };
        match answer {
            Ok(answer) => self.observer.piece(&Arrived {
                duration,
                list_begun: update.begun,
                listed: update.answered,
                at_start: update.is_first,
                answer,
            }),
            Err(error) => {
                self.observer.failed(error.context("media"));
                self.observer.skipped(1);
            }
        }
    }

    async fn fetch_map(&mut self, update: &Update, piece: &Piece<'_>) -> anyhow::Result<()> {
        if let Some(map) = piece.map.filter(|map| self.map.as_deref() != Some(map)) {
            self.map = Some(map.to_owned());
            self.get(update, map).await?;
        }
        Ok(())
    }

    async fn get(&self, update: &Update, uri: &str) -> anyhow::Result<Answer> {
        self.client.get_ok(&update.base.join(uri)?).await
    }
}
