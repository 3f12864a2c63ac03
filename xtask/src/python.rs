//! Python packages for the checks, in virtual environments in `target/`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// The folder of programs of an environment that has `packages`, each with its exact version. Made when it is not there.
pub(crate) fn environment(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = process::root().join("target").join(name);
    let (programs, note) = (folder.join("bin"), folder.join("packages"));
    let wanted = packages.join("\n");
    if fs::read_to_string(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    let mut python = Command::new("python3");
    process::run(python.args(["-m", "venv"]).arg(&folder))
        .context("install it with: sudo apt-get install python3-venv")?;
    let mut pip = Command::new(programs.join("pip"));
    process::run(pip.args(["install", "-q"]).args(packages))?;
    fs::write(note, wanted)?;
    Ok(programs)
}
