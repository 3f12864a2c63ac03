//! Every metric: name, kind, labels, meaning. `docs/metrics.md` has the same table; a test holds them together.

/// A metric family.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) labels: &'static [&'static str],
    pub(crate) help: &'static str,
}

macro_rules! families {
    ($($constant:ident = $kind:ident $name:ident [$($label:literal),*] $help:literal;)+) => {
        $(pub(super) const $constant: Family = Family {
            name: stringify!($name),
            kind: stringify!($kind),
            labels: &[$($label),*],
            help: $help,
        };)+

        /// All of them, in the order of a scrape.
        #[cfg(test)]
        pub(super) const ALL: &[Family] = &[$($constant),+];
    };
}

families! {
    BUILD_INFO = gauge genlock_build_info ["version"] "Version of the server, always 1";
    CAMERAS = gauge genlock_cameras ["state"] "Cameras by state: waiting, live, offline";
    EVENTS_LIVE = gauge genlock_events_live [] "Events with a camera on air";
    INGEST_BYTES = counter genlock_ingest_bytes_total [] "Bytes of media received from publishers";
    CUTS = counter genlock_cuts_total [] "Cuts made, by takes or failovers";
    VIEWERS = gauge genlock_viewers [] "Players that reload playlists";
    RTMP_OPEN = gauge genlock_rtmp_connections [] "RTMP connections open";
    RTMP_ACCEPTED = counter genlock_rtmp_connections_accepted_total [] "RTMP connections accepted";
    RTMP_REFUSED = counter genlock_rtmp_connections_refused_total []
        "RTMP connections closed at once because there were too many, in all or of one address";
    HTTP_OPEN = gauge genlock_http_connections [] "HTTP connections open, WebSockets included";
    HTTP_ACCEPTED = counter genlock_http_connections_accepted_total [] "HTTP connections accepted";
    HTTP_REFUSED = counter genlock_http_connections_refused_total []
        "HTTP connections closed at once because there were too many";
    HTTP_SENT = counter genlock_http_sent_bytes_total [] "Bytes that left over HTTP";
    HLS_REQUESTS = counter genlock_hls_requests_total [] "Requests for playlists and media";
    HLS_ERRORS = counter genlock_hls_errors_total ["class"] "Of these, those answered 4xx and 5xx";
    HLS_HELD = gauge genlock_hls_held_requests [] "Requests that wait for a playlist or a part";
    HLS_HELD_REFUSED = counter genlock_hls_held_refused_total []
        "Requests refused because too many waited";
    SLOW_VIEWERS = counter genlock_slow_viewers_total []
        "Connections closed because their viewers took too little, too slowly";
    PACKAGING = gauge genlock_packaging [] "Playlists that are kept up to date";
    PACKAGING_FAULTS = counter genlock_packaging_faults_total []
        "Packaging tasks that broke down and were started again: always a fault of ours";
    RECORDINGS = gauge genlock_recordings ["state"]
        "Cameras and programmes that are to be recorded, by state: waiting, recording, disk_low, quota_reached, failed";
    RECORDED_BYTES = counter genlock_recorded_bytes_total [] "Bytes of media recorded";
    RECORDING_LOST = counter genlock_recording_lost_samples_total []
        "Samples that the disk was too slow for";
    RECORDINGS_FREE = gauge genlock_recordings_free_bytes [] "Room for recordings";
    ARCHIVE_SENT = counter genlock_object_store_sent_bytes_total []
        "Bytes of recordings sent to the object store";
    ARCHIVE_FAILURES = counter genlock_object_store_failures_total []
        "What the object store refused or could not be asked";
    ARCHIVE_WAITING = gauge genlock_object_store_waiting []
        "Recordings that are on their way to the object store";
    ARCHIVE_REMOVALS = gauge genlock_object_store_removals_waiting []
        "Removed recordings that the object store still has";
    STORE_UP = gauge genlock_store_up [] "Whether the store takes writes where they belong";
    STORE_PENDING = gauge genlock_store_pending [] "Writes that wait for the shared database";
    STORE_REJECTED = gauge genlock_store_rejected []
        "Writes that the shared database refused for what they are";
    HOOKS_WAITING = gauge genlock_hooks_waiting [] "Hook deliveries that wait or are under way";
    HOOKS_DEAD = gauge genlock_hooks_dead [] "Hook deliveries that were given up";
    HOOKS_LOST = counter genlock_hooks_lost_total [] "Notices that could not be queued";
    CERTIFICATE_END = gauge genlock_tls_certificate_expires_seconds []
        "End of the certificate of HTTPS and RTMPS, seconds since 1970";
    CPU = counter process_cpu_seconds_total [] "Time on all cores";
    RESIDENT = gauge process_resident_memory_bytes [] "Resident memory";
    OPEN_FILES = gauge process_open_fds [] "Open file descriptors";
    OPEN_FILES_MAX = gauge process_max_fds [] "File descriptors that may be open";
    STARTED = gauge process_start_time_seconds [] "Start of the process, seconds since 1970";
    THREADS = gauge process_threads [] "Threads of the process";

    LEFT_OUT = gauge genlock_series_left_out []
        "Events and cameras that have no series of their own here because there are too many";
    EVENT_ON_AIR = gauge genlock_event_on_air ["event"] "Whether a camera is on air";
    EVENT_SLATE = gauge genlock_event_slate ["event"] "Whether the slate is shown";
    EVENT_LOCKED = gauge genlock_event_locked ["event"] "Whether the event is locked";
    EVENT_CUTS = counter genlock_event_cuts_total ["event"] "Cuts made";
    EVENT_VIEWERS = gauge genlock_event_viewers ["event"] "Players that reload the programme's playlists";
    PROGRAM_BYTES = counter genlock_program_bytes_total ["event"] "Bytes of media put out";
    PROGRAM_SAMPLES = counter genlock_program_samples_total ["event"]
        "Access units put out, picture and sound";
    PLAYLIST_AGE = gauge genlock_playlist_age_seconds ["event"]
        "Time since the programme's playlist last changed: a part's length, not more";
    PLAYLIST_BEHIND = gauge genlock_playlist_behind_seconds ["event"]
        "How far the end of the programme's playlist is behind the present";
    CAMERA_UP = gauge genlock_camera_up ["event", "camera"] "Whether its publisher is there";
    CAMERA_ON_AIR = gauge genlock_camera_on_air ["event", "camera"] "Whether it is on air";
    CAMERA_BYTES = counter genlock_camera_bytes_total ["event", "camera"] "Bytes of media received";
    CAMERA_SAMPLES = counter genlock_camera_samples_total ["event", "camera"]
        "Access units received, picture and sound";
    CAMERA_BITRATE = gauge genlock_camera_bits_per_second ["event", "camera"]
        "Media over the last five seconds";
    CAMERA_FPS = gauge genlock_camera_frames_per_second ["event", "camera"]
        "Pictures by their timestamps, over the last five seconds";
    CAMERA_GOP = gauge genlock_camera_gop_seconds ["event", "camera"]
        "Length of the last whole group of pictures";
    CAMERA_BUFFER = gauge genlock_camera_buffer_bytes ["event", "camera"] "Media in its ring";
    CAMERA_DROPPED = gauge genlock_camera_dropped_samples ["event", "camera"]
        "Access units of this session that could not be used";
    CAMERA_JUMPS = gauge genlock_camera_timestamp_jumps ["event", "camera"]
        "Timestamp jumps of this session";
    CAMERA_RECONNECTS = counter genlock_camera_reconnects_total ["event", "camera"]
        "Publish sessions after the first";
    CAMERA_ISSUES = gauge genlock_camera_issues ["event", "camera", "severity"]
        "Issues of its input: info, warning, error";
    CAMERA_VIEWERS = gauge genlock_camera_viewers ["event", "camera"]
        "Players that reload its playlists";
}
