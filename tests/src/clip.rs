//! Test pictures: short FLV clips in one colour with a moving bar, made once and kept.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

/// The colour that tells cameras apart on a viewer's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Colour {
    /// 220, 0, 0
    Red,
    /// 0, 180, 0
    Green,
    /// 0, 0, 220
    Blue,
}

impl Colour {
    const fn ffmpeg(self) -> &'static str {
        match self {
            Self::Red => "0xdc0000",
            Self::Green => "0x00b400",
            Self::Blue => "0x0000dc",
        }
    }

    /// The camera colour that a picture's middle shows, if it is one.
    #[must_use]
    pub fn of(red: u64, green: u64, blue: u64) -> Option<Self> {
        const BRIGHT: u64 = 120;
        match (red > BRIGHT, green > BRIGHT, blue > BRIGHT) {
            (true, false, false) => Some(Self::Red),
            (false, true, false) => Some(Self::Green),
            (false, false, true) => Some(Self::Blue),
            _ => None,
        }
    }
}

/// How a clip is encoded. Ten seconds, stereo AAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Clip {
    /// Picture colour.
    pub colour: Colour,
    /// Picture size.
    pub size: (u32, u32),
    /// Frames per second.
    pub fps: u32,
    /// Frames between sync samples.
    pub gop: u32,
    /// x264's `-bf`.
    pub b_frames: u32,
    /// x264's `-profile:v`.
    pub profile: &'static str,
    /// `libx264` or `libx265`.
    pub encoder: &'static str,
    /// Hz of the tone; 0 for a clip without sound.
    pub tone: u32,
    /// Samples of sound per second.
    pub sample_rate: u32,
}

impl Clip {
    /// 640x360, 30 fps, one sync sample a second, as OBS makes it: High with two B-frames.
    #[must_use]
    pub const fn new(colour: Colour) -> Self {
        Self {
            colour,
            size: (640, 360),
            fps: 30,
            gop: 30,
            b_frames: 2,
            profile: "high",
            encoder: "libx264",
            tone: 440,
            sample_rate: 48_000,
        }
    }

    /// The clip's file, made if it is not there yet.
    ///
    /// # Errors
    /// When ffmpeg cannot be run or fails.
    pub fn file(&self, extension: &str) -> Result<PathBuf> {
        let path = folder().join(format!("{}.{extension}", self.name()));
        if !path.exists() {
            std::fs::create_dir_all(folder())?;
            // Made under another name first: a run that was interrupted leaves no half clip behind.
            let partial = path.with_extension(format!("{}.partial", std::process::id()));
            self.encode(&partial, extension)?;
            std::fs::rename(partial, &path)?;
        }
        Ok(path)
    }

    fn name(&self) -> String {
        format!(
            "{:?}-{}x{}-{}fps-gop{}-bf{}-{}-{}-{}hz-{}",
            self.colour,
            self.size.0,
            self.size.1,
            self.fps,
            self.gop,
            self.b_frames,
            self.profile,
            self.encoder,
            self.tone,
            self.sample_rate
        )
    }

    fn encode(&self, path: &Path, format: &str) -> Result<()> {
        let (width, height) = self.size;
        let picture = format!("color=c={}:s={width}x{height}:r={}", self.colour.ffmpeg(), self.fps);
        // A white bar that crosses the upper edge in four seconds: something moves, the middle does not.
        let bar = format!("color=c=white:s=8x40:r={}", self.fps);
        let moving = format!("[0][1]overlay=x=mod(n*{width}/{}\\,{width}):y=0[v]", self.fps * 4);
        let gop = self.gop.to_string();
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y", "-f", "lavfi", "-i", &picture]);
        ffmpeg.args(["-f", "lavfi", "-i", &bar]);
        if self.tone > 0 {
            let tone = format!("sine=frequency={}:sample_rate={}", self.tone, self.sample_rate);
            ffmpeg.args(["-f", "lavfi", "-i", &tone, "-map", "2:a"]);
            ffmpeg.args(["-c:a", "aac", "-ac", "2", "-b:a", "96k"]);
        }
        ffmpeg.args(["-filter_complex", &moving, "-map", "[v]"]);
        ffmpeg.args(["-t", "10", "-pix_fmt", "yuv420p", "-c:v", self.encoder]);
        ffmpeg.args(["-preset", "ultrafast", "-b:v", "600k", "-g", &gop, "-keyint_min", &gop]);
        ffmpeg.args(["-sc_threshold", "0", "-bf", &self.b_frames.to_string()]);
        if self.encoder == "libx264" {
            ffmpeg.args(["-profile:v", self.profile]);
        }
        ffmpeg.args(["-f", format]).arg(path);
        let status = ffmpeg.status()?;
        ensure!(status.success(), "ffmpeg could not make {}: {status}", path.display());
        Ok(())
    }
}

/// Where clips are kept between runs.
fn folder() -> PathBuf {
    std::env::temp_dir().join("genlock-clips")
}
