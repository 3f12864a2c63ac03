//! The chain that is in use today: nginx-rtmp writes each camera's HLS, and an ffmpeg that copies one of them to the
//! programme's playlist is killed and started again at each switch.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use anyhow::Result;

use super::server::{self, Server};

/// How ffmpeg takes the camera and writes the programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipe {
    /// From the camera's playlist, to a playlist that begins anew: as it is mostly written.
    Plain,
    /// From the camera's RTMP, to a playlist that goes on with a discontinuity: the best that ffmpeg offers.
    Appending,
}

/// The switcher. Takes are `POST /take?camera=N`; ends with its value.
#[derive(Debug)]
pub(crate) struct Chain {
    port: u16,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Switcher {
    recipe: Recipe,
    rtmp: u16,
    http: u16,
    out: PathBuf,
    ffmpeg: Option<Child>,
}

impl Chain {
    /// Starts with camera 1 on air.
    pub(crate) fn start(nginx: &Server, recipe: Recipe) -> Result<Self> {
        let out = nginx.folder.join("www/out");
        fs::create_dir_all(&out)?;
        let mut switcher =
            Switcher { recipe, rtmp: nginx.rtmp, http: nginx.http, out, ffmpeg: None };
        switcher.take("1")?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                // A command that cannot be read is the harness's to report.
                let _ = switcher.answer(stream);
            }
            switcher.stop();
        });
        Ok(Self { port, over, thread: Some(thread) })
    }

    /// Where the programme is, on the same nginx.
    pub(crate) const PLAYLIST: &str = "/out/program.m3u8";

    /// What takes a camera, with `{camera}` for its number.
    pub(crate) fn take_url(&self) -> String {
        format!("http://127.0.0.1:{}/take?camera={{camera}}", self.port)
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Switcher {
    fn answer(&mut self, stream: TcpStream) -> Result<()> {
        let mut lines = BufReader::new(&stream).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        let camera = request.split_once("camera=").map_or("", |(_, rest)| rest);
        let camera = camera.split_once(' ').map_or(camera, |(number, _)| number);
        let status = if self.take(camera).is_ok() { "200 OK" } else { "500 Failed" };
        write!(&stream, "HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}")?;
        Ok(())
    }

    fn take(&mut self, camera: &str) -> Result<()> {
        self.stop();
        let mut ffmpeg = server::pinned(Path::new("ffmpeg"));
        ffmpeg.args(["-nostdin", "-v", "error", "-y", "-i"]);
        // Without the last, an ffmpeg that is stopped says that the programme is over, and players leave.
        let mut flags = "delete_segments+omit_endlist".to_owned();
        match self.recipe {
            Recipe::Plain => {
                ffmpeg.arg(format!("http://127.0.0.1:{}/hls/cam{camera}.m3u8", self.http));
            }
            Recipe::Appending => {
                ffmpeg.arg(format!("rtmp://127.0.0.1:{}/live/cam{camera}", self.rtmp));
                flags.push_str("+append_list+discont_start");
            }
        }
        ffmpeg.args(["-c", "copy", "-f", "hls", "-hls_time", "2", "-hls_list_size", "6"]);
        ffmpeg.args(["-hls_flags", &flags]).arg(self.out.join("program.m3u8"));
        ffmpeg.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.ffmpeg = Some(ffmpeg.spawn()?);
        Ok(())
    }

    fn stop(&mut self) {
        if let Some(mut ffmpeg) = self.ffmpeg.take() {
            server::stop(&mut ffmpeg);
        }
    }
}
