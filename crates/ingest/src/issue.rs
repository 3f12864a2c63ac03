//! What can be wrong with a camera's input: types, their severity, meaning and remedy.
//!
//! The types carry the names of YouTube's `liveStream.status.healthStatus.configurationIssues` where
//! that vocabulary has one, because the operators of live events know it; the rest are our own.
//! `docs/health.md` is this table for people, and a test holds the two together.

use genlock_media::EventTime;

/// Something about a camera that should be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What it is.
    pub kind: IssueType,
    /// The particulars and what they mean, for people.
    pub sentence: String,
    /// When it began.
    pub since: EventTime,
}

/// How much an issue matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Viewers or whoever switches may notice.
    Warning,
    /// Something is missing or unusable.
    Error,
}

/// Types of issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum IssueType {
    /// Sync samples are further apart than a cut should wait.
    GopSizeLong,
    /// Sync samples come so often that they cost quality.
    GopSizeShort,
    /// No sync sample came for so long that video is dropped until the next.
    GopSizeOver,
    /// Pictures before a key frame in output order refer to what was before it.
    OpenGop,
    /// More pictures a second than most screens and decoders take.
    FrameRateHigh,
    /// The pictures may be fields.
    InterlacedVideo,
    /// Chroma or bit depth that browsers and phones do not decode.
    VideoPixelFormat,
    /// Too few bits for the size and rate of the picture.
    BitrateLow,
    /// More bits than many viewers can load.
    BitrateHigh,
    /// The video codec is not carried: the publish was refused.
    VideoCodec,
    /// There is no picture.
    NoVideoStream,
    /// Video comes without the header that tells how to decode it.
    NoVideoHeader,
    /// Several video tracks; the first is used.
    MultipleVideoStreams,
    /// Fewer pictures arrive than the encoder makes.
    VideoIngestionStarved,
    /// Media comes faster than it plays.
    VideoIngestionFasterThanRealtime,
    /// The audio codec is not carried: the camera has no sound.
    AudioCodec,
    /// A sample rate that not all players take.
    AudioSampleRate,
    /// More channels than two.
    AudioTooManyChannels,
    /// Few bits of sound.
    AudioBitrateLow,
    /// More bits of sound than anybody hears.
    AudioBitrateHigh,
    /// There is no sound.
    NoAudioStream,
    /// Audio comes without the header that tells how to decode it.
    NoAudioHeader,
    /// Several audio tracks; the first is used.
    MultipleAudioStreams,
    /// Timestamps jumped.
    TimestampJump,
    /// Timestamps repeated or went back a little.
    TimestampNotMonotonic,
    /// The delay of the connection changed for good by over a second.
    DelayShift,
    /// The delay of the connection varies by more than players are ahead.
    ArrivalJitter,
    /// Access units could not be used.
    MediaDropped,
    /// The configuration changed while publishing.
    ConfigurationChanged,
    /// Tags could not be read.
    MalformedData,
}

/// What is the same for all issues of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The stable name for interfaces.
    pub name: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it means for the show.
    pub meaning: &'static str,
    /// The setting of the encoder to change, in OBS's words where OBS has it.
    pub setting: &'static str,
}

impl IssueType {
    /// All of them.
    pub const ALL: [Self; 30] = [
        Self::GopSizeLong,
        Self::GopSizeShort,
        Self::GopSizeOver,
        Self::OpenGop,
        Self::FrameRateHigh,
        Self::InterlacedVideo,
        Self::VideoPixelFormat,
        Self::BitrateLow,
        Self::BitrateHigh,
        Self::VideoCodec,
        Self::NoVideoStream,
        Self::NoVideoHeader,
        Self::MultipleVideoStreams,
        Self::VideoIngestionStarved,
        Self::VideoIngestionFasterThanRealtime,
        Self::AudioCodec,
        Self::AudioSampleRate,
        Self::AudioTooManyChannels,
        Self::AudioBitrateLow,
        Self::AudioBitrateHigh,
        Self::NoAudioStream,
        Self::NoAudioHeader,
        Self::MultipleAudioStreams,
        Self::TimestampJump,
        Self::TimestampNotMonotonic,
        Self::DelayShift,
        Self::ArrivalJitter,
        Self::MediaDropped,
        Self::ConfigurationChanged,
        Self::MalformedData,
    ];

