//! Every check, in the order in which it fails soonest.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::{install, process, python, say, schemathesis, supply, web};

type Step = (&'static str, fn() -> Result<()>);

/// Name and action of each step. The names are what `cargo xtask test STEP` takes.
const STEPS: [Step; 8] = [
    ("format", format),
    ("supply", supply::check),
    ("web", web_pages),
    ("clippy", clippy),
    ("docs", docs),
    ("unit", unit),
    ("schemathesis", || schemathesis::run(&[])),
    ("e2e", end_to_end),
];

/// What reads edit lists in the end-to-end tests.
const OTIO: [&str; 3] =
    ["opentimelineio==0.18.1", "otio-cmx3600-adapter==1.0.0", "otio-fcpx-xml-adapter==1.0.0"];

/// Runs every step; stops at the first that fails.
pub(crate) fn all() -> Result<()> {
    install::require(&[install::NPM, install::FFMPEG, install::CHROMIUM])?;
    STEPS.iter().try_for_each(timed)?;
    say("all checks passed");
    Ok(())
}

/// Runs one step.
pub(crate) fn step(name: &str) -> Result<()> {
    match STEPS.iter().find(|(step, _)| *step == name) {
        Some(step) => timed(step),
        None => bail!("no step `{name}`; there are: {}", STEPS.map(|(name, _)| name).join(", ")),
    }
}

fn timed((name, action): &Step) -> Result<()> {
    say(&format!("── {name}"));
    let started = Instant::now();
    action()?;
    say(&format!("── {name}: {:.1} s", started.elapsed().as_secs_f64()));
    Ok(())
}

fn format() -> Result<()> {
    process::run(&mut process::cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    process::run(&mut process::cargo(&arguments))
}

fn docs() -> Result<()> {
    let mut cargo =
        process::cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
    process::run(cargo.env("RUSTDOCFLAGS", "-D warnings"))
}

fn unit() -> Result<()> {
    let mut tests = process::cargo(&["test", "--workspace", "--exclude", "genlock-e2e"]);
    if let Some(mongod) = install::mongod()? {
        tests.env("GENLOCK_MONGOD", mongod);
    }
    process::run(&mut tests)
}

fn web_pages() -> Result<()> {
    web::build()?;
    let pages = process::root().join("web");
    process::run(web::npm(&pages).args(["run", "check"]))?;
    process::run(web::npm(&pages).args(["test"]))
}

fn end_to_end() -> Result<()> {
    install::require(&[install::FFMPEG, install::CHROMIUM, install::NPM])?;
    if let Err(error) = install::require(&[install::FAKETIME]) {
        say(&format!("the clock is not stepped by a test: {error:#}"));
    }
    web::build()?;
    let browser = process::root().join("tests/browser");
    process::run(web::npm(&browser).args(["ci", "--no-audit", "--no-fund"]))?;
    let package = process::root().join("tests");
    let helpers = helpers()?;
    for program in process::test_programs(&package.join("Cargo.toml"))? {
        let mut tests = Command::new(program);
        tests.current_dir(&package).arg("--test-threads=1").envs(helpers.iter().cloned());
        process::run(&mut tests)?;
    }
    Ok(())
}

/// Names and paths of the programs that end-to-end tests need and that are not in every Debian.
fn helpers() -> Result<Vec<(&'static str, PathBuf)>> {
    let otio = python::environment("otio", &OTIO)?.join("python");
    let found = [
        ("GENLOCK_ENHANCED_FFMPEG", install::enhanced_ffmpeg()?),
        ("GENLOCK_MONGOD", install::mongod()?),
        ("GENLOCK_S3_SERVER", install::s3_server()),
        ("GENLOCK_OTIO_PYTHON", Some(otio)),
    ];
    Ok(found.into_iter().filter_map(|(name, path)| Some((name, path?))).collect())
}
