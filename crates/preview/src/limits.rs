//! Every bound of the preview, with its unit, its default and its reason.

use std::time::Duration;

/// Subscriptions of one client: 33. Sixteen cameras is the default limit of an event, twice as many are shown without a
/// scroll bar on no screen, and one is the programme.
pub const SUBSCRIPTIONS_MAX: usize = 33;

/// Bytes on their way to one client that it has not acknowledged: 2 MiB. Nine cameras of 6 Mb/s are 6.75 MB/s, so this is
/// about 300 ms of them; one camera alone is held back by [`LATE_MAX`] before.
pub const UNACKNOWLEDGED_BYTES_MAX: usize = 2 << 20;

/// Messages on their way to one client that it has not acknowledged: 2048, beyond a second of 33 cameras at 60
/// pictures. Bounds the memory for acknowledgements.
pub const UNACKNOWLEDGED_MESSAGES_MAX: usize = 2048;

/// How long after its arrival a sample may leave: 700 ms. Later ones are passed over up to a sync sample that is newer: an
/// operator is better off with a picture that jumps than with one that is a second old.
pub const LATE_MAX: Duration = Duration::from_millis(700);

/// Sound in one message: 100 ms, ten levels a second.
pub const SOUND_SPAN: Duration = Duration::from_millis(100);

/// Access units in one message: 64. The shortest that there are (Opus, 2.5 ms) fill 100 ms with 40.
pub const SOUND_UNITS_MAX: usize = 64;

/// Bytes of sound that end a message: 64 KiB. 100 ms of six channels at 1 Mb/s are 12.5 kB.
pub const SOUND_BYTES_MAX: usize = 64 << 10;
