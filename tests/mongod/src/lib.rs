//! A throw-away MongoDB server: a real `mongod` on a free port with a data folder of its own.
//!
//! The binary is the one that `GENLOCK_MONGOD` names, or the one that `cargo xtask test` keeps in `target/`. Where
//! there is neither, tests say that they are skipped; in CI (`CI=true`) they fail.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// Names the binary.
const VARIABLE: &str = "GENLOCK_MONGOD";

/// Where `cargo xtask test` keeps it, in the workspace's root.
const KEPT: &str = "target/mongod/mongod";

/// A loaded machine takes its time; a healthy one needs a second.
const START_TIME_MAX: Duration = Duration::from_secs(60);

const POLL: Duration = Duration::from_millis(20);

/// A running server. Dropping it ends it and removes its data.
#[derive(Debug)]
pub struct Mongod {
    binary: PathBuf,
    data: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Mongod {
    /// Starts a server; `None`, loudly, where there is no binary.
    ///
    /// # Errors
    /// When the server does not come up, or there is no binary and `CI` is set.
    pub fn start() -> Result<Option<Self>> {
        let Some(binary) = binary() else {
            if std::env::var_os("CI").is_some_and(|ci| ci == "true" || ci == "1") {
                bail!("CI needs a mongod: `cargo xtask test` gets one, or {VARIABLE} names it");
            }
            skipped();
            return Ok(None);
        };
        let data = tempfile::Builder::new().prefix("genlock-mongod-").tempdir()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut server = Self { binary, data, port, process: None };
        server.resume()?;
        Ok(Some(server))
    }

    /// Where it listens.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}", self.port)
    }

    /// Kills the server, as a machine that loses its power. Its data stays.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Stops the server in its tracks: it keeps its connections, takes new ones, and answers none.
    ///
    /// # Errors
    /// When there is none, or no `kill`.
    pub fn hang(&self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Lets a server go on that hangs.
    ///
    /// # Errors
    /// When there is none, or no `kill`.
    pub fn go_on(&self) -> Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let process = self.process.as_ref().context("there is no server")?;
        let sent = Command::new("kill").args([signal, &process.id().to_string()]).status()?;
        if !sent.success() {
            bail!("kill {signal} failed: {sent}");
        }
        Ok(())
    }

    /// Starts the server again, on the same port and with the same data.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn resume(&mut self) -> Result<()> {
        let process = Command::new(&self.binary)
            .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet"])
            .args(["--wiredTigerCacheSizeGB", "0.25", "--port", &self.port.to_string()])
            .arg("--dbpath")
            .arg(self.data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        let process = self.process.insert(process);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let deadline = Instant::now() + START_TIME_MAX;
        loop {
            if let Some(status) = process.try_wait()? {
                bail!("mongod ended: {status}");
            }
            match TcpStream::connect_timeout(&address, POLL) {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => return Err(too_late(&error)),
                Err(_) => std::thread::sleep(POLL),
            }
        }
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.kill();
    }
}

fn too_late(error: &io::Error) -> anyhow::Error {
    anyhow::anyhow!("mongod did not listen within {START_TIME_MAX:?}: {error}")
}

fn binary() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return Some(named.into());
    }
    // tests/mongod -> the workspace's root
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    Some(root.join(KEPT)).filter(|kept| kept.is_file())
}

#[expect(clippy::print_stderr, reason = "a test that did not run must be seen")]
fn skipped() {
    eprintln!("SKIPPED: no mongod. `cargo xtask test` gets one, or {VARIABLE} names it");
}
