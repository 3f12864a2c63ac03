//! One client: its subscriptions and the next message for it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::future::{poll_fn, select_all};
use genlock_feed::{Feed, FeedReader, Read, Start};
use genlock_media::EventTime;

use crate::limits::SUBSCRIPTIONS_MAX;
use crate::message::{self, Seq};
use crate::selection::{Choice, Mode, Selection};
use crate::sound::Sound;
use crate::window::Window;

/// The event clock, for a session that must not read one itself.
pub type Now = Arc<dyn Fn() -> EventTime + Send + Sync>;

/// More than [`SUBSCRIPTIONS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManySubscriptions;

/// What a client wants of a Feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// How much of its pictures.
    pub pictures: Mode,
    /// Its sound, too, for a level meter.
    pub sound: bool,
}

/// What one client gets, in the order in which it is to be sent.
///
/// Whoever owns the socket calls [`Session::next`], sends what it gives, and tells the session what the client says.
/// Dropping the future of `next` loses nothing.
pub struct Session {
    now: Now,
    subscriptions: BTreeMap<u16, Subscription>,
    window: Window,
    seq: Seq,
    /// Made and not given out yet.
    ready: VecDeque<Bytes>,
}

struct Subscription {
    feed: Feed,
    reader: FeedReader,
    selection: Selection,
    sound: Option<Sound>,
}

impl Subscription {
    fn want(&mut self, now: EventTime, wanted: Wanted) {
        self.selection.set_mode(wanted.pictures);
        let running = self.sound.take();
        self.sound = wanted.sound.then(|| running.unwrap_or_else(|| Sound::new(now)));
    }
}

impl Session {
    /// A session that begins with HELLO. `wall_micros` is the wall clock now, in microseconds since 1970.
    #[must_use]
    pub fn new(now: Now, wall_micros: i64) -> Self {
        let mut session = Self {
            now,
            subscriptions: BTreeMap::new(),
            window: Window::default(),
            seq: Seq::default(),
            ready: VecDeque::new(),
        };
        let time = (session.now)();
        session.push(|seq| message::hello(seq, time, wall_micros));
        session
    }

    /// What is `wanted` of `feed` from now on, as number `sub`, with a burst from the newest sync sample so that the first
    /// picture need not be waited for. A number that is in use gets the new Feed; with the same Feed it goes on, with what is
    /// wanted now.
    ///
    /// # Errors
    /// When there are too many.
    pub fn subscribe(
        &mut self,
        sub: u16,
        feed: &Feed,
        wanted: Wanted,
    ) -> Result<(), TooManySubscriptions> {
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX && !self.subscriptions.contains_key(&sub) {
            return Err(TooManySubscriptions);
        }
        let now = (self.now)();
        match self.subscriptions.get_mut(&sub) {
            Some(known) if known.feed.is_same(feed) => known.want(now, wanted),
            _ => {
                let subscription = Subscription {
                    feed: feed.clone(),
                    reader: feed.reader(Start::NewestSync),
                    selection: Selection::new(wanted.pictures, now),
                    sound: wanted.sound.then(|| Sound::new(now)),
                };
                self.subscriptions.insert(sub, subscription);
            }
        }
        Ok(())
    }

    /// No more of subscription `sub`.
    pub fn unsubscribe(&mut self, sub: u16) {
        self.subscriptions.remove(&sub);
    }

    /// The client has every message up to this one.
    pub fn acknowledged(&mut self, seq: Seq) {
        self.window.acknowledged(seq);
    }

    /// Answers a ping. Not when the client takes nothing: it would ask for memory without end.
    pub fn pong(&mut self, echo: u32) {
        if self.window.is_open() {
            let now = (self.now)();
            self.push(|seq| message::pong(seq, echo, now));
        }
    }

