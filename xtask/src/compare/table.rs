//! Figures as text.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::Result;

use super::options::Options;

/// A figure of several runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// Of values, of which there is one or more.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().max(1) - 1;
        Self {
            median: f64::midpoint(at(last / 2), at(last.div_ceil(2))),
            least: at(0),
            most: at(last),
        }
    }

    /// The median, and from where to where the runs were.
    pub(crate) fn text(&self, places: usize) -> String {
        let Self { median, least, most } = self;
        if least == most {
            return format!("{median:.places$}");
        }
        format!("{median:.places$} ({least:.places$}-{most:.places$})")
    }
}

/// A line of a table.
#[derive(Debug)]
pub(crate) struct Row(Vec<String>);

impl Row {
    pub(crate) fn new(cells: Vec<String>) -> Self {
        Self(cells)
    }
}

/// A section with one table, in Markdown.
pub(crate) fn table(title: &str, heads: &[&str], rows: &[Row]) -> String {
    let mut text = format!("#### {title}\n\n| {} |\n|", heads.join(" | "));
    text.push_str(&"---|".repeat(heads.len()));
    text.push('\n');
    for Row(cells) in rows {
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
    text
}

/// What the figures depend on: date, machine, versions.
pub(crate) fn head(options: &Options) -> Result<String> {
    let first_line = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        anyhow::Ok(text.lines().next().unwrap_or_default().to_owned())
    };
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    Ok(format!(
        "{}, {}{}, {}; median (least-most) of {} runs. Load average at the start: {}\n\n",
        first_line("date", "-I")?,
        std::thread::available_parallelism()?,
        model.replace("\t:", " x"),
        first_line("nginx", "-v")?,
        options.runs,
        load_average(),
    ))
}

/// Of the last minute.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_says_its_ends_only_where_they_differ() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0].into_iter()).text(1), "2.0 (1.0-3.0)");
        assert_eq!(Spread::of([2.0].into_iter()).text(2), "2.00");
        assert_eq!(Spread::of([1.0, 4.0].into_iter()).text(1), "2.5 (1.0-4.0)");
    }

    #[test]
    fn a_table_is_markdown() {
        let text = table("T", &["a", "b"], &[Row::new(vec!["1".into(), "2".into()])]);
        assert_eq!(text, "#### T\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n");
    }
}
