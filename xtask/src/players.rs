//! `cargo xtask players`: what viewers of many players see of the switched programme.

use anyhow::Result;

use crate::{install, process, web};

/// Builds server and rig, installs the players that npm brings, and measures. VLC, GStreamer and Firefox
/// are measured where they are installed; `docs/players.md` names their packages.
pub(crate) fn measure(arguments: &[String]) -> Result<()> {
    install::require(&[install::NPM, install::FFMPEG, install::CHROMIUM])?;
    let folder = process::root().join("tests/players");
    process::run(web::npm(&folder).args(["ci", "--no-audit", "--no-fund"]))?;
    process::run(&mut process::cargo(&["build", "--release", "--package", "genlock"]))?;
    let mut rig = process::cargo(&["run", "--package", "genlock-e2e", "--bin", "players", "--"]);
    rig.args(arguments).env("GENLOCK_BIN", process::root().join("target/release/genlock"));
    if let Some(ffmpeg) = install::enhanced_ffmpeg()? {
        rig.env("GENLOCK_ENHANCED_FFMPEG", ffmpeg);
    }
    process::run(&mut rig)
}