    /// Name, severity, meaning and remedy.
    #[must_use]
    pub const fn about(self) -> About {
        match self {
            Self::GopSizeLong
            | Self::GopSizeShort
            | Self::GopSizeOver
            | Self::OpenGop
            | Self::FrameRateHigh
            | Self::InterlacedVideo
            | Self::VideoPixelFormat => self.about_pictures(),
            Self::BitrateLow
            | Self::BitrateHigh
            | Self::VideoCodec
            | Self::NoVideoStream
            | Self::NoVideoHeader
            | Self::MultipleVideoStreams
            | Self::VideoIngestionStarved
            | Self::VideoIngestionFasterThanRealtime => self.about_video(),
            Self::AudioCodec
            | Self::AudioSampleRate
            | Self::AudioTooManyChannels
            | Self::AudioBitrateLow
            | Self::AudioBitrateHigh
            | Self::NoAudioStream
            | Self::NoAudioHeader
            | Self::MultipleAudioStreams => self.about_audio(),
            _ => self.about_delivery(),
        }
    }

    const fn about_pictures(self) -> About {
        let (name, severity, meaning, setting) = match self {
            Self::GopSizeLong => (
                "gopSizeLong",
                Severity::Warning,
                "Clean cuts wait up to that long; instant cuts show a fast-forward.",
                "Settings > Output > Streaming > Keyframe Interval: 2 s",
            ),
            Self::GopSizeShort => (
                "gopSizeShort",
                Severity::Info,
                "Cuts are quick, but key frames cost picture quality.",
                "Settings > Output > Streaming > Keyframe Interval: 1 s or 2 s",
            ),
            Self::GopSizeOver => (
                "gopSizeOver",
                Severity::Error,
                "The camera has no picture until its next key frame.",
                "Settings > Output > Streaming > Keyframe Interval: 2 s",
            ),
            Self::OpenGop => (
                "openGop",
                Severity::Warning,
                "Cuts wait for a closed key frame, or lose a few pictures after an open one.",
                "Settings > Output > Streaming > x264 Options: open-gop=0",
            ),
            Self::FrameRateHigh => (
                "frameRateHigh",
                Severity::Warning,
                "Phones and televisions may drop pictures.",
                "Settings > Video > Common FPS Values: 60",
            ),
            Self::InterlacedVideo => (
                "interlacedVideo",
                Severity::Warning,
                "Moving edges show combs on screens.",
                "Encoder: progressive scan; in OBS: the source's menu > Deinterlacing: Yadif 2x",
            ),
            _ => (
                "videoPixelFormat",
                Severity::Error,
                "Most browsers and phones show no picture.",
                "Settings > Advanced > Color Format: NV12",
            ),
        };
        About { name, severity, meaning, setting }
    }

    const fn about_video(self) -> About {
        let (name, severity, meaning, setting) = match self {
            Self::BitrateLow => (
                "bitrateLow",
                Severity::Info,
                "The picture may be blocky where it moves.",
                "Settings > Output > Streaming > Bitrate: 4000 Kbps (720p) or 6000 Kbps (1080p)",
            ),
            Self::BitrateHigh => (
                "bitrateHigh",
                Severity::Warning,
                "Viewers load what the camera sends; slow connections stall.",
                "Settings > Output > Streaming > Bitrate: 8000 Kbps or less",
            ),
            Self::VideoCodec => (
                "videoCodec",
                Severity::Error,
                "The camera cannot be used.",
                "Settings > Output > Streaming > Video Encoder: x264",
            ),
            Self::NoVideoStream => (
                "noVideoStream",
                Severity::Error,
                "The camera cannot be taken on air.",
                "OBS: Sources: show a picture; Settings > Output > Streaming > Video Encoder: x264",
            ),
            Self::NoVideoHeader => (
                "noVideoHeader",
                Severity::Error,
                "The pictures cannot be decoded.",
                "Stop and start the encoder: it left out its sequence header",
            ),
            Self::MultipleVideoStreams => (
                "multipleVideoStreams",
                Severity::Info,
                "Only the first is used.",
                "Settings > Stream > Multitrack Video: off",
            ),
            Self::VideoIngestionStarved => (
                "videoIngestionStarved",
                Severity::Error,
                "The network or the encoder loses pictures.",
                "Settings > Output > Streaming > Bitrate: 4000 Kbps or less, or use a cable",
            ),
            _ => (
                "videoIngestionFasterThanRealtime",
                Severity::Warning,
                "A recording that is sent too fast cannot be shown live.",
                "Send in real time (ffmpeg: -re)",
            ),
        };
        About { name, severity, meaning, setting }
    }

