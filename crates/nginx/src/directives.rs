//! Every directive of nginx-rtmp 1.2.2, and what becomes of it. `docs/migration.md` has the same table; a test holds them
//! together.

/// What becomes of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// A key of `genlock.toml`.
    Key(&'static str),
    /// Nothing to configure: it is so, or it does not arise.
    BuiltIn,
    /// Done in another place.
    Elsewhere,
    /// Genlock does not do it.
    Missing,
}

/// Name, fate, and what there is to say.
pub(super) type Known = (&'static str, Fate, &'static str);

/// What is known of a directive.
pub(super) fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|(known, ..)| *known == name)
}

use Fate::{BuiltIn, Elsewhere, Key, Missing};

const PLAY: &str = "viewers come by HLS, not by RTMP";
const EXEC: &str =
    "no process is started for a stream: JSON hooks (`hooks.targets`) tell what happens";
const RELAY: &str = "streams are not passed on to other servers";
const DASH: &str = "no MPEG-DASH; the CMAF segments of HLS play everywhere";
const KEYS: &str =
    "segments are not encrypted; `\"playback\": \"signed\"` of an event protects its paths";
const IN_MEMORY: &str = "playlists and media are served from memory, below `/hls/EVENT/`";
const SHELL: &str = "the listener's own";

