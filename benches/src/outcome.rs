//! What a run found: figures with their names, as text, JSON and report page.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::histogram::Histogram;
use crate::report;
use crate::run::{RunArgs, Sample, Timeline};

/// Version of the JSON layout; grows when a field changes its meaning.
const LAYOUT: u32 = 1;
/// Quantiles in JSON, text and report.
pub(crate) const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)];

/// The figures of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The command.
    pub(crate) command: &'static str,
    /// What one unit of load is called: `camera`, `viewer`.
    pub(crate) unit: &'static str,
    /// What was asked for, without secrets.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// Single figures.
    pub(crate) figures: Vec<(&'static str, Value)>,
    /// Latencies and their like.
    pub(crate) distributions: Vec<Distribution>,
    /// Failures by their text.
    pub(crate) failures: Vec<(String, u64)>,
    /// Samples over time.
    pub(crate) timeline: Timeline,
    /// Options that say where to write.
    pub(crate) run: RunArgs,
}

/// A distribution with its meaning.
#[derive(Debug)]
pub(crate) struct Distribution {
    /// Name in JSON.
    pub(crate) name: &'static str,
    /// What it measures, from where to where.
    pub(crate) meaning: &'static str,
    /// The values.
    pub(crate) values: Histogram,
}

/// What the server used in one stage, its start left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StageUse {
    /// Units wanted.
    pub(crate) wanted: usize,
    /// Units that were at work, on average.
    pub(crate) live: f64,
    /// Seconds that count.
    pub(crate) seconds: f64,
    /// Processor seconds per unit and second.
    pub(crate) cpu_per_unit_s: f64,
    /// Resident memory at the end of the stage.
    pub(crate) rss_bytes: u64,
}

impl Outcome {
    /// Prints the figures and writes the files that were asked for.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let text = self.text();
        std::io::stdout().write_all(text.as_bytes()).context("standard output")?;
        if let Some(path) = &self.run.json {
            let json = serde_json::to_string_pretty(&self.json())?;
            fs::write(path, json + "\n").with_context(|| path.display().to_string())?;
        }
        if let Some(path) = &self.run.report {
            fs::write(path, report::page(self)).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.figures {
            let _ = writeln!(text, "{name:<28} {value}");
        }
        for distribution in self.distributions.iter().filter(|d| d.values.count() > 0) {
            let values = &distribution.values;
            let _ = write!(
                text,
                "{:<28} n {}  ms: min {}",
                distribution.name,
                values.count(),
                ms(values.min_us())
            );
            for (name, share) in QUANTILES {
                let _ = write!(text, "  {name} {}", ms(values.quantile_us(share)));
            }
            let _ = writeln!(text, "  max {}", ms(values.max_us()));
        }
        for stage in self.timeline.stage_uses() {
            let _ = writeln!(
                text,
                "{:<28} {:.5} CPU-s per {}-second over {:.0} s, RSS {:.1} MB",
                format!("{} {}s", stage.wanted, self.unit),
                stage.cpu_per_unit_s,
                self.unit,
                stage.seconds,
                stage.rss_bytes as f64 / 1e6,
            );
        }
        for (failure, count) in &self.failures {
            let _ = writeln!(text, "failure x{count}: {failure}");
        }
        text
    }

    fn json(&self) -> Value {
        let settings: serde_json::Map<_, _> =
            self.settings.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let figures: serde_json::Map<_, _> =
            self.figures.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let distributions: serde_json::Map<_, _> =
            self.distributions.iter().map(|d| (d.name.to_owned(), d.json())).collect();
        let failures: Vec<Value> = self
            .failures
            .iter()
            .map(|(text, count)| json!({ "text": text, "count": count }))
            .collect();
        json!({
            "layout": LAYOUT,
            "tool": concat!("genlock-load ", env!("CARGO_PKG_VERSION")),
            "command": self.command,
            "label": self.run.label,
            "unit": self.unit,
            "ended_unix_us": crate::clock::unix_us(),
            "seconds": round(self.timeline.length.as_secs_f64(), 3),
            "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            "settings": settings,
            "figures": figures,
            "distributions": distributions,
            "failures": failures,
            "stages": self.timeline.stage_uses().iter().map(StageUse::json).collect::<Vec<_>>(),
            "rss_growth_mb_per_hour": self.timeline.rss_growth_mb_per_hour().map(|mb| round(mb, 3)),
            "harness_cpu_s": self.timeline.samples.last().map(|sample| sample.own_cpu_s),
            "samples": self.timeline.samples.iter().map(sample_json).collect::<Vec<_>>(),
        })
    }
}

impl Distribution {
    /// A distribution with its name and meaning.
    pub(crate) fn new(name: &'static str, meaning: &'static str, values: Histogram) -> Self {
        Self { name, meaning, values }
    }

    fn json(&self) -> Value {
        let values = &self.values;
        let mut object = json!({
            "meaning": self.meaning,
            "unit": "ms",
            "count": values.count(),
            "min": round(values.min_us() as f64 / 1e3, 3),
            "mean": round(values.mean_us() / 1e3, 3),
            "max": round(values.max_us() as f64 / 1e3, 3),
        });
        for (name, share) in QUANTILES {
            object[name] = json!(round(values.quantile_us(share) as f64 / 1e3, 3));
        }
        object
    }
}

impl StageUse {
    fn json(&self) -> Value {
        json!({
            "wanted": self.wanted,
            "live": round(self.live, 2),
            "seconds": round(self.seconds, 3),
            "cpu_s_per_unit_s": round(self.cpu_per_unit_s, 6),
            "rss_mb": round(self.rss_bytes as f64 / 1e6, 3),
        })
    }
}