    const fn about_audio(self) -> About {
        let (name, severity, meaning, setting) = match self {
            Self::AudioCodec => (
                "audioCodec",
                Severity::Error,
                "The camera has no sound.",
                "Settings > Output > Streaming > Audio Encoder: FFmpeg AAC",
            ),
            Self::AudioSampleRate => (
                "audioSampleRate",
                Severity::Warning,
                "Some players refuse this rate.",
                "Settings > Audio > Sample Rate: 48 kHz",
            ),
            Self::AudioTooManyChannels => (
                "audioTooManyChannels",
                Severity::Warning,
                "Some players refuse it, and cuts to stereo cameras change the sound's format.",
                "Settings > Audio > Channels: Stereo",
            ),
            Self::AudioBitrateLow => (
                "audioBitrateLow",
                Severity::Info,
                "The sound is silent, or dull.",
                "Settings > Output > Audio > Audio Bitrate: 160",
            ),
            Self::AudioBitrateHigh => (
                "audioBitrateHigh",
                Severity::Info,
                "Nobody hears the difference; the picture could have these bits.",
                "Settings > Output > Audio > Audio Bitrate: 160",
            ),
            Self::NoAudioStream => (
                "noAudioStream",
                Severity::Warning,
                "Viewers hear silence when the sound follows the picture.",
                "OBS: Audio Mixer: unmute; Settings > Audio > Global Audio Devices",
            ),
            Self::NoAudioHeader => (
                "noAudioHeader",
                Severity::Error,
                "The camera has no sound.",
                "Stop and start the encoder: it left out its sequence header",
            ),
            _ => (
                "multipleAudioStreams",
                Severity::Info,
                "Only the first is used.",
                "Settings > Output > Streaming > Audio Track: 1",
            ),
        };
        About { name, severity, meaning, setting }
    }

    const fn about_delivery(self) -> About {
        let (name, severity, meaning, setting) = match self {
            Self::TimestampJump => (
                "timestampJump",
                Severity::Warning,
                "A moment of the camera is missing.",
                "Restart the encoder if it happens again",
            ),
            Self::TimestampNotMonotonic => (
                "timestampNotMonotonic",
                Severity::Info,
                "Put right here; motion may be uneven.",
                "Update the encoder if motion judders",
            ),
            Self::DelayShift => (
                "delayShift",
                Severity::Warning,
                "The camera is later than it was; its lip sync holds, its sync with the others was set again.",
                "Use a cable; check the camera's sync offset",
            ),
            Self::ArrivalJitter => (
                "arrivalJitter",
                Severity::Warning,
                "The programme may wait for this camera.",
                "Settings > Output > Streaming > Bitrate: lower, or use a cable",
            ),
            Self::MediaDropped => (
                "mediaDropped",
                Severity::Warning,
                "Pictures or sound are missing.",
                "Restart the encoder if it happens again",
            ),
            Self::ConfigurationChanged => (
                "configurationChanged",
                Severity::Info,
                "Each change may cost the programme a discontinuity.",
                "Keep size and encoder settings while publishing (phones: lock the rotation)",
            ),
            _ => (
                "malformedData",
                Severity::Warning,
                "The encoder or the network damages data.",
                "Update the encoder; use a cable",
            ),
        };
        About { name, severity, meaning, setting }
    }
}
