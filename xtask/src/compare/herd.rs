//! Ten thousand viewers who wait for one part. nginx has nothing that waits, so that Genlock stands alone here.

use anyhow::Result;

use super::load::{Load, number, settle};
use super::server::Server;
use super::table::{Row, Spread, table};

const HELD: &str = "10000";
const ROUNDS: &str = "10";

/// Times of answers to blocked reloads, and their memory.
pub(crate) fn measure(load: &Load<'_>) -> Result<String> {
    let results = load.repeat(|| {
        let server = Server::genlock(load.folder)?;
        let show = load.prepare(&server, 1, "off")?;
        let _cameras = load.keep_publishing(&show)?;
        settle();
        let url = server.url(&show.programmes().next().unwrap_or_default());
        let pid = server.pid().to_string();
        let herd = ["--url", &url, "--held", HELD, "--rounds", ROUNDS, "--pid", &pid];
        load.run("herd", &[&herd[..], &["--seconds", "240"]].concat())
    })?;
    let spread = |pointer: &str| {
        Spread::of(results.iter().filter_map(|result| number(result, pointer).ok()))
    };
    let row = Row::new(vec![
        HELD.to_owned(),
        spread("/distributions/first_to_last/p50").text(1),
        spread("/distributions/first_to_last/max").text(1),
        spread("/distributions/newest_to_first/p50").text(1),
        spread("/figures/bytes_per_held_request").text(0),
    ]);
    let heads = [
        "held",
        "first to last answer, p50 ms",
        "max",
        "newest frame to first answer, p50 ms",
        "bytes per request",
    ];
    Ok(table("Herd: blocked reloads, Genlock on one core", &heads, &[row]))
}
