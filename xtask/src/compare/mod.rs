//! `cargo xtask compare`: Genlock beside what people use today, each on the same core of the same machine in one run.
//!
//! Every server runs alone, pinned to core 0; the load (`genlock-load`, `wrk`, ffmpeg where it is not part of the server)
//! has the other cores. Figures are medians with their least and greatest; raw results lie beside the table.

mod abuse;
mod chain;
mod delivery;
mod herd;
mod ingest;
mod load;
mod options;
mod server;
mod switching;
mod table;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::{install, process, say, web};
use load::Load;
use options::{Options, Part};

/// Builds Genlock and the load harness, installs the peers, and measures.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    if std::thread::available_parallelism()?.get() < 2 {
        bail!("a comparison needs two cores: one for the server, one for the load");
    }
    install::require(&[install::NPM, install::FFMPEG, install::WRK])?;
    install::nginx_rtmp()?;
    web::build()?;
    let packages = ["build", "--release", "--package", "genlock", "--package", "genlock-load"];
    process::run(&mut process::cargo(&packages))?;
    let folder = process::root().join("target/compare");
    fs::create_dir_all(&folder)?;
    let load = Load::new(&folder, &options);
    let mut report = table::head(&options)?;
    for part in &options.parts {
        say(&format!("── {}", part.name()));
        let section = match part {
            Part::Ingest => ingest::measure(&load),
            Part::Availability => switching::availability(&load),
            Part::Switching => switching::measure(&load),
            Part::Delivery => delivery::measure(&load),
            Part::Herd => herd::measure(&load),
            Part::Abuse => abuse::measure(&load),
        };
        let section = section.with_context(|| part.name())?;
        say(&section);
        report.push_str(&section);
    }
    report.push_str(&format!("Load average at the end: {}\n", table::load_average()));
    let path = folder.join("table.md");
    fs::write(&path, report)?;
    say(&format!("the tables are in {}", path.display()));
    Ok(())
}
