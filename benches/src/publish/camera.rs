//! One camera: publishes its clip in real time, over as many connections as it takes.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use genlock_rtmp::amf0::Object;
use genlock_rtmp::{MediaKind, MediaOut, RtmpTimestamp};
use tokio::time::{Instant, sleep, sleep_until};

use super::connection::Connection;
use super::pace::Pace;
use super::stats::Stats;
use crate::clip::{Clip, Cursor, Unit};
use crate::clock;
use crate::marker::Marker;
use crate::random::Random;
use crate::run::Stop;
use crate::tally::{add, count_failure};
use crate::target::RtmpUrl;

/// How a camera behaves on the network.
#[derive(Clone, Debug)]
pub(super) struct Habits {
    pub(super) chunk_size: u32,
    pub(super) jitter: Duration,
    /// Share of access units left out, 0..=1.
    pub(super) lose_share: f64,
    /// Mean time between broken connections.
    pub(super) drop_every_s: Option<f64>,
    /// Never, if `None`.
    pub(super) reconnect_after: Option<Duration>,
    pub(super) restart_timestamps: bool,
}

/// A camera that has not started yet.
#[derive(Clone, Debug)]
pub(super) struct Camera {
    pub(super) number: u16,
    pub(super) url: RtmpUrl,
    pub(super) address: SocketAddr,
    pub(super) clip: Rc<Clip>,
    pub(super) habits: Habits,
    pub(super) seed: u64,
    pub(super) stats: Rc<Stats>,
}

/// Why a connection ended without fault of the server.
enum End {
    Stopped,
    Dropped,
}

impl Camera {
    /// Publishes until the run stops or the camera may not connect again.
    pub(super) async fn run(self, delay: Duration, mut stop: Stop) {
        let mut random = Random::new(self.seed);
        let mut counter = 0;
        let first_start = Instant::now() + delay;
        sleep(delay).await;
        loop {
            match self.connection(first_start, &mut counter, &mut random, &mut stop).await {
                Ok(End::Stopped) => break,
                Ok(End::Dropped) => add(&self.stats.drops, 1),
                Err(error) => count_failure(&self.stats.failures, &error),
            }
            let Some(pause) = self.habits.reconnect_after else { break };
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.stopped() => break,
            }
        }
        self.stats.ended.set(self.stats.ended.get() + 1);
    }

    /// One connection from its first to its last byte.
    async fn connection(
        &self,
        first_start: Instant,
        counter: &mut u64,
        random: &mut Random,
        stop: &mut Stop,
    ) -> anyhow::Result<End> {
        let opened = Instant::now();
        let opening = Connection::open(self.address, &self.url, self.habits.chunk_size, random);
        let mut connection = tokio::select! {
            connection = opening => connection?,
            () = stop.stopped() => return Ok(End::Stopped),
        };
        self.stats.connect_time.borrow_mut().record(opened.elapsed());
        add(&self.stats.connects, 1);
        let _live = Live::new(&self.stats);
        let drop_after = self.habits.drop_every_s.map(|mean| random.exponential(mean));
        let drop_at = drop_after.map(|after| Instant::now() + Duration::from_secs_f64(after));
        tokio::select! {
            result = self.stream(&mut connection, first_start, counter, random) => result.map(|()| End::Stopped),
            () = at(drop_at) => Ok(End::Dropped),
            () = stop.stopped() => {
                connection.end().await?;
                Ok(End::Stopped)
            }
        }
    }

    /// Sends for ever.
    async fn stream(
        &self,
        connection: &mut Connection,
        first_start: Instant,
        counter: &mut u64,
        random: &mut Random,
    ) -> anyhow::Result<()> {
        let start = Instant::now();
        let base =
            if self.habits.restart_timestamps { Duration::ZERO } else { start - first_start };
        self.send_headers(connection, base).await?;
        let mut pace = Pace::new(start, self.habits.jitter);
        let mut cursor = Cursor::new(Rc::clone(&self.clip));
        while let Some(unit) = cursor.take() {
            let send_at = pace.send_at(unit.due, random);
            connection.wait_until(send_at).await?;
            let is_video = unit.kind == MediaKind::Video;
            if is_video && random.unit() < self.habits.lose_share {
                add(&self.stats.left_out, 1);
                continue;
            }
            connection.send(self.message(unit, base, *counter)).await?;
            add(&self.stats.bytes, connection.take_sent_bytes());
            if is_video {
                *counter += 1;
                add(&self.stats.access_units, 1);
                self.stats.behind.borrow_mut().record(send_at.elapsed());
            }
        }
        Ok(())
    }

    async fn send_headers(
        &self,
        connection: &mut Connection,
        base: Duration,
    ) -> anyhow::Result<()> {
        if !self.clip.metadata.is_empty() {
            let properties = self
                .clip
                .metadata
                .iter()
                .fold(Object::new(), |object, (name, value)| object.with(name, *value));
            connection.send_metadata(properties).await?;
        }
        for (kind, payload) in &self.clip.headers {
            let (kind, payload) = (*kind, payload.clone());
            connection.send(MediaOut { kind, timestamp: timestamp(base), payload }).await?;
        }
        Ok(())
    }

    fn message(&self, unit: Unit, base: Duration, counter: u64) -> MediaOut {
        let marker = Marker { camera: self.number, counter, sent_us: clock::unix_us() };
        MediaOut {
            kind: unit.kind,
            timestamp: timestamp(base + unit.due),
            payload: unit.payload.stamped(marker),
        }
    }
}

/// Counts a camera as live while it exists.
struct Live<'a>(&'a Stats);

impl<'a> Live<'a> {
    fn new(stats: &'a Stats) -> Self {
        stats.live.set(stats.live.get() + 1);
        Self(stats)
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.0.live.set(self.0.live.get() - 1);
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Milliseconds modulo 2³², as RTMP counts them.
fn timestamp(time: Duration) -> RtmpTimestamp {
    RtmpTimestamp(time.as_millis() as u32)
}
