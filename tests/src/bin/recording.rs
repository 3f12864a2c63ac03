//! Measures what recording costs, and how fast a recording is downloaded from a disk that has to be read.
//!
//! ```sh
//! recording [SECONDS]
//! ```
//!
//! Wants `genlock` (release) in `GENLOCK_BIN`, ffmpeg, and root, who may empty the page cache. Figures: benches/README.md.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use genlock_e2e::clip::Picture;
use genlock_e2e::server::ADMIN_TOKEN;
use genlock_e2e::{Camera, Clip, Colour, Server, s3, wait};

const CAMERAS: u8 = 4;
const TURNS: usize = 5;
const LIMIT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(60);
    match measure(seconds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(seconds: u64) -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let mut cameras = Vec::new();
    for number in 0..CAMERAS {
        let made = api.create_camera(&event, &format!("Camera {number}"))?;
        let picture = Picture::Clock(number);
        let clip = Clip { picture, size: (1920, 1080), gop: 60, ..Clip::new(Colour::Red) };
        cameras.push(Camera::publish(&clip, &made.publish_url)?);
        api.wait_status(&event, &made.id, "live")?;
    }
    let sources = u32::from(CAMERAS) + 1;
    let before = thread_time(server.pid())?;
    sleep(Duration::from_secs(seconds));
    let used = thread_time(server.pid())?.saturating_sub(before);
    let per_second = used.as_secs_f64() * 1000.0 / seconds as f64 / f64::from(sources);
    say(&format!("{sources} sources: {per_second:.3} ms of CPU for each recorded second"));
    api.json("POST", &format!("/api/events/{event}/end"), None)?;
    drop(cameras);
    let list = format!("/api/events/{event}/recordings");
    let program = wait::until("the recordings are over", LIMIT, || {
        let told = api.json("GET", &list, None)?;
        let items = told["items"].as_array().context("no items")?;
        let over = items.iter().all(|item| item["status"] == "finished");
        Ok(items.iter().find(|item| item["source"] == "program" && over).cloned())
    })?;
    let folder = server.data_dir().path().join("recordings");
    let files = s3::files(&folder)?;
    bytes(&files, seconds)?;
    let id = program["id"].as_str().context("no id")?;
    let file = files
        .iter()
        .find(|file| {
            file.to_string_lossy().ends_with("0001.mp4")
                && file.to_string_lossy().contains("/program/")
        })
        .context("no programme")?;
    for turn in 1..=TURNS {
        let disk = cold(|| direct(file))?;
        let download = cold(|| download(&server, &format!("{list}/{id}/download.mp4")))?;
        say(&format!("turn {turn}: disk {disk:.0} MB/s, download {download:.0} MB/s"));
    }
    Ok(())
}

/// Bytes on the disk for each byte of media, as ffprobe counts it.
fn bytes(files: &[PathBuf], seconds: u64) -> Result<()> {
    let (mut written, mut media) = (0, 0);
    for file in files {
        let bytes = std::fs::metadata(file)?.len();
        let is_media = file.extension().is_some_and(|extension| extension == "mp4");
        if is_media || file.ends_with("index") {
            written += bytes;
        }
        if is_media {
            media += samples(file)?;
        }
    }
    let (ratio, rate) = (written as f64 / media as f64, media as f64 * 8e-6 / seconds as f64);
    say(&format!(
        "{written} bytes on the disk for {media} of media: {ratio:.4}; {rate:.1} Mb/s in all"
    ));
    Ok(())
}

fn samples(file: &Path) -> Result<u64> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "packet=size", "-of", "csv=p=0"])
        .arg(file)
        .output()
        .context("cannot start ffprobe")?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().filter_map(|line| line.trim_end_matches(',').parse::<u64>().ok()).sum())
}

/// Time that the recorder's threads have had.
fn thread_time(pid: u32) -> Result<Duration> {
    let mut nanos = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.starts_with("recorder") {
            let told = std::fs::read_to_string(task.join("schedstat"))?;
            nanos += told.split(' ').next().context("no time")?.parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(nanos))
}

/// MB a second of `read`, with nothing in the page cache.
fn cold(read: impl FnOnce() -> Result<u64>) -> Result<f64> {
    Command::new("sync").status()?;
    std::fs::write("/proc/sys/vm/drop_caches", "3").context("only root may empty the cache")?;
    let begun = Instant::now();
    let bytes = read()?;
    Ok(bytes as f64 * 1e-6 / begun.elapsed().as_secs_f64())
}

/// Reads a file past the page cache.
fn direct(file: &Path) -> Result<u64> {
    let input = format!("if={}", file.display());
    let done = Command::new("dd")
        .args([&input, "of=/dev/null", "bs=1M", "iflag=direct", "status=none"])
        .status()?;
    ensure!(done.success(), "dd fails");
    Ok(std::fs::metadata(file)?.len())
}

fn download(server: &Server, path: &str) -> Result<u64> {
    let call = ureq::get(format!("{}{path}", server.http));
    let answer = call.header("authorization", format!("Bearer {ADMIN_TOKEN}")).call()?;
    let (mut body, mut block) = (answer.into_body().into_reader(), vec![0; 1 << 20]);
    let mut bytes = 0;
    loop {
        match body.read(&mut block)? {
            0 => return Ok(bytes),
            read => bytes += read as u64,
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command line tool talks to its user")]
fn say(text: &str) {
    println!("{text}");
}
