//! `herd`: K blocking reloads held on one playlist, and how fast a part sets all of them free.
//!
//! In each round everybody asks for the same part, one behind the next, so that all requests wait when it comes. The
//! client cannot see when the server published the part; it was not after the first answer of the round, and
//! not before the part's newest frame had been sent. Both distances are given.

mod answer;
mod held;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::histogram::Histogram;
use crate::http::{Client, Protocol};
use crate::limits;
use crate::outcome::{Distribution, Outcome, ms, round};
use crate::playlist::{Media, Playlist, Position, parse};
use crate::process::{self, Usage};
use crate::run::{self, Load, Plan, RunArgs, Stop, Timeline};
use crate::tally::{add, count_failure};
use crate::target::HttpUrl;
use crate::watch::follow::{Follower, Mode, Reloading, Update};
use crate::watch::scan;

use held::{Held, Herd, Question};

/// Time between rounds that failed as a whole.
const RETRY: Duration = Duration::from_millis(500);
/// An answer within this time did not wait for a part.
const AT_ONCE: Duration = Duration::from_millis(20);
/// How often it is looked whether everybody has asked, and how many times.
const SAMPLE_EVERY: Duration = Duration::from_millis(10);
const SAMPLE_TRIES: usize = 200;
/// Descriptors for everything but the herd.
const FILES_RESERVED: usize = 64;

/// Options of `herd`.
#[derive(Clone, Debug, Args)]
pub(crate) struct HerdArgs {
    /// Playlist URL, multivariant or media; it must offer blocking reloads.
    #[arg(long)]
    url: String,
    /// Requests held at once.
    #[arg(long, default_value_t = 10_000, value_name = "K")]
    held: usize,
    /// Rounds; the run ends when they are done.
    #[arg(long, default_value_t = 20, value_name = "N")]
    rounds: usize,
    /// How many parts behind the next one to ask for. More time to ask; servers refuse what is too far ahead.
    #[arg(long, default_value_t = 1, value_name = "PARTS")]
    ahead: usize,
    /// HTTP version.
    #[arg(long, value_enum, default_value = "h1")]
    protocol: Protocol,
    /// Requests on one HTTP/2 connection.
    #[arg(long, default_value_t = 100, value_name = "N")]
    streams: usize,
    #[command(flatten)]
    run: RunArgs,
}

/// Holds requests until all rounds are done or the run ends.
///
/// # Errors
///
/// If the options contradict each other, the target is not permitted, or not one request was held.
pub(crate) async fn herd(args: &HerdArgs) -> anyhow::Result<Outcome> {
    ensure!((1..=limits::HELD_MAX).contains(&args.held), "--held is out of range");
    ensure!(args.rounds > 0 && args.streams > 0, "nothing to do");
    let files = process::open_files_max().unwrap_or(usize::MAX);
    if args.protocol == Protocol::H1 && args.held + FILES_RESERVED > files {
        bail!("{} connections but {files} open files: raise it with ulimit -n", args.held);
    }
    let url = HttpUrl::parse(&args.url)?;
    args.run.permit().resolve(&url.host, url.port).await?;
    let shepherd = Rc::new(Shepherd { args: args.clone(), url, stats: Stats::default() });
    let load = Herding { shepherd };
    let plan = Plan::new(args.held, None, args.run.length()?)?;
    let timeline = run::drive(&load, plan, Duration::ZERO, &args.run.pid).await;
    load.outcome(timeline)
}

/// Figures of all rounds. They live on one thread, hence cells.
#[derive(Debug, Default)]
struct Stats {
    rounds: Cell<u64>,
    over: Cell<bool>,
    at_work: Cell<usize>,
    held: Cell<u64>,
    /// Asked too late to be held.
    late: Cell<u64>,
    first_to_answer: RefCell<Histogram>,
    first_to_last: RefCell<Histogram>,
    newest_to_first: RefCell<Histogram>,
    failures: RefCell<BTreeMap<String, u64>>,
    before: Cell<Option<Usage>>,
    connected: Cell<Option<Usage>>,
    while_held: Cell<Option<Usage>>,
}

struct Shepherd {
    args: HerdArgs,
    url: HttpUrl,
    stats: Stats,
}

impl Shepherd {
    async fn run(&self) {
        if let Err(error) = self.try_run().await {
            count_failure(&self.stats.failures, &error);
        }
        self.stats.over.set(true);
    }

