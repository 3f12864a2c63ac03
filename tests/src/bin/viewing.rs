//! Measures what looking costs: the server's time for a multiview, and what viewers of the programme wait for.
//!
//! ```sh
//! viewing [SECONDS]
//! ```
//!
//! Wants `genlock` (release) in `GENLOCK_BIN`, ffmpeg, node and Chromium. Figures: benches/README.md.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use genlock_e2e::Server;
use genlock_e2e::browser::multiview;
use genlock_e2e::clock::ClockCamera;
use serde_json::Value;

const CAMERAS: u8 = 6;
const STARTS: &str = "10";

fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(30);
    match measure(seconds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(seconds: u32) -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let mut cameras = Vec::new();
    for number in 0..CAMERAS {
        let made = api.create_camera(&event, &format!("Camera {number}"))?;
        cameras.push(ClockCamera::publish(number % 4, 0, &made.publish_url)?);
        api.wait_status(&event, &made.id, "live")?;
    }
    let span = Duration::from_secs(seconds.into());
    let alone = share(&server, || {
        sleep(span);
        Ok(())
    })?;
    say(&format!("{CAMERAS} cameras, nobody looks: {alone:.1} % of a core"));
    let mut seen = Value::Null;
    let watched = share(&server, || {
        seen = multiview(&server.http, &event, "webcodecs", CAMERAS.into(), seconds)?;
        Ok(())
    })?;
    say(&format!("{CAMERAS} cameras in a multiview: {watched:.1} % of a core; {}", seen["tiles"]));
    // Six encoders would take the time from the one browser that is looked at.
    cameras.truncate(1);
    let page = format!("{}/watch/{event}", server.http);
    say(&format!("viewer's page: {}", age(&page, seconds)?));
    Ok(())
}

/// The server's share of a core while `during` runs, in per cent.
fn share(server: &Server, during: impl FnOnce() -> Result<()>) -> Result<f64> {
    let (before, since) = (server.cpu_time()?, Instant::now());
    during()?;
    let used = server.cpu_time()?.saturating_sub(before);
    Ok(100.0 * used.as_secs_f64() / since.elapsed().as_secs_f64())
}

fn age(page: &str, seconds: u32) -> Result<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/age.mjs");
    let mut node = Command::new("node");
    node.arg(script).args([page, STARTS, &seconds.to_string()]).stderr(Stdio::inherit());
    let output = node.output()?;
    ensure!(output.status.success(), "the page ended with {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[expect(clippy::print_stdout, reason = "a command line tool talks to its user")]
fn say(text: &str) {
    println!("{text}");
}
