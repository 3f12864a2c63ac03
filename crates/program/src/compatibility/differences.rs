//! What differs between two streams, field by field.

use std::time::Duration;

use genlock_media::{AudioCodec, AudioConfig, PictureFormat, TrackConfig, VideoConfig};

use super::{StreamView, settings};
use crate::event::Discontinuity;

/// Frame rates nearer to each other than this count as one: 3 %, below the step from 24 to 25 and above
/// what a phone's clock and a lost picture make of 30.
const FRAME_RATE_TOLERANCE: f64 = 0.03;

/// Groups of pictures whose lengths differ by less than this factor count as equal.
const GOP_TOLERANCE: f64 = 1.25;

/// What rounded timestamps may add to a group of pictures.
const GOP_ROUNDING: Duration = Duration::from_millis(100);

/// Something in which two streams can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named by what they are")]
pub enum Field {
    VideoCodec,
    Resolution,
    FrameRate,
    PixelFormat,
    Scan,
    VideoProfile,
    BFrames,
    Gop,
    VideoParameters,
    AudioCodec,
    AudioProfile,
    SampleRate,
    Channels,
    AudioParameters,
}

/// How much something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nobody notices, or only who switches.
    Info,
    /// Viewers may notice.
    Warning,
    /// Viewers notice.
    Error,
}

/// A field in which a camera differs from what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub field: Field,
    /// What this alone makes a cut cost.
    pub cost: Discontinuity,
    /// What the camera would have to send.
    pub expected: String,
    /// What it sends.
    pub got: String,
    /// The setting of its encoder to change, in OBS's words.
    pub setting: String,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::VideoCodec,
        Self::Resolution,
        Self::FrameRate,
        Self::PixelFormat,
        Self::Scan,
        Self::VideoProfile,
        Self::BFrames,
        Self::Gop,
        Self::VideoParameters,
        Self::AudioCodec,
        Self::AudioProfile,
        Self::SampleRate,
        Self::Channels,
        Self::AudioParameters,
    ];

    /// The stable name for interfaces.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VideoCodec => "video_codec",
            Self::Resolution => "resolution",
            Self::FrameRate => "frame_rate",
            Self::PixelFormat => "pixel_format",
            Self::Scan => "scan",
            Self::VideoProfile => "video_profile",
            Self::BFrames => "b_frames",
            Self::Gop => "gop",
            Self::VideoParameters => "video_parameters",
            Self::AudioCodec => "audio_codec",
            Self::AudioProfile => "audio_profile",
            Self::SampleRate => "sample_rate",
            Self::Channels => "channels",
            Self::AudioParameters => "audio_parameters",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::VideoCodec => "Video codec",
            Self::Resolution => "Size",
            Self::FrameRate => "Frame rate",
            Self::PixelFormat => "Pixels",
            Self::Scan => "Scan",
            Self::VideoProfile => "Video profile",
            Self::BFrames => "B-frames",
            Self::Gop => "Key frame interval",
            Self::VideoParameters => "Encoder's parameters",
            Self::AudioCodec => "Sound's codec",
            Self::AudioProfile => "Sound's profile",
            Self::SampleRate => "Sound's sample rate",
            Self::Channels => "Sound's channels",
            Self::AudioParameters => "Sound's configuration",
        }
    }

    /// Where its setting is in OBS; the setting of a [`Difference`] goes on with the value.
    #[must_use]
    pub const fn setting_path(self) -> &'static str {
        match self {
            Self::VideoCodec => "Settings > Output > Streaming > Video Encoder",
            Self::Resolution => "Settings > Video > Output (Scaled) Resolution",
            Self::FrameRate => "Settings > Video > Common FPS Values",
            Self::PixelFormat => "Settings > Advanced > Color Format",
            Self::Scan => "Encoder",
            Self::VideoProfile | Self::VideoParameters => "Settings > Output > Streaming",
            Self::BFrames => "Settings > Output > Streaming > B-Frames",
            Self::Gop => "Settings > Output > Streaming > Keyframe Interval",
            Self::AudioCodec | Self::AudioParameters => {
                "Settings > Output > Streaming > Audio Encoder"
            }
            Self::AudioProfile => "Settings > Output > Audio > Audio Bitrate",
            Self::SampleRate => "Settings > Audio > Sample Rate",
            Self::Channels => "Settings > Audio > Channels",
        }
    }

    /// The type of health issue that this difference is, in the vocabulary of YouTube's
    /// `configurationIssues` where that has a word.
    #[must_use]
    pub const fn issue_type(self) -> &'static str {
        match self {
            Self::VideoCodec => "videoCodecMismatch",
            Self::Resolution => "resolutionMismatch",
            Self::FrameRate => "framerateMismatch",
            Self::PixelFormat => "pixelFormatMismatch",
            Self::Scan => "videoInterlaceMismatch",
            Self::VideoProfile => "videoProfileMismatch",
            Self::BFrames => "bFramesMismatch",
            Self::Gop => "gopMismatch",
            Self::VideoParameters => "videoParametersMismatch",
            Self::AudioCodec => "audioCodecMismatch",
            Self::AudioProfile => "audioProfileMismatch",
            Self::SampleRate => "audioSampleRateMismatch",
            Self::Channels => "audioStereoMismatch",
            Self::AudioParameters => "audioParametersMismatch",
        }
    }

    /// How much it matters.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::VideoCodec | Self::AudioCodec => Severity::Error,
            Self::BFrames | Self::Gop | Self::VideoProfile | Self::VideoParameters => {
                Severity::Info
            }
            _ => Severity::Warning,
        }
    }

    /// What it means for viewers, in a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::VideoCodec => "Every cut to this camera starts the players' decoders anew.",
            Self::Resolution => "Some players blink at the cut.",
            Self::FrameRate => "Motion may judder after a cut.",
            Self::PixelFormat => {
                "Some players blink at the cut, and some cannot show one of the two."
            }
            Self::Scan => "Moving edges look different after a cut.",
            Self::VideoProfile => "Some players blink at the cut.",
            Self::BFrames => "Nothing that viewers see: the programme levels it out.",
            Self::Gop => "A clean cut waits longer for one camera than for the other.",
            Self::VideoParameters => "Some players blink at the cut.",
            Self::AudioCodec | Self::AudioProfile | Self::AudioParameters => {
                "All players start their decoders anew when the sound follows the picture."
            }
            Self::SampleRate => "Sound clicks when it follows the picture.",
            Self::Channels => "Sound jumps between the speakers when it follows the picture.",
        }
    }

    /// Whether the sound differs, not the pictures.
    #[must_use]
    pub const fn is_audio(self) -> bool {
        matches!(
            self,
            Self::AudioCodec
                | Self::AudioProfile
                | Self::SampleRate
                | Self::Channels
                | Self::AudioParameters
        )
    }
}

