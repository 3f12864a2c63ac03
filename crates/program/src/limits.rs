//! Every bound of the programme, with its unit, its default and its reason.

use std::time::Duration;

/// Presentation time minus decoding time of every sync sample of every camera, in 90 kHz ticks
/// (100 ms). The ingest normalises to it; it is what keeps decoding times increasing across cameras of
/// any B-frame depth.
pub const COMPOSITION_SHIFT_TICKS: i64 = 9_000;

/// [`COMPOSITION_SHIFT_TICKS`] as a span.
pub const COMPOSITION_SHIFT: Duration = Duration::from_millis(100);

/// How far presentation times may stray from the decoding grid before a prefix of samples counts as
/// one that leaves a picture out: 4 ms. RTMP stamps are rounded to 1 ms twice; a picture at 120 fps
/// lasts 8.3 ms.
pub const GRID_TOLERANCE_TICKS: i64 = 360;

/// How far ahead of the event clock a sample's decoding time may lie and still leave at once: 100 ms.
/// Zero for a camera without sync offset; one that is configured to be later is held until its time.
pub const PACING_SLACK: Duration = Duration::from_millis(100);

/// A sample whose time lies further ahead of its arrival than this is not believed: 5 s, well above the
/// largest useful sync offset (1.5 s).
pub const AHEAD_MAX: Duration = Duration::from_secs(5);

/// How long a camera's best lateness is remembered: 10 s, above the ingest's own time to re-anchor.
pub const LATENESS_WINDOW: Duration = Duration::from_secs(10);

/// How late the sync sample that a pending cut waits for may be without its in-point being lost:
/// 300 ms. It bounds how long the old camera's samples are held around a cut, and thereby the lateness
/// that viewers' hold-back (1.5 s) must absorb.
pub const HOLD_WINDOW: Duration = Duration::from_millis(300);

/// Margin above the lateness that a target is known to have, where that is more than
/// [`HOLD_WINDOW`]: 200 ms of jitter.
pub const HOLD_MARGIN: Duration = Duration::from_millis(200);

/// Largest hold window, for a target that is always late (a negative sync offset): 1 s, so that the
/// pause that holding begins with stays below the viewers' hold-back.
pub const HOLD_WINDOW_MAX: Duration = Duration::from_secs(1);

/// A predicted sync sample may come this much earlier than predicted: 50 ms, a picture at 24 fps and
/// some rounding.
pub const PREDICTION_GUARD: Duration = Duration::from_millis(50);

/// GOP lengths that a prediction looks at: 4. Encoders keep their cadence for hours; an older one says
/// nothing about a camera that was reconfigured.
pub const PREDICTION_GOPS: usize = 4;

/// The wait up to which an instant cut is made clean: 220 ms. The part in front of the sync sample may take 120 ms
/// more to be listed, and both together stay below the 350 ms that a human takes for at once.
pub const SHORT_WAIT: Duration = Duration::from_millis(220);

/// How many times faster than life a catch-up is played: 4. 30 pictures per second become 120, about
/// what displays can show; measured without a stall in seven players.
pub const CATCH_UP_RATE: i64 = 4;

/// Longest catch-up in 90 kHz ticks (500 ms): at the rate of 4 a sync sample that is 1.5 s old.
pub const CATCH_UP_MAX_TICKS: i64 = 45_000;

/// Shortest time that a picture of a catch-up is shown, in 90 kHz ticks (7.7 ms, 130 per second): a little
/// more than quick displays show. What would be shown for less is only there to be decoded.
pub const CATCH_UP_PICTURE_TICKS: i64 = 692;

/// How far apart the pictures of a GOP's older part are that are only there to be decoded, in 90 kHz
/// ticks: 1 ms, the least that containers with a clock of milliseconds can tell apart.
pub const SQUEEZED_PICTURE_TICKS: i64 = 90;

/// Longest time that those pictures take together in 90 kHz ticks (250 ms), half of a catch-up. Where it
/// is not enough they lie closer.
pub const SQUEEZED_MAX_TICKS: i64 = 22_500;

/// Pictures that a camera may reorder in one go and still be caught up with exactly: 16, the largest
/// decoded picture buffer of H.264 and HEVC, and the one that comes before them.
pub const REORDERED_PICTURES_MAX: usize = 17;

/// How far ahead of the clock the pictures of a catch-up leave: 50 ms. Two access units of sound begin in
/// it, so that there is a part to publish at once; what is not sent yet can still be replaced by a sync
/// sample that comes.
pub const CATCH_UP_LEAD: Duration = Duration::from_millis(50);

