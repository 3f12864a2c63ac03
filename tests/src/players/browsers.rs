//! Players in browsers: `tests/players/play.mjs` and what it reports.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::measure::{Fault, Scale, Shown, Viewing};
use super::roster::{Kind, Player};
use crate::strip::Reading;

/// Pages that play.
#[derive(Debug)]
pub struct Pages {
    node: Option<Child>,
}

impl Pages {
    /// Opens a page for each player that plays in a browser and waits for the first picture of each.
    ///
    /// # Errors
    /// When node cannot be started or a player shows nothing.
    pub fn open(players: &[Player], url: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("players");
        let told: Vec<Value> = players.iter().filter_map(|player| told(player, url)).collect();
        if told.is_empty() {
            return Ok(Self { node: None });
        }
        let mut node = Command::new("node")
            .arg(folder.join("play.mjs"))
            .arg(Value::from(told).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start node")?;
        let stderr = node.stderr.take().map(BufReader::new).context("node has no stderr")?;
        let pages = Self { node: Some(node) };
        let mut complaint = String::new();
        let mut lines = stderr.lines();
        while let Some(line) = lines.next().transpose()? {
            if line == "watching" {
                // Kept drained, so that node never waits for a reader.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(pages);
            }
            complaint.push_str(&line);
        }
        bail!("{complaint}")
    }

    /// Closes the pages and returns what each player reported, as it was and as it is judged.
    ///
    /// # Errors
    /// When a browser failed.
    pub fn finish(mut self) -> Result<BTreeMap<String, (Value, Viewing)>> {
        let Some(mut node) = self.node.take() else { return Ok(BTreeMap::new()) };
        drop(node.stdin.take());
        let output = node.wait_with_output()?;
        ensure!(output.status.success(), "the browsers ended with {}", output.status);
        let reports: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout)?;
        Ok(reports.into_iter().map(|(name, report)| (name, judged(report))).collect())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if let Some(node) = &mut self.node {
            // It takes its browsers along and ends within seconds; killed, it would leave them behind.
            drop(node.stdin.take());
            let _ = node.wait();
        }
    }
}

fn told(player: &Player, url: &str) -> Option<Value> {
    let Kind::Page(page) = &player.kind else { return None };
    let mut told = page.clone();
    told["name"] = json!(player.name);
    told["src"] = json!(url);
    Some(told)
}

fn judged(report: Value) -> (Value, Viewing) {
    let viewing = viewing(&report);
    (report, viewing)
}

fn viewing(report: &Value) -> Viewing {
    let list = |name: &str| report[name].as_array().map_or(&[][..], Vec::as_slice);
    let mut presented = None;
    let shown = |frame: &Value| {
        let count = frame[2].as_u64().unwrap_or(0);
        let before = presented.replace(count);
        let unseen = before.map_or(0, |before| count.saturating_sub(before + 1));
        Shown {
            at_ms: frame[0].as_f64(),
            media_ms: frame[1].as_f64(),
            unseen: u32::try_from(unseen).unwrap_or(u32::MAX - 1),
            reading: frame[3].as_u64().and_then(|cells| Reading::of(u32::try_from(cells).ok()?)),
        }
    };
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    Viewing {
        scale: Scale::Wall,
        shown: list("frames").iter().map(shown).collect(),
        stalls: list("stalls").iter().map(|s| (number(&s["at"]), number(&s["ms"]))).collect(),
        faults: list("errors").iter().map(fault).collect(),
        dropped: list("quality")
            .iter()
            .map(|sample| (number(&sample[0]), sample[1].as_u64().unwrap_or(0)))
            .collect(),
    }
}

fn fault(error: &Value) -> Fault {
    let details = error["details"].as_str().unwrap_or_default();
    Fault {
        at_ms: error["at"].as_f64(),
        text: details.to_owned(),
        fatal: error["fatal"].as_bool().unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read() {
        let cells = (1234 << 2 | 1) << 6 | (!(1234 << 2 | 1) & 63);
        let report = json!({
            "frames": [[10.5, 20.25, 7, cells, 640], [43.5, 53.25, 9, 0, 640]],
            "stalls": [{"at": 5.0, "ms": 30}],
            "errors": [{"at": 6.0, "kind": "mediaError", "details": "gone", "fatal": true}],
            "quality": [[1.0, 3, 60]],
        });
        let viewing = viewing(&report);
        let first = Shown {
            at_ms: Some(10.5),
            media_ms: Some(20.25),
            unseen: 0,
            reading: Some(Reading { clip_ms: 1234, camera: 1 }),
        };
        assert_eq!(viewing.shown[0], first);
        assert_eq!((viewing.shown[1].unseen, viewing.shown[1].reading), (1, None));
        assert_eq!((viewing.stalls, viewing.dropped), (vec![(5.0, 30.0)], vec![(1.0, 3)]));
        assert!(viewing.faults[0].fatal);
    }
}
