//! The integrator's guide: its commands, run in their order against a server.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use genlock_e2e::server::ADMIN_TOKEN;
use genlock_e2e::{Server, wait};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(30);

/// What earlier answers held, by the word that stands for it in the guide.
#[derive(Debug, Default)]
struct Known(Vec<(&'static str, String)>);

impl Known {
    fn fill(&self, command: &str) -> String {
        let fill = |text: String, (word, value): &(&str, String)| text.replace(word, value);
        self.0.iter().fold(command.to_owned(), fill)
    }

    /// Keeps what is new in an answer: an event, or a camera with its key.
    fn learn(&mut self, answer: &str) {
        let Ok(answer) = serde_json::from_str::<Value>(answer) else { return };
        let text = |field: &str| answer[field].as_str().map(str::to_owned);
        match (text("camera_id"), text("stream_key")) {
            (Some(camera), Some(key)) if self.of("CAMERA").is_none() => {
                self.0.extend([("CAMERA", camera), ("KEY", key)]);
            }
            (Some(camera), Some(_)) => self.0.push(("SECOND", camera)),
            _ if self.of("EVENT").is_none() => {
                self.0.extend(text("id").map(|event| ("EVENT", event)));
            }
            _ => {}
        }
    }

    fn of(&self, word: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == word).map(|(_, value)| value.as_str())
    }
}

/// The blocks of shell commands of a page.
fn commands(page: &str) -> Result<Vec<String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let blocks = text.split("```sh\n").skip(1);
    Ok(blocks.filter_map(|block| Some(block.split_once("```")?.0.to_owned())).collect())
}

/// A process that some command left behind; it does not outlive the test.
struct Left(u32);

impl Drop for Left {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = Command::new("kill").arg(self.0.to_string()).status();
    }
}

#[test]
fn the_commands_of_the_integrators_guide_do_what_it_says() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let mut known = Known::default();
    let mut encoder = None;
    let blocks = commands("integrator.md")?;
    ensure!(blocks.len() > 12, "only {} blocks were found", blocks.len());
    for block in blocks {
        let command = known.fill(&block);
        // What goes on in the background must not hold the pipe open, and tells its id.
        let script = command.replace(" &\n", " >/dev/null 2>&1 & echo pid $!\n");
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .env("URL", &server.http)
            .env("RTMP", &server.rtmp)
            .env("T", ADMIN_TOKEN)
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{command}\nended badly: {said}{complaint}");
        known.learn(&said);
        if let Some(id) = said.strip_prefix("pid ") {
            encoder = Some(Left(id.trim().parse()?));
            let (event, camera) = (known.of("EVENT"), known.of("CAMERA"));
            api.wait_active(event.context("no event")?, camera.context("no camera")?)?;
        }
        check(&block, &said)?;
    }
    ensure!(encoder.is_some(), "no encoder was started");
    let event = known.of("EVENT").context("no event")?;
    let shown = api.json("GET", &format!("/api/events/{event}"), None)?;
    ensure!(shown["status"] == "ended" && shown["playback"] == "signed", "{shown}");
    ensure!(shown["policy"]["slate_after_ms"] == 5000, "{shown}");
    wait::until("a recording", LIMIT, || {
        let path = format!("/api/events/{event}/recordings");
        let listed = api.json("GET", &path, None)?["items"].as_array().map_or(0, Vec::len);
        Ok((listed > 0).then_some(()))
    })
}

/// What the guide promises of an answer.
fn check(block: &str, said: &str) -> Result<()> {
    let promises = [
        ("CAMERA/switch", "wait_ms"),
        ("SECOND/switch", "\"status\":409"),
        ("/active", "Altar"),
        ("/updates", "\"type\":\"snapshot\""),
        ("/hooks/targets/", "\"secret\""),
        ("program/index.m3u8", "#EXTM3U"),
        ("playback-tokens", "\"hls_url\""),
        ("EVENT/tokens", "\"token\""),
    ];
    for (command, promised) in promises {
        let asked = block.contains(command) && !block.contains("curl -sf -o");
        ensure!(!asked || said.contains(promised), "{block}\nsaid: {said}");
    }
    Ok(())
}
