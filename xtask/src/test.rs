//! Every check, in the order in which it fails soonest.

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
    name_mongod(&mut tests)?;
    process::run(&mut tests)
}

/// Tells the tests where a MongoDB server is.
fn name_mongod(tests: &mut Command) -> Result<()> {
    if let Some(mongod) = install::mongod()? {
        tests.env("GENLOCK_MONGOD", mongod);
    }
    Ok(())
}

fn web_pages() -> Result<()> {
    web::build()?;
    let pages = process::root().join("web");
    process::run(web::npm(&pages).args(["run", "check"]))?;
    process::run(web::npm(&pages).args(["test"]))
}

fn end_to_end() -> Result<()> {
    install::require(&[install::FFMPEG, install::CHROMIUM, install::NPM])?;
    web::build()?;
    let browser = process::root().join("tests/browser");
    process::run(web::npm(&browser).args(["ci", "--no-audit", "--no-fund"]))?;
    process::run(&mut process::cargo(&["build", "--package", "genlock"]))?;
    let mut tests = process::cargo(&["test", "--package", "genlock-e2e", "--", "--test-threads=1"]);
    if let Some(ffmpeg) = install::enhanced_ffmpeg()? {
        tests.env("GENLOCK_ENHANCED_FFMPEG", ffmpeg);
    }
    name_mongod(&mut tests)?;
    if let Some(server) = install::s3_server() {
        tests.env("GENLOCK_S3_SERVER", server);
    }
    let otio = python::environment("otio", &OTIO)?;
    process::run(tests.env("GENLOCK_OTIO_PYTHON", otio.join("python")))
}
