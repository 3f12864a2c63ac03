//! What an index can tell.

use genlock_media::{AudioConfig, EventTime, VideoConfig};

use crate::name::RecordingId;

/// One record of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The recording begins. First record of every index.
    Began {
        /// When, on the event clock.
        at: EventTime,
        /// The event clock's zero in microseconds since 1970, so that the index alone tells wall time.
        zero_unix_micros: i64,
    },
    /// What follows is in this file.
    File {
        /// Its number, counted from 1.
        number: u32,
    },
    /// An init section, at the place where the file had come to.
    Init(Init),
    /// A fragment.
    Fragment(Fragment),
    /// Something is missing between the fragments before and behind, or another session begins.
    Gap(Gap),
    /// The end of a file was torn, and has been cut off.
    Repaired(Repaired),
    /// Nothing more will be added.
    Ended {
        /// When, on the event clock.
        at: EventTime,
    },
    /// What a re-cut is called.
    Title(String),
    /// A file of this re-cut is one of another recording.
    Origin(Origin),
    /// Bytes of another file that stand in a re-cut's own.
    Borrowed(Borrowed),
    /// What follows is another clip of a re-cut.
    Clip(ClipMark),
}

/// A file of another recording of the event, which stands as one of a re-cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its number in the re-cut.
    pub number: u32,
    /// The recording that it is of.
    pub recording: RecordingId,
    /// Its number there.
    pub file: u32,
}

/// Bytes of another file that stand in a re-cut's own file, so that nothing is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Borrowed {
    /// Where they stand, in bytes of the own file. What is between two of these is in the file itself.
    pub offset: u64,
    /// The file that they are in, by its number in the re-cut.
    pub file: u32,
    /// Where they are there.
    pub from: u64,
    /// How many they are.
    pub bytes: u64,
}

/// A clip of a re-cut, told before its first fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipMark {
    /// What it is called.
    pub name: String,
    /// The recording that it is of.
    pub recording: RecordingId,
    /// How much later than in its recording everything is shown, in ticks of 90 kHz.
    pub shift_90k: i64,
    /// What was asked for, on the event clock.
    pub asked: (EventTime, EventTime),
    /// What that was snapped to.
    pub got: (EventTime, EventTime),
}

/// An init section in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Init {
    /// Where it begins in its file, in bytes.
    pub offset: u64,
    /// Its length.
    pub bytes: u32,
    /// CRC-32 of its bytes.
    pub crc: u32,
    /// Its video track, if it has one.
    pub video: Option<VideoTrack>,
    /// Its audio track, if it has one.
    pub audio: Option<AudioTrack>,
}

/// A video track in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoTrack {
    /// RFC 6381.
    pub codec: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

impl VideoTrack {
    /// What is told of a configuration.
    #[must_use]
    pub fn of(config: &VideoConfig) -> Self {
        Self { codec: config.codec_string.clone(), width: config.width, height: config.height }
    }
}

/// An audio track in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioTrack {
    /// RFC 6381.
    pub codec: String,
    /// Ticks per second that its times are counted in, the sample rate.
    pub timescale: u32,
    /// Number of channels.
    pub channels: u8,
}

impl AudioTrack {
    /// What is told of a configuration.
    #[must_use]
    pub fn of(config: &AudioConfig) -> Self {
        let (codec, timescale) = (config.codec_string.clone(), config.timescale.get());
        Self { codec, timescale, channels: config.channels }
    }
}

/// A fragment in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Where its `moof` begins in its file, in bytes.
    pub offset: u64,
    /// Length of `moof` and `mdat`.
    pub bytes: u32,
    /// CRC-32 of its bytes.
    pub crc: u32,
    /// Whether decoding can start here: its first picture is a sync sample, or it has no pictures.
    pub sync: bool,
    /// Its pictures, in ticks of 90 kHz.
    pub video: Option<TrackSpan>,
    /// Its sound, in ticks of its track.
    pub audio: Option<TrackSpan>,
}

impl Fragment {
    /// Where the next fragment of the file begins, in bytes.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.into())
    }
}

/// The samples of one track in a fragment. Times are ticks from the event clock's zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackSpan {
    /// Decoding time of the first sample.
    pub dts: i64,
    /// Ticks from there to the end of the last sample.
    pub duration: u32,
    /// Presentation time minus decoding time of the first sample.
    pub composition_offset: i32,
}

impl TrackSpan {
    /// Where the next fragment's `dts` is if nothing is missing.
    #[must_use]
    pub fn end(&self) -> i64 {
        self.dts.saturating_add(i64::from(self.duration))
    }
}

/// Why a recording does not go on where it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapReason {
    /// The publisher connected again: what follows is another session.
    Reconnect,
    /// The disk was slower than the camera for longer than the Feed keeps samples.
    Overrun,
    /// Samples had impossible times, came too fast, or could not be put into the container.
    Refused,
    /// Nothing was recorded for a while: too little space, a failing disk, or the policy.
    Paused,
    /// The server was started again.
    Restart,
}

/// A gap, told before the fragment that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// When it was noticed, on the event clock.
    pub at: EventTime,
    /// Why.
    pub reason: GapReason,
    /// Samples that are known to be lost.
    pub lost: u64,
}

/// A torn end that was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repaired {
    /// When it was found, on the event clock.
    pub at: EventTime,
    /// The file.
    pub file: u32,
    /// Bytes that were cut off.
    pub cut: u64,
}
