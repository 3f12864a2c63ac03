//! `genlock demo`: the server with three moving test cameras that publish over real RTMP and are
//! switched every ten seconds.
//!
//! It uses the server as anybody would: events, cameras and takes go through the REST API's own
//! router, pictures through ffmpeg. Nothing here is known to the server.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::uri::Scheme;
use axum::http::{Request, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::banner::{reachable, say};
use crate::config::Settings;
use crate::ports::Bound;
use crate::server::StartError;

const BETWEEN_TAKES: Duration = Duration::from_secs(10);

/// Longest answer of the API that the demo reads.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Name and background of each camera.
const CAMERAS: [(&str, &str); 3] =
    [("Altar", "0x8c1c2b"), ("Aisle", "0x1c6b3a"), ("Balcony", "0x1c3f8c")];

/// By name, not by file: which file that is differs between releases of Debian.
const FONT: &str = "Sans";

/// Gives the demo a data folder of its own, so that it neither needs nor touches another's events, and
/// its token is new and therefore known. The folder lasts as long as the returned value.
pub(crate) fn prepare(settings: &mut Settings) -> Result<TempDir, StartError> {
    let folder = tempfile::Builder::new()
        .prefix("genlock-demo-")
        .tempdir()
        .map_err(StartError::DemoFolder)?;
    settings.data_dir = folder.path().to_owned();
    settings.shared_store = None;
    // Its cameras are on this machine and need no TLS.
    settings.rtmp_listen.get_or_insert_with(|| ([127, 0, 0, 1], 0).into());
    Ok(folder)
}

/// Shows the demo until `stop`; what fails is logged, and the server goes on.
pub(crate) async fn run(api: Router, token: String, bound: Bound, stop: CancellationToken) {
    let (scheme, http) = match (bound.http, bound.https) {
        (Some(plain), _) => (Scheme::HTTP, plain),
        (None, Some(secure)) => (Scheme::HTTPS, secure),
        (None, None) => return,
    };
    let Some(rtmp) = bound.rtmp else { return };
    let host = reachable(http).to_string();
    if let Err(error) = show(Client { api, token, scheme, host }, rtmp.port(), &stop).await {
        tracing::error!("demo: {error:#}");
    }
}

/// Makes the event and its cameras, starts the publishers, and switches until `stop`.
async fn show(client: Client, rtmp_port: u16, stop: &CancellationToken) -> Result<()> {
    let event = client.call("POST", "/api/events", Some(json!({ "name": "Demo" }))).await?;
    announce(&event["program"])?;
    let event = text(&event, "id")?;
    let mut cameras = Vec::new();
    for (name, colour) in CAMERAS {
        let path = format!("/api/events/{event}/cameras");
        let made = client.call("POST", &path, Some(json!({ "name": name }))).await?;
        let url = format!("rtmp://127.0.0.1:{rtmp_port}/live/{}", text(&made, "stream_key")?);
        cameras.push((name, text(&made, "camera_id")?, publish(name, colour, &url)?));
    }
    switch_in_turn(&client, &event, &cameras, stop).await
}

async fn switch_in_turn(
    client: &Client,
    event: &str,
    cameras: &[(&str, String, Child)],
    stop: &CancellationToken,
) -> Result<()> {
    for (name, camera, _publisher) in cameras.iter().cycle().skip(1) {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(BETWEEN_TAKES) => {}
        }
        let path = format!("/api/events/{event}/cameras/{camera}/switch");
        match client.call("POST", &path, None).await {
            Ok(answer) => {
                let wait = answer["cut"]["wait_ms"].as_i64().unwrap_or_default();
                tracing::info!(camera = name, wait_ms = wait, "demo: take");
            }
            Err(error) => tracing::warn!(camera = name, %error, "demo: take refused"),
        }
    }
    Ok(())
}

fn announce(program: &Value) -> Result<()> {
    let (watch, hls) = (text(program, "watch_url")?, text(program, "hls_url")?);
    let seconds = BETWEEN_TAKES.as_secs();
    say(&format!(
        "  demo    open     {watch}\n          or play  {hls}   (Safari, ffplay)\n          \
         or play  {hls}?dialect=seamless   (VLC)\n          three cameras, switched every {seconds} s\n\n"
    ));
    Ok(())
}

/// An ffmpeg that paints and publishes a test camera: its name, a running clock, something that moves.
/// It is killed when the handle is dropped.
fn publish(name: &str, colour: &str, url: &str) -> Result<Child> {
    let picture = format!("color=c={colour}:s=1280x720:r=30");
    let text = |text: &str, size: u32, y: &str| {
        format!(
            "drawtext=font={FONT}:text='{text}':fontcolor=white:fontsize={size}:x=(w-tw)/2:y={y}"
        )
    };
    let filters = [
        "[0][1]overlay=x=mod(n*8\\,1280):y=600".to_owned(),
        text(name, 110, "200"),
        text("%{localtime\\:%H\\\\\\:%M\\\\\\:%S} %{n}", 64, "380"),
    ];
    let graph = format!("{}[v]", filters.join(","));
    Command::new("ffmpeg")
        .args(["-v", "error", "-re", "-f", "lavfi", "-i", &picture])
        .args(["-f", "lavfi", "-i", "color=c=white:s=60x60:r=30"])
        .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"])
        .args(["-filter_complex", &graph, "-map", "[v]", "-map", "2:a", "-pix_fmt", "yuv420p"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", "1500k"])
        .args(["-g", "60", "-c:a", "aac", "-ac", "2", "-b:a", "96k", "-f", "flv", url])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the demo needs ffmpeg: apt-get install ffmpeg")
}

/// The REST API, called without a network in between.
struct Client {
    api: Router,
    token: String,
    /// How the addresses in the answers are opened.
    scheme: Scheme,
    /// Whom they name.
    host: String,
}

impl Client {
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .extension(self.scheme.clone())
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.api.clone().oneshot(request.body(body)?).await?;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?;
        ensure!(
            status.is_success(),
            "{path} answered {status}: {}",
            String::from_utf8_lossy(&bytes)
        );
        Ok(serde_json::from_slice(&bytes)?)
    }
}

fn text(value: &Value, field: &str) -> Result<String> {
    let found = value[field].as_str().with_context(|| format!("the answer has no `{field}`"))?;
    Ok(found.to_owned())
}