/// All of them, by their modules.
pub(super) const KNOWN: &[Known] = &[
    // core
    ("rtmp", BuiltIn, "the server itself"),
    ("server", BuiltIn, "there is one"),
    ("listen", Key("rtmp.listen"), "address and port; options are not needed"),
    (
        "application",
        Elsewhere,
        "it is called `live`; what were stream names are cameras of events, each with a key of its own",
    ),
    ("so_keepalive", BuiltIn, "on"),
    ("timeout", BuiltIn, "a peer that takes no reply for 10 s is dropped"),
    ("ping", BuiltIn, "TCP keepalive finds dead peers, and `rtmp.idle_timeout_s` silent ones"),
    ("ping_timeout", BuiltIn, "see `ping`"),
    ("max_streams", BuiltIn, "8 message streams of one connection"),
    ("max_message", BuiltIn, "bounded by kind of message, before and after a publish"),
    ("ack_window", BuiltIn, "2 500 000 bytes"),
    ("out_queue", BuiltIn, "nobody plays over RTMP"),
    ("out_cork", BuiltIn, "nobody plays over RTMP"),
    ("chunk_size", BuiltIn, "the publisher's choice is followed"),
    ("buflen", BuiltIn, PLAY),
    ("busy", BuiltIn, "`rtmp.idle_timeout_s` covers it"),
    ("publish_time_fix", BuiltIn, "timestamps are mapped to the event clock"),
    ("play_time_fix", BuiltIn, PLAY),
    ("proxy_protocol", Missing, "the publisher's address is that of the connection"),
    // access
    (
        "allow",
        Elsewhere,
        "a stream key admits a publisher; addresses are the firewall's or `hooks.on_publish`'s to check",
    ),
    (
        "deny",
        Elsewhere,
        "a stream key admits a publisher; addresses are the firewall's or `hooks.on_publish`'s to check",
    ),
    // live
    ("live", BuiltIn, "on"),
    ("meta", BuiltIn, "configurations are read from the stream itself"),
    ("interleave", BuiltIn, "picture and sound are put in order"),
    ("wait_key", BuiltIn, "everything begins with a key frame"),
    ("wait_video", BuiltIn, "an event's programme begins with a picture"),
    ("sync", BuiltIn, "timestamps are mapped to the event clock"),
    ("publish_notify", BuiltIn, PLAY),
    ("play_restart", BuiltIn, PLAY),
    ("idle_streams", BuiltIn, PLAY),
    ("stream_buckets", BuiltIn, SHELL),
    ("drop_idle_publisher", Key("rtmp.idle_timeout_s"), "2 to 600 seconds"),
    // hls
    ("hls", BuiltIn, "always there, for the programme and each camera"),
    ("hls_path", BuiltIn, IN_MEMORY),
    (
        "hls_fragment",
        Key("hls.segment_ms"),
        "0.5 to 8 seconds; parts (`hls.part_ms`) make the latency",
    ),
    ("hls_playlist_length", Key("hls.window_s"), "12 to 300 seconds"),
    (
        "hls_max_fragment",
        BuiltIn,
        "segments end at key frames; the target duration holds in any case",
    ),
    ("hls_muxdelay", BuiltIn, "media goes out as it comes"),
    ("hls_sync", BuiltIn, "sound is counted in samples"),
    ("hls_continuous", BuiltIn, "the programme goes on over restarts"),
    ("hls_nested", BuiltIn, IN_MEMORY),
    ("hls_cleanup", BuiltIn, IN_MEMORY),
    ("hls_base_url", BuiltIn, "URIs in playlists are relative: put a CDN in front of the path"),
    ("hls_type", BuiltIn, "live, and ended with EXT-X-ENDLIST"),
    ("hls_fragment_naming", BuiltIn, "names are never used again"),
    ("hls_fragment_naming_granularity", BuiltIn, "names are never used again"),
    ("hls_fragment_slicing", BuiltIn, "at key frames; parts by time"),
    ("hls_max_audio_delay", BuiltIn, "sound is counted in samples"),
    ("hls_audio_buffer_size", BuiltIn, "sound is counted in samples"),
    ("hls_variant", Missing, "one rendition: nothing is encoded again"),
    ("hls_keys", Missing, KEYS),
    ("hls_key_path", Missing, KEYS),
    ("hls_key_url", Missing, KEYS),
    ("hls_fragments_per_key", Missing, KEYS),
    // dash
    ("dash", Missing, DASH),
    ("dash_path", Missing, DASH),
    ("dash_fragment", Missing, DASH),
    ("dash_playlist_length", Missing, DASH),
    ("dash_nested", Missing, DASH),
    ("dash_cleanup", Missing, DASH),
    // record
    ("record", Elsewhere, "an event's policy `recording`: `off`, `program` or `all` (default)"),
    ("record_path", Key("recordings.folder"), "fragmented MP4, not FLV"),
    ("record_max_size", Key("recordings.file_mb"), "then the recording goes on in another file"),
    (
        "record_interval",
        Key("recordings.file_minutes"),
        "then the recording goes on in another file",
    ),
    ("record_suffix", BuiltIn, "names are Genlock's; read them from the API"),
    ("record_unique", BuiltIn, "names are never used again"),
    ("record_append", BuiltIn, "a camera that comes back begins a recording of its own"),
    ("record_lock", BuiltIn, "files that a crash leaves are mended at the next start"),
    ("record_max_frames", BuiltIn, "files end by time and size"),
    ("record_notify", BuiltIn, "the console shows what is recorded"),
    ("recorder", Elsewhere, "an event's policy `recording`"),
    // notify
    ("on_publish", Key("hooks.on_publish"), "the same form, with `event_id` and `camera_id`"),
    ("on_publish_done", Key("hooks.on_publish_done"), "the same form"),
    ("on_done", Key("hooks.on_publish_done"), "for publishers"),
    ("on_update", Key("hooks.on_update"), "the same form, for publishers"),
    ("notify_update_timeout", Key("hooks.update_every_s"), "seconds"),
    ("notify_update_strict", Key("hooks.update_strict"), "the same"),
    ("notify_method", Key("hooks.method"), "the same"),
    ("netcall_timeout", Key("hooks.timeout_ms"), "the same"),
    ("netcall_buffer", BuiltIn, "16 KiB of an answer are read"),
    ("notify_relay_redirect", Missing, RELAY),
    ("on_connect", Missing, "a publisher is asked about when it publishes: `hooks.on_publish`"),
    ("on_disconnect", Missing, "`hooks.on_publish_done` is told"),
    (
        "on_play",
        Missing,
        "viewers are not asked about one by one; `\"playback\": \"signed\"` of an event lets in who has a token",
    ),
    ("on_play_done", Missing, PLAY),
    ("on_record_done", Elsewhere, "JSON hook `recording.state_changed`"),
    // relay
    ("push", Missing, RELAY),
    ("pull", Missing, RELAY),
    ("push_reconnect", Missing, RELAY),
    ("pull_reconnect", Missing, RELAY),
    ("relay_buffer", Missing, RELAY),
    ("session_relay", Missing, RELAY),
    ("rtmp_auto_push", BuiltIn, "one process uses all cores"),
    ("rtmp_auto_push_reconnect", BuiltIn, "one process uses all cores"),
    ("rtmp_socket_dir", BuiltIn, "one process uses all cores"),
    // exec
    ("exec", Missing, EXEC),
    ("exec_push", Missing, EXEC),
    ("exec_pull", Missing, EXEC),
    ("exec_static", Missing, EXEC),
    ("exec_publish", Missing, EXEC),
    ("exec_publish_done", Missing, EXEC),
    ("exec_play", Missing, EXEC),
    ("exec_play_done", Missing, EXEC),
    ("exec_record_done", Missing, EXEC),
    ("exec_options", Missing, EXEC),
    ("exec_kill_signal", Missing, EXEC),
    ("respawn", Missing, EXEC),
    ("respawn_timeout", Missing, EXEC),
    // play
    ("play", Missing, "recordings are watched and downloaded by the API"),
    ("play_temp_path", Missing, "recordings are watched and downloaded by the API"),
    ("play_local_path", Missing, "recordings are watched and downloaded by the API"),
    // limit, log, statistics, control
    (
        "max_connections",
        Key("limits.rtmp_connections"),
        "and `limits.rtmp_connections_per_address`",
    ),
    ("access_log", Elsewhere, "`log.filter`, `log.format`; on standard error"),
    ("log_format", Elsewhere, "`log.format`: text or JSON"),
    ("rtmp_stat", Elsewhere, "`GET /stat`, with a token: `http.metrics_token`"),
    ("rtmp_stat_stylesheet", Missing, "the console and Grafana show it"),
    ("rtmp_control", Elsewhere, "the API: `POST …/cameras/CAMERA/kick`"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DOCUMENTED: &str = include_str!("../../../docs/migration.md");

    /// As the table in the documentation has it.
    fn text(fate: Fate) -> String {
        match fate {
            Key(key) => format!("`{key}`"),
            BuiltIn => "built in".to_owned(),
            Elsewhere => "elsewhere".to_owned(),
            Missing => "not there".to_owned(),
        }
    }

    #[test]
    fn every_directive_is_documented_once() {
        let names: BTreeSet<_> = KNOWN.iter().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), KNOWN.len(), "a directive is there twice");
        let rows: BTreeSet<_> = DOCUMENTED.lines().filter(|line| line.starts_with("| `")).collect();
        let expect: Vec<_> = KNOWN
            .iter()
            .map(|(name, fate, note)| format!("| `{name}` | {} | {note} |", text(*fate)))
            .collect();
        for row in &expect {
            assert!(rows.contains(row.as_str()), "docs/migration.md lacks: {row}");
        }
        assert_eq!(rows.len(), expect.len(), "docs/migration.md has what is not there");
    }
}
