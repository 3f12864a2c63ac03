//! Everything that a publisher can make grow, and how far.

use std::time::Duration;

/// Access units held while the map to the event clock is not fixed. 1 024: half a second of 120 fps
/// video and 5 ms Opus is 160; the rest is for a burst of what an encoder gathered while connecting.
pub const HELD_UNITS_MAX: usize = 1_024;

/// Payload bytes of those. 16 MiB: half a second at 250 Mb/s, or one video message of the largest size.
pub const HELD_BYTES_MAX: usize = 16 << 20;

/// Largest sync offset of a camera in microseconds, either way. 10 s: a longer delay than any camera
/// chain has, and two thirds of what a Feed keeps.
pub const SYNC_OFFSET_MAX_MICROS: i64 = 10_000_000;

/// Changes of configuration per minute and track. 30: a phone that is turned on its side and back
/// every four seconds. Each change may cost the programme a discontinuity.
pub const CONFIG_CHANGES_PER_MINUTE_MAX: u32 = 30;

/// Tags in a row that cannot be read before the session is ended. 64: one second of 60 fps video, so
/// that a burst of rubbish after a network fault is survived and a stream of it is not.
pub const MALFORMED_IN_A_ROW_MAX: u32 = 64;

/// Access units in a group of pictures. 36 000: ten minutes at 60 fps, longer than any interval that
/// could ever be joined; what comes after is dropped until the next sync sample.
pub const GOP_SAMPLES_MAX: u32 = 36_000;

/// Payload bytes in a group of pictures. 1 GiB: two and a half minutes at 50 Mb/s.
pub const GOP_BYTES_MAX: u64 = 1 << 30;

/// Notices waiting to be told, and different ones remembered. 32: far above the number of kinds.
pub const NOTICES_MAX: usize = 32;

/// How long a session whose audio cannot be used may take to announce video. 3 s: encoders send both
/// sequence headers at once.
pub const NO_MEDIA_AFTER: Duration = Duration::from_secs(3);

/// Refused keys per address that cost nothing. 5: somebody who mistypes.
pub const FREE_REFUSALS: u32 = 5;

/// By how much the first refusal after those delays the next answer; doubles with each further one.
/// 250 ms: noticeable to a script only.
pub const REFUSAL_DELAY_STEP: Duration = Duration::from_millis(250);

/// Longest delay of an answer. 5 s: within the patience of encoders, and one try per connection and
/// five seconds finds no key.
pub const REFUSAL_DELAY_MAX: Duration = Duration::from_secs(5);

/// Time without a refusal after which an address has a clean slate. 60 s.
pub const REFUSALS_FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// Addresses whose refusals are remembered. 4 096: some hundred kilobytes; a peer that has more
/// addresses is not stopped by remembering them.
pub const REFUSED_ADDRESSES_MAX: usize = 4_096;

/// Characters kept of what an encoder calls itself. 64: `obs-output module (libobs version 30.1.2)`
/// is 41.
pub const ENCODER_NAME_CHARS: usize = 64;

/// Media that makes a publisher's socket readable: as much as comes in 10 ms. A picture brings more than that at once.
pub const GATHER_FLOW: Duration = Duration::from_millis(10);

/// Most of that in bytes. 16 KiB: what comes in 10 ms at 13 Mb/s, and a quarter of what is read at once.
pub const GATHER_BYTES_MAX: u32 = 16 << 10;

/// How long anything smaller waits to be read. 40 ms: a picture at 25 fps, with which sound comes along.
pub const GATHER_FOR: Duration = Duration::from_millis(40);
