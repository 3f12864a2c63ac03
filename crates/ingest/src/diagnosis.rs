//! From measures to issues: the thresholds. Looked at about once a second; pure.

use std::time::Duration;

use genlock_media::{AudioCodec, AudioConfig, Chroma, EventTime, VideoCodec, VideoConfig};

use crate::issue::IssueType;
use crate::issue_log::IssueLog;

/// How long a session must run before its rates and what it lacks are judged.
const SETTLES_AFTER: Duration = Duration::from_secs(6);
/// How long a track may be silent before it counts as not there.
const TRACK_MISSING_AFTER: Duration = Duration::from_secs(3);
/// By how much a group of pictures may exceed what is wanted: timestamps are rounded.
const GOP_TOLERANCE: Duration = Duration::from_millis(100);
/// Groups of pictures shorter than this cost quality.
const GOP_SHORT: Duration = Duration::from_millis(500);
/// Share of the pictures that must arrive.
const STARVED_BELOW: f64 = 0.85;
/// Seconds of media that may come in a second.
const FASTER_ABOVE: f64 = 1.2;
/// Highest rate that all screens and most decoders take, with room for measuring.
const FRAME_RATE_MAX: f64 = 61.0;
/// Bits for each pixel of each picture below which H.264 is blocky: 0.6 Mb/s at 1080p30.
const BITS_PER_PIXEL_LOW: f64 = 0.01;
/// Bits per second of a camera above which many connections cannot follow: YouTube asks for less than
/// 20 Mb/s up to 1440p60.
const BITRATE_HIGH: u64 = 20_000_000;
/// Bits per second and channel of AAC.
const AUDIO_BITRATE_LOW: u64 = 24_000;
const AUDIO_BITRATE_HIGH: u64 = 256_000;
/// Unsteadiness beyond which a player's hold-back of three parts is used up: 0.6 of 1.5 s.
const JITTER_MAX: Duration = Duration::from_millis(900);

/// The measures of a session at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measures<'a> {
    /// When the session's first sample came.
    pub(crate) started: EventTime,
    pub(crate) video: Option<VideoMeasures<'a>>,
    pub(crate) audio: Option<AudioMeasures<'a>>,
    pub(crate) jitter: Duration,
    /// The longest group of pictures that is wanted.
    pub(crate) gop_long: Duration,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct VideoMeasures<'a> {
    pub(crate) config: &'a VideoConfig,
    pub(crate) last_arrival: EventTime,
    /// What the encoder makes, in pictures per second.
    pub(crate) frame_rate: Option<f64>,
    /// What arrives, in pictures per second of arrival.
    pub(crate) arriving: f64,
    /// Seconds of media per second of arrival.
    pub(crate) speed: f64,
    pub(crate) bits_per_second: u64,
    /// The longest and the shortest of the last groups of pictures.
    pub(crate) gop_max: Option<Duration>,
    /// How long the open group of pictures is.
    pub(crate) gop_open: Duration,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct AudioMeasures<'a> {
    pub(crate) config: &'a AudioConfig,
    pub(crate) last_arrival: EventTime,
    pub(crate) bits_per_second: u64,
}

/// Takes note of all that the measures say.
pub(crate) fn diagnose(now: EventTime, measures: &Measures<'_>, log: &mut IssueLog) {
    let settled = now.saturating_since(measures.started) >= SETTLES_AFTER;
    if let Some(video) = &measures.video {
        pictures(now, video.config, log);
        gop(now, video, measures.gop_long, log);
        if settled {
            video_rates(now, video, log);
        }
    }
    if let Some(audio) = &measures.audio {
        sound(now, audio.config, log);
        if settled {
            audio_rates(now, audio, log);
        }
    }
    if settled {
        missing(now, measures, log);
    }
    let unsteady = (measures.jitter > JITTER_MAX)
        .then(|| format!("Arrival is unsteady by {:.1} s.", measures.jitter.as_secs_f64()));
    log.observe(now, IssueType::ArrivalJitter, unsteady);
}

fn pictures(now: EventTime, config: &VideoConfig, log: &mut IssueLog) {
    let Some(format) = config.picture_format() else { return };
    let interlaced = format.interlaced.then(|| "The pictures may be interlaced.".to_owned());
    log.observe(now, IssueType::InterlacedVideo, interlaced);
    let common = match config.codec {
        VideoCodec::Avc => format.chroma == Chroma::Half && format.bit_depth == 8,
        VideoCodec::Hevc | VideoCodec::Av1 => {
            format.chroma == Chroma::Half && format.bit_depth <= 10
        }
    };
    let uncommon = (!common).then(|| format!("The pictures are {format}."));
    log.observe(now, IssueType::VideoPixelFormat, uncommon);
}

