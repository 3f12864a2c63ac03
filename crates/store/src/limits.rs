//! Everything that a caller can grow, bounded: unit and reason beside each number.

use std::time::Duration;

/// Characters of an event or camera id. A URL path segment that is still readable in a log line.
pub const ID_CHARS_MAX: usize = 64;

/// Characters (Unicode scalar values) of a display name. Fits a heading, not an essay.
pub const NAME_CHARS_MAX: usize = 200;

/// Characters of a creator's id. OpenID Connect Core §2 limits `sub` to 255.
pub const CREATOR_ID_CHARS_MAX: usize = 255;

/// Random characters of an access token: 200 bits.
pub const ACCESS_TOKEN_CHARS: usize = 40;

/// Access tokens of one event that have not expired. A crew and its tally lights; listings are not paged below
/// it.
pub const TOKENS_PER_EVENT_MAX: u32 = 64;

/// Bytes of a key that playback paths are signed with: as many as the hash has (RFC 2104 §3).
pub const PLAYBACK_SECRET_BYTES: usize = 32;

/// Playback keys that are believed at once: a new one every day, and tokens of 31 days that all live to their end.
pub const PLAYBACK_KEYS_MAX: usize = 40;

/// Characters of an admin token given by the operator, at least. Shorter ones can be guessed over the
/// network.
pub const ADMIN_TOKEN_CHARS_MIN: usize = 8;

/// Characters of an admin token given by the operator, at most. A header line stays far below any proxy's
/// limit.
pub const ADMIN_TOKEN_CHARS_MAX: usize = 256;

/// Events in one store, ended ones too, unless configured. Each takes 75 kB and 0.01 % of a core while nothing happens in
/// it (measured with 1000).
pub const EVENTS_DEFAULT: u32 = 1000;

/// Events in one store, as far as that may be configured: 1.5 GB of memory, 0.2 cores, and a second to start.
pub const EVENTS_MAX: u32 = 20_000;

/// Cameras of one event. Far above any production desk; listings are not paged below it.
pub const CAMERAS_PER_EVENT_MAX: u32 = 64;

/// Entries of one event's switch log, about 15 MB of text. Beyond it the oldest is dropped.
pub const SWITCHES_PER_EVENT_MAX: u32 = 50_000;

/// Entries in one page of the switch log. About 100 kB of JSON.
pub const SWITCH_PAGE_MAX: u16 = 500;

/// Bytes of an uploaded slate. A photograph of a telephone is 2 to 6 MiB.
pub const SLATE_BYTES_MAX: usize = 8 << 20;

/// Failover priority of a camera, at most. Leaves room to put one between any two.
pub const PRIORITY_MAX: u16 = 10_000;

/// Sync offset of a camera in either direction, in milliseconds. Well inside what a Feed keeps.
pub const SYNC_OFFSET_MS_MAX: i32 = 10_000;

/// Calls that wait for the writer thread of the embedded store. At 0.4 ms per durable commit the last one
/// waits about 100 ms.
pub const QUEUED_CALLS_MAX: usize = 256;

/// Time after which a call gives up waiting for its answer.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(5);

/// Time that the embedded store waits for another process that holds its file, in one call. An operator's
/// `sqlite3` shell is the only one that may.
pub const FILE_BUSY_TIME_MAX: Duration = Duration::from_secs(2);

/// Silence before the failover, at least, in milliseconds. Below it the jitter of a mobile uplink would
/// switch.
pub const FAILOVER_AFTER_MS_MIN: u32 = 200;

/// Silence before the failover, at most, in milliseconds. Beyond it every player has run dry.
pub const FAILOVER_AFTER_MS_MAX: u32 = 30_000;

/// Wait for which the style `auto` cuts clean, at most, in milliseconds. Longer than any GOP that a live
/// encoder is set to.
pub const AUTO_WAIT_MS_MAX: u32 = 10_000;

/// How far a programme may run behind its cameras, in milliseconds. A third of what their rings hold; the rest is for
/// the GOP in front of a cut.
pub const LOOKAHEAD_MS_MAX: u32 = 10_000;

/// Scheduled takes of one event that wait for their time. A running order has some dozens; listings are not
/// paged below it.
pub const SCHEDULED_PER_EVENT_MAX: u32 = 200;

/// Grace of a lost camera, at most, in milliseconds; and the time that a camera stays on air at least. Beyond
/// it every player has run dry.
pub const FAILOVER_PAUSE_MS_MAX: u32 = 30_000;

/// Automatic changes before the programme locks itself, at most. More than a human can watch.
pub const FLAP_CHANGES_MAX: u32 = 1_000;

/// Time in which they are counted, in milliseconds: from one second to one hour.
pub const FLAP_WINDOW_MS_MIN: u32 = 1_000;
/// See [`FLAP_WINDOW_MS_MIN`].
pub const FLAP_WINDOW_MS_MAX: u32 = 3_600_000;

/// Time without a camera before the slate, at most, in milliseconds: an hour, which is never for viewers.
pub const SLATE_AFTER_MS_MAX: u32 = 3_600_000;

/// Time that a camera must have been well before it is taken back, in milliseconds: at least one GOP or so.
pub const REVERT_AFTER_MS_MIN: u32 = 1_000;
/// The same, at most: an hour.
pub const REVERT_AFTER_MS_MAX: u32 = 3_600_000;

/// Hook deliveries in the queue, those given up counted. A target that is down for an hour while something
/// happens three times a second.
pub const HOOK_DELIVERIES_MAX: u32 = 10_000;

/// Hook targets that an administrator added. Each notice is a delivery of its own to each of them.
pub const HOOK_TARGETS_MAX: usize = 32;

/// Bytes of the body of one hook delivery.
pub const HOOK_BODY_BYTES_MAX: u32 = 64 * 1024;

/// Writes that wait for the shared database, about 200 MB of text: a day of switching twice a second. Beyond it a
/// write is refused.
pub const OUTBOX_MAX: u32 = 500_000;

/// Writes that the shared database refused for what they are, kept for a human to look at. The oldest go first.
pub const REJECTED_MAX: u32 = 1000;

/// Newest entries of the switch log that the shared document of an event shows, about 60 kB. The log itself is in a
/// collection of its own; a document has 16 MB for everything.
pub const SWITCHES_IN_DOCUMENT_MAX: u32 = 500;

/// Time between two attempts to reach a shared database that does not answer, at most: how much later than the
/// database what waits may come back.
pub const RETRY_TIME_MAX: Duration = Duration::from_secs(5);
