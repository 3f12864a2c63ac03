//! What is made of what was seen. Pure.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use genlock_tls::{Pair, PairError};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Good,
    /// The server starts, and somebody will be sorry.
    Doubtful,
    /// The server does not start, or cannot do its work.
    Bad,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) health: Health,
    what: &'static str,
    text: String,
}

impl Finding {
    fn new(health: Health, what: &'static str, text: impl Into<String>) -> Self {
        Self { health, what, text: text.into() }
    }

    /// As it is printed.
    pub(super) fn line(&self) -> String {
        let mark = match self.health {
            Health::Good => "ok  ",
            Health::Doubtful => "warn",
            Health::Bad => "FAIL",
        };
        format!("{mark}  {:<18} {}\n", self.what, self.text)
    }
}

use Health::{Bad, Doubtful, Good};

/// A durable write that takes longer holds up what is changed by the API.
const WRITE_SLOW_MS: u128 = 100;

/// Below it even the store is at risk.
const ROOM_MIN: u64 = 256 << 20;

/// A server that believes it is earlier than this was written has no clock: 2026-01-01.
const CLOCK_MIN: Duration = Duration::from_secs(1_767_225_600);

/// Files that are newer than now by more than this were written before the clock was set back.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// Tools renew certificates when a third of their time is left: 30 days of 90.
const CERTIFICATE_REST_MIN: Duration = Duration::from_secs(14 * 24 * 3600);

/// Descriptors beside connections: files of the store, of recordings, and what the runtime has.
const OTHER_FILES: u64 = 512;

pub(super) fn port(
    what: &'static str,
    address: SocketAddr,
    bound: Result<&(), &io::Error>,
) -> Finding {
    match bound {
        Ok(()) => Finding::new(Good, what, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let text = format!("{address} is taken: is a server running already?");
            Finding::new(Bad, what, text)
        }
        Err(error) => Finding::new(Bad, what, format!("{address}: {error}")),
    }
}

/// `limit` is the soft limit, `None` where there is none or it is not told.
/// `connections` is how many may be open.
pub(super) fn open_files(limit: Option<u64>, connections: u64) -> Finding {
    let what = "open files";
    match limit {
        None => Finding::new(Good, what, "not limited, or not told"),
        Some(limit) if limit >= connections + OTHER_FILES => {
            Finding::new(Good, what, format!("{limit} may be open"))
        }
        Some(limit) => {
            let wanted = connections + OTHER_FILES;
            let text = format!(
                "{limit} may be open, and {wanted} would be with as many connections as are \
                 allowed: raise `ulimit -n` (LimitNOFILE= of a unit)"
            );
            Finding::new(if limit < OTHER_FILES { Bad } else { Doubtful }, what, text)
        }
    }
}

pub(super) fn folder(
    what: &'static str,
    folder: &Path,
    written: Result<&u128, &io::Error>,
) -> Finding {
    let folder = folder.display();
    match written {
        Err(error) => Finding::new(Bad, what, format!("{folder} cannot be written: {error}")),
        Ok(millis) if *millis > WRITE_SLOW_MS => {
            let text = format!("{folder} is slow: a small durable write took {millis} ms");
            Finding::new(Doubtful, what, text)
        }
        Ok(millis) => Finding::new(
            Good,
            what,
            format!("{folder} can be written; {millis} ms for a durable write"),
        ),
    }
}

pub(super) fn room(what: &'static str, free: Option<u64>, keep_free: u64) -> Finding {
    let Some(free) = free else {
        return Finding::new(Doubtful, what, "how much room there is cannot be told");
    };
    let (mib, keep) = (free >> 20, keep_free >> 20);
    if free < ROOM_MIN {
        return Finding::new(Bad, what, format!("{mib} MiB are free: the disk is full"));
    }
    if free < keep_free {
        let text = format!(
            "{mib} MiB are free and {keep} stay so (recordings.keep_free_mb): nothing is recorded"
        );
        return Finding::new(Doubtful, what, text);
    }
    Finding::new(Good, what, format!("{mib} MiB are free, of which {keep} stay so"))
}

