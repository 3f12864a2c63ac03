//! Everything that a client can grow, bounded: unit and reason beside each number.

use std::time::Duration;

/// Bytes of a request body. The largest legal one, a name of 200 characters in escapes, is below 4 kB.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Time in which a request body must have arrived. Phones on bad networks send 4 kB in less.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// Time in which an uploaded picture must have arrived: 8 MiB at 4.5 Mb/s. Below [`REQUEST_TIME_MAX`].
pub const UPLOAD_TIME_MAX: Duration = Duration::from_secs(15);

/// Time after which a request is answered whatever happens. Above the body's time and a call of the store.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(20);

/// Time that a change of events or cameras waits for those before it. Each takes a commit of the store and a word
/// to the running system, some milliseconds; one that waits longer stands behind a fault.
pub const CHANGE_WAIT_MAX: Duration = Duration::from_secs(10);

/// Bytes of a request id that a client brings. Tracing systems stay below 64; a UUID has 36.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

/// Bytes of an idempotency key. A UUID has 36.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 128;

/// Idempotency keys that are remembered of one event, with their answers: about 4 kB each, more than can be pressed in
/// [`IDEMPOTENCY_KEY_TIME`] by a person. Beyond it the oldest is forgotten.
pub const IDEMPOTENCY_KEYS_PER_EVENT_MAX: usize = 64;

/// How long an idempotency key is remembered. Clients that repeat a call do so within seconds.
pub const IDEMPOTENCY_KEY_TIME: Duration = Duration::from_secs(600);

/// Entries in a page of a list when the client names no number.
pub const PAGE_DEFAULT: u16 = 100;

/// Entries in a page of a list, at most. About 500 kB of JSON.
pub const PAGE_MAX: u16 = 500;

/// Bytes of a creator's token. Identity providers that put groups into it stay below 4 kB.
pub const JWT_BYTES_MAX: usize = 8 * 1024;

/// Bytes of a secret that creators' tokens are signed with, at least: as many as its hash has (RFC 7518 §3.2).
pub const JWT_SECRET_BYTES_MIN: usize = 32;

/// Keys of a JWKS document that are looked at. Issuers publish two or three.
pub const KEY_SET_KEYS_MAX: usize = 32;

/// Time after which a key set is fetched again. A key that the issuer withdrew opens nothing any longer than this.
pub const KEYS_FRESH_TIME: Duration = Duration::from_secs(600);

/// Time between two fetches of a key set, at least, whatever key ids are presented.
pub const KEYS_RETRY_TIME: Duration = Duration::from_secs(30);

/// Time that a key set may take to come. Below [`REQUEST_TIME_MAX`]: a request may be waiting for it.
pub const KEYS_FETCH_TIME_MAX: Duration = Duration::from_secs(5);

/// Wrong tokens that an address may present before it has to wait. More than a person mistypes.
pub const FREE_FAILURES: u32 = 10;

/// Time after which an address has one of these back. 14 400 guesses a day and address are no attack on 160 bits,
/// and none on eight characters either.
pub const FAILURE_INTERVAL: Duration = Duration::from_secs(6);

/// Addresses that presented wrong tokens and are remembered, at about 100 bytes each.
pub const FAILED_ADDRESSES_MAX: usize = 10_000;

/// Tokens that were right and are remembered, at about 100 bytes each.
pub const KNOWN_TOKENS_MAX: usize = 10_000;

/// For how long a token that was right is let through from an address that presented wrong ones.
pub const KNOWN_TOKEN_TIME: Duration = Duration::from_secs(3600);

/// Progressive files whose index is made at once. One of six hours takes 20 MB of memory and a second of one core.
pub const MOVIES_AT_ONCE: usize = 2;

/// Cuts of an edit list: one every five seconds for a day, and one page more.
pub const EDIT_CUTS_MAX: usize = 17_280;

/// Clips of an edit list that is cut again: one every eleven seconds for six hours.
pub const RECUT_CLIPS_MAX: usize = 2_000;

/// Bytes of an edit list: 2000 clips of OpenTimelineIO, which takes about 2 kB for each in pictures and sound.
pub const EDIT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Gaps of a recording that are told: some 100 bytes each.
pub const RECORDING_GAPS_MAX: usize = 1000;

/// Seconds that an access token lasts, at least. Less is not worth handing over.
pub const TOKEN_SECONDS_MIN: u32 = 60;

/// Seconds that an access token lasts, at most: 31 days, the longest festival.
pub const TOKEN_SECONDS_MAX: u32 = 31 * 24 * 3600;

