//! `switch`: takes at a rate, and what became of each in the playlist.
//!
//! A viewer follows the programme; a driver takes one camera after the other. A take is over when a part whose
//! markers show the new camera has been downloaded. Only then comes the next take, so that every cut is seen.

pub(crate) mod command;
mod driver;
mod takes;

use std::rc::Rc;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use serde_json::json;
use tokio::time::Instant;

use crate::http::{Client, Protocol};
use crate::limits;
use crate::outcome::{Distribution, Outcome};
use crate::run::{self, Load, Plan, RunArgs, Stop, Timeline};
use crate::target::HttpUrl;
use crate::watch::FollowArgs;
use crate::watch::stats::{Stats, ViewerStats};
use crate::watch::viewer;

use command::CommandArgs;
use driver::{Driver, SwitchObserver};
use takes::Takes;

/// Options of `switch`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SwitchArgs {
    /// Playlist of the programme.
    #[arg(long)]
    url: String,
    #[command(flatten)]
    command: CommandArgs,
    /// Takes; the run ends when they are done.
    #[arg(long, default_value_t = 20, value_name = "N")]
    takes: usize,
    /// Mean time from take to take, in seconds. Each pause is random, so that takes meet every place in a GOP.
    #[arg(long, default_value_t = 3.0, value_name = "SECONDS")]
    every: f64,
    /// A take whose camera has not been seen after this time has failed, in seconds.
    #[arg(long, default_value_t = 15.0, value_name = "SECONDS")]
    give_up: f64,
    #[command(flatten)]
    follow: FollowArgs,
    #[command(flatten)]
    run: RunArgs,
}

/// Switches until all takes are done or the run ends.
///
/// # Errors
///
/// If the options contradict each other, a target is not permitted, or not one take succeeded.
pub(crate) async fn switch(args: &SwitchArgs) -> anyhow::Result<Outcome> {
    ensure!((1..=limits::TAKES_MAX).contains(&args.takes), "--takes is out of range");
    ensure!(args.every > 0.0 && args.give_up > 0.0, "times must be positive");
    let url = HttpUrl::parse(&args.url)?;
    args.run.permit().resolve(&url.host, url.port).await?;
    let load = Switching {
        args,
        url,
        driver: Rc::new(Driver {
            orders: args.command.orders()?,
            client: Client::new(args.run.permit(), Protocol::H1, Rc::default()),
            takes: Rc::default(),
            wanted: args.takes,
            every_s: args.every,
            give_up: Duration::try_from_secs_f64(args.give_up)?,
            seed: args.run.seed,
        }),
        viewer: Rc::default(),
    };
    let plan = Plan::new(1, None, args.run.length()?)?;
    let timeline = run::drive(&load, plan, Duration::ZERO, &args.run.pid).await;
    load.outcome(timeline)
}

struct Switching<'a> {
    args: &'a SwitchArgs,
    url: HttpUrl,
    driver: Rc<Driver>,
    viewer: Rc<Stats>,
}

impl Load for Switching<'_> {
    fn start(&self, _index: usize, _delay: Duration, mut stop: Stop) {
        let driver = Rc::clone(&self.driver);
        let (follow, url) = (self.args.follow, self.url.clone());
        let traffic = Rc::clone(&self.viewer.traffic);
        let client = Rc::new(Client::new(self.args.run.permit(), follow.protocol, traffic));
        let observer = SwitchObserver {
            viewer: ViewerStats::new(Rc::clone(&self.viewer), Instant::now()),
            takes: Rc::clone(&driver.takes),
        };
        tokio::task::spawn_local(async move {
            tokio::select! {
                () = viewer::watch(client, &url, follow.manner(), &observer) => {}
                () = driver.run() => {}
                () = stop.stopped() => {}
            }
        });
    }

    fn live(&self) -> usize {
        self.viewer.live.get()
    }

    fn progress(&self) -> String {
        self.driver.takes.progress()
    }

    fn is_done(&self) -> bool {
        self.driver.takes.made() >= self.args.takes && !self.driver.takes.is_pending()
    }
}

impl Switching<'_> {
    fn outcome(self, timeline: Timeline) -> anyhow::Result<Outcome> {
        let takes = &self.driver.takes;
        let mut failures = takes.failures.take();
        for (text, count) in self.viewer.failures.take() {
            *failures.entry(format!("viewer: {text}")).or_default() += count;
        }
        if takes.seen.get() == 0 {
            let why = failures.keys().next().cloned().unwrap_or_default();
            anyhow::bail!("no take was seen in the playlist: {why}");
        }
        let frames = self.viewer.frames.get();
        let figures = vec![
            ("takes", json!(takes.made())),
            ("takes_seen", json!(takes.seen.get())),
            ("takes_refused", json!(takes.refused.get())),
            ("takes_never_seen", json!(takes.never_seen.get())),
            ("styles", json!(takes.styles.take())),
            ("discontinuities_seen", json!(self.viewer.discontinuities.get())),
            ("media_sequence_went_back", json!(self.viewer.went_back.get())),
            ("pieces_late", json!(self.viewer.late.get())),
            ("pieces_skipped", json!(self.viewer.skipped.get())),
            ("stalls", json!(self.viewer.stalls.get())),
            ("frames_lost", json!(frames.lost)),
            ("frames_left_out_after_cuts", json!(frames.lost_after_cut)),
            ("frames_repeated", json!(frames.repeated)),
            ("failures", json!(failures.values().sum::<u64>())),
        ];
        let mut settings = self.args.follow.settings();
        settings.insert(0, ("url", self.url.to_string()));
        settings.extend([
            ("cameras", self.driver.orders.len().to_string()),
            ("every_s", self.args.every.to_string()),
            ("style", self.args.command.style().to_owned()),
            ("seed", self.args.run.seed.to_string()),
        ]);
        Ok(Outcome {
            command: "switch",
            unit: "driver",
            settings,
            figures,
            distributions: distributions(takes),
            failures: failures.into_iter().collect(),
            timeline,
            run: self.args.run.clone(),
        })
    }
}

fn distributions(takes: &Takes) -> Vec<Distribution> {
    vec![
        Distribution::new(
            "command_to_answer",
            "from the first byte of the command to the whole answer",
            takes.answered.take(),
        ),
        Distribution::new(
            "command_to_list_begun",
            "from the command to the first byte of the first playlist that lists a part with a frame of the new camera",
            takes.list_begun.take(),
        ),
        Distribution::new(
            "command_to_listed",
            "from the command to the last byte of that playlist",
            takes.listed.take(),
        ),
        Distribution::new(
            "command_to_downloaded",
            "from the command to that part's last byte",
            takes.downloaded.take(),
        ),
        Distribution::new(
            "forecast",
            "from the command to the cut, as the server's answer foretold it",
            takes.forecast.take(),
        ),
        Distribution::new(
            "listed_behind_forecast",
            "from the moment foretold to the playlist that lists the part; zero if it came earlier",
            takes.behind_forecast.take(),
        ),
        Distribution::new(
            "forecast_error",
            "between the moment foretold and the camera's sending of the new camera's first frame, whichever came \
             first",
            takes.forecast_error.take(),
        ),
    ]
}
