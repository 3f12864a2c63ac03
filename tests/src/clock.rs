//! A live camera with a clock in its picture: the wall clock's milliseconds, as a [`strip`](crate::strip) that programs read.
//!
//! Unlike a [`Clip`](crate::Clip), which only knows how long it has been running, it tells how old a picture is on the
//! screen: from the moment in which it was painted, with encoding, the way through the server, decoding and drawing.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::strip::{CELLS, HEIGHT, Reading};

const WIDTH: u32 = 640;
const LINES: u32 = 360;
const FPS: u32 = 30;

/// The strip's number has 20 bits: it begins anew every 17 minutes.
const WRAP_MS: u128 = 1 << 20;

/// Peaks of the tone, in dB of full scale: ffmpeg's `sine` is an eighth of it, and 3 dB less on each of two channels.
pub const TONE_DB: i64 = -21;

/// A running camera, 640x360 at 30 fps with a sync sample each second, two B-frames at most, and a tone whose peaks are
/// [`TONE_DB`]. Dropping it kills it.
#[derive(Debug)]
pub struct ClockCamera {
    ffmpeg: Child,
}

impl ClockCamera {
    /// Publishes to `url` as camera `number` (0 to 3).
    ///
    /// # Errors
    /// When ffmpeg cannot be started.
    pub fn publish(number: u8, b_frames: u32, url: &str) -> Result<Self> {
        let mut ffmpeg = Command::new("ffmpeg")
            .args(["-v", "error", "-f", "rawvideo", "-pix_fmt", "gray"])
            .args(["-s", &format!("{WIDTH}x{LINES}"), "-r", &FPS.to_string(), "-i", "-"])
            // As fast as the pictures come: ffmpeg keeps both in step.
            .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"])
            .args(["-c:a", "aac", "-ac", "2", "-b:a", "128k"])
            .args(["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"])
            .args(["-bf", &b_frames.to_string(), "-g", &FPS.to_string(), "-b:v", "800k"])
            .args(["-pix_fmt", "yuv420p", "-f", "flv", url])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start ffmpeg")?;
        let pictures = ffmpeg.stdin.take().context("ffmpeg has no standard input")?;
        thread::spawn(move || paint(number, pictures));
        Ok(Self { ffmpeg })
    }
}

impl Drop for ClockCamera {
    fn drop(&mut self) {
        // Either fails only when ffmpeg has ended by itself.
        let _ = self.ffmpeg.kill();
        let _ = self.ffmpeg.wait();
    }
}

/// Paints in real time until nobody takes the pictures any more.
fn paint(number: u8, mut pictures: ChildStdin) {
    let begun = Instant::now();
    for frame in 0_u32.. {
        let due = begun + Duration::from_secs(1) * frame / FPS;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if pictures.write_all(&picture(number, frame)).is_err() {
            return;
        }
    }
}

/// Grey with a bar that moves, and the time along the bottom edge.
fn picture(number: u8, frame: u32) -> Vec<u8> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let clip_ms = u32::try_from(since.as_millis() % WRAP_MS).unwrap_or(0);
    let bar = frame * 4 % WIDTH;
    let plain: Vec<u8> = (0..WIDTH).map(|x| if x.abs_diff(bar) < 20 { 200 } else { 90 }).collect();
    let cells: Vec<bool> = Reading { clip_ms, camera: number }.cells().collect();
    let cell = |x: u32| cells.get((x * CELLS / WIDTH) as usize).copied().unwrap_or(false);
    let strip: Vec<u8> = (0..WIDTH).map(|x| if cell(x) { 235 } else { 16 }).collect();
    let upper = (0..LINES - HEIGHT).flat_map(|_| plain.iter().copied());
    upper.chain((0..HEIGHT).flat_map(|_| strip.iter().copied())).collect()
}
