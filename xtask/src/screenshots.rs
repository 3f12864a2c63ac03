//! `cargo xtask screenshots`: every page with a real show on it, for a person to look at; three of them for the README.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::{install, process, say, web};

/// What the README shows, of all that is taken.
const IN_README: [&str; 3] = ["live-laptop-dark", "live-phone-dark", "watch-laptop-dark"];

/// Colours of a picture in the README. With more the files grow, and nobody sees a difference.
const COLOURS: &str = "palettegen=max_colors=160:stats_mode=single";

/// Builds server and pages, takes the pictures, and copies the README's to `docs/pictures`.
pub(crate) fn take() -> Result<()> {
    install::require(&[install::NPM, install::FFMPEG, install::CHROMIUM])?;
    web::build()?;
    let browser = process::root().join("tests/browser");
    process::run(web::npm(&browser).args(["ci", "--no-audit", "--no-fund"]))?;
    process::run(&mut process::cargo(&["build", "--package", "genlock"]))?;
    let folder = process::root().join("target/screenshots");
    let mut shoot = process::cargo(&["run", "--package", "genlock-e2e", "--bin", "screenshots"]);
    let server = process::root().join("target/debug/genlock");
    process::run(shoot.arg("--").arg(&folder).env("GENLOCK_BIN", server))?;
    let kept = process::root().join("docs/pictures");
    fs::create_dir_all(&kept)?;
    for name in IN_README {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y", "-i"]).arg(folder.join(format!("{name}.png")));
        let graph =
            format!("split[a][b];[a]{COLOURS}[p];[b][p]paletteuse=dither=bayer:bayer_scale=5");
        ffmpeg.args(["-filter_complex", &graph, "-update", "1"]);
        process::run(ffmpeg.arg(kept.join(format!("{name}.png"))))?;
    }
    say(&format!("all pictures are in {}: look at every one", folder.display()));
    Ok(())
}