impl Difference {
    /// What differs and what that means, for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { field, expected, got, .. } = self;
        let (label, meaning) = (field.label(), field.meaning());
        format!("{label}: {got}; the programme has {expected}. {meaning}")
    }
}

pub(super) fn between(
    program: &StreamView<'_>,
    camera: &StreamView<'_>,
    gop_wanted: Duration,
) -> Vec<Difference> {
    let video = |stream: &StreamView<'_>| stream.video.and_then(TrackConfig::as_video).cloned();
    let audio = |stream: &StreamView<'_>| stream.audio.and_then(TrackConfig::as_audio).cloned();
    let mut found = Found(Vec::new());
    if let (Some(old), Some(new)) = (video(program), video(camera)) {
        if old.codec == new.codec {
            found.pictures(program, camera, &old, &new);
        } else {
            let (expected, got) =
                (settings::codec_name(old.codec), settings::codec_name(new.codec));
            let setting = settings::video_encoder(old.codec);
            found.add(Field::VideoCodec, Discontinuity::Codec, (expected, got), setting);
        }
    }
    found.gop(program, camera, gop_wanted);
    if let (Some(old), Some(new)) = (audio(program), audio(camera)) {
        found.sound(&old, &new);
    }
    found.0.sort_by_key(|difference| Field::ALL.iter().position(|f| *f == difference.field));
    found.0
}

struct Found(Vec<Difference>);

impl Found {
    fn add(
        &mut self,
        field: Field,
        cost: Discontinuity,
        (expected, got): (impl ToString, impl ToString),
        setting: String,
    ) {
        let (expected, got) = (expected.to_string(), got.to_string());
        self.0.push(Difference { field, cost, expected, got, setting });
    }

    /// Two configurations of the same codec.
    fn pictures(
        &mut self,
        program: &StreamView<'_>,
        camera: &StreamView<'_>,
        old: &VideoConfig,
        new: &VideoConfig,
    ) {
        const PARAMETERS: Discontinuity = Discontinuity::Parameters;
        if (old.width, old.height) != (new.width, new.height) {
            let text = |config: &VideoConfig| format!("{}x{}", config.width, config.height);
            let setting = settings::resolution(old.width, old.height);
            self.add(Field::Resolution, PARAMETERS, (text(old), text(new)), setting);
        }
        self.frame_rate(program, camera, old.frame_rate_hint != new.frame_rate_hint);
        if let (Some(before), Some(after)) = (old.picture_format(), new.picture_format()) {
            self.format(&before, &after);
        }
        self.b_frames(program, camera, old, new);
        let named = self.0.iter().any(|difference| difference.cost == PARAMETERS);
        if old != new && !named {
            let setting = settings::same_video_encoder();
            let words = ("its own parameter sets", "others");
            self.add(Field::VideoParameters, PARAMETERS, words, setting);
        }
    }

