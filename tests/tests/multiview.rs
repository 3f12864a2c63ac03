//! Live pictures in the console, by the clock in the pictures, and levels, by their tone.

use anyhow::{Result, bail};
use genlock_e2e::Server;
use genlock_e2e::browser::multiview;
use genlock_e2e::clock::{ClockCamera, TONE_DB};
use serde_json::Value;

/// How often is looked before an old picture counts: a machine that has no time for a browser is late at random.
const ATTEMPTS: usize = 3;

/// From painting to the screen, in the middle of all pictures: what an operator can switch by.
const AGE_MAX_MS: u64 = 1_000;

struct Show {
    server: Server,
    event: String,
    cameras: Vec<ClockCamera>,
}

impl Show {
    fn start(count: u8) -> Result<Self> {
        let server = Server::start()?;
        let api = server.api();
        let event = api.create_event("Match")?;
        let mut cameras = Vec::new();
        for number in 0..count {
            let made = api.create_camera(&event, &format!("Camera {number}"))?;
            cameras.push(ClockCamera::publish(number, 0, &made.publish_url)?);
            api.wait_status(&event, &made.id, "live")?;
        }
        Ok(Self { server, event, cameras })
    }

    /// Looks until every camera's pictures are fresh and its meter tells the tone; returns how old and how loud they were.
    fn assert_fresh(&self, rung: &str) -> Result<Value> {
        let mut reports = Vec::new();
        for _ in 0..ATTEMPTS {
            let report = multiview(&self.server.http, &self.event, rung, self.cameras.len(), 5)?;
            assert_eq!(report["faults"], Value::Array(Vec::new()), "{report}");
            let tiles = report["tiles"].as_array().cloned().unwrap_or_default();
            let fresh = |tile: &Value| {
                let moves = tile["pictures"].as_u64().is_some_and(|pictures| pictures > 10);
                let heard = |level: i64| level.abs_diff(TONE_DB) <= 3;
                moves
                    && tile["p50_ms"].as_u64().is_some_and(|age| age < AGE_MAX_MS)
                    && tile["level_db"].as_i64().is_some_and(heard)
            };
            if tiles.len() == self.cameras.len() && tiles.iter().all(fresh) {
                return Ok(report);
            }
            reports.push(report.to_string());
        }
        bail!("old pictures or wrong levels in each of {ATTEMPTS} looks: {reports:#?}")
    }
}

#[test]
fn pictures_are_less_than_a_second_old_with_webcodecs_and_with_media_source_extensions()
-> Result<()> {
    let show = Show::start(3)?;
    eprintln!("webcodecs: {}", show.assert_fresh("webcodecs")?);
    eprintln!("mse: {}", show.assert_fresh("mse")?);
    Ok(())
}

#[test]
fn a_browser_that_can_do_neither_shows_stills() -> Result<()> {
    let show = Show::start(1)?;
    let report = multiview(&show.server.http, &show.event, "stills", 1, 8)?;
    let pictures = report["tiles"][0]["pictures"].as_u64();
    assert!(pictures.is_some_and(|pictures| pictures >= 2), "they change: {report}");
    Ok(())
}
