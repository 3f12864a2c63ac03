//! RTMPS and HTTPS with real clients: ffmpeg, curl, Chromium.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use genlock_e2e::browser::Viewer;
use genlock_e2e::server::{self, ADMIN_TOKEN};
use genlock_e2e::{Camera, Clip, Colour, Server, probe, wait};
use genlock_tls::{PairFiles, self_signed};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(30);

/// What curl writes to its standard output.
fn curl(arguments: &[&str]) -> Result<String> {
    let output = Command::new("curl").args(["-sS", "--max-time", "15"]).args(arguments).output();
    let output = output.context("cannot start curl")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn bearer() -> String {
    format!("Authorization: Bearer {ADMIN_TOKEN}")
}

#[test]
fn cameras_come_by_rtmps_and_viewers_and_creators_by_https() -> Result<()> {
    let server = Server::start_secured(Arc::new(tempfile::tempdir()?), &["--tls-self-signed"])?;
    let (api, https) = (server.api(), server.https.clone().context("no https")?);
    let event = api.create_event("Wedding")?;
    let made = api.create_camera(&event, "Altar")?;
    let rtmps = server.rtmps.as_ref().context("no rtmps")?;
    let publish_url = format!("{rtmps}/{}", made.key);
    let publisher = Camera::publish(&Clip::new(Colour::Green), &publish_url)?;
    api.wait_active(&event, &made.id)?;
    let playlist = format!("/hls/{event}/program/index.m3u8");
    api.wait_for(&playlist)?;

    // HTTP/2 as agreed upon by ALPN, and HTTP/1.1 for who has nothing else.
    let url = format!("{https}{playlist}");
    for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let told = curl(&["-k", flag, "-w", "\n%{http_version} %{http_code}", &url])?;
        ensure!(told.starts_with("#EXTM3U") && told.ends_with(&format!("{version} 200")), "{told}");
    }
    // Who came by TLS is led on by TLS.
    let event_url = format!("{https}/api/events/{event}");
    let shown: Value = serde_json::from_str(&curl(&["-k", "-H", &bearer(), &event_url])?)?;
    ensure!(shown["program"]["hls_url"] == url, "{shown}");
    let as_ts = url.replace("index.m3u8", "ts.m3u8");
    let complaints = probe::decode(&as_ts, 4)?;
    ensure!(complaints.is_empty(), "ffmpeg complained: {complaints}");
    ensure!(probe::streams(&url)?.len() == 2);
    websocket(&format!("{event_url}/ws"))?;

    let viewer = Viewer::open(&format!("{https}/watch/{event}"))?;
    viewer.wait_playing(Colour::Green)?;
    let seen = viewer.finish()?;
    ensure!(seen.colours == [Colour::Green] && seen.frames > 20, "{}", seen.report);

    drop(publisher);
    api.wait_status(&event, &made.id, "offline")?;
    ensure!(!server.log().contains(&made.key), "a key stands in the log");
    Ok(())
}

/// Opens a WebSocket by TLS as curl does it, and reads what it is told first.
fn websocket(url: &str) -> Result<()> {
    let output = Command::new("curl")
        .args(["-sSki", "--http1.1", "--max-time", "3", "-H", &bearer()])
        .args(["-H", "Connection: Upgrade", "-H", "Upgrade: websocket"])
        .args(["-H", "Sec-WebSocket-Version: 13"])
        .args(["-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", url])
        .output()?;
    // It is open until curl's time is over.
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(told.starts_with("HTTP/1.1 101"), "{told}");
    ensure!(told.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{told}");
    ensure!(told.contains("\"snapshot\""), "{told}");
    Ok(())
}

/// A new pair in `folder`, with the names that the server knows it by.
fn pair(folder: &Path) -> Result<PairFiles> {
    let other = tempfile::tempdir()?;
    let made = self_signed(other.path(), &["127.0.0.1".to_owned()], SystemTime::now())?;
    let files = PairFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::copy(made.certificate, &files.certificate)?;
    std::fs::copy(made.key, &files.key)?;
    Ok(files)
}

#[test]
fn a_new_certificate_is_shown_and_nobody_is_dropped_for_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = pair(folder.path())?;
    let first = folder.path().join("first.pem");
    std::fs::copy(&files.certificate, &first)?;
    let (certificate, key) = (files.certificate.display(), files.key.display());
    let flags = [format!("--tls-certificate={certificate}"), format!("--tls-key={key}")];
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let server = Server::start_secured(Arc::new(tempfile::tempdir()?), &flags)?;
    let (api, https) = (server.api(), server.https.clone().context("no https")?);
    let event = api.create_event("Wedding")?;
    let made = api.create_camera(&event, "Altar")?;
    let rtmps = server.rtmps.as_ref().context("no rtmps")?;
    let _publisher = Camera::publish(&Clip::new(Colour::Green), &format!("{rtmps}/{}", made.key))?;
    api.wait_active(&event, &made.id)?;
    let health = format!("{https}/healthz");
    let trusted = |file: &Path| curl(&["--cacert", &file.display().to_string(), &health]);
    trusted(&first)?;

    pair(folder.path())?;
    server.hang_up()?;
    wait::until("the new certificate", LIMIT, || Ok(trusted(&files.certificate).ok()))?;
    ensure!(trusted(&first).is_err(), "the old certificate is still shown");

    // One that cannot be used changes nothing.
    let second = folder.path().join("second.pem");
    std::fs::copy(&files.certificate, &second)?;
    std::fs::write(&files.certificate, "half a fi")?;
    server.hang_up()?;
    wait::until("the refusal in the log", LIMIT, || {
        Ok(server.log().contains("the new certificate is not shown").then_some(()))
    })?;
    trusted(&second)?;

    let path = format!("/api/events/{event}/cameras/{}", made.id);
    let camera = api.json("GET", &path, None)?;
    ensure!(camera["status"] == "live", "{camera}");
    ensure!(camera["health"]["reconnects"].as_u64().unwrap_or(0) == 0, "{camera}");
    let log = server.log();
    ensure!(log.matches("publishing").count() == 1, "the camera came twice: {log}");
    Ok(())
}

#[test]
fn a_pair_that_does_not_fit_stands_in_the_way_of_a_start_and_is_told_before_it() -> Result<()> {
    let (folder, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (files, others) = (pair(folder.path())?, pair(other.path())?);
    let config = folder.path().join("genlock.toml");
    let write = |key: &Path| {
        let (certificate, key) = (files.certificate.display(), key.display());
        let text = format!(
            "http.listen = \"off\"\nrtmp.listen = \"off\"\ndata_dir = \"{}\"\n\
             [tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\n\
             http = \"127.0.0.1:0\"\nrtmp = \"127.0.0.1:0\"\n",
            other.path().display()
        );
        std::fs::write(&config, text)
    };
    let run = |arguments: &[&str]| -> Result<(bool, String)> {
        let mut command = Command::new(server::command(folder.path()).get_program());
        let output = command.args(arguments).arg(&config).output()?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
    };
    write(&others.key)?;
    for command in [&["check-config"] as &[&str], &["doctor", "--config"], &["serve", "--config"]] {
        let (good, said) = run(command)?;
        ensure!(!good && said.contains("the key does not belong"), "{command:?}: {said}");
    }
    write(&files.key)?;
    let (good, said) = run(&["check-config"])?;
    ensure!(good && said.contains("certificate good for 364 days"), "{said}");
    ensure!(said.contains("http        off"), "{said}");
    let (good, said) = run(&["doctor", "--config"])?;
    ensure!(good && said.contains("tls.certificate    is good for 364 days"), "{said}");
    Ok(())
}
