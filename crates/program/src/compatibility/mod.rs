//! How well a camera fits the programme, or another camera: what a cut from the one to the other costs,
//! what differs, and which setting of the encoder to change.
//!
//! Pure: two descriptions in, a verdict out. What a cut costs is `discontinuity`, which the planner asks
//! too, so a forecast and a verdict never disagree: the verdict only adds the reasons. Every difference
//! says what it costs by itself, and the dearest one costs what the cut costs.
//!
//! | differs | a cut costs |
//! |---|---|
//! | nothing in the configuration's bytes | nothing |
//! | parameters of the same video codec | a tag in the strict dialect |
//! | the video codec, or anything in the sound's configuration | a tag in every dialect |
//! | frame rate, B-frames, GOP alone | nothing in the playlists; motion, or the wait for the cut |

mod differences;
mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use genlock_media::{AudioCodec, TrackConfig, TrackKind, VideoCodec};

use crate::event::Discontinuity;

pub use differences::{Difference, Field, Severity};

/// What a camera or the programme sends, as far as a cut depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StreamView<'a> {
    /// A publisher is there.
    pub live: bool,
    /// Video configuration, `None` before the first picture.
    pub video: Option<&'a TrackConfig>,
    /// Audio configuration, `None` without sound.
    pub audio: Option<&'a TrackConfig>,
    /// What its timestamps show.
    pub cadence: Cadence,
}

/// What a stream's timestamps show.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cadence {
    /// Pictures per second.
    pub frames_per_second: Option<f64>,
    /// How many pictures come before one that is shown earlier than they are.
    pub reorder_frames: Option<u8>,
    /// Length of the longest of the last groups of pictures.
    pub gop: Option<Duration>,
}

/// What a cut would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// No player notices: no dialect has a tag.
    Seamless,
    /// The pictures' parameters or codec change: players that are told may blink.
    Discontinuity,
    /// The sound's configuration changes, whatever the pictures do: all players start their decoders anew.
    AudioChange,
    /// A take is refused.
    NotPossible,
}

/// Why a take is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Obstacle {
    /// Nobody publishes to the camera.
    NotLive,
    /// The camera publishes, but no picture has come.
    NoPicture,
}

impl Obstacle {
    /// A sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotLive => "Nobody publishes to this camera.",
            Self::NoPicture => "The camera publishes, but no picture has come.",
        }
    }
}

/// How well a camera fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compatibility {
    /// What a cut would be.
    pub verdict: Verdict,
    /// Why it is not possible.
    pub obstacle: Option<Obstacle>,
    /// What it costs in the playlists; [`Discontinuity::None`] where it is not possible.
    pub discontinuity: Discontinuity,
    /// What differs, in the order of [`Field::ALL`].
    pub differences: Vec<Difference>,
    /// Its groups of pictures are longer than wanted, whatever they are compared with.
    pub gop_too_long: bool,
    /// Tracks of the camera that the MPEG-TS flavour does not carry: it is H.264 with AAC.
    pub lost_in_ts: Vec<TrackKind>,
}

/// Compares `camera` with what is on air before it. `gop_wanted` is the longest group of pictures that is
/// not worth a word.
///
/// Where `program` has no configuration yet there is nothing to differ from.
#[must_use]
pub fn compare(
    program: &StreamView<'_>,
    camera: &StreamView<'_>,
    gop_wanted: Duration,
) -> Compatibility {
    let obstacle = match camera {
        StreamView { live: false, .. } => Some(Obstacle::NotLive),
        StreamView { video: None, .. } => Some(Obstacle::NoPicture),
        _ => None,
    };
    let differences = differences::between(program, camera, gop_wanted);
    let discontinuity = match obstacle {
        Some(_) => Discontinuity::None,
        None => discontinuity((program.video, program.audio), (camera.video, camera.audio)),
    };
    let audio_changes = differences
        .iter()
        .any(|difference| difference.field.is_audio() && difference.cost != Discontinuity::None);
    let verdict = match (obstacle, discontinuity) {
        (Some(_), _) => Verdict::NotPossible,
        (None, Discontinuity::None) => Verdict::Seamless,
        (None, _) if audio_changes => Verdict::AudioChange,
        (None, _) => Verdict::Discontinuity,
    };
    Compatibility {
        verdict,
        obstacle,
        discontinuity,
        differences,
        gop_too_long: camera.cadence.gop.is_some_and(|gop| differences::too_long(gop, gop_wanted)),
        lost_in_ts: lost_in_ts(camera),
    }
}

/// Video and audio configuration of a stream.
pub(crate) type Tracks<'a> = (Option<&'a TrackConfig>, Option<&'a TrackConfig>);

/// What cutting from the programme's configuration to the target's costs. A target without sound gets
/// silence in the programme's own configuration, which costs nothing.
pub(crate) fn discontinuity(program: Tracks<'_>, target: Tracks<'_>) -> Discontinuity {
    let video = match (program.0, target.0) {
        (Some(TrackConfig::Video(old)), Some(TrackConfig::Video(new))) if old != new => {
            if old.codec == new.codec { Discontinuity::Parameters } else { Discontinuity::Codec }
        }
        _ => Discontinuity::None,
    };
    let audio = match (program.1, target.1) {
        (Some(old), Some(new)) if old != new => Discontinuity::Codec,
        _ => Discontinuity::None,
    };
    video.max(audio)
}

fn lost_in_ts(camera: &StreamView<'_>) -> Vec<TrackKind> {
    let video = camera.video.and_then(TrackConfig::as_video);
    let audio = camera.audio.and_then(TrackConfig::as_audio);
    let lost = [
        (TrackKind::Video, video.is_some_and(|video| video.codec != VideoCodec::Avc)),
        (TrackKind::Audio, audio.is_some_and(|audio| audio.codec != AudioCodec::Aac)),
    ];
    lost.into_iter().filter(|(_, lost)| *lost).map(|(kind, _)| kind).collect()
}
