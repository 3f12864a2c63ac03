//! A viewer, or a creator, in headless Chromium.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::camera::Camera;
use crate::clip::{Clip, Colour};
use crate::server::ADMIN_TOKEN;
use crate::wait;

const LIMIT: Duration = Duration::from_secs(30);

/// A viewer page that is being watched.
#[derive(Debug)]
pub struct Viewer {
    node: Option<Child>,
    /// How many pictures there have been, and the colour of the newest that was told of.
    shown: Arc<Mutex<(u64, Option<Colour>)>>,
}

/// What a viewer saw.
#[derive(Debug)]
pub struct Seen {
    /// The camera colours in the order of their appearance.
    pub colours: Vec<Colour>,
    /// Lengths of all stalls in milliseconds.
    pub stalls_ms: Vec<f64>,
    /// Frames that were shown.
    pub frames: u64,
    /// Frames that were shown after a later one.
    pub backwards: u64,
    /// Everything that was reported.
    pub report: Value,
}

impl Viewer {
    /// Opens `url` and waits for the first picture.
    ///
    /// # Errors
    /// When node cannot be started or no picture comes.
    pub fn open(url: &str) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/watch.mjs");
        let mut node = Command::new("node")
            .arg(script)
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start node")?;
        let told = node.stderr.take().map(BufReader::new).context("node has no standard error")?;
        let viewer = Self { node: Some(node), shown: Arc::default() };
        let mut complaint = String::new();
        let mut lines = told.lines();
        while let Some(line) = lines.next().transpose()? {
            if line == "watching" {
                let shown = Arc::clone(&viewer.shown);
                std::thread::spawn(move || {
                    // Read to its end, so that node never waits for a reader.
                    for picture in lines.map_while(Result::ok).filter_map(|line| picture(&line)) {
                        *shown.lock().unwrap_or_else(PoisonError::into_inner) = picture;
                    }
                });
                return Ok(viewer);
            }
            complaint.push_str(&line);
        }
        bail!("no picture: {complaint}")
    }

    /// Waits until the page shows this colour, and 60 pictures more.
    ///
    /// # Errors
    /// When it does not within 30 s, or shows another colour meanwhile.
    pub fn wait_playing(&self, colour: Colour) -> Result<()> {
        let shown = || *self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let first = wait::until("the colour", LIMIT, || {
            let (frames, newest) = shown();
            Ok((newest == Some(colour)).then_some(frames))
        })?;
        wait::until("more pictures", LIMIT, || Ok((shown().0 >= first + 60).then_some(())))?;
        let (_, newest) = shown();
        ensure!(newest == Some(colour), "{newest:?} is shown behind {colour:?}");
        Ok(())
    }

    /// Closes the page and tells what was seen.
    ///
    /// # Errors
    /// When the browser failed.
    pub fn finish(mut self) -> Result<Seen> {
        let mut node = self.node.take().context("the viewer has finished already")?;
        drop(node.stdin.take());
        let output = node.wait_with_output()?;
        ensure!(output.status.success(), "the viewer ended with {}", output.status);
        let report: Value = serde_json::from_slice(&output.stdout)?;
        Ok(seen(report))
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        if let Some(node) = &mut self.node {
            // Either fails only when node has ended by itself; it takes its Chromium along.
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}

/// A creator at the console, as `browser/console.mjs` plays it.
#[derive(Debug)]
pub struct Console;

impl Console {
    /// Runs the show at the server behind `http`; the camera with number n, from 1, publishes `clips[n - 1]` when the
    /// show wants it. Returns what the show measured.
    ///
    /// # Errors
    /// When something is not as it should be: the error holds what node said.
    pub fn run(http: &str, clips: &[Clip]) -> Result<Value> {
        let mut publishers = HashMap::new();
        perform("console.mjs", &[http, ADMIN_TOKEN], |said| match *said {
            ["publish", number, url] => {
                let clip = number.parse::<usize>()?.checked_sub(1).and_then(|at| clips.get(at));
                let clip = clip.with_context(|| format!("no clip for camera {number}"))?;
                publishers.insert(number.to_owned(), Camera::publish(clip, url)?);
                Ok(())
            }
            // Dropped, and so killed.
            ["kill", number] => {
                ensure!(publishers.remove(number).is_some(), "no camera {number}");
                Ok(())
            }
            _ => bail!("the show said {said:?}"),
        })
    }
}

/// Runs a script of `browser/`, does whatever it says on a line of its own, and returns what it tells when it is
/// `done`.
///
/// # Errors
/// When something is not as it should be: the error holds what node said.
pub fn perform(
    script: &str,
    arguments: &[&str],
    mut act: impl FnMut(&[&str]) -> Result<()>,
) -> Result<Value> {
    perform_with_input(script, arguments, |said| act(said).map(|()| None))
}

/// The same, and what `act` returns is said to the script, as a line.
///
/// # Errors
/// When something is not as it should be: the error holds what node said.
pub fn perform_with_input(
    script: &str,
    arguments: &[&str],
    mut act: impl FnMut(&[&str]) -> Result<Option<String>>,
) -> Result<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser").join(script);
    let node = Command::new("node")
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .context("cannot start node")?;
    let mut node = Killed(node);
    let mut ear = node.0.stdin.take().context("node has no standard input")?;
    let said = node.0.stdout.take().context("node has no standard output")?;
    for line in BufReader::new(said).lines() {
        let line = line?;
        if let Some(told) = line.strip_prefix("done ") {
            return Ok(serde_json::from_str(told)?);
        }
        if let Some(answer) = act(&line.split(' ').collect::<Vec<_>>())? {
            writeln!(ear, "{answer}")?;
        }
    }
    bail!("the script failed: {}", node.0.wait()?)
}

/// What a console's live page shows of cameras with a clock, as `browser/multiview.mjs` reads it.
///
/// # Errors
/// When the page does not show `cameras` pictures by this rung.
pub fn multiview(
    http: &str,
    event: &str,
    rung: &str,
    cameras: usize,
    seconds: u32,
) -> Result<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/multiview.mjs");
    let output = Command::new("node")
        .arg(script)
        .args([http, ADMIN_TOKEN, event, rung])
        .args([cameras.to_string(), seconds.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start node")?;
    ensure!(output.status.success(), "the page ended with {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A child that does not outlive this.
#[derive(Debug)]
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Either fails only when it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `shown FRAMES RED GREEN BLUE`.
fn picture(line: &str) -> Option<(u64, Option<Colour>)> {
    let numbers = line.strip_prefix("shown ")?.split(' ').map(str::parse);
    let numbers: Vec<u64> = numbers.collect::<Result<_, _>>().ok()?;
    let &[frames, red, green, blue] = numbers.as_slice() else { return None };
    Some((frames, Colour::of(red, green, blue)))
}

fn seen(report: Value) -> Seen {
    let list = |name: &str| report[name].as_array().cloned().unwrap_or_default();
    let mut colours: Vec<Colour> = list("colours")
        .iter()
        .filter_map(|shown| {
            let channel = |name: &str| shown[name].as_u64().unwrap_or(0);
            Colour::of(channel("red"), channel("green"), channel("blue"))
        })
        .collect();
    colours.dedup();
    Seen {
        colours,
        stalls_ms: list("stalls").iter().filter_map(|stall| stall["ms"].as_f64()).collect(),
        frames: report["frames"].as_u64().unwrap_or(0),
        backwards: report["backwards"].as_u64().unwrap_or(0),
        report,
    }
}
