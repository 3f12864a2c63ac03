//! Measures players on a switched programme. `cargo xtask players` builds what it needs and starts it.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use genlock_e2e::players::cameras::Set;
use genlock_e2e::players::roster::{self, Player};
use genlock_e2e::players::run::{Plan, Playlist};
use genlock_e2e::players::table;

const USAGE: &str = "\
usage: players [OPTIONS]

  --cameras SET     unlike or equal; default both, one after the other
  --playlist NAME   strict, seamless or ts; default all
  --style A,B       clean, instant, …: what the API takes, in turn; default clean
  --takes N         takes in each run; default 8
  --every SECONDS   between two takes; default 4
  --only A,B        these players; default all that are installed
  --out FOLDER      where tables and reports go; default target/players";

struct Options {
    sets: Vec<Set>,
    playlists: Vec<Playlist>,
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
        playlists: Playlist::ALL.to_vec(),
        style: "clean".into(),
        takes: 8,
        every: Duration::from_secs(4),
        players: roster::all(),
        out: "target/players".into(),
    };
    while let Some(option) = arguments.pop_front() {
        let value = arguments.pop_front().with_context(|| format!("{option}?\n{USAGE}"))?;
        match option.as_str() {
            "--cameras" => options.sets.retain(|set| set.name() == value),
            "--playlist" => options.playlists.retain(|playlist| playlist.name() == value),
            "--style" => options.style = value,
            "--takes" => options.takes = value.parse()?,
            "--every" => options.every = Duration::from_secs(value.parse()?),
            "--only" => {
                let wanted: Vec<&str> = value.split(',').collect();
                options.players.retain(|player| wanted.contains(&player.name));
                ensure!(options.players.len() == wanted.len(), "not all of {value} are installed");
            }
            "--out" => options.out = value.into(),
            _ => bail!("{option}?\n{USAGE}"),
        }
    }
    ensure!(!options.sets.is_empty() && !options.playlists.is_empty(), "{USAGE}");
    Ok(options)
}

#[expect(clippy::print_stdout, reason = "the table is what was asked for")]
fn measure(options: &Options) -> Result<()> {
    fs::create_dir_all(&options.out)?;
    for set in &options.sets {
        for playlist in &options.playlists {
            let plan = Plan {
                set: *set,
                playlist: *playlist,
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
