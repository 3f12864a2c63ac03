//! Everything that a Feed can make grow, with its bound.
//!
//! A packager reads samples that a publisher chose, so the number and the size of samples, the
//! length of GOPs and the number of configuration changes are all in a stranger's hand.

use std::time::Duration;

/// Samples that wait for a part to be cut, per track. Default 8192: two minutes of 60 fps; normally
/// less than one part waits. The oldest are dropped beyond it.
pub const PENDING_SAMPLES_MAX: usize = 8192;

/// Payload bytes that wait for a part to be cut, per track. Default 48 MiB: half a second at
/// 800 Mb/s. The oldest are dropped beyond it.
pub const PENDING_BYTES_MAX: usize = 48 << 20;

/// Body bytes of all segments that are still fetchable. Default 192 MiB: the default window and what
/// RFC 8216 §6.2.2 wants kept after removal, at 45 Mb/s. Beyond it removed segments go first, then the
/// window shrinks to three target durations.
pub const RETAINED_BYTES_MAX: usize = 192 << 20;

/// Body bytes at which samples are refused until segments have left the window. Default 384 MiB. A
/// Feed of this rate gets gaps instead of memory.
pub const REFUSE_BYTES: usize = 384 << 20;

/// Init sections kept for reuse although no fetchable segment refers to them. Default 32: cameras of
/// an event, each with a reconnect or two in another configuration.
pub const IDLE_INIT_SECTIONS_MAX: usize = 32;

/// Codec strings of one track that a multivariant playlist names. Default 16: profiles and levels of all cameras
/// of an event.
pub const CODECS_MAX: usize = 16;

/// Shortest distance of two changes of configuration that no cut makes. Default 100 ms, the shortest tail that a
/// splice leaves. A change that comes sooner is dropped together with its GOP, so that alternating
/// configurations cannot make more than ten segments a second. Cuts do not count: the camera's own change may come
/// right behind one, and its GOP would be missing to all viewers.
pub const CONFIG_CHANGE_SPACING: Duration = Duration::from_millis(100);

/// Longest stretch that is filled with gap segments at once. Default 60 s, twice what a Feed keeps.
/// Gaps are filled while they last, so only a jump of the timeline is longer; it becomes a
/// discontinuity.
pub const GAP_SPAN_MAX: Duration = Duration::from_secs(60);

/// Farthest time from the event clock's zero. Default 2^52 ticks of 90 kHz, 1586 years: arithmetic on
/// the line cannot overflow. Samples beyond are dropped.
pub const LINE_MAX_90K: i64 = 1 << 52;

/// How long a part whose pictures are complete waits for its sound. Default 500 ms: what audio lags
/// behind video in RTMP at most.
pub const AUDIO_WAIT: Duration = Duration::from_millis(500);

/// How long the last part before a cut waits for sound of another configuration to begin. Default 800 ms:
/// [`AUDIO_WAIT`] and the 300 ms that a cut is held for its sync sample. Sound that comes later is lost
/// until the camera's next sync sample, because a segment has one audio configuration.
pub const SOUND_CHANGE_WAIT: Duration = Duration::from_millis(800);

/// How far before the start of a part its audio may begin when it came too late for its own part.
/// Default 500 ms: earlier audio is dropped, because players judge A/V alignment per segment.
pub const AUDIO_LATE_MAX: Duration = Duration::from_millis(500);

/// How long the first segment waits for the second track. Default 1 s.
pub const TRACK_PROBE: Duration = Duration::from_secs(1);

/// Distance between publishing the last part of a segment and the first part of the next. Default
/// 120 ms: in one playlist update, hls.js may load the new segment's independent part before the
/// tail, which the browser then discards.
pub const TAIL_LEAD: Duration = Duration::from_millis(120);

/// The last part of a segment is made no shorter than this where its end can be foreseen. Default 100 ms: hls.js
/// up to 1.6 takes what is shorter for a hole that it need not fill (`maxBufferHole`).
pub const LAST_PART_MIN: Duration = Duration::from_millis(100);

/// Shortest first part of a splice. Default 25 ms: an access unit of AAC begins in it, and it is published
/// as soon as its pictures are there.
pub const SPLICE_PART_MIN: Duration = Duration::from_millis(25);

/// How long the first part of a splice waits for sound to begin in it. Default 60 ms: two access units and
/// the rounding of their times. Sound that comes later goes into the next part.
pub const SPLICE_AUDIO_WAIT: Duration = Duration::from_millis(60);

/// How far old sound may reach beyond a cut behind which its configuration changes. Default 500 ms: a cut
/// shows its picture up to 350 ms before the sound changes, and sound that left before the cut was
/// known is not taken back.
pub const SOUND_OVERHANG_MAX: Duration = Duration::from_millis(500);

/// How long before the boundary of its part the last picture must begin, so that nothing behind the boundary is
/// shown before it. Default 4 ms in 90 kHz ticks: a picture that is shown at the boundary itself is seen there
/// although RTMP rounds times to milliseconds, twice, and at 120 fps a whole one is not taken for it.
pub const COMPLETE_MARGIN_90K: i64 = 360;

/// How far behind the event clock samples are when the packager catches up with a backlog, where
/// [`TAIL_LEAD`] would only add delay. Default 2 s.
pub const CATCH_UP: Duration = Duration::from_secs(2);
