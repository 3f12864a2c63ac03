//! `cargo xtask screenshots`: every page with a real show on it, for a person to look at; three of them for the README.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::{install, process, say, web};

/// What the README shows, of all that is taken.
const IN_README: [&str; 3] = ["live-laptop-dark", "live-phone-dark", "watch-laptop-dark"];

/// A picture in the README has 256 colours, which makes a third of the file; strewn, so that light has no edges.
const FEWER_COLOURS: &str = "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=sierra2_4a";

/// Builds server and pages, takes the pictures, and copies the README's to `docs/pictures`.
pub(crate) fn take() -> Result<()> {
    install::require(&[install::NPM, install::FFMPEG, install::CHROMIUM])?;
    web::build()?;
    let browser = process::root().join("tests/browser");
    process::run(web::npm(&browser).args(["ci", "--no-audit", "--no-fund"]))?;
    process::build_all()?;
    let folder = process::root().join("target/screenshots");
    let mut shoot = Command::new(process::root().join("target/debug/screenshots"));
    let server = process::root().join("target/debug/genlock");
    process::run(shoot.arg(&folder).env("GENLOCK_BIN", server))?;
    let kept = process::root().join("docs/pictures");
    fs::create_dir_all(&kept)?;
    for name in IN_README {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y", "-i"]).arg(folder.join(format!("{name}.png")));
        ffmpeg.args(["-filter_complex", FEWER_COLOURS, "-update", "1"]);
        process::run(ffmpeg.arg(kept.join(format!("{name}.png"))))?;
    }
    say(&format!("all pictures are in {}: look at every one", folder.display()));
    Ok(())
}
