//! Native multi-camera live server: `genlock serve` and `genlock demo`.
//!
//! This crate is the wiring: configuration, start-up, who talks to whom, shutdown. It holds no
//! protocol and no media logic.

mod banner;
mod config;
mod creators;
mod demo;
mod engine;
mod key_set;
mod logs;
mod pages;
mod server;
mod signal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Flags;
use crate::server::{Server, StartError};

/// A start that cannot work: broken configuration, a port that is taken, a folder that is not writable.
const EXIT_CANNOT_START: u8 = 2;

#[derive(Debug, Parser)]
#[command(name = "genlock", version, about = "Native multi-camera live server")]
#[command(args_override_self = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    #[command(args_override_self = true)]
    Serve(Flags),
    /// Run the server with three moving test cameras that are switched every ten seconds (needs ffmpeg)
    #[command(args_override_self = true)]
    Demo(Flags),
}

fn main() -> ExitCode {
    let (flags, demo) = match Cli::parse().command {
        Command::Serve(flags) => (flags, false),
        Command::Demo(flags) => (flags, true),
    };
    match start(&flags, demo) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(EXIT_CANNOT_START)
        }
    }
}

/// Runs until a signal. An error means that nothing was started.
fn start(flags: &Flags, demo: bool) -> Result<(), StartError> {
    let mut settings = config::load(flags)?;
    logs::start(&settings)?;
    let _demo_data = if demo { Some(demo::prepare(&mut settings)?) } else { None };
    let runtime = tokio::runtime::Runtime::new().map_err(StartError::Runtime)?;
    runtime.block_on(async {
        let server = Server::start(settings).await?;
        server.run(demo).await;
        Ok(())
    })
}

/// One line, so that it can be found in the output of a supervisor.
#[expect(clippy::print_stderr, reason = "logging may be what cannot start")]
fn complain(error: &StartError) {
    let line = error.to_string().replace('\n', " ");
    eprintln!("error: {}", line.trim_end());
}
