//! A publisher: ffmpeg that sends a clip over and over in real time.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::clip::Clip;

/// A running publisher. Dropping it kills it, as a cable that is pulled.
#[derive(Debug)]
pub struct Camera {
    ffmpeg: Child,
}

impl Camera {
    /// Publishes `clip` to `url` without re-encoding.
    ///
    /// # Errors
    /// When the clip cannot be made or ffmpeg cannot be started.
    pub fn publish(clip: &Clip, url: &str) -> Result<Self> {
        Self::start(Path::new("ffmpeg"), &clip.file("flv")?, url)
    }

    /// The same with an ffmpeg that puts codecs into FLV which Debian's cannot.
    ///
    /// # Errors
    /// When the clip cannot be made or ffmpeg cannot be started.
    pub fn publish_with(ffmpeg: &Path, clip: &Clip, url: &str) -> Result<Self> {
        Self::start(ffmpeg, &clip.file("mp4")?, url)
    }

    fn start(ffmpeg: &Path, file: &Path, url: &str) -> Result<Self> {
        let ffmpeg = Command::new(ffmpeg)
            .args(["-v", "error", "-re", "-stream_loop", "-1", "-i"])
            .arg(file)
            .args(["-c", "copy", "-f", "flv", url])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start ffmpeg")?;
        Ok(Self { ffmpeg })
    }

    /// Waits for ffmpeg to give up and returns what it printed.
    ///
    /// # Errors
    /// When its output cannot be read.
    pub fn refused(mut self) -> Result<String> {
        let mut printed = String::new();
        if let Some(mut stderr) = self.ffmpeg.stderr.take() {
            std::io::Read::read_to_string(&mut stderr, &mut printed)?;
        }
        self.ffmpeg.wait()?;
        Ok(printed)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        // Either fails only when ffmpeg has ended by itself.
        let _ = self.ffmpeg.kill();
        let _ = self.ffmpeg.wait();
    }
}

/// An ffmpeg that sends Enhanced RTMP, named by `GENLOCK_ENHANCED_FFMPEG`. `cargo xtask test` sets it.
#[must_use]
pub fn enhanced_ffmpeg() -> Option<PathBuf> {
    std::env::var_os("GENLOCK_ENHANCED_FFMPEG").map(PathBuf::from)
}
