//! Players that are programs of their own: ffmpeg, VLC, GStreamer.
//!
//! ffmpeg and GStreamer scale each picture down to 28 x 20 grey pixels, the last row of which is the
//! [strip](crate::strip), and write it to standard output when it is due. VLC tells how many it has shown.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};

use super::cameras::now_ms;
use super::measure::{Fault, Scale, Shown, Viewing};
use super::roster::{Kind, Player};
use crate::strip::{CELLS, Reading};

const ROWS: u32 = 20;

/// How often VLC is asked what it has shown; it counts anew twice a second. Shorter gaps are not seen.
const ASK_VLC: Duration = Duration::from_secs(1);

/// A program that plays.
#[derive(Debug)]
pub struct Program {
    /// The player's name.
    pub name: &'static str,
    process: Child,
    playing: Arc<AtomicBool>,
    pictures: JoinHandle<Viewing>,
    messages: JoinHandle<Messages>,
    asking: Option<JoinHandle<()>>,
}

/// What a program said.
#[derive(Debug, Default)]
struct Messages {
    faults: Vec<Fault>,
    /// Presentation times of the pictures, ms.
    media_ms: Vec<f64>,
}

impl Program {
    /// Starts the player if it is one of these.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(player: &Player, url: &str) -> Result<Option<Self>> {
        let Some(mut command) = command(&player.kind, url) else { return Ok(None) };
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", player.name))?;
        let pipe = "was asked for";
        let stdin = process.stdin.take().context(pipe)?;
        let stdout = process.stdout.take().context(pipe)?;
        let stderr = process.stderr.take().context(pipe)?;
        let playing = Arc::new(AtomicBool::new(true));
        let vlc = player.kind == Kind::Vlc;
        let asking = vlc.then(|| {
            let playing = Arc::clone(&playing);
            std::thread::spawn(move || ask(stdin, &playing))
        });
        let pictures =
            std::thread::spawn(move || if vlc { counted(stdout) } else { looked_at(stdout) });
        let messages = std::thread::spawn(move || listen(stderr));
        Ok(Some(Self { name: player.name, process, playing, pictures, messages, asking }))
    }

    /// Ends it and returns what it showed.
    ///
    /// # Errors
    /// When a reader of its output failed.
    pub fn finish(mut self) -> Result<Viewing> {
        let gave_up = self.process.try_wait()?;
        self.playing.store(false, Ordering::Relaxed);
        self.process.kill()?;
        self.process.wait()?;
        if let Some(asking) = self.asking {
            let _ = asking.join();
        }
        let failed = |_| anyhow::anyhow!("a reader of {} failed", self.name);
        let mut viewing = self.pictures.join().map_err(failed)?;
        let said = self.messages.join().map_err(failed)?;
        if !said.media_ms.is_empty() {
            viewing.scale = Scale::Media;
        }
        for (shown, media_ms) in viewing.shown.iter_mut().zip(said.media_ms) {
            shown.media_ms = Some(media_ms);
        }
        viewing.faults.extend(said.faults);
        if let Some(status) = gave_up {
            let text = format!("ended by itself: {status}");
            viewing.faults.push(Fault { at_ms: None, text, fatal: true });
        }
        Ok(viewing)
    }
}

fn command(kind: &Kind, url: &str) -> Option<Command> {
    let small = format!("scale={CELLS}:{ROWS}:flags=neighbor,format=gray,showinfo=checksum=0");
    match kind {
        Kind::Page(_) => None,
        Kind::Ffmpeg(program) => {
            let mut command = Command::new(program);
            command.args(["-hide_banner", "-nostdin", "-nostats", "-loglevel", "level+info"]);
            command.args(["-re", "-i", url, "-map", "0:v", "-vf", &small]);
            // At a frame rate's times the pictures of a catch-up would coincide.
            command.args(["-fps_mode", "passthrough", "-enc_time_base", "1:90000"]);
            command.args(["-f", "rawvideo", "pipe:1"]);
            command.args(["-map", "0:a", "-f", "null", "-"]);
            Some(command)
        }
        Kind::Vlc => {
            let mut command = unprivileged("vlc");
            command.args(["-I", "oldrc", "--rc-fake-tty", "--vout", "vdummy", "--aout", "dummy"]);
            command.args(["--no-video-title-show", "-v", url]).env("HOME", std::env::temp_dir());
            Some(command)
        }
        Kind::Gstreamer => {
            let look = format!(
                "videoconvert ! videoscale method=nearest-neighbour ! \
                 video/x-raw,format=GRAY8,width={CELLS},height={ROWS} ! fdsink fd=1 sync=true"
            );
            let mut command = Command::new("gst-launch-1.0");
            command.args(["-q", "playbin3", &format!("uri={url}")]);
            command.args(["audio-sink=fakesink sync=true", &format!("video-sink={look}")]);
            Some(command)
        }
    }
}

