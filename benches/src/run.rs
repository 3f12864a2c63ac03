//! The course of a run: stages, its end, samples of the server's use, the progress line.

use std::cell::Cell;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::limits;
use crate::process::{self, Usage};
use crate::target::Permit;

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunArgs {
    /// End of the run, in seconds.
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u64,
    /// A long run: lifts the bound on --seconds from one hour to one day.
    #[arg(long)]
    pub(crate) soak: bool,
    /// Process of the server to measure, with its descendants; may be repeated.
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Vec<u32>,
    /// Write the figures to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a report page with plots to this file.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// What the run is called in JSON and report, such as the server's name and version.
    #[arg(long, default_value = "")]
    pub(crate) label: String,
    /// Load a host other than this machine. Only ever one of your own.
    #[arg(long)]
    pub(crate) i_own_this_host: bool,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

impl RunArgs {
    /// Which hosts the user lets us load.
    pub(crate) fn permit(&self) -> Permit {
        if self.i_own_this_host { Permit::AnyHost } else { Permit::Loopback }
    }

    /// The run's length.
    ///
    /// # Errors
    ///
    /// If it is beyond its bound, or nothing.
    pub(crate) fn length(&self) -> anyhow::Result<Duration> {
        let (most, how) = match self.soak {
            false => (limits::SECONDS_MAX, "--soak lifts the bound"),
            true => (limits::SOAK_SECONDS_MAX, "that is a day"),
        };
        ensure!((1..=most).contains(&self.seconds), "--seconds must be in 1..={most} ({how})");
        Ok(Duration::from_secs(self.seconds))
    }
}

/// Growth of the load: `STEP:SECONDS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ramp {
    step: usize,
    every: Duration,
}

impl FromStr for Ramp {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (step, seconds) = text.split_once(':').context("expected STEP:SECONDS")?;
        let ramp = Self { step: step.parse()?, every: Duration::from_secs(seconds.parse()?) };
        ensure!(ramp.step > 0 && !ramp.every.is_zero(), "a step of nothing");
        Ok(ramp)
    }
}

/// How many are wanted from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    /// Start, since the run's start.
    pub(crate) from: Duration,
    /// Cameras or viewers wanted.
    pub(crate) wanted: usize,
}

/// The stages of a run and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// In order, at least one; the first starts at zero.
    pub(crate) stages: Vec<Stage>,
    /// End, since the run's start.
    pub(crate) ends: Duration,
}

impl Plan {
    /// Everybody at once, or in the steps of a ramp. A ramp that reached its top stays there until the end.
    ///
    /// # Errors
    ///
    /// If the ramp has too many stages, or does not fit into the run.
    pub(crate) fn new(total: usize, ramp: Option<Ramp>, length: Duration) -> anyhow::Result<Self> {
        let ramp = ramp.unwrap_or_else(|| Ramp { step: total.max(1), every: length });
        let count = total.div_ceil(ramp.step).max(1);
        ensure!(count <= limits::RAMP_STAGES_MAX, "the ramp has {count} stages");
        let needed = ramp.every * count as u32;
        ensure!(needed <= length, "the ramp takes {needed:?}, the run ends after {length:?}");
        let stages = (0..count).map(|index| Stage {
            from: ramp.every * index as u32,
            wanted: (ramp.step * (index + 1)).min(total),
        });
        Ok(Self { stages: stages.collect(), ends: length })
    }

    /// The stage at this time since the start.
    pub(crate) fn stage_at(&self, since: Duration) -> usize {
        self.stages.iter().rposition(|stage| stage.from <= since).unwrap_or(0)
    }
}

/// Tells every task that the run is over.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Returns when the run is over.
    pub(crate) async fn stopped(&mut self) {
        // A sender that is gone means the same.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// What was seen at one moment of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Since the start, in seconds.
    pub(crate) at_s: f64,
    /// Index of the stage.
    pub(crate) stage: usize,
    /// Cameras, viewers or requests at work.
    pub(crate) live: usize,
    /// The server's use so far, if a process was named.
    pub(crate) server: Option<Usage>,
    /// Our own processor time so far, in seconds.
    pub(crate) own_cpu_s: f64,
}

/// What a driver asks the load for.
pub(crate) trait Load {
    /// Starts number `index`, counted from 0, after a delay.
    fn start(&self, index: usize, delay: Duration, stop: Stop);
    /// How many are at work.
    fn live(&self) -> usize;
    /// The load's own part of the progress line.
    fn progress(&self) -> String;
    /// Whether nothing is left to do before the end.
    fn is_done(&self) -> bool {
        false
    }
}

/// Samples and stages of a run that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    /// The plan it followed.
    pub(crate) plan: Plan,
    /// In order, about one a second, fewer in long runs.
    pub(crate) samples: Vec<Sample>,
    /// How long it took.
    pub(crate) length: Duration,
}

/// Time for tasks to say goodbye to the server.
const GOODBYE: Duration = Duration::from_secs(2);

/// Runs the load by the plan until its end, until it is done, or until the user interrupts.
///
/// Those that start in one stage are spread over `spread`.
pub(crate) async fn drive(
    load: &impl Load,
    plan: Plan,
    spread: Duration,
    pids: &[u32],
) -> Timeline {
    let (sender, receiver) = watch::channel(false);
    let stop = Stop(receiver);
    let started = Instant::now();
    let mut recorder = Recorder::new(pids);
    let mut running = 0;
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = sleep_until(started + plan.ends) => break,
            _ = tokio::signal::ctrl_c() => break,
        }
        let since = started.elapsed();
        let stage = plan.stage_at(since);
        let wanted = plan.stages.get(stage).map_or(0, |stage| stage.wanted);
        let new = wanted.saturating_sub(running);
        for index in 0..new {
            load.start(running + index, spread.mul_f64(share(index)), stop.clone());
        }
        running = running.max(wanted);
        recorder.sample(since, stage, load.live());
        recorder.print(&format!("{}/{wanted} {}", load.live(), load.progress()));
        if load.is_done() {
            break;
        }
    }
    let length = started.elapsed();
    recorder.sample(length, plan.stage_at(length), load.live());
    recorder.finish_line();
    sender.send_replace(true);
    wait_for_goodbyes(load).await;
    Timeline { plan, samples: recorder.samples, length }
}

