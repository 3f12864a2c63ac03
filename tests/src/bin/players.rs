//! Measures players on a switched programme. `cargo xtask players` builds what it needs and starts it.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use genlock_e2e::players::cameras::Set;
use genlock_e2e::players::roster::{self, Player};
use genlock_e2e::players::run::Plan;
use genlock_e2e::players::table;

const USAGE: &str = "\
usage: players [OPTIONS]

  --cameras SET     unlike or equal; default both, one after the other
  --dialect NAME    strict or seamless; default both
  --style STYLE     clean, instant, …: what the API takes; default clean
  --takes N         takes in each run; default 8
  --every SECONDS   between two takes; default 4
  --only A,B        these players; default all that are installed
  --out FOLDER      where tables and reports go; default target/players";

struct Options {
    sets: Vec<Set>,
    dialects: Vec<String>,
    style: String,
    takes: u32,
    every: Duration,
    players: Vec<Player>,
    out: PathBuf,
}

#[expect(clippy::print_stderr, reason = "a command line tool talks to its user")]
fn main() -> ExitCode {
    match options(std::env::args().skip(1).collect()).and_then(|options| measure(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn options(mut arguments: VecDeque<String>) -> Result<Options> {
    let mut options = Options {
        sets: vec![Set::Unlike, Set::Equal],
        dialects: vec!["strict".into(), "seamless".into()],
        style: "clean".into(),
        takes: 8,
        every: Duration::from_secs(4),
        players: roster::all(),
        out: "target/players".into(),
    };
    while let Some(option) = arguments.pop_front() {
        let value = arguments.pop_front().with_context(|| format!("{option}: {USAGE}"))?;
        match option.as_str() {
            "--cameras" => options.sets.retain(|set| set.name() == value),
            "--dialect" => options.dialects.retain(|dialect| *dialect == value),
            "--style" => options.style = value,
            "--takes" => options.takes = value.parse()?,
            "--every" => options.every = Duration::from_secs(value.parse()?),
            "--only" => {
                let wanted: Vec<&str> = value.split(',').collect();
                options.players.retain(|player| wanted.contains(&player.name));
                ensure!(options.players.len() == wanted.len(), "not all of {value} are installed");
            }
            "--out" => options.out = value.into(),
            _ => bail!("{USAGE}"),
        }
    }
    ensure!(!options.sets.is_empty() && !options.dialects.is_empty(), "{USAGE}");
    Ok(options)
}

#[expect(clippy::print_stdout, reason = "the table is what was asked for")]
fn measure(options: &Options) -> Result<()> {
    fs::create_dir_all(&options.out)?;
    for set in &options.sets {
        for dialect in &options.dialects {
            let plan = Plan {
                set: *set,
                dialect: dialect.clone(),
                style: options.style.clone(),
                takes: options.takes,
                every: options.every,
            };
            let outcome = plan.run(&options.players).with_context(|| plan.name())?;
            let text = table::of(&outcome);
            let to = options.out.join(plan.name());
            fs::write(to.with_extension("md"), &text)?;
            fs::write(to.with_extension("json"), outcome.raw.to_string())?;
            println!("{text}");
        }
    }
    Ok(())
}
