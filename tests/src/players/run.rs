//! One run: cameras, players, takes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::browsers::Pages;
use super::cameras::{self, OnSite, Set, now_ms};
use super::measure::{Course, Shown, Verdict, Viewing, judge};
use super::programs::Program;
use super::recording::Recording;
use super::roster::Player;
use crate::Server;
use crate::api::Api;

/// After the first picture of the last player, before it is looked at.
const SETTLE: Duration = Duration::from_secs(6);

/// After the last take: more than any player is behind.
const TAIL: Duration = Duration::from_secs(11);

/// The players may take this long to start, and the cameras' clips must not end before.
const START_UP_S: u32 = 70;

/// Which playlist is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Playlist {
    /// LL-HLS with a discontinuity wherever the standard asks for it.
    Strict,
    /// The same bytes without tags for other parameters of the same codec.
    Seamless,
    /// MPEG-TS, without parts.
    Ts,
}

impl Playlist {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Seamless, Self::Ts];

    /// The name on the command line and in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Seamless => "seamless",
            Self::Ts => "ts",
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::Strict => "index.m3u8",
            Self::Seamless => "index.m3u8?dialect=seamless",
            Self::Ts => "ts.m3u8",
        }
    }
}

/// What is done in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The cameras.
    pub set: Set,
    /// What is played.
    pub playlist: Playlist,
    /// Styles of the takes as the API calls them, in turn, with commas between.
    pub style: String,
    /// How many takes.
    pub takes: u32,
    /// Between two takes.
    pub every: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What was done.
    pub plan: Plan,
    /// By player, in the order in which they were named.
    pub verdicts: Vec<(String, Verdict)>,
    /// How much of the machine was idle while it was looked at, 0 to 1; `None` where that is not told.
    pub idle: Option<f64>,
    /// What ffmpeg says of the recorded programme.
    pub recording: Vec<String>,
    /// Everything that was reported, to look for causes.
    pub raw: Value,
}

impl Plan {
    /// A short name: `unlike-seamless-clean`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-{}-{}", self.set.name(), self.playlist.name(), self.style.replace(',', "-"))
    }

    /// Does it.
    ///
    /// # Errors
    /// When the server, a camera or a player cannot be started, or a take is refused.
    pub fn run(&self, players: &[Player]) -> Result<Outcome> {
        let server = Server::start()?;
        let api = server.api();
        let event = api.create_event("Players")?;
        let cameras = cameras::start(&api, &event, self.set, self.clip_seconds())?;
        let program = format!("/hls/{event}/program");
        api.wait_for(&format!("{program}/index.m3u8"))?;
        let path = format!("{program}/{}", self.playlist.file());
        api.wait_for(&path)?;
        let url = format!("{}{path}", server.http);
        let pages = Pages::open(players, &url)?;
        let mut programs = Vec::new();
        for player in players {
            programs.extend(Program::start(player, &url)?);
        }
        std::thread::sleep(SETTLE);
        let recording =
            Recording::start(format!("{}{program}/media.m3u8?dialect=seamless", server.http));
        let from_ms = now_ms()?;
        let busy_before = Processor::now();
        let takes = self.take_in_turn(&api, &event, &cameras)?;
        std::thread::sleep(TAIL);
        let idle = busy_before.zip(Processor::now()).map(|(from, to)| to.idle_since(&from));
        let reports = pages.finish()?;
        let mut viewings = BTreeMap::new();
        let mut raw = serde_json::Map::new();
        for (name, (report, viewing)) in reports {
            viewings.insert(name.clone(), viewing);
            raw.insert(name, report);
        }
        for program in programs {
            let name = program.name.to_owned();
            let viewing = program.finish()?;
            raw.insert(name.clone(), seen(&viewing));
            viewings.insert(name, viewing);
        }
        let count = u32::try_from(cameras.len())?;
        let order = (0..=self.takes).map(|take| (take % count) as u8).collect();
        let clips_began_ms: Vec<f64> = cameras.iter().map(|camera| camera.clip_began_ms).collect();
        let raw = json!({
            "takes": takes, "from_ms": from_ms, "clips_began_ms": clips_began_ms, "players": raw,
        });
        let course = Course { from_ms, clips_began_ms, order };
        let verdict = |player: &Player| {
            let viewing = viewings.get(player.name)?;
            Some((player.name.to_owned(), judge(viewing, &course)))
        };
        let verdicts = players.iter().filter_map(verdict).collect();
        Ok(Outcome { plan: self.clone(), verdicts, idle, recording: recording.finish()?, raw })
    }

    /// Lengths in steps, so that clips of an earlier run can be used again.
    fn clip_seconds(&self) -> u32 {
        let takes_s = self.takes * u32::try_from(self.every.as_secs()).unwrap_or(u32::MAX);
        takes_s.saturating_add(START_UP_S).next_multiple_of(150)
    }

    /// The takes with the time of each and what the server answered.
    fn take_in_turn(&self, api: &Api, event: &str, cameras: &[OnSite]) -> Result<Vec<Value>> {
        let began = Instant::now();
        let mut takes = Vec::new();
        for (take, style) in (1..=self.takes).zip(self.style.split(',').cycle()) {
            let due = self.every * take;
            std::thread::sleep(due.saturating_sub(began.elapsed()));
            let camera = cameras.get(take as usize % cameras.len()).context("no cameras")?;
            let path = format!("/api/events/{event}/cameras/{}/switch", camera.id);
            let at_ms = now_ms()?;
            let answer = api.json("POST", &path, Some(&json!({ "style": style })))?;
            takes.push(json!({ "at_ms": at_ms, "cut": answer["cut"] }));
        }
        std::thread::sleep(self.every);
        let last = cameras.get(self.takes as usize % cameras.len()).context("no cameras")?;
        ensure!(
            api.active(event)?.as_deref() == Some(last.id.as_str()),
            "the last take did not become a cut within {:?}",
            self.every
        );
        Ok(takes)
    }
}

/// What a program showed: wall clock ms, its own ms, camera, clip ms.
fn seen(viewing: &Viewing) -> Value {
    let picture = |shown: &Shown| {
        let (camera, clip_ms) = shown.reading.map(|read| (read.camera, read.clip_ms)).unzip();
        json!([shown.at_ms, shown.media_ms, camera, clip_ms])
    };
    json!({ "frames": viewing.shown.iter().map(picture).collect::<Vec<_>>() })
}

/// What the processors have done since the machine started, in ticks.
#[derive(Debug)]
struct Processor {
    all: u64,
    idle: u64,
}

impl Processor {
    /// Linux alone tells it this way.
    fn now() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let ticks = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
        let ticks: Vec<u64> = ticks.filter_map(|count| count.parse().ok()).collect();
        Some(Self { all: ticks.iter().take(8).sum(), idle: ticks.get(3)? + ticks.get(4)? })
    }

    fn idle_since(&self, from: &Self) -> f64 {
        let all = self.all.saturating_sub(from.all).max(1);
        self.idle.saturating_sub(from.idle) as f64 / all as f64
    }
}
