//! The end of a server, expected or not, and the next one on the same ports: what players and publishers notice.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use genlock_e2e::back_end::BackEnd;
use genlock_e2e::browser::Viewer;
use genlock_e2e::{Api, Camera, Clip, Colour, Server, wait};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(30);

/// A server on the ports of one that is gone.
fn succeed(data_dir: Arc<TempDir>, http: &str, rtmp: &str) -> Result<Server> {
    let http = http.trim_start_matches("http://");
    let rtmp = rtmp.trim_start_matches("rtmp://").trim_end_matches("/live");
    Server::start_with(data_dir, &["--http", http, "--rtmp", rtmp])
}

/// The number behind a tag, 0 without the tag.
fn number(playlist: &str, tag: &str) -> u64 {
    let line = playlist.lines().find_map(|line| line.strip_prefix(tag));
    line.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Media sequence and discontinuity sequence of a playlist, and what it lists.
struct Listed {
    media: u64,
    segments: u64,
    discontinuity: u64,
    uris: BTreeSet<String>,
}

/// The programme's playlist, once it has segments.
fn listed(api: &Api, event: &str) -> Result<Listed> {
    let path = format!("/hls/{event}/program/media.m3u8");
    wait::until("segments", LIMIT, || {
        let text = api.wait_for(&path)?;
        let segments = text.lines().filter(|line| line.starts_with("#EXTINF")).count() as u64;
        let quoted =
            text.split('"').filter(|text| text.ends_with(".m4s") || text.ends_with(".mp4"));
        let plain = text.lines().filter(|line| line.ends_with(".m4s"));
        let listed = Listed {
            media: number(&text, "#EXT-X-MEDIA-SEQUENCE:"),
            segments,
            discontinuity: number(&text, "#EXT-X-DISCONTINUITY-SEQUENCE:"),
            uris: quoted.chain(plain).map(str::to_owned).collect(),
        };
        Ok((segments > 2).then_some(listed))
    })
}

#[test]
fn after_a_kill_the_page_plays_on_by_itself_and_no_number_and_no_name_comes_again() -> Result<()> {
    let server = Server::start()?;
    let (api, http, rtmp) = (server.api(), server.http.clone(), server.rtmp.clone());
    let event = api.create_event("Match")?;
    let (one, two) = (api.create_camera(&event, "One")?, api.create_camera(&event, "Two")?);
    let (red, green) = (Clip::new(Colour::Red), Clip::new(Colour::Green));
    let first =
        [Camera::publish(&red, &one.publish_url)?, Camera::publish(&green, &two.publish_url)?];
    api.wait_status(&event, &one.id, "live")?;
    api.wait_status(&event, &two.id, "live")?;
    api.switch(&event, &two.id)?;
    api.wait_active(&event, &two.id)?;
    let viewer = Viewer::open(&format!("{http}/watch/{event}"))?;
    let before = listed(&api, &event)?;

    let data_dir = server.kill()?;
    drop(first);
    let server = succeed(data_dir, &http, &rtmp)?;
    // Both come back; the one that was on air is on air again.
    let blue = Clip::new(Colour::Blue);
    let _second =
        [Camera::publish(&red, &one.publish_url)?, Camera::publish(&blue, &two.publish_url)?];
    api.wait_status(&event, &one.id, "live")?;
    api.wait_active(&event, &two.id)?;
    let after = listed(&api, &event)?;
    ensure!(after.media >= before.media + before.segments, "{} is not new", after.media);
    ensure!(after.discontinuity > before.discontinuity, "no discontinuity is counted");
    let again: Vec<_> = before.uris.intersection(&after.uris).collect();
    ensure!(again.is_empty(), "these names come again: {again:?}");

    // A page that was opened before sees what comes after, without being loaded again.
    viewer.wait_playing(Colour::Blue)?;
    let seen = viewer.finish()?;
    eprintln!("a kill: {}", seen.report);
    ensure!(seen.colours.last() == Some(&Colour::Blue), "{}", seen.report);
    ensure!(seen.backwards == 0, "the picture went back: {}", seen.report);
    drop(server);
    Ok(())
}

#[test]
fn a_sigterm_answers_what_is_held_tells_the_back_end_and_ends_in_time() -> Result<()> {
    let back_end = BackEnd::start(|_| ("200 OK".to_owned(), String::new()))?;
    let url = &back_end.url;
    let server = Server::start_configured(&format!("[hooks]\non_publish_done = \"{url}\"\n"))?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let made = api.create_camera(&event, "One")?;
    let camera = Camera::publish(&Clip::new(Colour::Red), &made.publish_url)?;
    api.wait_active(&event, &made.id)?;
    let edge = listed(&api, &event)?;
    // Two segments ahead: it is held for seconds, unless the server answers because it ends.
    let ahead = edge.media + edge.segments + 1;
    let path = format!("{}/hls/{event}/program/media.m3u8?_HLS_msn={ahead}", server.http);
    let held = Command::new("curl")
        .args(["-s", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}", &path])
        .stdout(Stdio::piped())
        .spawn()?;
    wait::until("the held request", LIMIT, || {
        let metrics = api.call("GET", "/metrics", None)?.1;
        let line = metrics.lines().find(|line| line.starts_with("genlock_hls_held_requests "));
        Ok((line.context("no figure")? != "genlock_hls_held_requests 0").then_some(()))
    })?;

    let asked = Instant::now();
    let ended = server.terminate()?;
    let took = asked.elapsed();
    ensure!(ended.success(), "SIGTERM is an orderly end, not {ended}");
    // The publisher does not know reconnect requests, so nothing waits for its drain time of 5 s.
    ensure!(took < Duration::from_secs(15), "the end took {took:?}");
    let answer = held.wait_with_output()?;
    let status = String::from_utf8_lossy(&answer.stdout).into_owned();
    ensure!(status == "200" || status == "503", "the held request ended with {status}");
    back_end.wait_for("on_publish_done", |call| call.has("call", "publish_done"))?;
    ensure!(!camera.refused()?.contains("Broken pipe"), "the publisher was cut off");
    eprintln!("a SIGTERM: ended after {took:?}, held request {status}");
    Ok(())
}
