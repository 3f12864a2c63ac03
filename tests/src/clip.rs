//! Test pictures: short FLV clips, made once and kept. In one colour with a moving bar, or a busy test card
//! with a clock that programs can read.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::strip;

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

    /// A PNG of nothing else, 320x180.
    ///
    /// # Errors
    /// When ffmpeg cannot be started.
    pub fn png(self) -> Result<Vec<u8>> {
        let picture = format!("color=c={}:s=320x180", self.ffmpeg());
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-f", "lavfi", "-i", &picture, "-frames:v", "1"])
            .args(["-f", "image2pipe", "-c:v", "png", "-"])
            .output()
            .context("cannot start ffmpeg")?;
        Ok(output.stdout)
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

/// What a clip shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Picture {
    /// One colour.
    Plain(Colour),
    /// A test card with a [`strip`] that tells the time in the clip and this number, 0 to 3.
    Clock(u8),
}

/// How a clip is encoded, with stereo AAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Clip {
    /// What is seen.
    pub picture: Picture,
    /// Length in seconds.
    pub seconds: u32,
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
    /// x264's `-preset`: `ultrafast` has neither CABAC nor a pyramid of B-frames.
    pub preset: &'static str,
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
            picture: Picture::Plain(colour),
            seconds: 10,
            size: (640, 360),
            fps: 30,
            gop: 30,
            b_frames: 2,
            profile: "high",
            encoder: "libx264",
            preset: "ultrafast",
            tone: 440,
            sample_rate: 48_000,
        }
    }

    /// The colour by which it is known on a viewer's screen.
    #[must_use]
    pub const fn colour(&self) -> Option<Colour> {
        match self.picture {
            Picture::Plain(colour) => Some(colour),
            Picture::Clock(_) => None,
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
            "{:?}-{}s-{}x{}-{}fps-gop{}-bf{}-{}-{}-{}-{}hz-{}",
            self.picture,
            self.seconds,
            self.size.0,
            self.size.1,
            self.fps,
            self.gop,
            self.b_frames,
            self.profile,
            self.encoder,
            self.preset,
            self.tone,
            self.sample_rate
        )
    }

    fn encode(&self, path: &Path, format: &str) -> Result<()> {
        let gop = self.gop.to_string();
        let [picture, overlay, graph] = self.drawing();
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-y", "-f", "lavfi", "-i", &picture]);
        ffmpeg.args(["-f", "lavfi", "-i", &overlay]);
        if self.tone > 0 {
            let tone = format!("sine=frequency={}:sample_rate={}", self.tone, self.sample_rate);
            ffmpeg.args(["-f", "lavfi", "-i", &tone, "-map", "2:a"]);
            ffmpeg.args(["-c:a", "aac", "-ac", "2", "-b:a", "96k"]);
        }
        ffmpeg.args(["-filter_complex", &graph, "-map", "[v]"]);
        ffmpeg.args(["-t", &self.seconds.to_string(), "-pix_fmt", "yuv420p"]);
        ffmpeg.args(["-c:v", self.encoder, "-preset", self.preset, "-b:v", "600k"]);
        ffmpeg.args(["-g", &gop, "-keyint_min", &gop]);
        ffmpeg.args(["-sc_threshold", "0", "-bf", &self.b_frames.to_string()]);
        if self.encoder == "libx264" {
            ffmpeg.args(["-profile:v", self.profile]);
        }
        ffmpeg.args(["-f", format]).arg(path);
        let status = ffmpeg.status()?;
        ensure!(status.success(), "ffmpeg could not make {}: {status}", path.display());
        Ok(())
    }

    /// Two sources for ffmpeg and the filter that makes `[v]` of them.
    fn drawing(&self) -> [String; 3] {
        let ((width, height), fps) = (self.size, self.fps);
        match self.picture {
            // A white bar that crosses the upper edge in four seconds: something moves, the middle does not.
            Picture::Plain(colour) => [
                format!("color=c={}:s={width}x{height}:r={fps}", colour.ffmpeg()),
                format!("color=c=white:s=8x40:r={fps}"),
                format!("[0][1]overlay=x=mod(n*{width}/{}\\,{width}):y=0[v]", fps * 4),
            ],
            Picture::Clock(number) => [
                format!("testsrc2=s={width}x{height}:r={fps}"),
                strip::source(number, fps),
                format!(
                    "[1]scale={width}:{0}:flags=neighbor[s];[0][s]overlay=x=0:y=H-{0}[v]",
                    strip::HEIGHT
                ),
            ],
        }
    }
}

/// Where clips are kept between runs.
fn folder() -> PathBuf {
    std::env::temp_dir().join("genlock-clips")
}
