//! Segments and playlists a second and core: Genlock from memory, nginx with sendfile of the same bytes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::load::{Load, settle};
use super::server::{self, Server};
use super::table::{Row, Spread, table};

/// Connections that are kept open.
const CONNECTIONS: [usize; 3] = [1, 100, 1000];
const SECONDS: &str = "8";

/// Requests and bytes of one run.
#[derive(Debug, Clone, Copy)]
struct Rate {
    /// Requests per second of the server's processor time.
    per_cpu_s: f64,
    /// Requests per second.
    per_s: f64,
    /// Answers other than 2xx, and failed connections.
    failed: u64,
}

/// The same bytes from both servers.
#[derive(Debug, Clone, Copy)]
struct Both {
    bytes: usize,
    genlock: Rate,
    nginx: Rate,
}

/// Both servers, one after the other, at each number of connections.
pub(crate) fn measure(load: &Load<'_>) -> Result<String> {
    let mut rows = Vec::new();
    for name in ["segment", "playlist"] {
        for connections in CONNECTIONS {
            let rates = load.repeat(|| both(load, name, connections))?;
            rows.push(row(name, connections, &rates));
        }
    }
    Ok(table(
        "Delivery: the same bytes from one core, HTTP/1.1, wrk",
        &[
            "object",
            "connections",
            "nginx, a second",
            "Genlock, a second",
            "nginx, per CPU-second",
            "Genlock, per CPU-second",
            "ratio",
            "failed",
        ],
        &rows,
    ))
}

fn both(load: &Load<'_>, name: &str, connections: usize) -> Result<Both> {
    let genlock = Server::genlock(load.folder)?;
    let show = load.prepare(&genlock, 1, "off")?;
    let cameras = load.keep_publishing(&show)?;
    settle();
    let playlist = show.programmes().next().unwrap_or_default();
    genlock.get(&playlist)?;
    settle();
    let nginx = Server::nginx(load.folder, false)?;
    let (path, bytes) = object(&genlock, name, &playlist)?;
    fs::write(nginx.folder.join("www/object"), &bytes)?;
    // The camera has gone: what is left of the processor is for requests.
    drop(cameras);
    Ok(Both {
        bytes: bytes.len(),
        genlock: wrk(&genlock, &path, connections)?,
        nginx: wrk(&nginx, "/object", connections)?,
    })
}

/// Path and bytes of a playlist, or of its newest segment, which stays the longest.
fn object(genlock: &Server, name: &str, playlist: &str) -> Result<(String, Vec<u8>)> {
    let text = genlock.get(playlist)?;
    if name == "playlist" {
        return Ok((playlist.to_owned(), text));
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let segment = text.lines().rfind(|line| !line.starts_with('#') && !line.is_empty());
    let segment = segment.context("the playlist has no segment")?;
    let folder = playlist.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = format!("{folder}/{segment}");
    let bytes = genlock.get(&path)?;
    Ok((path, bytes))
}

fn wrk(server: &Server, path: &str, connections: usize) -> Result<Rate> {
    let mut wrk = server::as_load(Path::new("wrk"));
    wrk.args(["-t", "1", "-c", &connections.to_string(), "-d", SECONDS, "--timeout", "20"]);
    let before = server.cpu_s();
    let output = wrk.arg(server.url(path)).output()?;
    let used = server.cpu_s() - before;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    parse(&text, used).with_context(|| format!("wrk says: {text}"))
}

/// Reads what wrk prints: `  123 requests in 8.00s, 1.2GB read`, `Non-2xx or 3xx responses: 4`, `Socket errors: …`.
fn parse(text: &str, used_s: f64) -> Option<Rate> {
    let line = text.lines().find(|line| line.contains(" requests in "))?;
    let requests: f64 = line.split_whitespace().next()?.parse().ok()?;
    let per_s = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"))?;
    let per_s: f64 = per_s.trim().parse().ok()?;
    let numbers = |line: &str| -> u64 {
        line.split([' ', ',', ':']).filter_map(|word| word.parse::<u64>().ok()).sum()
    };
    let failed = text
        .lines()
        .filter(|line| line.contains("Non-2xx") || line.contains("Socket errors"))
        .map(|line| numbers(line.rsplit_once("responses").map_or(line, |(_, rest)| rest)))
        .sum();
    Some(Rate { per_cpu_s: requests / used_s, per_s, failed })
}

fn row(name: &str, connections: usize, runs: &[Both]) -> Row {
    let bytes = Spread::of(runs.iter().map(|run| run.bytes as f64)).median;
    // Segments in Gb, playlists in requests.
    let (unit, scale, places) =
        if name == "segment" { ("Gb", bytes * 8.0 / 1e9, 2) } else { ("requests", 1.0, 0) };
    let cell =
        |of: fn(&Both) -> f64| Spread::of(runs.iter().map(|run| of(run) * scale)).text(places);
    let ratios = runs.iter().map(|run| run.genlock.per_cpu_s / run.nginx.per_cpu_s);
    let failed: u64 = runs.iter().map(|run| run.genlock.failed + run.nginx.failed).sum();
    Row::new(vec![
        format!("{name} of {bytes:.0} bytes, {unit}"),
        connections.to_string(),
        cell(|run| run.nginx.per_s),
        cell(|run| run.genlock.per_s),
        cell(|run| run.nginx.per_cpu_s),
        cell(|run| run.genlock.per_cpu_s),
        Spread::of(ratios).text(2),
        failed.to_string(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_prints_is_read() {
        let text = "  4000 requests in 8.00s, 1.2GB read\n  Socket errors: connect 1, read 2, write 0, timeout 3\n\
                    \x20 Non-2xx or 3xx responses: 5\nRequests/sec:    500.50\n";
        let rate = parse(text, 2.0).unwrap();
        assert!((rate.per_cpu_s - 2000.0).abs() < 1e-9 && (rate.per_s - 500.5).abs() < 1e-9);
        assert_eq!(rate.failed, 11);
        assert!(parse("unable to connect", 1.0).is_none());
    }
}
