//! How old a frame is when a viewer has it, and what a take does.

use anyhow::{Result, bail};
use serde_json::Value;

use super::chain::{Chain, Recipe};
use super::load::{Load, number, settle};
use super::server::{Server, TOKEN};
use super::table::{Row, Spread, table};

/// How often a plain playlist is asked for. Far below a segment, so that asking adds nothing that is seen.
const POLL_MS: &str = "50";

/// From the camera's socket to the viewer, one viewer.
pub(crate) fn availability(load: &Load<'_>) -> Result<String> {
    let nginx = load.repeat(|| {
        let server = Server::nginx(load.folder, true)?;
        let show = load.names(&server, 1)?;
        let _cameras = load.keep_publishing(&show)?;
        settle();
        watch(load, &server.url("/hls/cam1.m3u8"), &["--mode", "plain", "--poll-ms", POLL_MS])
    })?;
    let genlock = load.repeat(|| {
        let server = Server::genlock(load.folder)?;
        let show = load.prepare(&server, 1, "off")?;
        let _cameras = load.keep_publishing(&show)?;
        settle();
        let playlist = show.programmes().next().unwrap_or_default();
        watch(load, &server.url(&playlist), &[])
    })?;
    let rows = [("nginx-rtmp HLS, segments of 2 s", nginx), ("Genlock programme, LL-HLS", genlock)]
        .map(|(name, results)| {
            let spread = |pointer: &str| {
                Spread::of(results.iter().filter_map(|result| number(result, pointer).ok())).text(1)
            };
            Row::new(vec![
                name.to_owned(),
                spread("/distributions/newest_to_downloaded/p50"),
                spread("/distributions/newest_to_downloaded/p99"),
                spread("/distributions/send_to_downloaded/p50"),
                spread("/distributions/send_to_downloaded/p99"),
            ])
        });
    Ok(table(
        "Availability: age of a frame when one viewer has it, ms",
        &["server", "newest frame of a piece, p50", "p99", "every frame, p50", "p99"],
        &rows,
    ))
}

fn watch(load: &Load<'_>, url: &str, more: &[&str]) -> Result<Value> {
    let viewer = ["--url", url, "--viewers", "1", "--seconds", "30"];
    let result = load.run("watch", &[&viewer, more].concat())?;
    if number(&result, "/distributions/newest_to_downloaded/count")? == 0.0 {
        bail!("the viewer of {url} saw no frame: {result}");
    }
    Ok(result)
}

/// From the command to the playlist that lists the new camera.
pub(crate) fn measure(load: &Load<'_>) -> Result<String> {
    let rows = [
        ("nginx-rtmp HLS, ffmpeg restarted", chain(load, Recipe::Plain)?),
        ("nginx-rtmp, ffmpeg restarted, append_list", chain(load, Recipe::Appending)?),
        ("Genlock, auto", genlock(load, "auto")?),
        ("Genlock, instant", genlock(load, "instant")?),
    ]
    .map(|(name, result)| row(name, &result));
    Ok(table(
        "Switching: from the take to the playlist that lists the new camera, ms",
        &["server", "takes", "min", "p50", "max", "what the playlist did"],
        &rows.into_iter().collect::<Result<Vec<_>>>()?,
    ))
}

fn chain(load: &Load<'_>, recipe: Recipe) -> Result<Value> {
    let server = Server::nginx(load.folder, true)?;
    let show = load.names(&server, 2)?;
    let _cameras = load.keep_publishing(&show)?;
    settle();
    let chain = Chain::start(&server, recipe)?;
    settle();
    let (url, take, cameras) =
        (server.url(Chain::PLAYLIST), chain.take_url(), show.cameras.display().to_string());
    let plain = ["--mode", "plain", "--poll-ms", POLL_MS, "--take-url", &take, "--take-body", ""];
    switch(load, &url, &cameras, "8", &plain)
}

fn genlock(load: &Load<'_>, style: &str) -> Result<Value> {
    let server = Server::genlock(load.folder)?;
    let show = load.prepare(&server, 2, "off")?;
    let _cameras = load.keep_publishing(&show)?;
    settle();
    let playlist = show.programmes().next().unwrap_or_default();
    let event = show.events.first().map(|(event, _)| event.clone()).unwrap_or_default();
    let (url, api, cameras) =
        (server.url(&playlist), server.url(""), show.cameras.display().to_string());
    let own = ["--api", &api, "--token", TOKEN, "--event", &event, "--style", style];
    switch(load, &url, &cameras, "3", &own)
}

fn switch(load: &Load<'_>, url: &str, cameras: &str, every: &str, more: &[&str]) -> Result<Value> {
    let takes = load.options.takes.to_string();
    let common = ["--url", url, "--camera-file", cameras, "--takes", &takes, "--every", every];
    // Twice the time that the takes need: one that is never seen must not hold up the rest for ever.
    let seconds = (load.options.takes * 16 + 60).to_string();
    load.run("switch", &[&common[..], &["--seconds", &seconds], more].concat())
}

fn row(name: &str, result: &Value) -> Result<Row> {
    let listed = |key: &str| number(result, &format!("/distributions/command_to_listed/{key}"));
    let count = |key: &str| number(result, &format!("/figures/{key}")).unwrap_or(0.0);
    let (made, seen) = (count("takes"), count("takes_seen"));
    let did = [
        ("takes never seen", count("takes_never_seen")),
        ("media sequence went back", count("media_sequence_went_back")),
        ("discontinuities", count("discontinuities_seen")),
        ("late pieces", count("pieces_late")),
        ("stalls", count("stalls")),
        ("frames repeated", count("frames_repeated")),
    ];
    let did: Vec<_> = did
        .into_iter()
        .filter(|(_, count)| *count > 0.0)
        .map(|(what, count)| format!("{what} {count}"))
        .collect();
    let did = if did.is_empty() { "one continuous playlist".to_owned() } else { did.join(", ") };
    let cell = |key: &str| listed(key).map_or_else(|_| "-".to_owned(), |ms| format!("{ms:.0}"));
    Ok(Row::new(vec![
        name.to_owned(),
        format!("{seen} of {made}"),
        cell("min"),
        cell("p50"),
        cell("max"),
        did,
    ]))
}