/// `newest` is when the newest file of the data folder was written.
pub(super) fn clock(now: SystemTime, newest: Option<SystemTime>) -> Finding {
    let what = "clock";
    if now < SystemTime::UNIX_EPOCH + CLOCK_MIN {
        return Finding::new(Bad, what, "is not set: times in playlists and logs would be wrong");
    }
    let ahead = newest.and_then(|newest| newest.duration_since(now).ok());
    match ahead.filter(|ahead| *ahead > CLOCK_SLACK) {
        Some(ahead) => {
            let text = format!(
                "is {} s behind the newest file of the data folder: it was set back",
                ahead.as_secs()
            );
            Finding::new(Doubtful, what, text)
        }
        None => Finding::new(Good, what, "is set"),
    }
}

/// Whether tokens can be read on their way, as far as the configuration tells.
pub(super) fn secrets(public_url: Option<&str>, tls: bool) -> Finding {
    let what = "http.public_url";
    match public_url {
        Some(url) if url.starts_with("http://") => {
            let remedy = if tls { "say https" } else { "set tls, or put Caddy or nginx in front" };
            let text = format!("is not encrypted: tokens can be read on their way; {remedy}");
            Finding::new(Doubtful, what, text)
        }
        Some(url) => Finding::new(Good, what, url),
        None => Finding::new(Good, what, "is taken from each request"),
    }
}

pub(super) fn self_signed() -> Finding {
    let text = "is made here (--tls-self-signed): no browser trusts it by itself";
    Finding::new(Doubtful, "tls.certificate", text)
}

/// `host` is whom people call, if that is configured.
pub(super) fn certificate(
    now: SystemTime,
    host: Option<&str>,
    pair: Result<&Pair, &PairError>,
) -> Finding {
    let what = "tls.certificate";
    let pair = match pair {
        Ok(pair) => pair,
        Err(error) => return Finding::new(Bad, what, error.to_string()),
    };
    if now < pair.validity().from {
        return Finding::new(Bad, what, "is not good yet: is the clock right?");
    }
    let Ok(left) = pair.validity().until.duration_since(now) else {
        return Finding::new(Bad, what, "is over");
    };
    if let Some(host) = host.filter(|host| !pair.is_for(host)) {
        let text = format!("is not for {host}, which http.public_url names");
        return Finding::new(Bad, what, text);
    }
    let days = left.as_secs() / (24 * 3600);
    if left < CERTIFICATE_REST_MIN {
        let text = format!("is good for {days} days more: is it renewed by anything?");
        return Finding::new(Doubtful, what, text);
    }
    Finding::new(Good, what, format!("is good for {days} days more"))
}

pub(super) fn embedded() -> Finding {
    Finding::new(Good, "store", "embedded, in data_dir")
}

/// `answered` is the milliseconds that an answer took, or why there was none.
pub(super) fn database(answered: Result<u128, String>) -> Finding {
    let what = "store.mongodb_uri";
    match answered {
        Ok(millis) => Finding::new(Good, what, format!("MongoDB answered after {millis} ms")),
        Err(error) => {
            let text = format!("MongoDB does not answer (only the first start needs it): {error}");
            Finding::new(Doubtful, what, text)
        }
    }
}