    async fn try_run(&self) -> anyhow::Result<()> {
        let args = &self.args;
        let permit = args.run.permit();
        let client = Rc::new(Client::new(permit, args.protocol, Rc::default()));
        let reloading = Reloading { mode: Mode::Ll, delta: false, poll: None };
        let (mut follower, first) =
            Follower::open(Rc::clone(&client), &self.url, reloading).await?;
        let playlist = first.base;
        self.stats.before.set(self.usage());
        let mut herd =
            Herd::connect(args.protocol, permit, &playlist, args.held, args.streams).await?;
        self.stats.connected.set(self.usage());
        self.stats.at_work.set(args.held);
        let address = permit.resolve(&playlist.host, playlist.port).await?;
        while self.stats.rounds.get() < args.rounds as u64 {
            let round = async {
                herd.refill(address, args.held).await?;
                self.round(&mut herd, &mut follower, &client).await
            };
            if let Err(error) = round.await {
                count_failure(&self.stats.failures, &error);
                sleep(RETRY).await;
            }
        }
        Ok(())
    }

    /// Waits for a fresh part, asks for the one behind the next, and counts the answers.
    async fn round(
        &self,
        herd: &mut Herd,
        follower: &mut Follower,
        client: &Client,
    ) -> anyhow::Result<()> {
        let fresh = fresh_update(follower).await?;
        let next = fresh.media.next_unlisted();
        let wanted = Position { part: next.part + self.args.ahead, ..next };
        let query = format!("_HLS_msn={}&_HLS_part={}", wanted.msn, wanted.part);
        let question = Question { url: fresh.base.with_query(&query), asked: Arc::default() };
        let watching = self.sample_when_held(&question);
        let (results, ()) = tokio::join!(herd.ask(&question, self.args.held), watching);
        let held = self.count_failures(results?);
        let first_us =
            held.iter().map(|held| held.answered_us).min().context("no answer at all")?;
        self.count_answers(&held, first_us);
        add(&self.stats.rounds, 1);
        if let Some(sent_us) = newest_sent_us(client, &fresh.base, next, self.args.ahead).await? {
            let after = first_us.saturating_sub(sent_us);
            self.stats.newest_to_first.borrow_mut().record_us(after);
        }
        Ok(())
    }

    /// Memory is sampled in each round, when everybody has asked; the most counts, because the server may not have
    /// read all of the first round by then.
    async fn sample_when_held(&self, question: &Question) {
        for _ in 0..SAMPLE_TRIES {
            sleep(SAMPLE_EVERY).await;
            if question.asked.load(Ordering::Relaxed) == self.args.held {
                let before = self.stats.while_held.get();
                let most =
                    before.into_iter().chain(self.usage()).max_by_key(|usage| usage.rss_bytes);
                return self.stats.while_held.set(most);
            }
        }
    }

    fn count_failures(&self, results: Vec<anyhow::Result<Held>>) -> Vec<Held> {
        let count = |result: anyhow::Result<Held>| {
            result.map_err(|error| count_failure(&self.stats.failures, &error)).ok()
        };
        results.into_iter().filter_map(count).collect()
    }

    fn count_answers(&self, answers: &[Held], first_us: u64) {
        let mut last_us = first_us;
        for held in answers {
            if held.asked_us >= first_us {
                add(&self.stats.late, 1);
                continue;
            }
            add(&self.stats.held, 1);
            self.stats.first_to_answer.borrow_mut().record_us(held.answered_us - first_us);
            last_us = last_us.max(held.answered_us);
        }
        self.stats.first_to_last.borrow_mut().record_us(last_us - first_us);
    }

    fn usage(&self) -> Option<Usage> {
        (!self.args.run.pid.is_empty()).then(|| process::usage_of(&self.args.run.pid))
    }
}

/// A playlist that has just changed: the next part is a whole part away.
async fn fresh_update(follower: &mut Follower) -> anyhow::Result<Update> {
    loop {
        let asked = Instant::now();
        let update = follower.next().await?;
        // What came out since the last call is answered at once and says nothing about now.
        if update.answered.saturating_duration_since(asked) > AT_ONCE {
            return Ok(update);
        }
    }
}

/// Send time of the newest frame in the part that everybody waited for, if frames are marked.
async fn newest_sent_us(
    client: &Client,
    playlist: &HttpUrl,
    next: Position,
    ahead: usize,
) -> anyhow::Result<Option<u64>> {
    let answer = client.get_ok(playlist).await?;
    let Playlist::Media(media) = parse(std::str::from_utf8(&answer.body)?)? else {
        return Ok(None);
    };
    let Some(uri) = nth_from(&media, next, ahead) else { return Ok(None) };
    let part = client.get_ok(&playlist.join(uri)?).await?;
    Ok(scan::markers(&part.body).iter().map(|marker| marker.sent_us).max())
}

/// The part `ahead` places behind a position, counted across segments as the server counts: a number beyond the
/// last part of a segment means the first part of the next (rfc8216bis-22 §6.2.5.2).
fn nth_from(media: &Media, from: Position, ahead: usize) -> Option<&str> {
    let segment = media.segments.iter().find(|segment| segment.msn == from.msn)?;
    if let Some(part) = segment.parts.get(from.part + ahead) {
        return Some(&part.uri);
    }
    segment.uri.as_ref()?;
    let next = media.segments.iter().find(|next| next.msn == from.msn + 1)?;
    next.parts.first().map(|part| part.uri.as_str())
}

