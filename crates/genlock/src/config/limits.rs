//! `[limits]`: how much peers may take together. `docs/limits.md` has these and all others.

use std::time::Duration;

use genlock_control_api::limits::FOLLOWERS_DEFAULT;
use genlock_delivery::{OriginLimits, ServerLimits};
use genlock_feed::FeedLimits;
use genlock_ingest::IngestConfig;
use serde::Deserialize;

use super::{ConfigError, range};

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Limits {
    /// RTMP connections at once. Default 1000.
    rtmp_connections: Option<u32>,
    /// RTMP connections at once from one address (an IPv6 /64 counts as one). Default 64.
    rtmp_connections_per_address: Option<u32>,
    /// Seconds for the RTMP handshake. Default 10.
    rtmp_handshake_s: Option<u32>,
    /// Seconds from the handshake to a publish. Default 10.
    rtmp_publish_s: Option<u32>,
    /// Seconds of media that the buffer of a camera and of the programme keeps. Default 14.
    buffer_s: Option<u32>,
    /// Seconds that it keeps what a recorder has not written yet. Default 30.
    buffer_held_s: Option<u32>,
    /// MiB that it keeps at most. Default 64.
    buffer_mb: Option<u32>,
    /// HTTP connections at once. Default 32768.
    http_connections: Option<u32>,
    /// HTTP connections at once from one address (an IPv6 /64 counts as one). Default as many as in all.
    http_connections_per_address: Option<u32>,
    /// Seconds from the accept to the first complete request head. Default 10.
    http_first_request_s: Option<u32>,
    /// Seconds without a request before a kept-alive connection is closed. Default 60.
    http_idle_s: Option<u32>,
    /// Clients that follow events at once, by WebSocket or by server-sent events. Default 10000.
    followers: Option<u32>,
    /// Requests held at once: blocking reloads, preload hints. Default 20000.
    held_requests: Option<u32>,
    /// Seconds in which a viewer must take `slow_viewer_kb`. Default 10.
    slow_viewer_s: Option<u32>,
    /// KiB that a viewer must take in `slow_viewer_s`. Default 16.
    slow_viewer_kb: Option<u32>,
    /// Seconds that one playlist, part or segment may take to be sent. Default 60.
    response_s: Option<u32>,
}

/// The same, checked and in the words of those who keep them.
#[derive(Debug, Clone)]
pub(crate) struct LimitSettings {
    pub(crate) ingest: IngestConfig,
    /// The buffer of each camera and each programme.
    pub(crate) buffer: FeedLimits,
    pub(crate) server: ServerLimits,
    pub(crate) origin: OriginLimits,
    /// Clients that follow events at once.
    pub(crate) followers: usize,
}

impl Limits {
    pub(super) fn check(&self) -> Result<LimitSettings, ConfigError> {
        let mut ingest = IngestConfig::default();
        let mut server = ServerLimits::default();
        let mut origin = OriginLimits::default();
        let count = |key, given: Option<u32>, default: usize, max, expected| match given {
            Some(count) => range(key, count, 1..=max, expected).map(|()| count as usize),
            None => Ok(default),
        };
        let time = |key, given: Option<u32>, default| match given {
            Some(seconds) => range(key, seconds, 1..=600, "1 to 600")
                .map(|()| Duration::from_secs(seconds.into())),
            None => Ok(default),
        };
        let (key, max) = ("limits.rtmp_connections", 100_000);
        ingest.connections =
            count(key, self.rtmp_connections, ingest.connections, max, "1 to 100000")?;
        let key = "limits.rtmp_connections_per_address";
        let (given, default) = (self.rtmp_connections_per_address, ingest.connections_per_address);
        ingest.connections_per_address = count(key, given, default, max, "1 to 100000")?;
        let (key, given) = ("limits.rtmp_handshake_s", self.rtmp_handshake_s);
        ingest.handshake_timeout = time(key, given, ingest.handshake_timeout)?;
        let (key, given) = ("limits.rtmp_publish_s", self.rtmp_publish_s);
        ingest.publish_timeout = time(key, given, ingest.publish_timeout)?;
        let (key, max) = ("limits.http_connections", 1_000_000);
        server.connections =
            count(key, self.http_connections, server.connections, max, "1 to 1000000")?;
        let key = "limits.http_connections_per_address";
        let (given, all) = (self.http_connections_per_address, server.connections);
        server.connections_per_address = count(key, given, all, max, "1 to 1000000")?;
        let (key, given) = ("limits.http_first_request_s", self.http_first_request_s);
        server.first_request_timeout = time(key, given, server.first_request_timeout)?;
        let (key, given) = ("limits.http_idle_s", self.http_idle_s);
        server.idle_timeout = time(key, given, server.idle_timeout)?;
        let (key, given) = ("limits.followers", self.followers);
        let followers = count(key, given, FOLLOWERS_DEFAULT, max, "1 to 1000000")?;
        let (key, given) = ("limits.held_requests", self.held_requests);
        origin.held_requests = count(key, given, origin.held_requests, max, "1 to 1000000")?;
        let (key, given) = ("limits.slow_viewer_s", self.slow_viewer_s);
        server.write_timeout = time(key, given, server.write_timeout)?;
        if let Some(kib) = self.slow_viewer_kb {
            range("limits.slow_viewer_kb", kib, 1..=65_536, "1 to 65536")?;
            server.write_progress_bytes = u64::from(kib) << 10;
        }
        let (key, given) = ("limits.response_s", self.response_s);
        server.response_timeout = time(key, given, server.response_timeout)?;
        let buffer = self.buffer()?;
        Ok(LimitSettings { ingest, buffer, server, origin, followers })
    }