/// How long a camera whose cadence is not known shows its last picture before an instant cut: 33 ms.
pub const USUAL_PICTURE_TICKS: i64 = 3_000;

/// How long beyond its usual lateness the old camera's last samples before a cut are waited for:
/// 300 ms. Then the cut is made without them and the last picture stands longer.
pub const TAIL_WAIT: Duration = Duration::from_millis(300);

/// Longest wait for the old camera's last samples, whatever its lateness: 1 s, for the same reason.
pub const TAIL_WAIT_MAX: Duration = Duration::from_secs(1);

/// How far sound may lag behind the picture of the same camera before its place is filled with silence:
/// 1 s. Publishers interleave within half a second.
pub const AUDIO_GRACE: Duration = Duration::from_secs(1);

/// The same for the outgoing camera's last access units before a cut: 500 ms.
pub const AUDIO_TAIL_GRACE: Duration = Duration::from_millis(500);

/// The longest hole between two cameras' pictures that the new one's first picture fills, in 90 kHz
/// ticks: 350 ms. A cut that is to be made at once waits up to [`TAIL_WAIT`] for the rest of a mini-GOP, and when the
/// new camera's next sync sample comes meanwhile, it follows the last picture that has left; a mini-GOP of four
/// frames at 16 fps is 250 ms. A longer hole is a loss, and stays visible as one.
pub const SEAM_HOLE_MAX_TICKS: i64 = 31_500;

/// How far two distances of pictures may be apart because the places of grids are whole ticks: 2 ticks, one
/// for each camera. The ingest has taken the rounding to RTMP's milliseconds out.
pub const GRID_ROUNDING_TICKS: i64 = 2;

/// The longest picture that a cut leaves out rather than cut short, in 90 kHz ticks: 50 ms, 20 fps. Two
/// pictures closer than a frame are shown by no display, and clocks that count in frames take them for
/// one (ffmpeg complains of it).
pub const WHOLE_PICTURE_MAX_TICKS: i64 = 4_500;

/// A publish session younger than this may still turn out to have sound: 2 s, the ingest's own probe
/// window.
pub const AUDIO_PROBE: Duration = Duration::from_secs(2);

/// Longest time that the sound of a cut may take to pass the seam after the picture: 2 s. Then silence
/// takes the places that are left, so that the next command is not kept waiting.
pub const SEAM_MAX: Duration = Duration::from_secs(2);

/// Audio that is kept of a camera that waits for its in-point: 256 access units, 5 s of AAC.
pub const INCOMING_AUDIO_MAX: usize = 256;

/// Samples of one track that wait for their time: 4096, 68 s of 60 fps. More are dropped.
pub const QUEUE_MAX: usize = 4_096;

/// Farthest that a programme may run behind its cameras: 10 s. A Feed keeps 14 s.
pub const LOOKAHEAD_MAX: Duration = Duration::from_secs(10);

/// Commands that wait for the programme's task: 64. A person presses a few per second.
pub const COMMANDS_MAX: usize = 64;

/// Events that a slow subscriber may lag behind: 256, then it loses the oldest and is told.
pub const EVENTS_MAX: usize = 256;

/// Cuts and changes that the core makes in one call: 16. A take and what was queued behind it are four; two decisions that undo
/// each other, were there such, would otherwise keep the programme's task for ever.
pub(crate) const TRANSITIONS_MAX: usize = 16;

/// Shortest pause before the core asks to be called again by time alone: 5 ms.
pub const WAKE_MIN: Duration = Duration::from_millis(5);

/// A fixed source of the sound that has been silent for this long is lost: 1 s, which is as long as sound
/// may lag behind the picture ([`AUDIO_GRACE`]).
pub const SOUND_LOST: Duration = Duration::from_secs(1);

/// How long a lost source must have come without a pause before it is heard again: 2 s, twice the time
/// after which it would be lost again.
pub const SOUND_STEADY: Duration = Duration::from_secs(2);

/// How far behind a sync sample the sound may begin that it was told of as another configuration: 150 ms. Old
/// sound reaches up to 500 ms into the old segment, and the sync sample of a cut is shown up to 350 ms earlier. Later
/// the new segment has begun with the old configuration.
pub const TURN_MAX: Duration = Duration::from_millis(150);

/// Access units that wait of a camera that is listened to: 1024, 21 s of AAC at 48 kHz. The oldest goes.
pub const EAR_QUEUE_MAX: usize = 1_024;