fn gop(now: EventTime, video: &VideoMeasures<'_>, wanted: Duration, log: &mut IssueLog) {
    let longest = video.gop_max.unwrap_or_default().max(video.gop_open);
    let long = (longest > wanted + GOP_TOLERANCE)
        .then(|| format!("Key frames are {:.1} s apart.", longest.as_secs_f64()));
    log.observe(now, IssueType::GopSizeLong, long);
    let short = video
        .gop_max
        .filter(|gop| gop.max(&video.gop_open) < &GOP_SHORT)
        .map(|gop| format!("Key frames are {:.2} s apart.", gop.as_secs_f64()));
    log.observe(now, IssueType::GopSizeShort, short);
}

#[expect(clippy::cast_precision_loss, reason = "rates for people")]
fn video_rates(now: EventTime, video: &VideoMeasures<'_>, log: &mut IssueLog) {
    let rate = video.frame_rate.unwrap_or_default();
    let high = (rate > FRAME_RATE_MAX).then(|| format!("{rate:.0} pictures a second come."));
    log.observe(now, IssueType::FrameRateHigh, high);
    let starved = (video.arriving < rate * STARVED_BELOW)
        .then(|| format!("{:.0} of {rate:.0} pictures a second arrive.", video.arriving));
    let complete = starved.is_none();
    log.observe(now, IssueType::VideoIngestionStarved, starved);
    let faster = (video.speed > FASTER_ABOVE)
        .then(|| format!("{:.1} s of video come in each second.", video.speed));
    log.observe(now, IssueType::VideoIngestionFasterThanRealtime, faster);

    let megabits = video.bits_per_second as f64 / 1e6;
    let pixels = f64::from(video.config.width) * f64::from(video.config.height) * rate;
    let bits = video.bits_per_second as f64;
    let low = (complete && bits < pixels * BITS_PER_PIXEL_LOW).then(|| {
        let VideoConfig { width, height, .. } = video.config;
        format!("{megabits:.1} Mb/s for {width}x{height} at {rate:.0} fps.")
    });
    log.observe(now, IssueType::BitrateLow, low);
    let high = (video.bits_per_second > BITRATE_HIGH).then(|| format!("{megabits:.0} Mb/s."));
    log.observe(now, IssueType::BitrateHigh, high);
}

fn sound(now: EventTime, config: &AudioConfig, log: &mut IssueLog) {
    // The configuration of HE-AAC counts at half the rate that is heard.
    let rate = config.timescale.get();
    let is_lc = config.codec != AudioCodec::Aac || config.codec_string == "mp4a.40.2";
    let unusual = (is_lc && !matches!(rate, 44_100 | 48_000))
        .then(|| format!("The sound has {} kHz.", f64::from(rate) / 1000.0));
    log.observe(now, IssueType::AudioSampleRate, unusual);
    let many =
        (config.channels > 2).then(|| format!("The sound has {} channels.", config.channels));
    log.observe(now, IssueType::AudioTooManyChannels, many);
}

fn audio_rates(now: EventTime, audio: &AudioMeasures<'_>, log: &mut IssueLog) {
    let channels = u64::from(audio.config.channels);
    let aac = audio.config.codec == AudioCodec::Aac;
    let kilobits = || format!("{} kb/s of sound.", audio.bits_per_second / 1000);
    let low = aac && audio.bits_per_second < AUDIO_BITRATE_LOW * channels;
    log.observe(now, IssueType::AudioBitrateLow, low.then(kilobits));
    let high = audio.bits_per_second > AUDIO_BITRATE_HIGH * channels;
    log.observe(now, IssueType::AudioBitrateHigh, high.then(kilobits));
}

fn missing(now: EventTime, measures: &Measures<'_>, log: &mut IssueLog) {
    let gone = |last: EventTime| now.saturating_since(last) >= TRACK_MISSING_AFTER;
    let silent = measures.audio.is_none_or(|audio| gone(audio.last_arrival))
        && !log.has(now, IssueType::AudioCodec)
        && !log.has(now, IssueType::NoAudioHeader);
    log.observe(now, IssueType::NoAudioStream, silent.then(|| "No sound comes.".to_owned()));
    let dark = measures.video.is_none_or(|video| gone(video.last_arrival));
    log.observe(now, IssueType::NoVideoStream, dark.then(|| "No picture comes.".to_owned()));
}
