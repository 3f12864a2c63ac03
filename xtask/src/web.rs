//! Building the web pages that the server embeds.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::{install, process, say};

/// Builds `web/dist` unless it is newer than everything it is made from.
pub(crate) fn build() -> Result<()> {
    let web = process::root().join("web");
    let built = modified(&web.join("dist/index.html"));
    // The pages have the API's types from its description.
    let api = modified(&process::root().join("crates/control-api/openapi.json"));
    let source = newest(&web)?.max(api.unwrap_or(SystemTime::UNIX_EPOCH));
    if built.is_some_and(|built| built > source) {
        return Ok(());
    }
    install::require(&[install::NPM])?;
    say("building the web pages");
    process::run(npm(&web).args(["ci", "--no-audit", "--no-fund"]))?;
    process::run(npm(&web).args(["run", "build"]))
}

/// `npm` in `folder`.
pub(crate) fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder);
    command
}

/// The newest change below `folder`, what is generated and installed aside.
fn newest(folder: &Path) -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    let entries =
        fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        let made = name == "dist" || name == "node_modules" || name == "schema.gen.ts";
        if made {
            continue;
        }
        let changed = if path.is_dir() { Some(self::newest(&path)?) } else { modified(&path) };
        newest = newest.max(changed.unwrap_or(SystemTime::UNIX_EPOCH));
    }
    Ok(newest)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
