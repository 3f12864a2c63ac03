//! Project automation: `cargo xtask run`, `demo`, `test`, `limits`, `sbom`, `fuzz`, `schemathesis`, `players`, `compare`,
//! `instructions` and `screenshots`.

mod compare;
mod fuzz;
mod install;
mod instructions;
mod limits;
mod players;
mod process;
mod python;
mod schemathesis;
mod screenshots;
mod supply;
mod test;
#[cfg(test)]
mod threats;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask <command>

  run [ARGS]    build the console and the server (release) and start it; ARGS go to `genlock serve`
  demo [ARGS]   the same with three moving test cameras that are switched every ten seconds
  test [STEP]   every check, or one of: format, supply, web, clippy, docs, unit, schemathesis, e2e
  sbom          what the server is made of, as CycloneDX, in target/genlock.cdx.json
  limits        write docs/limits.md anew, of the crates' limits.rs
  fuzz [..]     libFuzzer over every target of fuzz/, each for --minutes N (1)
  schemathesis [..]  thousands of calls made from the OpenAPI document, against a running server
  players [..]  measure hls.js, Shaka, native HLS, ffmpeg, VLC, … on a switched programme
  compare [..]  Genlock beside nginx-rtmp and ffmpeg on this machine: tables in target/compare
  instructions [..]  instructions of each stage of the hot path, counted by callgrind
  screenshots   pictures of every page with a show on it, in target/screenshots; three for the README";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else { bail!("{USAGE}") };
    // Who knows `cargo run` types `cargo xtask run -- --http …`.
    let rest = if rest.first().is_some_and(|first| first == "--") { &rest[1..] } else { rest };
    match (command.as_str(), rest) {
        ("run", rest) => serve("serve", rest),
        ("demo", rest) => {
            install::require(&[install::FFMPEG])?;
            serve("demo", rest)
        }
        ("players", rest) => players::measure(rest),
        ("compare", rest) => compare::run(rest),
        ("instructions", rest) => instructions::count(rest),
        ("screenshots", []) => screenshots::take(),
        ("limits", []) => limits::write(),
        ("fuzz", rest) => fuzz::run(rest),
        ("sbom", []) => supply::sbom(),
        ("schemathesis", rest) => schemathesis::run(rest),
        ("test", []) => test::all(),
        ("test", [step]) => test::step(step),
        _ => bail!("{USAGE}"),
    }
}

/// Builds the web pages, then builds and starts `genlock COMMAND ARGS`.
fn serve(command: &str, arguments: &[String]) -> Result<()> {
    web::build()?;
    let mut cargo = process::cargo(&["run", "--release", "--package", "genlock", "--", command]);
    process::run(cargo.args(arguments))
}

/// Progress for the person who started this.
#[expect(clippy::print_stderr, reason = "a command line tool talks to its user")]
fn say(text: &str) {
    eprintln!("{text}");
}
