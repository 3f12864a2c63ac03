//! The report page: one HTML file with its style and plots inside, without scripts.

mod plot;
mod scale;

use std::fmt::Write as _;

use crate::clock;
use crate::outcome::{Distribution, Outcome, QUANTILES, ms};
use crate::run::{Sample, Timeline};

use plot::{Plot, escape};

/// Seconds over which processor time is averaged: the kernel counts it in hundredths.
const CPU_WINDOW_S: f64 = 5.0;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.5 system-ui,sans-serif;max-width:1180px;margin:2em auto;padding:0 1em}\
h1{font-size:1.4em}h2{font-size:1.1em;margin-top:2em}\
table{border-collapse:collapse}td,th{padding:.15em .9em .15em 0;text-align:left;vertical-align:top}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(480px,1fr));gap:1em}\
svg{width:100%;height:auto;font:12px system-ui,sans-serif;fill:currentColor}\
svg .title{font-weight:600}svg .x{text-anchor:middle}svg .y{text-anchor:end}\
svg .grid{stroke:currentColor;stroke-opacity:.15}\
svg .line{fill:none;stroke:#2a7fd4;stroke-width:1.8}svg .dot{fill:#2a7fd4}\
.meaning{opacity:.7}";

/// The page of a run.
pub(crate) fn page(outcome: &Outcome) -> String {
    let title = match outcome.run.label.as_str() {
        "" => format!("genlock-load {}", outcome.command),
        label => format!("genlock-load {}: {label}", outcome.command),
    };
    let title = escape(&title);
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style><h1>{title}</h1><p>Ended {}, after {:.1} s.</p>",
        clock::utc_text(clock::unix_us()),
        outcome.timeline.length.as_secs_f64(),
    );
    let settings = outcome.settings.iter().map(|(name, value)| (*name, value.clone()));
    put_table(&mut page, "Settings", settings);
    let figures = outcome.figures.iter().map(|(name, value)| (*name, value.to_string()));
    put_table(&mut page, "Figures", figures);
    put_distributions(&mut page, &outcome.distributions);
    put_stages(&mut page, outcome);
    let failures = outcome.failures.iter().map(|(text, count)| (text.as_str(), count.to_string()));
    put_table(&mut page, "Failures", failures);
    page + "</html>\n"
}

fn put_table<'a>(page: &mut String, title: &str, rows: impl Iterator<Item = (&'a str, String)>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = write!(page, "<h2>{title}</h2><table>");
    for (name, value) in rows {
        let _ = write!(page, "<tr><td>{}<td class=\"n\">{}", escape(name), escape(&value));
    }
    page.push_str("</table>");
}

fn put_distributions(page: &mut String, distributions: &[Distribution]) {
    let recorded = || distributions.iter().filter(|d| d.values.count() > 0);
    if recorded().next().is_none() {
        return;
    }
    page.push_str("<h2>Distributions, in milliseconds</h2><table><tr><th><th class=\"n\">count<th class=\"n\">min");
    for (name, _) in QUANTILES {
        let _ = write!(page, "<th class=\"n\">{name}");
    }
    page.push_str("<th class=\"n\">max<th>meaning");
    for Distribution { name, meaning, values } in recorded() {
        let _ = write!(page, "<tr><td>{name}<td class=\"n\">{}", values.count());
        let quantiles = QUANTILES.map(|(_, share)| values.quantile_us(share));
        for value in [values.min_us()].into_iter().chain(quantiles).chain([values.max_us()]) {
            let _ = write!(page, "<td class=\"n\">{}", ms(value));
        }
        let _ = write!(page, "<td class=\"meaning\">{}", escape(meaning));
    }
    page.push_str("</table><div class=\"plots\">");
    recorded().for_each(|distribution| page.push_str(&percentile_plot(distribution).svg()));
    page.push_str("</div>");
}

/// Values by percentile, each further nine as wide as the one before.
fn percentile_plot(distribution: &Distribution) -> Plot {
    let values = &distribution.values;
    let nines = |share: f64| -(1.0 - share).log10();
    // The last value lies at infinity; it is drawn where its rank begins.
    let last = 1.0 - 0.5 / values.count() as f64;
    let mut points = vec![(0.0, values.min_us() as f64 / 1e3)];
    points.extend(
        values
            .cumulative()
            .into_iter()
            .map(|(us, share)| (nines(share.min(last)), us as f64 / 1e3)),
    );
    let labels = [
        (0.0, "min"),
        (0.5, "p50"),
        (0.9, "p90"),
        (0.99, "p99"),
        (0.999, "p99.9"),
        (0.9999, "p99.99"),
    ];
    let shown = labels.into_iter().filter(|(share, _)| *share <= last);
    Plot {
        title: format!("{} (ms)", distribution.name),
        x_label: "percentile".to_owned(),
        x_ticks: shown.map(|(share, label)| (nines(share), label.to_owned())).collect(),
        points,
        dots: false,
    }
}

