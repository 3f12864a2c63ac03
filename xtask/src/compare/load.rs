//! The load: `genlock-load` on the cores that the server does not have.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::options::Options;
use super::server::{self, Server, TOKEN};
use crate::process;

/// Cameras of one event: what a Genlock allows is 64.
const CAMERAS_PER_EVENT: usize = 50;
/// What every camera sends: 1080p30 of 6 Mb/s with two B frames and a key frame every two seconds.
const CAMERA: [&str; 10] =
    ["--size", "1920x1080", "--fps", "30", "--gop", "60", "--b-frames", "2", "--bitrate", "6M"];

/// Starts commands of the harness.
#[derive(Debug)]
pub(crate) struct Load<'a> {
    /// Where servers live and results lie.
    pub(crate) folder: &'a Path,
    pub(crate) options: &'a Options,
}

/// Where cameras push to, and what they become.
#[derive(Debug)]
pub(crate) struct Show {
    /// File with a URL a line.
    urls: PathBuf,
    /// File with the ids of the first event's cameras.
    pub(crate) cameras: PathBuf,
    /// Ids of the events, each with those of its cameras.
    pub(crate) events: Vec<(String, Vec<String>)>,
}

impl Show {
    /// Media playlists of the programmes.
    pub(crate) fn programmes(&self) -> impl Iterator<Item = String> {
        self.events.iter().map(|(event, _)| format!("/hls/{event}/program/media.m3u8"))
    }

    /// Media playlists of the cameras.
    pub(crate) fn camera_playlists(&self) -> impl Iterator<Item = String> {
        self.events.iter().flat_map(|(event, cameras)| {
            cameras.iter().map(move |camera| format!("/hls/{event}/{camera}/media.m3u8"))
        })
    }
}

/// A harness in the background. Ends with its value.
#[derive(Debug)]
pub(crate) struct Publishing(Child);

impl Drop for Publishing {
    fn drop(&mut self) {
        server::stop(&mut self.0);
    }
}

impl<'a> Load<'a> {
    pub(crate) fn new(folder: &'a Path, options: &'a Options) -> Self {
        Self { folder, options }
    }

    /// Events with cameras on a Genlock. `recording` is `off` or `all`.
    pub(crate) fn prepare(&self, server: &Server, count: usize, recording: &str) -> Result<Show> {
        let urls = server.folder.join("urls");
        let mut show = Show { urls, cameras: server.folder.join("cameras-0"), events: Vec::new() };
        let mut lines = String::new();
        while lines.lines().count() < count {
            let cameras = CAMERAS_PER_EVENT.min(count - lines.lines().count());
            let (part, ids) = (
                server.folder.join("urls-of-event"),
                server.folder.join(format!("cameras-{}", show.events.len())),
            );
            let mut prepare = harness("prepare");
            prepare.args(["--api", &server.url(""), "--token", TOKEN, "--recording", recording]);
            prepare.args(["--cameras", &cameras.to_string()]);
            prepare.arg("--url-file").arg(&part).arg("--camera-file").arg(&ids);
            let output = prepare.output()?;
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            let Some(event) = printed.lines().find_map(|line| line.strip_prefix("event ")) else {
                bail!("prepare: {}", String::from_utf8_lossy(&output.stderr));
            };
            let cameras = fs::read_to_string(&ids)?.lines().map(str::to_owned).collect();
            show.events.push((event.to_owned(), cameras));
            lines.push_str(&fs::read_to_string(&part)?);
        }
        fs::write(&show.urls, lines)?;
        Ok(show)
    }

    /// Cameras `cam1`, `cam2`, … on an nginx.
    pub(crate) fn names(&self, server: &Server, count: usize) -> Result<Show> {
        let urls = server.folder.join("urls");
        let url = |number| format!("rtmp://127.0.0.1:{}/live/cam{number}\n", server.rtmp);
        fs::write(&urls, (1..=count).map(url).collect::<String>())?;
        let cameras = server.folder.join("cameras-0");
        fs::write(&cameras, (1..=count).map(|number| format!("{number}\n")).collect::<String>())?;
        Ok(Show { urls, cameras, events: Vec::new() })
    }

    /// Publishes for so long and returns what was found; the server's use is in it.
    pub(crate) fn publish(&self, server: &Server, show: &Show, seconds: u32) -> Result<Value> {
        let result = self.result("publish");
        let mut publish = self.publisher(show, seconds);
        publish.args(["--pid", &server.pid().to_string(), "--json"]).arg(&result);
        finish(publish, &result)
    }

    /// Publishes until the value is dropped.
    pub(crate) fn keep_publishing(&self, show: &Show) -> Result<Publishing> {
        let mut publish = self.publisher(show, 3600);
        let child = publish.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Publishing(child))
    }

    fn publisher(&self, show: &Show, seconds: u32) -> Command {
        let mut publish = harness("publish");
        publish.arg("--url-file").arg(&show.urls).args(CAMERA);
        publish.args(["--seconds", &seconds.to_string()]);
        publish
    }

    /// Runs another command of the harness to its end.
    pub(crate) fn run(&self, command: &str, arguments: &[&str]) -> Result<Value> {
        let result = self.result(command);
        let mut harness = harness(command);
        harness.args(arguments).arg("--json").arg(&result);
        finish(harness, &result)
    }

    /// The figure by several runs.
    pub(crate) fn repeat<T>(&self, mut run: impl FnMut() -> Result<T>) -> Result<Vec<T>> {
        (0..self.options.runs).map(|_| run()).collect()
    }

    fn result(&self, command: &str) -> PathBuf {
        self.folder.join(format!("{command}.json"))
    }
}

fn harness(command: &str) -> Command {
    let mut harness = server::as_load(&process::root().join("target/release/genlock-load"));
    harness.arg(command).stdin(Stdio::null());
    harness
}

fn finish(mut harness: Command, result: &Path) -> Result<Value> {
    let _ = fs::remove_file(result);
    let output = harness.output()?;
    let text = fs::read_to_string(result).with_context(|| {
        format!("the harness says: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok(serde_json::from_str(&text)?)
}

/// A number somewhere in a result.
pub(crate) fn number(result: &Value, pointer: &str) -> Result<f64> {
    result.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("no {pointer}"))
}

/// Time for windows to fill and first key frames to come.
pub(crate) fn settle() {
    std::thread::sleep(Duration::from_secs(8));
}
