//! `watch`: M viewers of one playlist.

mod continuity;
pub(crate) mod follow;
mod pieces;
mod playback;
pub(crate) mod scan;
pub(crate) mod stats;
pub(crate) mod viewer;

use std::rc::Rc;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::http::{Client, Protocol};
use crate::limits;
use crate::outcome::{Distribution, Outcome, round};
use crate::run::{self, Load, Plan, Ramp, RunArgs, Stop, Timeline};
use crate::target::HttpUrl;

use follow::{Mode, Reloading};
use stats::{Stats, ViewerStats};
use viewer::Manner;

/// Options of `watch`.
#[derive(Clone, Debug, Args)]
pub(crate) struct WatchArgs {
    /// Playlist URL, multivariant or media.
    #[arg(long)]
    url: String,
    /// Viewers.
    #[arg(long, default_value_t = 1, value_name = "M")]
    viewers: usize,
    /// Grow to the full number in steps: STEP:SECONDS.
    #[arg(long, value_name = "STEP:SECONDS")]
    ramp: Option<Ramp>,
    /// Start the viewers of a stage spread over this time, in milliseconds.
    #[arg(long, default_value_t = 1000, value_name = "MS")]
    spread_ms: u64,
    #[command(flatten)]
    follow: FollowArgs,
    #[command(flatten)]
    run: RunArgs,
}

/// How playlists are watched; shared with `switch`.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct FollowArgs {
    /// Low latency with parts and blocking reloads, or plain segments.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) mode: Mode,
    /// HTTP version.
    #[arg(long, value_enum, default_value = "h1")]
    pub(crate) protocol: Protocol,
    /// Do not ask for the part of the preload hint; ask when it is listed.
    #[arg(long)]
    no_hints: bool,
    /// Ask for delta updates.
    #[arg(long)]
    delta: bool,
    /// Without low latency: poll the playlist in this interval, instead of the target duration.
    #[arg(long, value_name = "MS")]
    poll_ms: Option<u64>,
}

impl FollowArgs {
    /// The viewer's manner.
    pub(crate) fn manner(&self) -> Manner {
        let poll = self.poll_ms.map(|ms| Duration::from_millis(ms.max(1)));
        let reloading = Reloading { mode: self.mode, delta: self.delta, poll };
        Manner { reloading, hints: !self.no_hints }
    }

    /// What figures depend on.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("mode", format!("{:?}", self.mode).to_lowercase()),
            ("protocol", format!("{:?}", self.protocol).to_lowercase()),
            ("hints", (!self.no_hints).to_string()),
            ("delta", self.delta.to_string()),
            (
                "poll_ms",
                self.poll_ms.map_or_else(|| "by the rules".to_owned(), |ms| ms.to_string()),
            ),
        ]
    }
}

/// Watches until the run ends.
///
/// # Errors
///
/// If the options contradict each other, the target is not permitted, or nothing could be watched.
pub(crate) async fn watch(args: &WatchArgs) -> anyhow::Result<Outcome> {
    ensure!((1..=limits::VIEWERS_MAX).contains(&args.viewers), "--viewers is out of range");
    let url = HttpUrl::parse(&args.url)?;
    args.run.permit().resolve(&url.host, url.port).await?;
    let plan = Plan::new(args.viewers, args.ramp, args.run.length()?)?;
    let load = Watching { args, url, stats: Rc::default() };
    let spread = Duration::from_millis(args.spread_ms);
    let timeline = run::drive(&load, plan, spread, &args.run.pid).await;
    load.outcome(timeline)
}

struct Watching<'a> {
    args: &'a WatchArgs,
    url: HttpUrl,
    stats: Rc<Stats>,
}

impl Load for Watching<'_> {
    fn start(&self, _index: usize, delay: Duration, mut stop: Stop) {
        let stats = Rc::clone(&self.stats);
        let (follow, permit) = (self.args.follow, self.args.run.permit());
        let url = self.url.clone();
        tokio::task::spawn_local(async move {
            sleep(delay).await;
            let client = Client::new(permit, follow.protocol, Rc::clone(&stats.traffic));
            let viewer = ViewerStats::new(stats, Instant::now());
            tokio::select! {
                () = viewer::watch(Rc::new(client), &url, follow.manner(), &viewer) => {}
                () = stop.stopped() => {}
            }
        });
    }

    fn live(&self) -> usize {
        self.stats.live.get()
    }

    fn progress(&self) -> String {
        self.stats.progress()
    }
}

impl Watching<'_> {
    fn outcome(self, timeline: Timeline) -> anyhow::Result<Outcome> {
        let stats = &self.stats;
        let failures = stats.failures.take();
        if stats.pieces.get() == 0 {
            let why = failures.keys().next().cloned().unwrap_or_default();
            anyhow::bail!("nothing could be watched: {why}");
        }
        let seconds = timeline.length.as_secs_f64();
        let frames = stats.frames.get();
        let bytes = stats.traffic.bytes.get();
        let figures = vec![
            ("viewers", json!(self.args.viewers)),
            ("viewers_that_played", json!(stats.played.get())),
            ("connections", json!(stats.traffic.connections.get())),
            ("requests", json!(stats.traffic.requests.get())),
            ("bytes", json!(bytes)),
            ("megabits_per_second", json!(round(bytes as f64 * 8e-6 / seconds, 2))),
            ("playlists", json!(stats.playlists.get())),
            ("playlists_answered_early", json!(stats.early.get())),
            ("media_sequence_went_back", json!(stats.went_back.get())),
            ("discontinuities_seen", json!(stats.discontinuities.get())),
            ("pieces", json!(stats.pieces.get())),
            ("pieces_late", json!(stats.late.get())),
            ("pieces_skipped", json!(stats.skipped.get())),
            ("gaps", json!(stats.gaps.get())),
            ("stalls", json!(stats.stalls.get())),
            ("stalled_s", json!(round(stats.stalled.get().as_secs_f64(), 3))),
            ("viewers_that_stalled", json!(stats.stalled_viewers.get())),
            ("frames", json!(frames.frames)),
            ("frames_lost", json!(frames.lost)),
            ("frames_left_out_after_cuts", json!(frames.lost_after_cut)),
            ("frames_repeated", json!(frames.repeated)),
            ("cuts_seen", json!(frames.cuts)),
            ("failures", json!(failures.values().sum::<u64>())),
        ];
        let mut settings = self.args.follow.settings();
        settings.insert(0, ("url", self.url.to_string()));
        Ok(Outcome {
            command: "watch",
            unit: "viewer",
            settings,
            figures,
            distributions: distributions(stats),
            failures: failures.into_iter().collect(),
            timeline,
            run: self.args.run.clone(),
        })
    }
}

fn distributions(stats: &Stats) -> Vec<Distribution> {
    vec![
        Distribution::new(
            "send_to_downloaded",
            "from when the camera handed an access unit to its socket to when the part or segment with it had been \
             downloaded; every access unit of pieces newer than the viewer",
            stats.send_to_downloaded.take(),
        ),
        Distribution::new(
            "newest_to_downloaded",
            "the same for the newest access unit of each piece: what server and network add to the piece's duration",
            stats.newest_to_downloaded.take(),
        ),
        Distribution::new(
            "listed_to_downloaded",
            "from the playlist that lists a piece to the piece",
            stats.listed_to_downloaded.take(),
        ),
        Distribution::new(
            "start_up",
            "from a viewer's start to the moment when its hold-back was buffered",
            stats.start_up.take(),
        ),
        Distribution::new(
            "late_by",
            "how long the playhead waited for a late piece",
            stats.late_by.take(),
        ),
    ]
}