/// Where number `index` of a stage starts in its spread, 0..1: the multiples of e without their whole part. They are as
/// even as equal steps and keep time with no frame rate: 20 cameras in steps of 50 ms send the pictures of 30 fps in
/// only two groups, and a server that is woken for a group does less than for 20 cameras.
fn share(index: usize) -> f64 {
    (index as f64 * std::f64::consts::E).fract()
}

async fn wait_for_goodbyes(load: &impl Load) {
    let deadline = Instant::now() + GOODBYE;
    while load.live() > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Collects samples and writes the progress line.
struct Recorder<'a> {
    pids: &'a [u32],
    samples: Vec<Sample>,
    /// Every how many calls of `sample` one is kept.
    keep_every: usize,
    calls: usize,
    printed: Cell<bool>,
}

impl<'a> Recorder<'a> {
    fn new(pids: &'a [u32]) -> Self {
        Self { pids, samples: Vec::new(), keep_every: 1, calls: 0, printed: Cell::new(false) }
    }

    fn sample(&mut self, since: Duration, stage: usize, live: usize) {
        let kept = self.calls.is_multiple_of(self.keep_every);
        self.calls += 1;
        if !kept {
            return;
        }
        self.samples.push(Sample {
            at_s: since.as_secs_f64(),
            stage,
            live,
            server: (!self.pids.is_empty()).then(|| process::usage_of(self.pids)),
            own_cpu_s: process::own_cpu_s(),
        });
        if self.samples.len() > limits::SAMPLES_MAX {
            let mut index = 0;
            self.samples.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.keep_every *= 2;
        }
    }

    /// One line that renews itself on a terminal, a line every ten seconds elsewhere.
    fn print(&self, load: &str) {
        let Some(last) = self.samples.last() else { return };
        let server = last.server.map(|usage| {
            let recent = self.recent_cpu_share().unwrap_or_default();
            format!("  server {:.1} % {:.0} MB", recent * 100.0, usage.rss_bytes as f64 / 1e6)
        });
        let line = format!("{:6.0} s  {load}{}", last.at_s, server.unwrap_or_default());
        let mut out = std::io::stderr();
        let written = if out.is_terminal() {
            self.printed.set(true);
            write!(out, "\r\x1b[K{line}").and_then(|()| out.flush())
        } else if (last.at_s as u64).is_multiple_of(10) {
            writeln!(out, "{line}")
        } else {
            Ok(())
        };
        // Whoever closed the terminal does not want the line.
        drop(written);
    }

    fn finish_line(&self) {
        if self.printed.get() {
            drop(writeln!(std::io::stderr()));
        }
    }

    /// Cores that the server used between the last two samples.
    fn recent_cpu_share(&self) -> Option<f64> {
        let [.., before, last] = self.samples.as_slice() else { return None };
        let used = last.server?.cpu_s - before.server?.cpu_s;
        Some(used / (last.at_s - before.at_s).max(0.001))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn without_a_ramp_everybody_starts_at_once() {
        let plan = Plan::new(5, None, MINUTE).unwrap();
        assert_eq!(plan.stages, [Stage { from: Duration::ZERO, wanted: 5 }]);
    }

    #[test]
    fn a_ramp_grows_in_steps_and_stays_at_its_top() {
        let ramp = "20:15".parse().unwrap();
        let plan = Plan::new(50, Some(ramp), MINUTE).unwrap();
        let wanted: Vec<usize> = plan.stages.iter().map(|stage| stage.wanted).collect();
        assert_eq!(wanted, [20, 40, 50]);
        assert_eq!(plan.stage_at(Duration::from_secs(14)), 0);
        assert_eq!(plan.stage_at(Duration::from_secs(15)), 1);
        assert_eq!(plan.stage_at(Duration::from_secs(59)), 2);
    }

    #[test]
    fn a_ramp_must_fit_into_the_run() {
        assert!(Plan::new(50, Some("10:15".parse().unwrap()), MINUTE).is_err());
        assert!(Plan::new(1000, Some("1:1".parse().unwrap()), MINUTE * 60).is_err());
        assert!("0:5".parse::<Ramp>().is_err());
        assert!("5".parse::<Ramp>().is_err());
    }

    #[test]
    fn starts_keep_time_with_no_frame_rate() {
        for fps in [24.0, 25.0, 30.0, 50.0, 60.0] {
            let mut tenths = [0; 10];
            for index in 0..100 {
                let phase = (share(index) * fps).fract();
                tenths[(phase * 10.0) as usize] += 1;
            }
            assert!(tenths.iter().all(|cameras| (8..=12).contains(cameras)), "{fps}: {tenths:?}");
        }
    }

    #[test]
    fn long_runs_keep_a_bounded_number_of_samples() {
        let mut recorder = Recorder::new(&[]);
        let seconds = 5 * limits::SAMPLES_MAX;
        for second in 0..seconds {
            recorder.sample(Duration::from_secs(second as u64), 0, 1);
        }
        assert!(recorder.samples.len() <= limits::SAMPLES_MAX);
        let steps: Vec<f64> = recorder.samples.windows(2).map(|w| w[1].at_s - w[0].at_s).collect();
        assert!(steps.iter().all(|step| *step == steps[0]), "uneven samples");
    }
}
