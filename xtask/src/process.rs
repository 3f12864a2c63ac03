//! Running other programs from the workspace's root.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The workspace's root folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// `cargo ARGUMENTS --locked`-style call in the workspace's root. `--locked` goes after the
/// subcommand, because everything after `--` belongs to the program that is run.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // What `cargo run` says of this package: handed on, it makes a build script that asks for the same names (ring's) run
    // anew, and everything above TLS is built once more.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name.as_ref());
        }
    }
    if let Some((subcommand, rest)) = arguments.split_first() {
        command.arg(subcommand);
        if *subcommand != "fmt" {
            command.arg("--locked");
        }
        command.args(rest);
    }
    command
}

/// Builds all programs and tests. Every step builds by this one selection of packages: with another one the crates of the
/// registry have other features (tokio's `test-util`), and they and all that depends on them are built once more.
pub(crate) fn build_all() -> Result<()> {
    run(&mut cargo(&["build", "--workspace", "--all-targets"]))
}

/// Builds like [`build_all`] and tells the test programs of the package whose manifest this is.
pub(crate) fn test_programs(manifest: &Path) -> Result<Vec<PathBuf>> {
    let mut cargo = cargo(&[
        "build",
        "--workspace",
        "--all-targets",
        "--message-format=json-render-diagnostics",
    ]);
    let output = cargo.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shown(&cargo), output.status);
    }
    let programs = output.stdout.split(|byte| *byte == b'\n').filter_map(|line| {
        let artifact: serde_json::Value = serde_json::from_slice(line).ok()?;
        let is_test = artifact["profile"]["test"] == true
            && artifact["manifest_path"].as_str().map(Path::new) == Some(manifest);
        is_test.then(|| artifact["executable"].as_str().map(PathBuf::from))?
    });
    Ok(programs.collect())
}

/// Runs to the end; an exit code other than 0 is an error that shows the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

/// Whether the program can be started at all.
pub(crate) fn exists(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