    /// Waits for the next message. Cancel-safe. Never resolves while there is nothing to send, or the client has
    /// too much to acknowledge.
    pub async fn next(&mut self) -> Bytes {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return message;
            }
            if !self.window.is_open() {
                // Until `acknowledged` is called, which needs this future to be dropped.
                pending::<()>().await;
            }
            let (sub, read) = self.read().await;
            self.take(sub, read);
        }
    }

    /// The next sample of whichever subscription has one.
    async fn read(&mut self) -> (u16, Read) {
        if self.subscriptions.is_empty() {
            return pending().await;
        }
        let nexts = self.subscriptions.iter_mut().map(|(sub, subscription)| {
            let mut next = Box::pin(subscription.reader.next());
            let sub = *sub;
            poll_fn(move |context| match next.as_mut().poll(context) {
                Poll::Ready(read) => Poll::Ready((sub, read)),
                Poll::Pending => Poll::Pending,
            })
        });
        select_all(nexts).await.0
    }

    /// Makes the messages for what was read, if any.
    fn take(&mut self, sub: u16, read: Read) {
        let now = (self.now)();
        let Some(subscription) = self.subscriptions.get_mut(&sub) else { return };
        let entry = match read {
            Read::Lagged { samples } => return subscription.selection.lagged(samples),
            Read::Entry(entry) => entry,
        };
        if let Some(batch) = subscription.sound.as_mut().and_then(|sound| sound.take(now, &entry)) {
            if let (true, Some(audio)) = (batch.new_config, batch.config.as_audio()) {
                self.push(|seq| message::heard(sub, seq, batch.number, audio));
            }
            return self.push(|seq| message::sound(sub, seq, &batch));
        }
        let Choice::Send { flags, config, new_config, skipped } =
            subscription.selection.choose(now, &entry)
        else {
            return;
        };
        if skipped > 0 {
            self.push(|seq| message::skipped(sub, seq, skipped));
        }
        if let (true, Some(video)) = (new_config, entry.sample.config.as_video()) {
            self.push(|seq| message::config(sub, seq, config, video));
        }
        let waited = now.saturating_since(entry.arrived);
        self.push(|seq| message::sample(sub, seq, flags, config, waited, &entry.sample));
    }

    /// Numbers a message, counts it as on its way and keeps it for [`Session::next`].
    fn push(&mut self, make: impl FnOnce(Seq) -> Bytes) {
        self.seq = Seq(self.seq.0.wrapping_add(1));
        let message = make(self.seq);
        self.window.sent(self.seq, message.len());
        self.ready.push_back(message);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("subscriptions", &self.subscriptions.len())
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use genlock_feed::{FeedLimits, FeedWriter};
    use genlock_media::Dependency;
    use tokio::time::timeout;

    use super::*;
    use crate::limits::UNACKNOWLEDGED_BYTES_MAX;
    use crate::selection::testing::picture;
    use crate::sound::testing::{STEREO, unit};

    /// A session whose clock stands at the returned number of milliseconds.
    fn session() -> (Session, Arc<AtomicI64>) {
        let millis = Arc::new(AtomicI64::new(0));
        let shown = Arc::clone(&millis);
        let now: Now = Arc::new(move || EventTime::from_millis(shown.load(Ordering::Relaxed)));
        (Session::new(now, 0), millis)
    }

    fn push(writer: &mut FeedWriter, millis: i64, dependency: Dependency, bytes: usize) {
        let mut picture = picture(1, millis * 90, dependency);
        picture.payload = vec![0; bytes].into();
        writer.push(EventTime::from_millis(millis), picture).unwrap();
    }

    /// Type and subscription of each message that is there now.
    async fn drain(session: &mut Session) -> Vec<(u8, u8)> {
        let mut kinds = Vec::new();
        while let Ok(message) = timeout(Duration::from_millis(5), session.next()).await {
            kinds.push((message[0], message[3]));
        }
        kinds
    }

    #[tokio::test(start_paused = true)]
    async fn two_feeds_share_a_connection_and_each_begins_with_its_configuration() {
        let (mut session, _clock) = session();
        let (one, two) = (Feed::new(FeedLimits::default()), Feed::new(FeedLimits::default()));
        let (mut first, mut second) = (one.open(EventTime::ZERO), two.open(EventTime::ZERO));
        push(&mut first, 0, Dependency::Sync, 10);
        push(&mut first, 40, Dependency::Reference, 10);
        session.subscribe(1, &one, Wanted { pictures: Mode::All, sound: false }).unwrap();
        session.subscribe(2, &two, Wanted { pictures: Mode::All, sound: false }).unwrap();
        assert_eq!(drain(&mut session).await, [(4, 0), (1, 1), (2, 1), (2, 1)]);
        push(&mut second, 80, Dependency::Reference, 10);
        push(&mut second, 120, Dependency::Sync, 10);
        push(&mut first, 120, Dependency::Reference, 10);
        let mut told = drain(&mut session).await;
        told.sort_unstable();
        assert_eq!(told, [(1, 2), (2, 1), (2, 2)]);
        session.unsubscribe(1);
        push(&mut first, 160, Dependency::Reference, 10);
        assert!(drain(&mut session).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_acknowledges_nothing_gets_no_more_than_its_window_and_then_a_sync_sample()
     {
        let (mut session, clock) = session();
        let feed = Feed::new(FeedLimits::default());
        let mut writer = feed.open(EventTime::ZERO);
        session.subscribe(1, &feed, Wanted { pictures: Mode::All, sound: false }).unwrap();
        let quarter = UNACKNOWLEDGED_BYTES_MAX / 4 + 1;
        push(&mut writer, 0, Dependency::Sync, quarter);
        for picture in 1..10 {
            push(&mut writer, picture * 40, Dependency::Reference, quarter);
        }
        assert_eq!(drain(&mut session).await, [(4, 0), (1, 1), (2, 1), (2, 1), (2, 1), (2, 1)]);
        session.pong(7);
        assert!(drain(&mut session).await.is_empty(), "nothing is made that cannot leave");
        clock.store(2_000, Ordering::Relaxed);
        session.acknowledged(Seq(6));
        assert!(drain(&mut session).await.is_empty(), "the rest is too late by now");
        push(&mut writer, 1_990, Dependency::Reference, 10);
        push(&mut writer, 2_000, Dependency::Sync, 10);
        assert_eq!(drain(&mut session).await, [(3, 1), (2, 1)], "what was passed over is told");
    }

    #[tokio::test(start_paused = true)]
    async fn sound_comes_where_it_is_wanted_with_pictures_or_without() {
        let (mut session, _clock) = session();
        let (one, two) = (Feed::new(FeedLimits::default()), Feed::new(FeedLimits::default()));
        let mut writers = [one.open(EventTime::ZERO), two.open(EventTime::ZERO)];
        session.subscribe(1, &one, Wanted { pictures: Mode::All, sound: false }).unwrap();
        session.subscribe(2, &two, Wanted { pictures: Mode::None, sound: true }).unwrap();
        let say = |writers: &mut [FeedWriter; 2], units: std::ops::Range<i64>| {
            for number in units {
                for writer in writers.iter_mut() {
                    writer.push(EventTime::ZERO, unit(STEREO, number)).unwrap();
                }
            }
        };
        say(&mut writers, 0..6);
        push(&mut writers[1], 100, Dependency::Sync, 10);
        assert_eq!(drain(&mut session).await, [(4, 0), (6, 2), (7, 2)]);
        session.subscribe(1, &one, Wanted { pictures: Mode::All, sound: true }).unwrap();
        session.subscribe(2, &two, Wanted { pictures: Mode::All, sound: false }).unwrap();
        say(&mut writers, 6..12);
        push(&mut writers[1], 200, Dependency::Sync, 10);
        let mut told = drain(&mut session).await;
        told.sort_unstable();
        assert_eq!(told, [(1, 2), (2, 2), (6, 1), (7, 1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_no_more_subscriptions_than_a_screen_shows() {
        let (mut session, _clock) = session();
        let feed = Feed::new(FeedLimits::default());
        for sub in 0..u16::try_from(SUBSCRIPTIONS_MAX).unwrap() {
            session.subscribe(sub, &feed, Wanted { pictures: Mode::Sync, sound: false }).unwrap();
        }
        assert_eq!(
            session.subscribe(999, &feed, Wanted { pictures: Mode::Sync, sound: false }),
            Err(TooManySubscriptions)
        );
        session.subscribe(0, &feed, Wanted { pictures: Mode::All, sound: false }).unwrap();
    }
}
