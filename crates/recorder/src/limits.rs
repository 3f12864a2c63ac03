//! Everything that a Feed, or a folder written by somebody else, can make grow, with its bound.

use std::time::Duration;

/// Longest media in a fragment. Default 300 ms: nine pictures of 30 fps. A fragment also ends at every sync sample. Short, so
/// that it and the wait for its sound stay below a second together: see [`HELD_MAX`].
pub const FRAGMENT_MAX: Duration = Duration::from_millis(300);

/// How long media is held before it is written, from the first picture of a fragment on. Default 900 ms, so that with the
/// time between two turns of the recorder's thread a crash loses a second at most, and a quarter more of a recording that has just
/// begun. Pictures are held until their sound has come: it lags behind them by up to half a second in RTMP, and pictures arrive
/// a tenth before they are shown. Sound that comes later goes into a later fragment.
pub const HELD_MAX: Duration = Duration::from_millis(900);

/// Silence after which what is held is written as it is. Default 1 s: a camera that hangs must not keep
/// its last pictures from the disk.
pub const STALL: Duration = Duration::from_secs(1);

/// Sound without pictures that is written as a fragment of its own, when pictures have never come.
/// Default 2 s: pictures that come a little later must not find a file without a track for them.
pub const SOUND_ONLY_AFTER: Duration = Duration::from_secs(2);

/// Samples of one track that are held. Default 8192: two minutes of 60 fps; normally one second is held.
/// Beyond it the oldest of the track are lost and counted.
pub const HELD_SAMPLES_MAX: usize = 8192;

/// Payload bytes of one track that are held. Default 48 MiB: half a second at 800 Mb/s.
pub const HELD_BYTES_MAX: usize = 48 << 20;

/// How far a sample's time may lie from its arrival. Default 60 s, twice what a Feed keeps. Beyond it the
/// sample is lost and counted: one bad time must not stop a recording for good.
pub const TIME_TOLERANCE: Duration = Duration::from_secs(60);

/// Access units of an earlier configuration that are given up so that sound in a new one starts with its
/// picture. Default 4, 85 ms of AAC.
pub const STRAGGLERS_MAX: usize = 4;

/// Shortest distance of two files of a recording. Default 100 ms: alternating codecs cannot make more
/// than ten files a second. What comes sooner is lost and counted.
pub const FILE_SPACING: Duration = Duration::from_millis(100);

/// Files of one recording. Default 10 000, more than a year of hours. Beyond it a new recording begins.
pub const FILES_MAX: u32 = 10_000;

/// Fragments of one recording. Default 400 000: 33 h with an entry of 60 bytes each, so an index is never above 25 MB.
/// Beyond it a new recording begins.
pub const FRAGMENTS_MAX: usize = 400_000;

/// Longest record of an index. Default 1024 bytes; the longest that is written has two codec strings.
pub const RECORD_BYTES_MAX: usize = 1024;

/// Longest init section that is believed when a file is read. Default 1 MiB; a usual one has 1.2 kB.
pub const INIT_BYTES_MAX: u32 = 1 << 20;

/// Longest fragment that is believed when a file is read. Default 256 MiB: a second at 2 Gb/s.
pub const FRAGMENT_BYTES_MAX: u32 = 256 << 20;

/// Fragments at the end of an index whose bytes are compared with their checksum after a crash. Default
/// 64: what is written between two times that files are made durable, and as much again.
pub const VERIFIED_MAX: usize = 64;

/// Re-cuts of one event. Default 100: trailers, highlights, a version for each guest. Each has an index of up to 25 MB.
pub const RECUTS_MAX: usize = 100;
