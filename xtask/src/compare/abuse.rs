//! Garbage and idle connections on the RTMP port, beside one healthy camera and one viewer.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Result;
use serde_json::Value;

use super::load::{Load, number, settle};
use super::server::Server;
use super::table::{Row, table};

/// Connections that say nothing.
const IDLE: usize = 1000;
/// Bytes of garbage: more than a handshake.
const GARBAGE_BYTES: usize = 4096;

/// What one server did under abuse.
struct Abused {
    watched: Value,
    garbage: u64,
    grown_mb: f64,
    alive: bool,
}

/// Both servers for half a minute each.
pub(crate) fn measure(load: &Load<'_>) -> Result<String> {
    let nginx = {
        let server = Server::nginx(load.folder, true)?;
        let show = load.names(&server, 1)?;
        let _cameras = load.keep_publishing(&show)?;
        let url = server.url("/hls/cam1.m3u8");
        abuse(load, server, &url, &["--mode", "plain", "--poll-ms", "50"])?
    };
    let genlock = {
        let server = Server::genlock(load.folder)?;
        let show = load.prepare(&server, 1, "off")?;
        let _cameras = load.keep_publishing(&show)?;
        let url = server.url(&show.programmes().next().unwrap_or_default());
        abuse(load, server, &url, &[])?
    };
    let heads = [
        "server",
        "connections with garbage",
        "idle ones",
        "memory, MB",
        "lost frames",
        "late pieces",
        "stalls",
        "still there",
    ];
    let rows = [row("nginx-rtmp HLS", &nginx), row("Genlock, LL-HLS", &genlock)];
    Ok(table("Abuse of the RTMP port beside a healthy camera, 30 s", &heads, &rows))
}

fn abuse(load: &Load<'_>, mut server: Server, url: &str, more: &[&str]) -> Result<Abused> {
    settle();
    settle();
    let before = server.rss_mb();
    let over = AtomicBool::new(false);
    let address = ("127.0.0.1", server.rtmp);
    let (watched, garbage) = thread::scope(|scope| {
        let idle: Vec<_> = (0..IDLE).filter_map(|_| TcpStream::connect(address).ok()).collect();
        let garbage = scope.spawn(|| throw_garbage(address, &over));
        let watch = ["--url", url, "--viewers", "1", "--seconds", "30"];
        let watched = load.run("watch", &[&watch, more].concat());
        over.store(true, Ordering::Relaxed);
        drop(idle);
        (watched, garbage.join().unwrap_or_default())
    });
    let grown_mb = server.rss_mb() - before;
    Ok(Abused { watched: watched?, garbage, grown_mb, alive: server.alive() })
}

/// Connects, sends what is no handshake, and leaves, again and again.
fn throw_garbage(address: (&str, u16), over: &AtomicBool) -> u64 {
    let mut thrown = 0;
    let mut state = 1_u32;
    while !over.load(Ordering::Relaxed) {
        let garbage: Vec<u8> = (0..GARBAGE_BYTES)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            })
            .collect();
        // A server that hangs up in the middle does what it should.
        if let Ok(mut stream) = TcpStream::connect(address) {
            let _ = stream.write_all(&garbage);
            thrown += 1;
        }
        thread::sleep(std::time::Duration::from_millis(2));
    }
    thrown
}

fn row(name: &str, abused: &Abused) -> Row {
    let count = |key: &str| {
        number(&abused.watched, &format!("/figures/{key}"))
            .map_or_else(|_| "-".to_owned(), |count| format!("{count:.0}"))
    };
    Row::new(vec![
        name.to_owned(),
        abused.garbage.to_string(),
        IDLE.to_string(),
        format!("{:+.1}", abused.grown_mb),
        count("frames_lost"),
        count("pieces_late"),
        count("stalls"),
        if abused.alive { "yes" } else { "no" }.to_owned(),
    ])
}
