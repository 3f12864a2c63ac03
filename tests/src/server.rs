//! The server under test: the built `genlock` binary on free ports with a data folder of its own.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::api::Api;
use crate::wait;

/// The token that every test server is started with.
pub const ADMIN_TOKEN: &str = "end-to-end-admin-token";

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    process: Child,
    log: Arc<Mutex<String>>,
    data_dir: Arc<TempDir>,
    /// `http://127.0.0.1:port`
    pub http: String,
    /// `rtmp://127.0.0.1:port/live`
    pub rtmp: String,
    /// `https://127.0.0.1:port`, of a server that was started with TLS.
    pub https: Option<String>,
    /// `rtmps://127.0.0.1:port/live`, of a server that was started with TLS.
    pub rtmps: Option<String>,
}

impl Server {
    /// Starts a server with an empty data folder.
    ///
    /// # Errors
    /// When it does not come up within 30 s.
    pub fn start() -> Result<Self> {
        Self::start_in(Arc::new(tempfile::tempdir()?))
    }

    /// Starts a server on a data folder that another one has used.
    ///
    /// # Errors
    /// When it does not come up within 30 s.
    pub fn start_in(data_dir: Arc<TempDir>) -> Result<Self> {
        Self::start_with(data_dir, &[])
    }

    /// The same with further flags.
    ///
    /// # Errors
    /// When it does not come up within 30 s.
    pub fn start_with(data_dir: Arc<TempDir>, flags: &[&str]) -> Result<Self> {
        let mut command = command(data_dir.path());
        command.args(flags);
        Self::run(command, data_dir)
    }

    /// Starts a server with TLS beside the plain ports, on free ports too. `flags` say which certificate.
    ///
    /// # Errors
    /// When it does not come up within 30 s.
    pub fn start_secured(data_dir: Arc<TempDir>, flags: &[&str]) -> Result<Self> {
        let mut command = command(data_dir.path());
        command.args(["--https", "127.0.0.1:0", "--rtmps", "127.0.0.1:0"]).args(flags);
        Self::run_with_ports(command, data_dir, &["http", "https", "rtmp", "rtmps"])
    }

    /// Starts a server with an empty data folder and this configuration file.
    ///
    /// # Errors
    /// When it does not come up within 30 s.
    pub fn start_configured(toml: &str) -> Result<Self> {
        Self::restart_configured(Arc::new(tempfile::tempdir()?), toml)
    }

    /// The same on a data folder that another server has used.
    ///
    /// # Errors
    /// When it does not come up within 30 s.
    pub fn restart_configured(data_dir: Arc<TempDir>, toml: &str) -> Result<Self> {
        let file = data_dir.path().join("genlock.toml");
        std::fs::write(&file, toml)?;
        let mut command = command(data_dir.path());
        command.arg("--config").arg(file);
        Self::run(command, data_dir)
    }

    /// Starts a server whose recordings are on a file system of their own, of `bytes` bytes, at `mount`. It is
    /// gone with the server: it is mounted in a namespace of its own.
    ///
    /// # Errors
    /// When namespaces are not allowed, or the server does not come up within 30 s.
    pub fn start_on_small_disk(mount: &Path, bytes: u64) -> Result<Self> {
        let mounting = format!("mount -t tmpfs -o size={bytes} none '{}'", mount.display());
        Self::start_mounted(mount, &["--map-root-user", "--mount"], &mounting)
    }

    /// Starts a server whose recordings are at `mount`, where `mounting` mounts something in a namespace of the server's own
    /// that `unshare` makes with these flags.
    pub(crate) fn start_mounted(mount: &Path, flags: &[&str], mounting: &str) -> Result<Self> {
        let data_dir = Arc::new(tempfile::tempdir()?);
        let file = data_dir.path().join("genlock.toml");
        let folder = mount.display();
        std::fs::write(
            &file,
            format!("recordings = {{ folder = \"{folder}\", keep_free_mb = 0 }}\n"),
        )?;
        let server = command(data_dir.path());
        let script = format!("{mounting} && exec \"$@\"");
        let mut inside = Command::new("unshare");
        inside.args(flags).args(["sh", "-c", &script, "sh"]);
        inside.arg(server.get_program()).args(server.get_args()).arg("--config").arg(file);
        inside.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::run(inside, data_dir)
    }

