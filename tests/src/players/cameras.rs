//! The cameras of a run.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::api::Api;
use crate::clip::{Colour, Picture};
use crate::{Camera, Clip};

/// Which cameras there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// Another encoder setting, size, frame rate and depth of B-frames each.
    Unlike,
    /// Three times the same.
    Equal,
}

impl Set {
    /// The name on the command line and in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unlike => "unlike",
            Self::Equal => "equal",
        }
    }

    fn clips(self, seconds: u32) -> [Clip; 3] {
        let clip = |number| Clip {
            picture: Picture::Clock(number),
            seconds,
            gop: 60,
            b_frames: 3,
            preset: "veryfast",
            tone: 300 + 200 * u32::from(number),
            ..Clip::new(Colour::Red)
        };
        match self {
            Self::Equal => [clip(0), clip(1), clip(2)],
            Self::Unlike => [
                // High, CABAC, a pyramid of three B-frames.
                clip(0),
                Clip {
                    size: (480, 270),
                    fps: 25,
                    gop: 50,
                    b_frames: 0,
                    profile: "baseline",
                    ..clip(1)
                },
                Clip { size: (854, 480), b_frames: 1, profile: "main", ..clip(2) },
            ],
        }
    }
}

/// A camera that publishes.
#[derive(Debug)]
pub struct OnSite {
    /// Its id on the server.
    pub id: String,
    /// When its clip began, wall clock ms, to about 50 ms: when ffmpeg was started.
    pub clip_began_ms: f64,
    _publisher: Camera,
}

/// Between two cameras' starts, so that their sync samples do not coincide.
const STAGGER: Duration = Duration::from_millis(700);

/// Makes the cameras of `set` in `event` and lets them publish for at most `seconds`; the first is on air.
///
/// # Errors
/// When a clip cannot be made or a camera does not go live.
pub fn start(api: &Api, event: &str, set: Set, seconds: u32) -> Result<Vec<OnSite>> {
    // All clips first: none is to run out because another is still being made.
    let clips = set.clips(seconds);
    for clip in &clips {
        clip.file("flv")?;
    }
    let mut cameras = Vec::new();
    for clip in &clips {
        let made = api.create_camera(event, &format!("{:?}", clip.picture))?;
        let clip_began_ms = now_ms()?;
        let publisher = Camera::publish(clip, &made.publish_url)?;
        api.wait_status(event, &made.id, "live")?;
        cameras.push(OnSite { id: made.id, clip_began_ms, _publisher: publisher });
        std::thread::sleep(STAGGER);
    }
    let first = cameras.first().context("a set has cameras")?;
    api.wait_active(event, &first.id)?;
    Ok(cameras)
}

/// The wall clock in ms.
///
/// # Errors
/// When it shows a time before 1970.
pub fn now_ms() -> Result<f64> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs_f64() * 1000.0)
}
