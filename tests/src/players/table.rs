//! Results as Markdown.

use std::fmt::Write as _;

use super::measure::Verdict;
use super::run::Outcome;

/// The table of a run.
#[must_use]
pub fn of(outcome: &Outcome) -> String {
    let plan = &outcome.plan;
    let mut text = format!(
        "### {} cameras, {}, {}: {} cuts, one each {} s\n\n\
         | player | pictures | latency s | worst gap ms | freezes | stalls ms | clock moved ms | dropped | errors | wrong pictures |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
        plan.set.name(),
        plan.playlist.name(),
        plan.style,
        plan.takes,
        plan.every.as_secs(),
    );
    for (name, verdict) in &outcome.verdicts {
        let cells = [
            name.clone(),
            verdict.pictures.to_string(),
            latency(verdict),
            format!("{:.0}", verdict.worst_gap_ms),
            list(verdict.freezes.iter().map(|gap| gap.ms)),
            list(verdict.stalls_ms.iter().copied()),
            verdict.drift_ms.map_or_else(|| "–".into(), |ms| format!("{ms:+.1}")),
            verdict.dropped.to_string(),
            errors(verdict),
            wrong(verdict),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    if let Some(idle) = outcome.idle {
        let _ = writeln!(text, "\nOf the machine {:.0} % were idle.", idle * 100.0);
    }
    let _ = match outcome.recording.len() {
        0 => writeln!(text, "ffmpeg says nothing about the recorded programme."),
        _ => writeln!(
            text,
            "\nffmpeg about the recorded programme: {}",
            outcome.recording.join("; ")
        ),
    };
    text
}

fn latency(verdict: &Verdict) -> String {
    verdict.latency_ms.map_or_else(
        || "–".into(),
        |(first, last)| format!("{:.2} → {:.2}", first / 1000.0, last / 1000.0),
    )
}

/// `0`, or how many and which.
fn list(figures: impl Iterator<Item = f64>) -> String {
    const NAMED_MAX: usize = 6;
    let figures: Vec<String> = figures.map(|figure| format!("{figure:.0}")).collect();
    match figures.len() {
        0 => "0".into(),
        count @ ..=NAMED_MAX => format!("{count}: {}", figures.join(", ")),
        count => format!("{count}: {}, …", figures[..NAMED_MAX].join(", ")),
    }
}

fn errors(verdict: &Verdict) -> String {
    let mut told: Vec<String> =
        verdict.faults.iter().map(|(text, count)| format!("{count} × {text}")).collect();
    if verdict.fatal > 0 {
        told.insert(0, format!("**{} fatal**", verdict.fatal));
    }
    if told.is_empty() { "0".into() } else { told.join("; ").replace('|', "/") }
}

fn wrong(verdict: &Verdict) -> String {
    if verdict.order.is_empty() {
        return "–".into();
    }
    let mut told = Vec::new();
    if !verdict.order_kept {
        let order: Vec<String> = verdict.order.iter().map(ToString::to_string).collect();
        told.push(format!("cameras {}", order.concat()));
    }
    if verdict.unreadable > 0 {
        told.push(format!("{} unreadable", verdict.unreadable));
    }
    if verdict.backwards > 0 {
        told.push(format!("{} backwards", verdict.backwards));
    }
    if told.is_empty() { "0".into() } else { told.join(", ") }
}