/// VLC does not start for root.
fn unprivileged(program: &str) -> Command {
    let id = Command::new("id").arg("-u").output();
    if !id.is_ok_and(|id| id.stdout.trim_ascii() == b"0") {
        return Command::new(program);
    }
    const NOBODY: &str = "65534";
    let mut command = Command::new("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", program]);
    command
}

/// Reads small pictures until the pipe ends.
fn looked_at(mut pipe: ChildStdout) -> Viewing {
    let mut picture = [0; (CELLS * ROWS) as usize];
    let mut shown = Vec::new();
    while pipe.read_exact(&mut picture).is_ok() {
        let strip = picture[(CELLS * (ROWS - 1)) as usize..].iter().copied();
        let reading = Reading::of_pixels(strip);
        shown.push(Shown { at_ms: now_ms().ok(), media_ms: None, unseen: 0, reading });
    }
    Viewing { shown, ..Viewing::default() }
}

/// Reads VLC's counters until the pipe ends.
fn counted(pipe: ChildStdout) -> Viewing {
    let mut viewing = Viewing::default();
    let mut counter = Counter::default();
    for line in BufReader::new(pipe).lines().map_while(Result::ok) {
        let Ok(now) = now_ms() else { break };
        if let Some(count) = number_after(&line, "frames displayed :") {
            viewing.shown.extend(counter.displayed(now, count));
        } else if let Some(count) = number_after(&line, "frames lost      :") {
            viewing.dropped.push((now, count));
        }
    }
    viewing
}

/// Turns a counter that is read now and then into pictures.
#[derive(Debug, Default)]
struct Counter {
    count: u64,
    stood_still: bool,
}

impl Counter {
    /// The newest picture, if there is a new one. After a reading without a new picture nothing was shown
    /// in between.
    fn displayed(&mut self, at_ms: f64, count: u64) -> Option<Shown> {
        let new = count.saturating_sub(self.count);
        self.count = count;
        let stood_still = std::mem::replace(&mut self.stood_still, new == 0);
        let between = if stood_still { 0 } else { new.saturating_sub(1) };
        let unseen = u32::try_from(between).unwrap_or(u32::MAX - 1);
        (new > 0).then_some(Shown { at_ms: Some(at_ms), media_ms: None, unseen, reading: None })
    }
}

fn ask(mut vlc: ChildStdin, playing: &AtomicBool) {
    while playing.load(Ordering::Relaxed) && vlc.write_all(b"stats\n").is_ok() {
        std::thread::sleep(ASK_VLC);
    }
}

/// Keeps warnings, errors and presentation times.
fn listen(pipe: ChildStderr) -> Messages {
    let mut messages = Messages::default();
    for line in BufReader::new(pipe).lines().map_while(Result::ok) {
        if let Some(seconds) = line.split("pts_time:").nth(1).and_then(first_number) {
            messages.media_ms.push(seconds * 1000.0);
        } else if is_complaint(&line) {
            let text = without_addresses(&line);
            messages.faults.push(Fault { at_ms: now_ms().ok(), text, fatal: false });
        }
    }
    messages
}

fn is_complaint(line: &str) -> bool {
    // ffmpeg's HLS reader reads a fragmented MP4 init section again before every segment and says so.
    let expected = ["duplicated MOOV", "repeated", "dbus", "interface", "deprecated"];
    let loud = ["[warning]", "[error]", "[fatal]", "error", "warning", "WARNING", "ERROR", "late"];
    loud.iter().any(|word| line.contains(word)) && !expected.iter().any(|word| line.contains(word))
}

/// A message without what differs each time it is printed: addresses and numbers.
pub(super) fn without_addresses(line: &str) -> String {
    let words = line.split_whitespace().filter(|word| !word.contains("0x") && *word != "@");
    let words =
        words.map(|word| if word.starts_with(|c: char| c.is_ascii_digit()) { "#" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn number_after(line: &str, label: &str) -> Option<u64> {
    line.split_once(label)?.1.trim().parse().ok()
}

fn first_number(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_stands_still_is_a_gap() {
        let mut counter = Counter::default();
        let unseen = |shown: Option<Shown>| shown.map(|shown| shown.unseen);
        assert_eq!(unseen(counter.displayed(0.0, 8)), Some(7));
        assert_eq!(unseen(counter.displayed(250.0, 15)), Some(6));
        assert_eq!(unseen(counter.displayed(500.0, 15)), None);
        assert_eq!(unseen(counter.displayed(750.0, 20)), Some(0));
    }

    #[test]
    fn messages_are_told_apart() {
        assert!(is_complaint("[h264 @ 0x55d0] [error] no frame!"));
        assert!(!is_complaint("[mov @ 0x55] [warning] Found duplicated MOOV Atom. Skipped it"));
        assert!(!is_complaint("[info] Stream #0:0"));
        assert_eq!(without_addresses("[h264 @ 0x55d0] no frame 12!"), "[h264 no frame #");
    }
}
