//! A throw-away S3 server: a real one (`versitygw`) on a free port, with its objects in a folder.
//!
//! The binary is the one that `GENLOCK_S3_SERVER` names, or the one that `cargo xtask test` keeps in `target/`. Where there is
//! neither, tests say that they are skipped.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::wait;

/// The bucket that is there.
pub const BUCKET: &str = "recordings";
/// Key and secret of the server.
pub const KEY: &str = "end-to-end-key";
/// See [`KEY`].
pub const SECRET: &str = "end-to-end-secret";

const VARIABLE: &str = "GENLOCK_S3_SERVER";

/// Where `cargo xtask test` keeps it, in the workspace's root.
const KEPT: &str = "target/versitygw/versitygw";

const START_TIME_MAX: Duration = Duration::from_secs(60);

/// A running server. Dropping it ends it and removes its objects.
#[derive(Debug)]
pub struct S3Server {
    binary: PathBuf,
    data: TempDir,
    port: u16,
    process: Option<Child>,
}

impl S3Server {
    /// Starts a server with one bucket; `None`, loudly, where there is no binary.
    ///
    /// # Errors
    /// When the server does not come up.
    pub fn start() -> Result<Option<Self>> {
        let Some(binary) = binary() else {
            skipped();
            return Ok(None);
        };
        let data = tempfile::Builder::new().prefix("genlock-s3-").tempdir()?;
        std::fs::create_dir_all(data.path().join("objects").join(BUCKET))?;
        std::fs::create_dir_all(data.path().join("about"))?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut server = Self { binary, data, port, process: None };
        server.resume()?;
        Ok(Some(server))
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The folder of the bucket, whose files are its objects.
    #[must_use]
    pub fn bucket(&self) -> PathBuf {
        self.data.path().join("objects").join(BUCKET)
    }

    /// Files of uploads that are not complete.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn unfinished(&self) -> Result<Vec<PathBuf>> {
        files(&self.bucket().join(".sgwtmp"))
    }

    /// Kills the server, as a machine that loses its power. Its objects stay.
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

    /// Starts it again, with the objects that it had.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn resume(&mut self) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let process = Command::new(&self.binary)
            .args(["--access", KEY, "--secret", SECRET, "--quiet", "--port", &address.to_string()])
            .args(["posix", "--sidecar"])
            .arg(self.data.path().join("about"))
            .arg(self.data.path().join("objects"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start the S3 server")?;
        self.process = Some(process);
        wait::until("the S3 server", START_TIME_MAX, || Ok(TcpStream::connect(address).ok()))?;
        Ok(())
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // It fails only when the server has ended already.
        let _ = self.kill();
    }
}

/// The files below a folder; none where there is no folder.
///
/// # Errors
/// When it cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    Ok(found)
}

fn binary() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return Some(named.into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    Some(root.join(KEPT)).filter(|kept| kept.is_file())
}

#[expect(clippy::print_stderr, reason = "a test that is skipped must be seen")]
fn skipped() {
    eprintln!(
        "NO S3 SERVER: this test is skipped. `cargo xtask test` gets one, or {VARIABLE} names it"
    );
}