    fn frame_rate(&mut self, program: &StreamView<'_>, camera: &StreamView<'_>, written: bool) {
        let rates = (program.cadence.frames_per_second, camera.cadence.frames_per_second);
        let (Some(old), Some(new)) = rates else { return };
        if old <= 0.0 || (old - new).abs() <= old * FRAME_RATE_TOLERANCE {
            return;
        }
        let cost = if written { Discontinuity::Parameters } else { Discontinuity::None };
        let names = (settings::frame_rate_name(old), settings::frame_rate_name(new));
        self.add(Field::FrameRate, cost, names, settings::frame_rate(old));
    }

    fn format(&mut self, old: &PictureFormat, new: &PictureFormat) {
        const PARAMETERS: Discontinuity = Discontinuity::Parameters;
        if (old.chroma, old.bit_depth) != (new.chroma, new.bit_depth) {
            self.add(Field::PixelFormat, PARAMETERS, (old, new), settings::color_format(old));
        }
        if old.interlaced != new.interlaced {
            let text = |interlaced| if interlaced { "interlaced" } else { "progressive" };
            let words = (text(old.interlaced), text(new.interlaced));
            self.add(Field::Scan, PARAMETERS, words, settings::scan(old.interlaced));
        }
        // A level follows from size and rate; where those differ already it is not worth a word.
        let level_differs = old.level != new.level && self.0.is_empty();
        if old.profile != new.profile || level_differs {
            let text = |format: &PictureFormat| format!("{} {}", format.profile, format.level);
            let setting = if old.profile == new.profile {
                settings::level(old)
            } else {
                settings::profile(old)
            };
            self.add(Field::VideoProfile, PARAMETERS, (text(old), text(new)), setting);
        }
    }

    fn b_frames(
        &mut self,
        program: &StreamView<'_>,
        camera: &StreamView<'_>,
        old: &VideoConfig,
        new: &VideoConfig,
    ) {
        let depth = |config: &VideoConfig, stream: &StreamView<'_>| {
            config.max_reorder_frames.or(stream.cadence.reorder_frames)
        };
        let (Some(before), Some(after)) = (depth(old, program), depth(new, camera)) else { return };
        if before == after {
            return;
        }
        let written = old.max_reorder_frames != new.max_reorder_frames && old != new;
        let cost = if written { Discontinuity::Parameters } else { Discontinuity::None };
        let text = |depth: u8| match depth {
            0 => "none".to_owned(),
            depth => format!("{depth} deep"),
        };
        self.add(Field::BFrames, cost, (text(before), text(after)), settings::b_frames(before));
    }

    /// A camera's group of pictures is too long, or another length than the programme's.
    fn gop(&mut self, program: &StreamView<'_>, camera: &StreamView<'_>, wanted: Duration) {
        let Some(got) = camera.cadence.gop else { return };
        let seconds = |gop: Duration| format!("{:.1} s", gop.as_secs_f64());
        let (expected, aim) = match program.cadence.gop {
            Some(gop) if !too_long(gop, wanted) && differ(gop, got) => (seconds(gop), gop),
            _ if too_long(got, wanted) => (format!("at most {}", seconds(wanted)), wanted),
            _ => return,
        };
        let setting = settings::keyframe_interval(aim);
        self.add(Field::Gop, Discontinuity::None, (expected, seconds(got)), setting);
    }

    fn sound(&mut self, old: &AudioConfig, new: &AudioConfig) {
        const CODEC: Discontinuity = Discontinuity::Codec;
        if old == new {
            return;
        }
        if old.codec != new.codec {
            let words =
                (settings::audio_codec_name(old.codec), settings::audio_codec_name(new.codec));
            self.add(Field::AudioCodec, CODEC, words, settings::audio_encoder(old.codec));
        } else if old.codec == AudioCodec::Aac && old.codec_string != new.codec_string {
            let words = (settings::aac_profile(old), settings::aac_profile(new));
            self.add(Field::AudioProfile, CODEC, words, settings::aac_tools(words.0));
        }
        let (rate, other_rate) = (old.timescale.get(), new.timescale.get());
        if rate != other_rate {
            let words = (settings::kilohertz(rate), settings::kilohertz(other_rate));
            self.add(Field::SampleRate, CODEC, words, settings::sample_rate(rate));
        }
        if old.channels != new.channels {
            let words =
                (settings::channels_name(old.channels), settings::channels_name(new.channels));
            self.add(Field::Channels, CODEC, words, settings::channels(old.channels));
        }
        if !self.0.iter().any(|difference| difference.field.is_audio()) {
            let words = ("its own", "another");
            self.add(Field::AudioParameters, CODEC, words, settings::audio_encoder(old.codec));
        }
    }
}

/// Whether a group of pictures is longer than wanted, by more than the rounding of timestamps.
pub(super) fn too_long(gop: Duration, wanted: Duration) -> bool {
    gop > wanted + GOP_ROUNDING
}

fn differ(a: Duration, b: Duration) -> bool {
    let (a, b) = (a.as_secs_f64(), b.as_secs_f64());
    a.max(b) > a.min(b) * GOP_TOLERANCE
}
