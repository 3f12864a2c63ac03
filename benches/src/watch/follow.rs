//! Following a media playlist: blocking reloads where they are offered, polling by the rules elsewhere.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use tokio::time::{Instant, sleep, sleep_until};

use crate::http::{Answer, Client};
use crate::playlist::{Media, Playlist, parse};
use crate::target::HttpUrl;

/// Multivariant playlists that name multivariant playlists end here.
const NESTING_MAX: usize = 3;
/// Time until the next try after a failed reload.
const RETRY: Duration = Duration::from_millis(500);

/// How a playlist is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// With low latency if the playlist offers it.
    Auto,
    /// With parts and blocking reloads; fails if they are not offered.
    Ll,
    /// Whole segments, polling.
    Plain,
}

/// How reloads are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reloading {
    /// The mode that was asked for.
    pub(crate) mode: Mode,
    /// Ask for delta updates (`_HLS_skip=YES`) where they are offered.
    pub(crate) delta: bool,
    /// Fixed time between polls, instead of the target duration.
    pub(crate) poll: Option<Duration>,
}

/// A playlist that has arrived.
#[derive(Debug)]
pub(crate) struct Update {
    /// The playlist.
    pub(crate) media: Media,
    /// Its URL without directives: what its references are relative to.
    pub(crate) base: HttpUrl,
    /// When its first byte was here.
    pub(crate) begun: Instant,
    /// When all of it was here.
    pub(crate) answered: Instant,
    /// Whether it is the first one.
    pub(crate) is_first: bool,
    /// Whether a blocking reload was answered although nothing new is listed.
    pub(crate) is_early: bool,
}

/// A viewer's reloads of one media playlist.
#[derive(Debug)]
pub(crate) struct Follower {
    client: Rc<Client>,
    reloading: Reloading,
    url: HttpUrl,
    last: Media,
    low_latency: bool,
    due: Instant,
}

impl Follower {
    /// Finds the media playlist behind a URL, that of the highest bandwidth if there are several.
    ///
    /// # Errors
    ///
    /// If there is none, or low latency was asked for and is not offered.
    pub(crate) async fn open(
        client: Rc<Client>,
        url: &HttpUrl,
        reloading: Reloading,
    ) -> anyhow::Result<(Self, Update)> {
        let mut url = url.clone();
        for _ in 0..NESTING_MAX {
            let answer = client.get_ok(&url).await.with_context(|| url.to_string())?;
            match read(&answer)? {
                Playlist::Multivariant(variants) => {
                    let best = variants.into_iter().max_by_key(|variant| variant.bandwidth);
                    url = answer.url.join(&best.context("no variant")?.uri)?;
                }
                Playlist::Media(media) => return Self::start(client, answer, media, reloading),
            }
        }
        bail!("multivariant playlists name each other");
    }

    fn start(
        client: Rc<Client>,
        answer: Answer,
        media: Media,
        reloading: Reloading,
    ) -> anyhow::Result<(Self, Update)> {
        let low_latency = match reloading.mode {
            Mode::Auto => media.is_low_latency(),
            Mode::Ll if !media.is_low_latency() => bail!("the playlist offers no low latency"),
            Mode::Ll => true,
            Mode::Plain => false,
        };
        let mut follower = Self {
            client,
            reloading,
            url: answer.url.clone(),
            last: media.clone(),
            low_latency,
            due: answer.done,
        };
        follower.schedule(answer.done, true);
        let update = Update {
            media,
            base: answer.url,
            begun: answer.begun,
            answered: answer.done,
            is_first: true,
            is_early: false,
        };
        Ok((follower, update))
    }

    /// Whether parts are watched.
    pub(crate) fn is_low_latency(&self) -> bool {
        self.low_latency
    }

    /// The next playlist. After an error the call may be repeated; it waits first.
    ///
    /// # Errors
    ///
    /// If the playlist does not arrive or does not parse.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Update> {
        sleep_until(self.due).await;
        self.due = Instant::now() + RETRY;
        let answer = self.client.get_ok(&self.reload_url()).await.context("playlist")?;
        let Playlist::Media(media) = read(&answer)? else {
            bail!("the playlist became multivariant")
        };
        let changed = media.next_unlisted() != self.last.next_unlisted() || media.ended;
        self.last = media.clone();
        self.schedule(answer.done, changed);
        Ok(Update {
            media,
            base: self.url.clone(),
            begun: answer.begun,
            answered: answer.done,
            is_first: false,
            is_early: self.low_latency && !changed,
        })
    }

    fn reload_url(&self) -> HttpUrl {
        if !self.low_latency {
            return self.url.clone();
        }
        let next = self.last.next_unlisted();
        let skip = if self.reloading.delta && self.last.can_skip { "&_HLS_skip=YES" } else { "" };
        self.url.with_query(&format!("_HLS_msn={}&_HLS_part={}{skip}", next.msn, next.part))
    }

    /// "the client MUST wait for at least the target duration before attempting to reload the Playlist file again",
    /// half of it if nothing changed (RFC 8216 §6.3.4). Blocking reloads follow each other at once; one that was
    /// answered too early must not become a storm.
    fn schedule(&mut self, now: Instant, changed: bool) {
        let target = Duration::try_from_secs_f64(self.last.target_duration).unwrap_or(RETRY);
        let part =
            Duration::try_from_secs_f64(self.last.part_target.unwrap_or(1.0)).unwrap_or(RETRY);
        let wait = match (self.low_latency, changed) {
            (true, true) => Duration::ZERO,
            (true, false) => part / 2,
            (false, true) => self.reloading.poll.unwrap_or(target),
            (false, false) => self.reloading.poll.unwrap_or(target / 2),
        };
        self.due = now + wait;
    }
}

/// Opens a playlist as soon as it is there, and reports what goes wrong meanwhile.
pub(crate) async fn open_when_there(
    client: &Rc<Client>,
    url: &HttpUrl,
    reloading: Reloading,
    mut report: impl FnMut(anyhow::Error),
) -> (Follower, Update) {
    loop {
        match Follower::open(Rc::clone(client), url, reloading).await {
            Ok(opened) => return opened,
            Err(error) => report(error),
        }
        sleep(RETRY).await;
    }
}

fn read(answer: &Answer) -> anyhow::Result<Playlist> {
    parse(std::str::from_utf8(&answer.body).context("the playlist is not UTF-8")?)
}
