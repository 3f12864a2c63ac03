//! Load harness for any server that takes RTMP and gives HLS.
//!
//! One tool with one command per role: cameras that publish, viewers that watch, a driver that switches, a herd that
//! waits. Commands are separate processes so that each role's cost is seen and can be pinned; they meet in the
//! marker that every access unit carries. Everything runs on one thread.
//!
//! | module | owns |
//! |---|---|
//! | [`clip`] | what cameras send: generated H.264 and AAC, FLV files |
//! | [`marker`] | camera, counter and send time in every access unit |
//! | [`publish`] | cameras: connection, pacing, jitter, loss, reconnects |
//! | [`http`], [`playlist`], [`watch`] | viewers: requests, playlists, playback, what arrived |
//! | [`switch`] | takes and what came of them |
//! | [`follow`] | clients of the live updates, and what takes look like to them |
//! | [`herd`] | blocking reloads held at once |
//! | [`prepare`] | an event with cameras on a Genlock server |
//! | [`run`], [`process`] | stages, time limits, progress, the server's processor time and memory |
//! | [`histogram`], [`outcome`], [`report`] | figures, JSON, the report page |
//! | [`target`], [`limits`] | who may be loaded, and how much |

mod arrival;
mod clip;
mod clock;
mod follow;
mod herd;
mod histogram;
mod http;
mod limits;
mod marker;
mod outcome;
mod playlist;
mod prepare;
mod process;
mod publish;
mod random;
mod report;
mod run;
mod switch;
mod tally;
mod target;
mod watch;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Loads a live server that takes RTMP and gives HLS, and measures it.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Publishes as N cameras.
    Publish(publish::PublishArgs),
    /// Watches as M HLS viewers.
    Watch(watch::WatchArgs),
    /// Takes one camera after the other and watches for the cuts.
    Switch(switch::SwitchArgs),
    /// Follows the live updates as N WebSocket clients, and takes one camera after the other.
    Follow(follow::FollowArgs),
    /// Holds K blocking reloads on one playlist and times their answers.
    Herd(herd::HerdArgs),
    /// Makes an event with N cameras on a Genlock server, for the other commands.
    Prepare(prepare::PrepareArgs),
}

fn main() -> ExitCode {
    match execute(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if standard error is gone.
            drop(writeln!(std::io::stderr(), "error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn execute(command: &Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        let outcome = match command {
            Command::Publish(args) => publish::publish(args).await?,
            Command::Watch(args) => watch::watch(args).await?,
            Command::Switch(args) => switch::switch(args).await?,
            Command::Follow(args) => follow::follow(args).await?,
            Command::Herd(args) => herd::herd(args).await?,
            Command::Prepare(args) => return prepare::prepare(args).await,
        };
        outcome.write()
    })
}