/// `problem` is what is wrong with the collector at `origin`.
pub(super) fn collector(origin: &str, problem: Option<&str>) -> Finding {
    let what = "traces.endpoint";
    match problem {
        None => Finding::new(Good, what, format!("{origin} takes traces")),
        Some(problem) => {
            let text = format!("{origin} takes no traces (nothing waits for it): {problem}");
            Finding::new(Doubtful, what, text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(finding: &Finding, health: Health, text: &str) {
        assert_eq!(finding.health, health, "{finding:?}");
        assert!(finding.line().contains(text), "{finding:?}");
    }

    #[test]
    fn a_collector_that_is_away_keeps_nobody_from_starting() {
        check(&collector("http://c:4318", None), Good, "http://c:4318 takes traces");
        let problem = Some("the collector answers 401");
        check(&collector("http://c:4318", problem), Doubtful, "answers 401");
    }

    #[test]
    fn a_taken_port_stands_in_the_way() {
        let address = "127.0.0.1:1935".parse().unwrap();
        check(
            &port("rtmp.listen", address, Ok(&())),
            Good,
            "ok    rtmp.listen        127.0.0.1:1935",
        );
        let taken = io::Error::from(io::ErrorKind::AddrInUse);
        check(&port("rtmp.listen", address, Err(&taken)), Bad, "is taken");
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        check(&port("rtmp.listen", address, Err(&denied)), Bad, "permission denied");
    }

    #[test]
    fn open_files_must_do_for_all_connections() {
        check(&open_files(None, 33_768), Good, "not limited");
        check(&open_files(Some(1_048_576), 33_768), Good, "1048576");
        check(&open_files(Some(1024), 33_768), Doubtful, "LimitNOFILE");
        check(&open_files(Some(1024), 512), Good, "1024");
        check(&open_files(Some(64), 1), Bad, "64 may be open");
    }

    #[test]
    fn folders_are_writable_fast_and_have_room() {
        let path = Path::new("data");
        check(&folder("data_dir", path, Ok(&3)), Good, "3 ms");
        check(&folder("data_dir", path, Ok(&400)), Doubtful, "slow");
        let read_only = io::Error::from(io::ErrorKind::ReadOnlyFilesystem);
        check(&folder("data_dir", path, Err(&read_only)), Bad, "cannot be written");
        check(&room("r", Some(8 << 30), 2 << 30), Good, "8192 MiB are free, of which 2048");
        check(&room("r", Some(1 << 30), 2 << 30), Doubtful, "nothing is recorded");
        check(&room("r", Some(1 << 20), 0), Bad, "full");
        check(&room("r", None, 0), Doubtful, "cannot be told");
    }

    #[test]
    fn a_clock_is_set_and_does_not_go_back() {
        let now = SystemTime::UNIX_EPOCH + CLOCK_MIN + Duration::from_secs(1);
        check(&clock(now, None), Good, "is set");
        check(&clock(now, Some(now + CLOCK_SLACK)), Good, "is set");
        let ahead = now + Duration::from_secs(3600);
        check(&clock(now, Some(ahead)), Doubtful, "3600 s behind");
        check(&clock(SystemTime::UNIX_EPOCH, None), Bad, "not set");
    }

    #[test]
    fn a_certificate_is_for_its_host_and_has_time_left() {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::UNIX_EPOCH + CLOCK_MIN;
        let files = genlock_tls::self_signed(folder.path(), &["live.example".to_owned()], now);
        let pair = Pair::new(&files.unwrap().read().unwrap()).unwrap();
        let host = Some("live.example");
        check(&certificate(now, host, Ok(&pair)), Good, "365 days");
        check(&certificate(now, None, Ok(&pair)), Good, "365 days");
        check(&certificate(now, Some("other.example"), Ok(&pair)), Bad, "not for other.example");
        check(&certificate(now + DAY * 355, host, Ok(&pair)), Doubtful, "10 days");
        check(&certificate(now + DAY * 366, host, Ok(&pair)), Bad, "over");
        check(&certificate(now - DAY, host, Ok(&pair)), Bad, "clock");
        check(&certificate(now, host, Err(&PairError::Mismatch)), Bad, "does not belong");
        check(&self_signed(), Doubtful, "--tls-self-signed");
    }

    #[test]
    fn a_database_that_is_away_does_not_stand_in_the_way() {
        check(&database(Ok(4)), Good, "after 4 ms");
        check(&database(Err("refused".to_owned())), Doubtful, "refused");
        check(&embedded(), Good, "embedded");
        check(&secrets(Some("http://live.example"), false), Doubtful, "not encrypted");
        check(&secrets(Some("https://live.example"), true), Good, "live.example");
    }
}
