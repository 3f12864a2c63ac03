//! `cargo xtask instructions`: instructions of each stage of the hot path, counted by callgrind.

use std::process::Command;

use anyhow::Result;

use crate::{install, process};

/// Has to be the version of the `gungraun` in `benches/micro`.
const RUNNER_VERSION: &str = "0.20.0";

/// Installs the runner in `target/tools` and runs the bench; `arguments` go to it, such as
/// `--save-baseline=main` and `--baseline=main`.
pub(crate) fn count(arguments: &[String]) -> Result<()> {
    install::require(&[install::VALGRIND])?;
    let tools = process::root().join("target/tools");
    let runner = tools.join("bin/gungraun-runner");
    if !is_current(&runner) {
        let version = format!("={RUNNER_VERSION}");
        let mut cargo = process::cargo(&["install", "gungraun-runner", "--version", &version]);
        process::run(cargo.arg("--root").arg(&tools))?;
    }
    let bench = ["bench", "--package", "genlock-micro", "--bench", "instructions", "--"];
    process::run(process::cargo(&bench).args(arguments).env("GUNGRAUN_RUNNER", runner))
}

fn is_current(runner: &std::path::Path) -> bool {
    let output = Command::new(runner).arg("--version").output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(RUNNER_VERSION))
}