struct Herding {
    shepherd: Rc<Shepherd>,
}

impl Load for Herding {
    /// The herd is one task: it starts with its first request.
    fn start(&self, index: usize, _delay: Duration, mut stop: Stop) {
        if index > 0 {
            return;
        }
        let shepherd = Rc::clone(&self.shepherd);
        tokio::task::spawn_local(async move {
            tokio::select! {
                () = shepherd.run() => {}
                () = stop.stopped() => {}
            }
            shepherd.stats.at_work.set(0);
        });
    }

    fn live(&self) -> usize {
        self.shepherd.stats.at_work.get()
    }

    fn progress(&self) -> String {
        let stats = &self.shepherd.stats;
        let answers = stats.first_to_answer.borrow();
        format!(
            "held  rounds {}  first to answer p99 {} max {} ms  late {}  failures {}",
            stats.rounds.get(),
            ms(answers.quantile_us(0.99)),
            ms(answers.max_us()),
            stats.late.get(),
            stats.failures.borrow().values().sum::<u64>(),
        )
    }

    fn is_done(&self) -> bool {
        self.shepherd.stats.over.get()
    }
}

impl Herding {
    fn outcome(self, timeline: Timeline) -> anyhow::Result<Outcome> {
        let (args, stats) = (&self.shepherd.args, &self.shepherd.stats);
        let failures = stats.failures.take();
        if stats.held.get() == 0 {
            let why = failures.keys().next().cloned().unwrap_or_default();
            bail!("no request was held: {why}");
        }
        let mut figures = vec![
            ("rounds", json!(stats.rounds.get())),
            ("held_each", json!(args.held)),
            ("held_answers", json!(stats.held.get())),
            ("asked_too_late", json!(stats.late.get())),
            ("failures", json!(failures.values().sum::<u64>())),
        ];
        figures.extend(memory_figures(stats, args.held));
        let settings = vec![
            ("url", self.shepherd.url.to_string()),
            ("protocol", format!("{:?}", args.protocol).to_lowercase()),
            ("ahead", args.ahead.to_string()),
            ("streams_per_connection", args.streams.to_string()),
        ];
        Ok(Outcome {
            command: "herd",
            unit: "held request",
            settings,
            figures,
            distributions: distributions(stats),
            failures: failures.into_iter().collect(),
            timeline,
            run: args.run.clone(),
        })
    }
}

fn memory_figures(stats: &Stats, held: usize) -> Vec<(&'static str, Value)> {
    let Some(before) = stats.before.get() else { return Vec::new() };
    let mut figures = vec![("rss_before_mb", json!(megabytes(before)))];
    if let Some(connected) = stats.connected.get() {
        figures.push(("rss_connected_mb", json!(megabytes(connected))));
    }
    if let Some(while_held) = stats.while_held.get() {
        let grown = while_held.rss_bytes.saturating_sub(before.rss_bytes);
        figures.push(("rss_held_mb", json!(megabytes(while_held))));
        figures.push(("bytes_per_held_request", json!(grown / held as u64)));
    }
    figures
}

fn megabytes(usage: Usage) -> f64 {
    round(usage.rss_bytes as f64 / 1e6, 2)
}

fn distributions(stats: &Stats) -> Vec<Distribution> {
    vec![
        Distribution::new(
            "first_to_answer",
            "from the first answer of a round to each answer: over HTTP/1.1 when the kernel had it, over HTTP/2 when it \
             had been read",
            stats.first_to_answer.take(),
        ),
        Distribution::new(
            "first_to_last",
            "from the first to the last answer of each round",
            stats.first_to_last.take(),
        ),
        Distribution::new(
            "newest_to_first",
            "from when the camera sent the newest frame of the part to the first answer",
            stats.newest_to_first.take(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(text: &str) -> Media {
        match parse(&format!("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:5\n{text}")).unwrap() {
            Playlist::Media(media) => media,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_number_beyond_a_closed_segment_is_the_next_ones_first() {
        let part = |uri| format!("#EXT-X-PART:DURATION=1,URI=\"{uri}\"\n");
        let closed = format!("{}{}#EXTINF:2,\ns5\n{}", part("a"), part("b"), part("c"));
        let from = |part| Position { msn: 5, part };
        assert_eq!(nth_from(&media(&closed), from(0), 1), Some("b"));
        assert_eq!(nth_from(&media(&closed), from(1), 1), Some("c"));
        assert_eq!(nth_from(&media(&closed), from(1), 3), Some("c"));
        assert_eq!(nth_from(&media(&part("a")), from(0), 1), None);
        assert_eq!(nth_from(&media(""), from(0), 1), None);
    }
}