/// Seconds that a playback token lasts, at least. A player needs some to begin.
pub const PLAYBACK_SECONDS_MIN: u32 = 10;

/// Seconds that a playback token lasts, at most: 31 days.
pub const PLAYBACK_SECONDS_MAX: u32 = 31 * 24 * 3600;

/// Seconds for which playback tokens of a replaced key are believed, at most, and if nobody says otherwise: no
/// token lasts longer, so each lives to its end.
pub const GRACE_SECONDS_MAX: u32 = PLAYBACK_SECONDS_MAX;

/// Seconds for which a kicked camera's key may be refused: a day. Whoever means longer rotates the key.
pub const BAN_SECONDS_MAX: u32 = 24 * 3600;

/// Entries in a page of the switch log when the client names no number.
pub const SWITCH_PAGE_DEFAULT: u16 = 50;

/// How far ahead a take may be scheduled, in milliseconds: 366 days. What is further ahead is a typing error in the year.
pub const SCHEDULED_AHEAD_MAX: i64 = 366 * 24 * 60 * 60 * 1000;

/// Updates that an event's journal keeps for clients that were away or are slow. Forecasts come twice a second:
/// a break of four minutes, or a burst of cuts.
pub const JOURNAL_UPDATES_MAX: usize = 512;

/// Happenings that are told together, beside the first. A take has three, and what comes without end must not keep clients
/// waiting.
pub const HAPPENINGS_AT_ONCE: usize = 32;

/// WebSocket clients that are told something before others have their turn on the processor: 0.2 ms.
pub const VISITS_AT_ONCE: usize = 32;

/// How often the state of a followed event is looked at. What happens in the programme is told at once.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Looks from one forecast to the next: twice a second, as fast as a person reads a countdown.
pub const LOOKS_PER_FORECAST: u32 = 2;

/// Looks from one report of what cameras send to the next: once a second.
pub const LOOKS_PER_HEALTH: u32 = 4;

/// How long the updates of an event go on when nobody follows any more, so that who comes back finds what was
/// missed: 60 s, a phone in a pocket.
pub const UPDATES_LINGER: Duration = Duration::from_secs(60);

/// Bytes that are read from a WebSocket at once, into a buffer that is filled with zeros before each try. The library's 128 KiB
/// were 40 % of the processor time with 1000 clients, and most of the memory.
pub const SOCKET_READ_BYTES: usize = 2 * 1024;

/// Bytes of a client's WebSocket message. The largest is a token.
pub const SOCKET_MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// Time in which a WebSocket client that sent no token in a header must do so in a message.
pub const SOCKET_AUTH_TIME_MAX: Duration = Duration::from_secs(10);

/// Pause before a store that gave no answer is asked again whether a token was revoked. Connections that the token
/// opened live that much longer.
pub const REVOCATION_RETRY_TIME: Duration = Duration::from_secs(1);

/// Clients that follow events at once unless configured, previews and tally lights included: by WebSocket or by
/// server-sent events. Some 10 kB each; a crew has a dozen.
pub const FOLLOWERS_DEFAULT: usize = 10_000;

/// How often a client is pinged, so that proxies keep the connection: they close after 30 s or more.
pub const SOCKET_PING_EVERY: Duration = Duration::from_secs(15);

/// How long a WebSocket client may be silent: three pings.
pub const SOCKET_SILENCE_MAX: Duration = Duration::from_secs(45);

/// How long a message may take to leave. A client that is slower is hung up on and comes back.
pub const SOCKET_WRITE_TIME_MAX: Duration = Duration::from_secs(10);

/// Deliveries that were given up, in one listing: as many as are kept.
pub const DEAD_DELIVERIES_MAX: u32 = 1000;

/// Events that have ended whose recording is kept in mind for the next viewer who asks.
pub const REWATCH_EVENTS_MAX: usize = 256;

/// How often a tally page is told what it knows already: three seconds without a word are a dead connection.
pub const TALLY_EVERY: Duration = Duration::from_secs(1);

/// How long a camera that has left the programme is told to be on air still where nobody tells that the next one is
/// published: nobody watches, or it is on its way.
pub const TALLY_HELD_MAX: Duration = Duration::from_millis(1500);

/// Events that have series of their own in `/metrics`. Twelve series each; Prometheus is at ease with some ten thousand of one
/// target.
pub const EVENTS_SCRAPED_MAX: usize = 1000;

/// Cameras that have series of their own in `/metrics`. Seventeen series each.
pub const CAMERAS_SCRAPED_MAX: usize = 2000;
