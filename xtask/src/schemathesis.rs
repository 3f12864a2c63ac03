//! `cargo xtask schemathesis`: thousands of calls made from the OpenAPI document, against a running server.
//!
//! Finds answers that the document does not have, faults of the server (5xx), legal calls that are refused and illegal
//! ones that are not. `crates/control-api/schemathesis.toml` says what is left out, and why.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{process, python};

/// Of the Python package index.
const PACKAGE: &str = "schemathesis==4.32.5";

const TOKEN: &str = "token-for-schemathesis";

/// Builds the server, starts it on a data folder of its own, and runs schemathesis; `arguments` go to it.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let program = python::environment("schemathesis", &[PACKAGE])?.join("schemathesis");
    process::build_all()?;
    let server = Server::start()?;
    let mut schemathesis = Command::new(program);
    schemathesis
        .current_dir(process::root().join("target"))
        .arg("--config-file")
        .arg(process::root().join("crates/control-api/schemathesis.toml"))
        .arg("run")
        .arg(format!("{}/api/openapi.json", server.address))
        .args(["--header", &format!("Authorization: Bearer {TOKEN}")])
        .args(["--continue-on-failure", "--generation-database", "none", "--warnings", "off"])
        .args(arguments);
    process::run(&mut schemathesis)
}

/// A server that is killed when it is dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start() -> Result<Self> {
        let data = process::root().join("target/schemathesis-data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        let mut process = Command::new(process::root().join("target/debug/genlock"))
            .args(["serve", "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0"])
            .args(["--admin-token", TOKEN, "--data-dir"])
            .arg(&data)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start genlock")?;
        let stdout = process.stdout.take().context("genlock has no standard output")?;
        let mut server = Self { process, address: String::new() };
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next().transpose()? {
            let mut words = line.split_whitespace();
            if let (Some("http"), Some(address)) = (words.next(), words.next()) {
                address.clone_into(&mut server.address);
                // Kept drained, so that the server never waits for a reader.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(server);
            }
        }
        bail!("genlock ended before it told its address")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either fails only when the server has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