fn sample_json(sample: &Sample) -> Value {
    json!({
        "at_s": round(sample.at_s, 3),
        "live": sample.live,
        "cpu_s": sample.server.map(|usage| usage.cpu_s),
        "rss_mb": sample.server.map(|usage| round(usage.rss_bytes as f64 / 1e6, 3)),
        "harness_cpu_s": sample.own_cpu_s,
    })
}

/// Share of a stage that is left out because cameras start and windows fill.
const SETTLING_SHARE: f64 = 0.25;
/// But no more than this.
const SETTLING_MAX_S: f64 = 10.0;
/// Shorter stretches say nothing about growth.
const GROWTH_MIN_S: f64 = 50.0;
/// Share of a run after which memory should no longer grow.
const WARM_SHARE: f64 = 0.25;

impl Timeline {
    /// What the server used in each stage; empty if no process was named.
    pub(crate) fn stage_uses(&self) -> Vec<StageUse> {
        (0..self.plan.stages.len()).filter_map(|index| self.stage_use(index)).collect()
    }

    fn stage_use(&self, index: usize) -> Option<StageUse> {
        let samples = self.samples.iter().filter(|sample| sample.stage == index);
        let (first, last) = (samples.clone().next()?, samples.clone().next_back()?);
        let settling = ((last.at_s - first.at_s) * SETTLING_SHARE).min(SETTLING_MAX_S);
        let settled: Vec<&Sample> =
            samples.filter(|sample| sample.at_s >= first.at_s + settling).collect();
        let (first, last) = (settled.first()?, settled.last()?);
        let unit_seconds: f64 = settled
            .windows(2)
            .filter_map(|pair| match pair {
                [a, b] => Some((b.at_s - a.at_s) * (a.live + b.live) as f64 / 2.0),
                _ => None,
            })
            .sum();
        let seconds = last.at_s - first.at_s;
        if unit_seconds <= 0.0 {
            return None;
        }
        Some(StageUse {
            wanted: self.plan.stages.get(index)?.wanted,
            live: unit_seconds / seconds,
            seconds,
            cpu_per_unit_s: (last.server?.cpu_s - first.server?.cpu_s) / unit_seconds,
            rss_bytes: last.server?.rss_bytes,
        })
    }

    /// Slope of the server's memory after the first quarter of the run, by least squares, in MB per hour.
    pub(crate) fn rss_growth_mb_per_hour(&self) -> Option<f64> {
        let warm = self.length.as_secs_f64() * WARM_SHARE;
        let points: Vec<(f64, f64)> = self
            .samples
            .iter()
            .filter(|sample| sample.at_s >= warm)
            .filter_map(|sample| Some((sample.at_s, sample.server?.rss_bytes as f64)))
            .collect();
        let (first, last) = (points.first()?, points.last()?);
        if last.0 - first.0 < GROWTH_MIN_S {
            return None;
        }
        Some(slope(&points)? * 3600.0 / 1e6)
    }
}

fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let n = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / n;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / n;
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    (variance > 0.0).then(|| covariance / variance)
}

/// Milliseconds with as many decimals as are worth reading.
pub(crate) fn ms(us: u64) -> String {
    let value = us as f64 / 1e3;
    match value {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// A number without the noise behind its last sensible decimal.
pub(crate) fn round(value: f64, decimals: i32) -> f64 {
    let factor = 10_f64.powi(decimals);
    (value * factor).round() / factor
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::process::Usage;
    use crate::run::Plan;

    /// Two stages of 40 s with 10 and 20 cameras of 0.01 CPU-s and 5 MB each.
    pub(crate) fn timeline() -> Timeline {
        let plan = Plan::new(20, Some("10:40".parse().unwrap()), Duration::from_secs(80)).unwrap();
        let mut cpu_s = 3.0;
        let samples = (0..80).map(|second| {
            let live = if second < 40 { 10 } else { 20 };
            let server = Usage { cpu_s, rss_bytes: 5_000_000 * live as u64, processes: 1 };
            cpu_s += 0.01 * live as f64;
            let stage = usize::from(second >= 40);
            Sample { at_s: f64::from(second), stage, live, server: Some(server), own_cpu_s: 0.1 }
        });
        Timeline { samples: samples.collect(), plan, length: Duration::from_secs(80) }
    }

    #[test]
    fn a_stage_is_charged_per_camera_and_second() {
        let uses = timeline().stage_uses();
        assert_eq!(uses.len(), 2);
        for (stage, wanted) in uses.iter().zip([10, 20]) {
            assert_eq!(stage.wanted, wanted);
            assert!((stage.cpu_per_unit_s - 0.01).abs() < 1e-9, "{stage:?}");
            assert_eq!(stage.rss_bytes, 5_000_000 * wanted as u64);
        }
    }

    #[test]
    fn without_a_process_there_is_no_use() {
        let mut timeline = timeline();
        timeline.samples.iter_mut().for_each(|sample| sample.server = None);
        assert_eq!(timeline.stage_uses(), []);
        assert_eq!(timeline.rss_growth_mb_per_hour(), None);
    }

    #[test]
    fn growth_is_the_slope_of_memory() {
        let mut timeline = timeline();
        for sample in &mut timeline.samples {
            let rss_bytes = 1_000_000 + (sample.at_s * 1000.0) as u64;
            sample.server = Some(Usage { rss_bytes, ..Usage::default() });
        }
        let growth = timeline.rss_growth_mb_per_hour().unwrap();
        assert!((growth - 3.6).abs() < 1e-6, "{growth}");
    }
}