    /// Mounts the small disk again, `ro` or `rw`.
    ///
    /// # Errors
    /// When that is refused: files that are written to are open.
    pub fn remount(&self, mount: &Path, how: &str) -> Result<()> {
        let inside = self.process.id().to_string();
        let output = Command::new("nsenter")
            .args(["--user", "--preserve-credentials", "--mount", "--target", &inside])
            .args(["mount", "-o", &format!("remount,{how}")])
            .arg(mount)
            .output()
            .context("cannot start nsenter")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Starts a server that may have so many files and connections open.
    ///
    /// # Errors
    /// When it does not come up within 30 s.
    pub fn start_with_descriptors(descriptors: u32) -> Result<Self> {
        let data_dir = Arc::new(tempfile::tempdir()?);
        let server = command(data_dir.path());
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("ulimit -n {descriptors} && exec \"$@\""), "sh"]);
        limited.arg(server.get_program()).args(server.get_args());
        limited.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::run(limited, data_dir)
    }

    /// Starts a server with these variables in its environment.
    ///
    /// # Errors
    /// When it does not come up within 30 s.
    pub fn start_in_environment(variables: &[(&str, &OsStr)]) -> Result<Self> {
        let data_dir = Arc::new(tempfile::tempdir()?);
        let mut command = command(data_dir.path());
        command.envs(variables.iter().copied());
        Self::run(command, data_dir)
    }

    fn run(command: Command, data_dir: Arc<TempDir>) -> Result<Self> {
        Self::run_with_ports(command, data_dir, &["http", "rtmp"])
    }

    /// Waits until all `ports` are told.
    fn run_with_ports(
        mut command: Command,
        data_dir: Arc<TempDir>,
        ports: &[&str],
    ) -> Result<Self> {
        let mut process = command.spawn().context("cannot start genlock")?;
        let stdout = process.stdout.take().context("genlock has no standard output")?;
        let stderr = process.stderr.take().context("genlock has no standard error")?;
        let log = Arc::new(Mutex::new(String::new()));
        collect(stderr, Arc::clone(&log));
        match addresses(stdout, ports) {
            Ok(mut told) => Ok(Self {
                process,
                log,
                data_dir,
                http: told.remove("http").unwrap_or_default(),
                rtmp: told.remove("rtmp").unwrap_or_default(),
                https: told.remove("https"),
                rtmps: told.remove("rtmps"),
            }),
            Err(error) => {
                let _ = process.kill();
                let _ = process.wait();
                Err(error.context(lock(&log).clone()))
            }
        }
    }

    /// The process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// A client of the REST API with the administrator's token.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(&self.http, ADMIN_TOKEN)
    }

    /// The data folder, to start another server on it.
    #[must_use]
    pub fn data_dir(&self) -> Arc<TempDir> {
        Arc::clone(&self.data_dir)
    }

    /// What the server has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        lock(&self.log).clone()
    }

    /// Sends SIGHUP: the server is to look again at what it was told.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn hang_up(&self) -> Result<()> {
        let sent = Command::new("kill").arg("-HUP").arg(self.process.id().to_string()).status()?;
        ensure!(sent.success(), "kill ended with {sent}");
        Ok(())
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Errors
    /// When the server has not ended within 30 s.
    pub fn terminate(mut self) -> Result<ExitStatus> {
        Command::new("kill").arg("-TERM").arg(self.process.id().to_string()).status()?;
        wait::until("the server's end", Duration::from_secs(30), || Ok(self.process.try_wait()?))
    }

    /// Kills the server, as a machine that loses its power, and returns its data folder.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(mut self) -> Result<Arc<TempDir>> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(self.data_dir())
    }

    /// Time that the process has had on all cores so far.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn cpu_time(&self) -> Result<Duration> {
        // Linux counts it in hundredths of a second whatever its own clock is (proc_pid_stat(5)).
        const TICK: Duration = Duration::from_millis(10);
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name before the last parenthesis may hold anything; `utime` and `stime` are fields 14 and 15.
        let fields = stat.rsplit_once(')').context("no name")?.1;
        let ticks: Vec<u32> = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|text| text.parse().ok())
            .collect();
        Ok(TICK * ticks.iter().sum())
    }

    /// Resident memory in bytes.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident_bytes(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u64 = line
            .and_then(|line| line.trim().strip_suffix("kB"))
            .context("no VmRSS")?
            .trim()
            .parse()?;
        Ok(kib * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Either fails only when the server has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `genlock serve` on free ports, with its output piped.
#[must_use]
pub fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(binary());
    command
        .args(["serve", "--http", "127.0.0.1:0", "--rtmp", "127.0.0.1:0"])
        .args(["--admin-token", ADMIN_TOKEN, "--data-dir"])
        .arg(data_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The server that cargo built: beside the test's own binary, or where `GENLOCK_BIN` says.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("GENLOCK_BIN") {
        return path.into();
    }
    let beside = std::env::current_exe().ok().and_then(|exe| {
        // target/debug/deps/test-hash -> target/debug/genlock
        exe.parent().and_then(Path::parent).map(|folder| folder.join("genlock"))
    });
    beside.unwrap_or_else(|| "genlock".into())
}

/// Reads the start-up lines until the addresses of all `ports` are known, then keeps the pipe drained.
fn addresses(stdout: ChildStdout, ports: &[&str]) -> Result<HashMap<String, String>> {
    let mut lines = BufReader::new(stdout).lines();
    let mut told = HashMap::new();
    while let Some(line) = lines.next().transpose()? {
        if let Some((port, url)) = line.trim().split_once(' ') {
            told.insert(port.to_owned(), url.trim().to_owned());
        }
        if ports.iter().all(|port| told.contains_key(*port)) {
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(told);
        }
    }
    bail!("genlock ended before it told its addresses")
}

fn collect(mut from: impl Read + Send + 'static, into: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            lock(&into).push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    });
}

fn lock(log: &Mutex<String>) -> std::sync::MutexGuard<'_, String> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
