//! `prepare`: an event with N cameras on a Genlock server, written down for the other commands.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::http::{Client, Post, Protocol};
use crate::limits;
use crate::target::{HttpUrl, Permit};

/// Options of `prepare`.
#[derive(Clone, Args)]
pub(crate) struct PrepareArgs {
    /// The server's API, http://host:port.
    #[arg(long, value_name = "URL")]
    api: String,
    /// Bearer token of the API.
    #[arg(long, env = "GENLOCK_ADMIN_TOKEN", hide_env_values = true)]
    token: String,
    /// Cameras to make.
    #[arg(long, default_value_t = 1, value_name = "N")]
    cameras: usize,
    /// Write the ingest URLs here, for publish --url-file. They contain the stream keys.
    #[arg(long, value_name = "FILE")]
    url_file: PathBuf,
    /// Write the camera ids here, for switch --camera-file.
    #[arg(long, value_name = "FILE")]
    camera_file: PathBuf,
    /// What the event records: off, program or all; the server's default if not given.
    #[arg(long, value_name = "WHAT")]
    recording: Option<String>,
    /// Prepare a host other than this machine.
    #[arg(long)]
    i_own_this_host: bool,
}

/// The token stays out of logs.
impl std::fmt::Debug for PrepareArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrepareArgs").field("api", &self.api).finish_non_exhaustive()
    }
}

/// Makes the event and its cameras, writes the files, and prints the event's id and playlists.
///
/// # Errors
///
/// If the server refuses, or a file cannot be written.
pub(crate) async fn prepare(args: &PrepareArgs) -> anyhow::Result<()> {
    ensure!((1..=limits::CAMERAS_MAX).contains(&args.cameras), "--cameras is out of range");
    let permit = if args.i_own_this_host { Permit::AnyHost } else { Permit::Loopback };
    let client = Client::new(permit, Protocol::H1, std::rc::Rc::default());
    let events = HttpUrl::parse(args.api.trim_end_matches('/'))?.join("/api/events")?;
    let mut body = json!({ "name": "load" });
    if let Some(recording) = &args.recording {
        body["policy"] = json!({ "recording": recording });
    }
    let event = post(args, &client, &events, body).await?;
    let id = text(&event, "/id")?;
    let cameras = events.join(&format!("/api/events/{id}/cameras"))?;
    let (mut urls, mut ids) = (String::new(), String::new());
    for number in 1..=args.cameras {
        let camera = post(args, &client, &cameras, json!({ "name": number.to_string() })).await?;
        let (ingest, key) = (text(&camera, "/ingest_url")?, text(&camera, "/stream_key")?);
        urls.push_str(&format!("{ingest}/{key}\n"));
        ids.push_str(&format!("{}\n", text(&camera, "/camera_id")?));
    }
    fs::write(&args.url_file, urls).with_context(|| args.url_file.display().to_string())?;
    fs::write(&args.camera_file, ids).with_context(|| args.camera_file.display().to_string())?;
    let playlists = [text(&event, "/program/hls_url")?, text(&event, "/program/ts_url")?];
    writeln!(std::io::stdout(), "event {id}\nhls {}\nts {}", playlists[0], playlists[1])?;
    Ok(())
}

async fn post(
    args: &PrepareArgs,
    client: &Client,
    url: &HttpUrl,
    body: Value,
) -> anyhow::Result<Value> {
    let post = Post { token: Some(args.token.clone()), body: body.to_string() };
    let answer = client.post(url, &post).await?;
    if !answer.status.is_success() {
        bail!("{url}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    Ok(serde_json::from_slice(&answer.body)?)
}

fn text<'a>(object: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .with_context(|| format!("no {pointer} in the answer"))
}