fn put_stages(page: &mut String, outcome: &Outcome) {
    let (timeline, unit) = (&outcome.timeline, outcome.unit);
    let stages = timeline.stage_uses();
    if stages.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "<h2>The server's use</h2><table><tr><th class=\"n\">{unit}s<th class=\"n\">at work\
         <th class=\"n\">seconds<th class=\"n\">CPU-s per {unit}-second<th class=\"n\">RSS MB"
    );
    for stage in &stages {
        let _ = write!(
            page,
            "<tr><td class=\"n\">{}<td class=\"n\">{:.1}<td class=\"n\">{:.0}<td class=\"n\">{:.5}<td class=\"n\">{:.1}",
            stage.wanted,
            stage.live,
            stage.seconds,
            stage.cpu_per_unit_s,
            stage.rss_bytes as f64 / 1e6,
        );
    }
    page.push_str("</table>");
    if let Some(growth) = timeline.rss_growth_mb_per_hour() {
        let _ = write!(
            page,
            "<p>After the first quarter of the run, memory changed by {growth:+.2} MB an hour.</p>"
        );
    }
    page.push_str("<div class=\"plots\">");
    if stages.len() > 1 {
        let cpu = stages.iter().map(|stage| (stage.live, stage.cpu_per_unit_s));
        page.push_str(&load_plot(format!("CPU-s per {unit}-second"), unit, cpu).svg());
        let rss = stages.iter().map(|stage| (stage.live, stage.rss_bytes as f64 / 1e6));
        page.push_str(&load_plot("RSS (MB)".to_owned(), unit, rss).svg());
    }
    let cpu = cpu_over_time(timeline);
    page.push_str(&time_plot(format!("CPU-s per {unit}-second"), cpu).svg());
    let rss =
        timeline.samples.iter().filter_map(|s| Some((s.at_s, s.server?.rss_bytes as f64 / 1e6)));
    page.push_str(&time_plot("RSS (MB)".to_owned(), rss.collect()).svg());
    let live = timeline.samples.iter().map(|sample| (sample.at_s, sample.live as f64));
    page.push_str(&time_plot(format!("{unit}s at work"), live.collect()).svg());
    page.push_str("</div>");
}

fn load_plot(title: String, unit: &str, points: impl Iterator<Item = (f64, f64)>) -> Plot {
    let x_label = format!("{unit}s");
    Plot { title, x_label, x_ticks: Vec::new(), points: points.collect(), dots: true }
}

fn time_plot(title: String, points: Vec<(f64, f64)>) -> Plot {
    let x_label = "seconds since the start".to_owned();
    Plot { title, x_label, x_ticks: Vec::new(), points, dots: false }
}

/// Processor time per unit and second, averaged over windows.
fn cpu_over_time(timeline: &Timeline) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    let mut window: Vec<&Sample> = Vec::new();
    for sample in &timeline.samples {
        window.push(sample);
        let [first, .., last] = window.as_slice() else { continue };
        let seconds = last.at_s - first.at_s;
        if seconds < CPU_WINDOW_S {
            continue;
        }
        let live =
            window.iter().map(|sample| sample.live).sum::<usize>() as f64 / window.len() as f64;
        if let (Some(before), Some(after), true) = (first.server, last.server, live > 0.0) {
            points.push((
                (first.at_s + last.at_s) / 2.0,
                (after.cpu_s - before.cpu_s) / seconds / live,
            ));
        }
        window = vec![sample];
    }
    points
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::histogram::Histogram;
    use crate::outcome::tests::timeline;
    use crate::run::RunArgs;

    #[derive(Debug, clap::Parser)]
    struct Options {
        #[command(flatten)]
        run: RunArgs,
    }

    fn outcome() -> Outcome {
        let mut values = Histogram::default();
        (1..=1000).for_each(|ms| values.record(Duration::from_millis(ms)));
        Outcome {
            command: "publish",
            unit: "camera",
            settings: vec![("source", "<clip>".to_owned())],
            figures: vec![("connects", json!(20))],
            distributions: vec![
                Distribution::new("behind", "late", values),
                Distribution::new("never", "recorded", Histogram::default()),
            ],
            failures: vec![("refused: <no>".to_owned(), 3)],
            timeline: timeline(),
            run: Options::parse_from(["load", "--label", "a & b"]).run,
        }
    }

    #[test]
    fn the_page_stands_alone_and_shows_what_was_recorded() {
        let page = page(&outcome());
        for part in [
            "a &amp; b",
            "&lt;clip&gt;",
            "refused: &lt;no&gt;",
            "behind",
            "CPU-s per camera-second",
        ] {
            assert!(page.contains(part), "{part}");
        }
        for part in ["<script", "http://", "https://", "NaN", "inf", "never"] {
            assert!(!page.contains(part), "{part}");
        }
        // One distribution, two plots against load, three against time.
        assert_eq!(page.matches("<svg").count(), 6);
    }

    #[test]
    fn a_run_without_a_process_has_no_server_section() {
        let mut outcome = outcome();
        outcome.timeline.samples.iter_mut().for_each(|sample| sample.server = None);
        assert!(!page(&outcome).contains("server's use"));
    }

    #[test]
    fn processor_time_over_time_is_per_unit() {
        let points = cpu_over_time(&timeline());
        assert!(points.len() > 10);
        // The window in which the load doubles is charged for what was there.
        assert!(points.iter().all(|(_, cpu)| (cpu - 0.01).abs() < 0.002), "{points:?}");
    }

    #[test]
    fn percentiles_spread_by_nines() {
        let plot = percentile_plot(&outcome().distributions[0]);
        let labels: Vec<&str> = plot.x_ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["min", "p50", "p90", "p99", "p99.9"]);
        assert!(plot.points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
    }
}