    /// At least what a programme that runs as far behind its cameras as it may reads from.
    fn buffer(&self) -> Result<FeedLimits, ConfigError> {
        let mut buffer = FeedLimits::default();
        let seconds = |key, given: Option<u32>, default| match given {
            Some(seconds) => range(key, seconds, 12..=600, "12 to 600")
                .map(|()| Duration::from_secs(seconds.into())),
            None => Ok(default),
        };
        buffer.span = seconds("limits.buffer_s", self.buffer_s, buffer.span)?;
        let (key, given) = ("limits.buffer_held_s", self.buffer_held_s);
        buffer.held_span = seconds(key, given, buffer.held_span)?;
        if let Some(mib) = self.buffer_mb {
            range("limits.buffer_mb", mib, 4..=4096, "4 to 4096")?;
            buffer.bytes = (mib as usize) << 20;
        }
        Ok(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<LimitSettings, String> {
        let limits: Limits = toml::from_str(text).map_err(|error| error.to_string())?;
        limits.check().map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_those_of_the_parts() {
        let limits = check("").unwrap();
        assert_eq!(limits.server, ServerLimits::default());
        assert_eq!(limits.origin, OriginLimits::default());
        assert_eq!(limits.buffer, FeedLimits::default());
        assert_eq!(format!("{:?}", limits.ingest), format!("{:?}", IngestConfig::default()));
    }

    #[test]
    fn every_key_reaches_its_part() {
        let limits = check(
            "rtmp_connections = 1\nrtmp_connections_per_address = 2\nrtmp_handshake_s = 3\n\
             rtmp_publish_s = 4\nhttp_connections = 5\nheld_requests = 6\nslow_viewer_s = 7\n\
             slow_viewer_kb = 8\nresponse_s = 9\nhttp_connections_per_address = 10\nfollowers = 11\n\
             http_first_request_s = 12\nhttp_idle_s = 13\nbuffer_s = 20\nbuffer_held_s = 25\n\
             buffer_mb = 16\n",
        )
        .unwrap();
        assert_eq!((limits.ingest.connections, limits.ingest.connections_per_address), (1, 2));
        assert_eq!(limits.ingest.handshake_timeout, Duration::from_secs(3));
        assert_eq!(limits.ingest.publish_timeout, Duration::from_secs(4));
        assert_eq!((limits.server.connections, limits.origin.held_requests), (5, 6));
        assert_eq!(limits.server.write_timeout, Duration::from_secs(7));
        assert_eq!(limits.server.write_progress_bytes, 8 << 10);
        assert_eq!(limits.server.response_timeout, Duration::from_secs(9));
        let FeedLimits { span, held_span, bytes, .. } = limits.buffer;
        assert_eq!((span.as_secs(), held_span.as_secs(), bytes), (20, 25, 16 << 20));
        assert_eq!((limits.server.connections_per_address, limits.followers), (10, 11));
        assert_eq!(limits.server.first_request_timeout, Duration::from_secs(12));
        assert_eq!(limits.server.idle_timeout, Duration::from_secs(13));
        let all = check("http_connections = 70000").unwrap().server;
        assert_eq!(all.connections_per_address, 70_000, "as many as in all, unless given");
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let error = check("rtmp_connections = 0").unwrap_err();
        assert_eq!(error, "limits.rtmp_connections must be 1 to 100000, not 0");
        assert!(check("slow_viewer_s = 601").is_err() && check("connections = 1").is_err());
    }
}
