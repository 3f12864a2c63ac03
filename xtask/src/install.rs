//! Programs that the checks need: found, installed with apt where that is allowed, or named.

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
pub(crate) const FFMPEG: Tool = Tool {
    program: "ffmpeg",
    package: "ffmpeg",
};
/// The player of the end-to-end tests.
pub(crate) const CHROMIUM: Tool = Tool {
    program: "chromium",
    package: "chromium",
};
/// Builds the web pages.
pub(crate) const NPM: Tool = Tool {
    program: "npm",
    package: "npm",
};

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
    let by_hand = format!(
        "apt-get install --no-install-recommends {}",
        packages.join(" ")
    );
    if !process::exists("apt-get") || !is_root() {
        bail!("missing programs; install them with: sudo {by_hand}");
    }
    say(&format!("installing {}", packages.join(" ")));
    let mut apt = apt_get();
    process::run(apt.arg("update").arg("-q"))?;
    let mut apt = apt_get();
    process::run(
        apt.args(["install", "-q", "-y", "--no-install-recommends"])
            .args(packages),
    )
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
