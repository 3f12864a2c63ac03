//! Native multi-camera live server: `genlock serve` and `genlock demo`; `genlock store` and `genlock migrate` for what it keeps;
//! `genlock check-config`, `genlock doctor` and `genlock import-nginx` for whoever sets it up.
//!
//! This crate is the wiring: configuration, start-up, who talks to whom, shutdown. It holds no
//! protocol and no media logic.

mod banner;
mod certificate;
mod check;
mod commands;
mod config;
mod creators;
mod demo;
mod doctor;
mod engine;
mod follow;
mod hook_desk;
mod key_set;
mod logs;
mod pages;
mod ports;
mod reload;
mod server;
mod signal;
mod storage;
mod telemetry;
mod traces;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::StoreCommand;
use crate::config::{Flags, Settings};
use crate::server::{Server, StartError};
use crate::traces::Traces;

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
    /// Export or import everything that is kept
    Store {
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Bring the documents of other programs in MongoDB up to what this genlock writes
    #[command(args_override_self = true)]
    Migrate {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        flags: Flags,
    },
    /// Read a configuration file and say what it comes to, or what is wrong with it
    CheckConfig {
        /// TOML file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Look at ports, certificate, file limits, disk, clock and MongoDB, as configured
    #[command(args_override_self = true)]
    Doctor(Flags),
    /// Print a genlock.toml for an nginx-rtmp.conf, with a remark on each of its directives
    ImportNginx {
        /// nginx's configuration, or `-` for standard input: `nginx -T | genlock import-nginx -`
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(EXIT_CANNOT_START)
        }
    }
}

fn run(command: Command) -> Result<(), StartError> {
    match command {
        Command::Serve(flags) => start(flags, false),
        Command::Demo(flags) => start(flags, true),
        Command::Store { command } => {
            let settings = prepare(command.flags())?;
            let runtime = tokio::runtime::Runtime::new().map_err(StartError::Runtime)?;
            runtime.block_on(commands::run(command, &settings)).map_err(StartError::Command)
        }
        Command::Migrate { dry_run, flags } => {
            let settings = prepare(&flags)?;
            let runtime = tokio::runtime::Runtime::new().map_err(StartError::Runtime)?;
            runtime.block_on(commands::migrate(&settings, dry_run)).map_err(StartError::Command)
        }
        Command::CheckConfig { file } => {
            let settings = config::load(&Flags::of_file(file))?;
            logs::filter(&settings)?;
            check::config(&settings)
        }
        Command::Doctor(flags) => {
            let settings = config::load(&flags)?;
            let runtime = tokio::runtime::Runtime::new().map_err(StartError::Runtime)?;
            runtime.block_on(doctor::run(&settings)).map_err(StartError::Command)
        }
        Command::ImportNginx { file } => check::import_nginx(&file).map_err(StartError::Command),
    }
}

/// Reads the configuration and starts logging.
fn prepare(flags: &Flags) -> Result<Settings, StartError> {
    let settings = config::load(flags)?;
    logs::start(&settings, None)?;
    Ok(settings)
}

/// Runs until a signal. An error means that nothing was started.
fn start(flags: Flags, demo: bool) -> Result<(), StartError> {
    let mut settings = config::load(&flags)?;
    let traces = settings.traces.as_ref().map(Traces::new).transpose()?;
    let filter = logs::start(&settings, traces.as_ref())?;
    let _demo_data = if demo { Some(demo::prepare(&mut settings)?) } else { None };
    let runtime = tokio::runtime::Runtime::new().map_err(StartError::Runtime)?;
    runtime.block_on(async {
        let server = Server::start(settings, flags, filter).await?;
        server.run(demo).await;
        if let Some(traces) = traces {
            traces.finish().await;
        }
        Ok(())
    })
}

/// One line, so that it can be found in the output of a supervisor.
#[expect(clippy::print_stderr, reason = "logging may be what cannot start")]
fn complain(error: &StartError) {
    let line = error.to_string().replace('\n', " ");
    eprintln!("error: {}", line.trim_end());
}
