//! Bounds on what one run may do. A load generator that outgrows its machine measures itself.

/// Cameras of one run. A camera is a socket and about 50 kB.
pub(crate) const CAMERAS_MAX: usize = 2_000;
/// HLS viewers of one run; each has up to three connections of its own.
pub(crate) const VIEWERS_MAX: usize = 5_000;
/// Requests held at once by the herd; over HTTP/1.1 each needs a descriptor.
pub(crate) const HELD_MAX: usize = 20_000;
/// Clients of the live updates; each is a socket and about 20 kB.
pub(crate) const CLIENTS_MAX: usize = 20_000;
/// Body of one answer in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Takes of one run.
pub(crate) const TAKES_MAX: usize = 100_000;
/// Length of a run in seconds.
pub(crate) const SECONDS_MAX: u64 = 3_600;
/// Length of a soak in seconds.
pub(crate) const SOAK_SECONDS_MAX: u64 = 24 * 3_600;
/// Stages of a ramp; more do not fit a plot.
pub(crate) const RAMP_STAGES_MAX: usize = 100;
/// Samples of processor time and memory kept; every second one is dropped when there are more.
pub(crate) const SAMPLES_MAX: usize = 7_200;
/// Frames per second of a generated stream.
pub(crate) const FRAME_RATE_MAX: u32 = 240;
/// Width or height of a generated stream.
pub(crate) const PICTURE_SIDE_MAX: u32 = 8_192;
/// Bit rate of a generated stream in bits per second.
pub(crate) const BIT_RATE_MAX: u64 = 400_000_000;
/// Pictures in a GOP of a generated stream; all of them are held in memory.
pub(crate) const GOP_MAX: u32 = 2_400;
/// Size of an FLV file in bytes; the file is held in memory once for all cameras.
pub(crate) const FLV_FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
