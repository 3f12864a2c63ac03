//! Takes pictures of the pages with a real show on them. `cargo xtask screenshots` builds what it needs and starts it.
//!
//!   screenshots FOLDER

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use genlock_e2e::Server;
use genlock_e2e::browser::perform;
use genlock_e2e::server::ADMIN_TOKEN;
use serde_json::json;

/// Names of cameras, and the colours of the light that they see.
const CAMERAS: [(&str, [&str; 3]); 3] = [
    ("Altar", ["0x2b1d14", "0xd9924a", "0xf3d9a4"]),
    ("Aisle", ["0x10231d", "0x3f7d5e", "0xcfe3c0"]),
    ("Balcony", ["0x121a33", "0x4a6fb5", "0xd7c3e0"]),
];

#[expect(clippy::print_stderr, reason = "a command line tool talks to its user")]
fn main() -> ExitCode {
    match std::env::args().nth(1).context("which folder?").and_then(|folder| shoot(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn shoot(folder: &str) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Anna & Ben")?;
    let policy = json!({ "policy": { "viewer_angles": true } });
    api.json("PATCH", &format!("/api/events/{event}"), Some(&policy))?;
    let mut cameras = Vec::new();
    for (name, colours) in CAMERAS {
        let made = api.create_camera(&event, name)?;
        cameras.push((made.id, Publisher::start(&clip(name, colours)?, &made.publish_url)?));
    }
    for (id, _) in &cameras {
        api.wait_status(&event, id, "live")?;
    }
    perform("screenshots.mjs", &[&server.http, ADMIN_TOKEN, &event, folder], |said| match said {
        ["end"] => api.json("POST", &format!("/api/events/{event}/end"), None).map(drop),
        said => bail!("the screenshots said {said:?}"),
    })?;
    Ok(())
}

/// Half a minute of moving light, made once and kept.
fn clip(name: &str, [dark, middle, bright]: [&str; 3]) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join("genlock-clips");
    let path = folder.join(format!("light-{name}.flv"));
    if path.exists() {
        return Ok(path);
    }
    std::fs::create_dir_all(&folder)?;
    let light = format!(
        "gradients=s=1280x720:r=30:n=3:c0={dark}:c1={middle}:c2={bright}:x0=0:y0=720:x1=1280:y1=0:speed=0.004"
    );
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", &light])
        .args(["-f", "lavfi", "-i", "sine=frequency=220:sample_rate=48000", "-t", "30"])
        .args(["-vf", "noise=alls=4:allf=t,vignette=PI/5", "-pix_fmt", "yuv420p"])
        .args(["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "2500k", "-g", "60"])
        .args(["-c:a", "aac", "-ac", "2", "-b:a", "96k", "-f", "flv"])
        .arg(&partial)
        .status()?;
    ensure!(made.success(), "ffmpeg could not make {}: {made}", path.display());
    std::fs::rename(partial, &path)?;
    Ok(path)
}

/// An ffmpeg that is killed with this.
struct Publisher(Child);

impl Publisher {
    fn start(clip: &Path, url: &str) -> Result<Self> {
        let ffmpeg = Command::new("ffmpeg")
            .args(["-v", "error", "-re", "-stream_loop", "-1", "-i"])
            .arg(clip)
            .args(["-c", "copy", "-f", "flv", url])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("cannot start ffmpeg")?;
        Ok(Self(ffmpeg))
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // Either fails only when ffmpeg has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
