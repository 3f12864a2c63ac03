//! `cargo xtask fuzz`: libFuzzer over every target of `fuzz/`, as many at once as there are cores.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::{process, say};

/// What builds libFuzzer's programs.
const CARGO_FUZZ: &str = "0.13.2";

/// Seconds after which an input hangs, and memory in MiB above which one has grown something.
const BOUNDS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=2048"];

/// Minutes of each target unless said otherwise.
const MINUTES: u64 = 1;

const USAGE: &str = "usage: cargo xtask fuzz [--minutes N] [TARGET …]";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    minutes: u64,
    /// None for all.
    targets: Vec<String>,
}

/// What libFuzzer told of a target.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    executions: u64,
    /// Edges of the program that some input came to.
    coverage: u64,
    /// Inputs that were kept for what they came to.
    corpus: u64,
    /// The input that broke a promise.
    broke: Option<PathBuf>,
}

/// Builds all programs and runs them; an error names the inputs that broke a promise.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let Asked { minutes, targets } = asked(arguments)?;
    let targets = chosen(targets)?;
    let cargo_fuzz = require()?;
    let mut build = Command::new(&cargo_fuzz);
    process::run(build.current_dir(process::root()).args(["fuzz", "build"]).env(
        // cargo-fuzz asks the `cargo` of its environment.
        "RUSTUP_TOOLCHAIN",
        "nightly",
    ))?;
    let told = at_once(&targets, minutes * 60)?;
    let mut broken = Vec::new();
    say(&format!("{:<14} {:>12} {:>9} {:>7}", "target", "executions", "coverage", "corpus"));
    for (name, Told { executions, coverage, corpus, broke }) in targets.iter().zip(told) {
        say(&format!("{name:<14} {executions:>12} {coverage:>9} {corpus:>7}"));
        broken.extend(broke.map(|input| {
            let input = input.display();
            format!("{name} is broken by {input}; to see how:\n  cargo run -p genlock-fuzz -- {name} {input}")
        }));
    }
    if !broken.is_empty() {
        bail!("{}\nkeep an input that was fixed in fuzz/seeds/TARGET", broken.join("\n"));
    }
    Ok(())
}

fn asked(arguments: &[String]) -> Result<Asked> {
    let mut asked = Asked { minutes: MINUTES, targets: Vec::new() };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--minutes" {
            let minutes = arguments.next().context(USAGE)?;
            asked.minutes = minutes.parse().with_context(|| format!("no number: {minutes}"))?;
        } else if argument.starts_with('-') {
            bail!("{USAGE}");
        } else {
            asked.targets.push(argument.clone());
        }
    }
    Ok(asked)
}

/// The targets that are asked for, all of them if none is.
fn chosen(asked: Vec<String>) -> Result<Vec<String>> {
    let folder = process::root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).context("cannot read fuzz/fuzz_targets")?;
    let mut all: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    all.sort();
    match asked.iter().find(|name| !all.contains(name)) {
        Some(unknown) => bail!("no target `{unknown}`; there are: {}", all.join(", ")),
        None if asked.is_empty() => Ok(all),
        None => Ok(asked),
    }
}

/// Makes sure of a nightly toolchain and of cargo-fuzz, and tells where that is.
fn require() -> Result<PathBuf> {
    let nightly = Command::new("rustc").arg("+nightly").arg("--version").output();
    if !nightly.is_ok_and(|output| output.status.success()) {
        if !process::exists("rustup") {
            bail!(
                "libFuzzer's programs are built by a nightly compiler: install rustup, then run this again"
            );
        }
        let mut rustup = Command::new("rustup");
        process::run(rustup.args(["toolchain", "install", "nightly", "--profile", "minimal"]))?;
    }
    if process::exists("cargo-fuzz") {
        return Ok("cargo-fuzz".into());
    }
    let tools = process::root().join("target/tools");
    let program = tools.join("bin/cargo-fuzz");
    if !program.is_file() {
        let mut cargo = process::cargo(&["install", "cargo-fuzz", "--version", CARGO_FUZZ]);
        process::run(cargo.arg("--root").arg(&tools))?;
    }
    Ok(program)
}

