//! What is measured and logged: a real scrape, held against the alert rules and the dashboard; `/stat` as its readers
//! read it; log lines as programs read them.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use genlock_e2e::server::ADMIN_TOKEN;
use genlock_e2e::{Api, Camera, Clip, Colour, Server, wait};
use serde_json::Value;

const OBSERVER: &str = "token-for-monitoring";
const LIMIT: Duration = Duration::from_secs(30);

/// A show with one camera on air, and its server.
struct Show {
    server: Server,
    event: String,
    camera: String,
    key: String,
    _publisher: Camera,
}

impl Show {
    fn start(flags: &[&str]) -> Result<Self> {
        let server = Server::start_with(Arc::new(tempfile::tempdir()?), flags)?;
        let api = server.api();
        let event = api.create_event("Wedding")?;
        let made = api.create_camera(&event, "Altar")?;
        let publisher = Camera::publish(&Clip::new(Colour::Red), &made.publish_url)?;
        api.wait_active(&event, &made.id)?;
        Ok(Self { server, event, camera: made.id, key: made.key, _publisher: publisher })
    }

    /// What the holder of the metrics token reads at `path`.
    fn observed(&self, path: &str) -> Result<String> {
        let (status, text) = Api::new(&self.server.http, OBSERVER).call("GET", path, None)?;
        ensure!(status == 200, "GET {path} answered {status}: {text}");
        Ok(text)
    }
}

/// The names of metrics in a text that holds them between other things.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|byte: char| !byte.is_ascii_alphanumeric() && byte != '_');
    let metrics = words.filter(|word| {
        // `genlock_metrics_token` is the name of a secret.
        (word.starts_with("genlock_") || word.starts_with("process_")) && !word.ends_with("_token")
    });
    metrics.map(str::to_owned).collect()
}

#[test]
fn rules_and_dashboard_name_metrics_that_a_running_server_has() -> Result<()> {
    let show = Show::start(&[
        "--metrics-token",
        OBSERVER,
        "--tls-self-signed",
        "--https",
        "127.0.0.1:0",
        "--rtmps",
        "off",
    ])?;
    // The last of them to come: pictures a second need some, a group of pictures must be whole, and the playlist full.
    let scrape = wait::until("every metric", LIMIT, || {
        let scrape = show.observed("/metrics")?;
        let late = ["genlock_playlist_behind_seconds{", "genlock_camera_gop_seconds{"];
        Ok(late.iter().all(|name| scrape.contains(name)).then_some(scrape))
    })?;
    let series = scrape.lines().filter(|line| !line.starts_with('#'));
    let scraped: BTreeSet<String> =
        series.filter_map(|line| line.split(['{', ' ']).next()).map(str::to_owned).collect();
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    for file in ["prometheus/alerts.yml", "grafana/genlock.json"] {
        let text = std::fs::read_to_string(deploy.join(file)).context(file)?;
        let named = names(&text);
        ensure!(named.len() > 20, "{file} names only {named:?}");
        let unknown: Vec<_> = named.difference(&scraped).collect();
        ensure!(unknown.is_empty(), "{file} names {unknown:?}, which are not scraped");
    }
    let behind = value(&scrape, "genlock_playlist_behind_seconds{").context("no playlist")?;
    ensure!((0.0..10.0).contains(&behind), "{behind} s behind");
    for secret in [&show.key, "Altar", "Wedding", "127.0.0.1"] {
        ensure!(!scrape.contains(secret), "{secret} is in the scrape");
    }
    Ok(())
}

fn value(scrape: &str, name: &str) -> Option<f64> {
    let line = scrape.lines().find(|line| line.starts_with(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn statistics_read_as_nginx_rtmps() -> Result<()> {
    let show = Show::start(&["--metrics-token", OBSERVER])?;
    let xml = wait::until("a bit rate and both tracks", LIMIT, || {
        let xml = show.observed("/stat")?;
        let ready = !xml.contains("<bw_video>0<") && xml.contains("<sample_rate>");
        Ok((ready && xml.contains("<meta>")).then_some(xml))
    })?;
    ensure!(!xml.contains(&show.key), "the key is in {xml}");
    // What NOALBS takes, by a foreign parser: server/application/live/stream with these four, integers where it wants them.
    let script = "import sys, xml.etree.ElementTree as t\n\
        apps = t.fromstring(sys.stdin.read()).findall('server/application')\n\
        live = [a for a in apps if a.findtext('name') == 'live'][0]\n\
        stream = [s for s in live.findall('live/stream') if s.findtext('name') == sys.argv[1]][0]\n\
        video, audio = stream.find('meta/video'), stream.find('meta/audio')\n\
        print(int(stream.findtext('bw_video')) > 0, int(video.findtext('width')),\n\
        float(video.findtext('frame_rate')) > 0, video.findtext('codec'),\n\
        audio.findtext('codec'), int(audio.findtext('sample_rate')))\n";
    let mut python = Command::new("python3")
        .args(["-c", script, &show.camera])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .context("cannot start python3")?;
    let mut stdin = python.stdin.take().context("no standard input")?;
    std::io::Write::write_all(&mut stdin, xml.as_bytes())?;
    drop(stdin);
    let read = String::from_utf8(python.wait_with_output()?.stdout)?;
    let words: Vec<_> = read.split_whitespace().collect();
    ensure!(matches!(words[..], ["True", _, "True", "H264", "AAC", "48000"]), "{read}\n{xml}");
    Ok(())
}

#[test]
fn log_lines_are_json_with_ids_and_without_secrets() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("log.toml");
    std::fs::write(&file, "log = { format = \"json\", filter = \"debug\" }\n")?;
    let config = file.to_str().context("a path that is no text")?;
    let show = Show::start(&["--metrics-token", OBSERVER, "--config", config])?;
    let api = show.server.api();
    // A refused call and a refused publisher leave lines, too.
    Api::new(&show.server.http, "wrong-token-of-a-guest").call("GET", "/api/events", None)?;
    let wrong = format!("{}/wrong-key-of-a-camera", show.server.rtmp);
    Camera::publish(&Clip::new(Colour::Red), &wrong)?.refused()?;
    api.json("GET", &format!("/api/events/{}", show.event), None)?;
    let log = wait::until("the lines", LIMIT, || {
        let log = show.server.log();
        let there = log.contains("\"conn\":") && log.contains("\"request_id\":");
        Ok(there.then_some(log))
    })?;
    let secrets = [
        show.key.as_str(),
        ADMIN_TOKEN,
        OBSERVER,
        "wrong-token-of-a-guest",
        "wrong-key-of-a-camera",
    ];
    for secret in secrets {
        ensure!(!log.contains(secret), "{secret} is in the log");
    }
    // The last line may be half written.
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    for line in whole.lines() {
        let line: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        ensure!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
    Ok(())
}
