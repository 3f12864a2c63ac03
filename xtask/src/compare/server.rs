//! The servers that are compared: each alone, pinned to core 0, on free ports, with a folder of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::install::NGINX_RTMP;
use crate::process;

/// Cores of server and load.
pub(crate) const SERVER_CORE: &str = "0";
/// The rest of the machine; `taskset` takes what there is of it.
pub(crate) const LOAD_CORES: &str = "1-1023";

/// The admin token of a Genlock that lives for a minute on loopback.
pub(crate) const TOKEN: &str = "compare-compare-compare";

/// A running server. Ends with its value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) rtmp: u16,
    pub(crate) http: u16,
    pub(crate) folder: PathBuf,
}

impl Server {
    /// Genlock as it comes, with the embedded store.
    pub(crate) fn genlock(folder: &Path) -> Result<Self> {
        let folder = fresh(folder, "genlock")?;
        let (http, rtmp) = (free_port()?, free_port()?);
        let program = process::root().join("target/release/genlock");
        let mut command = pinned(&program);
        command.args(["serve", "--admin-token", TOKEN]);
        command.args(["--http", &format!("127.0.0.1:{http}")]);
        command.args(["--rtmp", &format!("127.0.0.1:{rtmp}")]);
        command.arg("--data-dir").arg(folder.join("data"));
        Self::start(command, rtmp, http, folder)
    }

    /// nginx with its RTMP module, one worker; with `hls` it writes every camera's segments of 2 s.
    ///
    /// What is in `www` is served with sendfile. Descriptors of files are kept for `/object` only, which does not change:
    /// an old playlist would be served for a minute.
    pub(crate) fn nginx(folder: &Path, hls: bool) -> Result<Self> {
        let folder = fresh(folder, "nginx")?;
        fs::create_dir_all(folder.join("www/hls"))?;
        let (http, rtmp) = (free_port()?, free_port()?);
        let path = folder.join("nginx.conf");
        fs::write(&path, nginx_conf(&folder, rtmp, http, hls))?;
        let mut command = pinned(Path::new("nginx"));
        command.arg("-p").arg(&folder).arg("-c").arg(&path);
        Self::start(command, rtmp, http, folder)
    }

    fn start(mut command: Command, rtmp: u16, http: u16, folder: PathBuf) -> Result<Self> {
        let log = fs::File::create(folder.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("cannot start the server")?;
        let mut server = Self { child, rtmp, http, folder };
        server.wait_until_listening()?;
        Ok(server)
    }

    fn wait_until_listening(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(15);
        for port in [self.http, self.rtmp] {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                    let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                    bail!("the server does not listen:\n{log}");
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }

    /// Its process; nginx's worker is a child of it.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is still there.
    pub(crate) fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// `http://127.0.0.1:PORT` and the path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.http)
    }

    /// The body of a page.
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let head = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(head) = head else { bail!("{path}: no answer") };
        let status = String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into_owned();
        if status != "200" {
            bail!("{path}: {status}");
        }
        Ok(answer.split_off(head + 4))
    }

    /// Processor seconds of it and its children so far.
    pub(crate) fn cpu_s(&self) -> f64 {
        family(self.pid()).into_iter().filter_map(cpu_ticks).sum::<u64>() as f64 / 100.0
    }

    /// Resident memory of it and its children in MB.
    pub(crate) fn rss_mb(&self) -> f64 {
        family(self.pid()).into_iter().filter_map(rss_kib).sum::<u64>() as f64 * 1024.0 / 1e6
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.child);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Ends a process as an operator would, and with force after five seconds.
pub(crate) fn stop(child: &mut Child) {
    let _ = Command::new("kill").arg(child.id().to_string()).status();
    let deadline = Instant::now() + Duration::from_secs(5);
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A command on the server's core, with as many descriptors as it may have.
pub(crate) fn pinned(program: &Path) -> Command {
    on_cores(SERVER_CORE, program)
}

/// A command on the load's cores.
pub(crate) fn as_load(program: &Path) -> Command {
    on_cores(LOAD_CORES, program)
}

fn on_cores(cores: &str, program: &Path) -> Command {
    let mut command = Command::new("sh");
    let script = "ulimit -n \"$(ulimit -Hn)\" && exec taskset -c \"$0\" \"$@\"";
    command.args(["-c", script, cores]).arg(program);
    command
}

/// A port that nobody has now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn fresh(folder: &Path, name: &str) -> Result<PathBuf> {
    let folder = folder.join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn nginx_conf(folder: &Path, rtmp: u16, http: u16, hls: bool) -> String {
    let root = folder.join("www");
    let root = root.display();
    let hls = if hls {
        format!("hls on; hls_path {root}/hls; hls_fragment 2s; hls_playlist_length 12s;")
    } else {
        String::new()
    };
    format!(
        "load_module {NGINX_RTMP};\n\
         daemon off; worker_processes 1; worker_rlimit_nofile 65536; pid nginx.pid; error_log error.log;\n\
         user root;\n\
         events {{ worker_connections 30000; }}\n\
         rtmp {{ server {{ listen 127.0.0.1:{rtmp}; chunk_size 4096;\n\
           application live {{ live on; {hls} }} }} }}\n\
         http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;\n\
           types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; video/mp4 m4s; }}\n\
           server {{ listen 127.0.0.1:{http} backlog=8192; root {root};\n\
             location = /object {{ open_file_cache max=100 inactive=60s; }} }} }}\n"
    )
}

/// A process and its children.
fn family(pid: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    let children = children.unwrap_or_default();
    std::iter::once(pid)
        .chain(children.split_whitespace().filter_map(|id| id.parse().ok()))
        .collect()
}

/// User and system time in hundredths of a second (proc(5), fields 14 and 15).
fn cpu_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn rss_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