/// Runs the targets, in order, each for `seconds`.
fn at_once(targets: &[String], seconds: u64) -> Result<Vec<Told>> {
    let places = thread::available_parallelism().map_or(1, usize::from);
    let next = Mutex::new(targets.iter().enumerate());
    let told = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..places {
            scope.spawn(|| {
                loop {
                    let taken = next.lock().ok().and_then(|mut next| next.next());
                    let Some((place, name)) = taken else { return };
                    say(&format!("── {name}: {seconds} s"));
                    let one = fuzz(name, seconds);
                    if let Ok(mut told) = told.lock() {
                        told.push((place, one));
                    }
                }
            });
        }
    });
    let mut told = told.into_inner().unwrap_or_default();
    told.sort_by_key(|(place, _)| *place);
    told.into_iter().map(|(_, one)| one).collect()
}

fn fuzz(name: &str, seconds: u64) -> Result<Told> {
    let fuzz = process::root().join("fuzz");
    let folder = |kind: &str| fuzz.join(kind).join(name);
    // New inputs go to the first folder, which is not committed.
    let (corpus, seeds, artifacts) = (folder("corpus"), folder("seeds"), folder("artifacts"));
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder)?;
    }
    let log = artifacts.join("log");
    let mut program = Command::new(program(&fuzz, name)?);
    program
        .args([&corpus, &seeds])
        .args(BOUNDS)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .stdout(File::create(fuzz.join("artifacts").join(format!("{name}.out")))?)
        .stderr(File::create(&log)?);
    let status = program.status().with_context(|| format!("cannot start {name}"))?;
    let log = fs::read_to_string(&log)?;
    let told = tell(&log);
    if !status.success() && told.broke.is_none() {
        bail!("{name} ended with {status}, and told of no input:\n{log}");
    }
    Ok(told)
}

/// Where cargo-fuzz has put the program.
fn program(fuzz: &Path, name: &str) -> Result<PathBuf> {
    let targets =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| fuzz.join("target"), PathBuf::from);
    let triple = fs::read_dir(&targets)?
        .filter_map(|entry| Some(entry.ok()?.path().join("release").join(name)))
        .find(|program| program.is_file());
    triple.with_context(|| format!("cargo-fuzz has left no {name} below {}", targets.display()))
}

/// Reads what libFuzzer prints: `#1024 NEW cov: 120 ft: 300 corp: 20/1kb …` and, at the end, the statistics.
fn tell(log: &str) -> Told {
    let mut told = Told::default();
    for line in log.lines() {
        let after = |mark: &str| {
            let rest = line.split_once(mark)?.1.trim_start();
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
        };
        if line.starts_with('#') {
            told.coverage = after("cov:").unwrap_or(told.coverage);
            told.corpus = after("corp:").unwrap_or(told.corpus);
        } else if line.starts_with("stat::number_of_executed_units:") {
            told.executions = after("units:").unwrap_or(0);
        } else if let Some((_, path)) = line.split_once("Test unit written to ") {
            told.broke = Some(path.trim().into());
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libfuzzer_prints_is_read() {
        let log = "\
INFO: seed corpus: files: 5 min: 3b max: 120b total: 400b rss: 40Mb
#6	INITED cov: 98 ft: 120 corp: 5/400b exec/s: 0 rss: 41Mb
#1024	NEW    cov: 120 ft: 300 corp: 20/1kb lim: 4 exec/s: 0 rss: 41Mb L: 4/4 MS: 1
==1== ERROR: libFuzzer: deadly signal
Test unit written to fuzz/artifacts/amf0/crash-0a
stat::number_of_executed_units: 5120
";
        let broke = Some(PathBuf::from("fuzz/artifacts/amf0/crash-0a"));
        let expect = Told { executions: 5_120, coverage: 120, corpus: 20, broke };
        assert_eq!(tell(log), expect);
        assert_eq!(tell(""), Told::default());
    }

    #[test]
    fn minutes_and_targets_are_asked_for() {
        let asked_for = |words: &[&str]| {
            asked(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
        };
        let all = Asked { minutes: MINUTES, targets: Vec::new() };
        assert_eq!(asked_for(&[]).unwrap(), all);
        let some = Asked { minutes: 10, targets: vec!["flv".to_owned(), "amf0".to_owned()] };
        assert_eq!(asked_for(&["flv", "--minutes", "10", "amf0"]).unwrap(), some);
        for wrong in [&["--minutes"][..], &["--minutes", "x"], &["--hours", "1"]] {
            assert!(asked_for(wrong).is_err(), "{wrong:?}");
        }
    }
}
