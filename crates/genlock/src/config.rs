//! Configuration: a TOML file, then `GENLOCK_*` environment variables, then flags; the later wins.
//!
//! Everything is read and checked before a port is bound. A broken value is one line that names the
//! file, the key and what was expected.

mod hooks;
mod keys;
mod limits;
mod listen;
mod recordings;
mod tls;
mod traces;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use genlock_control_api::{CreatorLimits, JwtVerifier, Observers};
use genlock_store::SecretHash;
use genlock_store::limits::{ADMIN_TOKEN_CHARS_MIN, EVENTS_DEFAULT, EVENTS_MAX};
use serde::Deserialize;

pub(crate) use self::hooks::HookSettings;
pub(crate) use self::keys::Keys;
pub(crate) use self::limits::LimitSettings;
pub(crate) use self::listen::Listen;
pub(crate) use self::recordings::RecordingSettings;
pub(crate) use self::tls::{CertificateSource, TlsSettings};
pub(crate) use self::traces::TraceSettings;
use crate::creators::Auth;

/// Everything that can be configured, with defaults that need no file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Folder of the embedded store. Default `data`, relative to the working folder.
    data_dir: Option<PathBuf>,
    /// Token of the administrator. Without one the first start makes one and prints it once.
    admin_token: Option<String>,
    http: Http,
    rtmp: Rtmp,
    hls: Hls,
    auth: Auth,
    store: StoreConfig,
    log: Log,
    hooks: hooks::Hooks,
    recordings: recordings::Recordings,
    limits: limits::Limits,
    tls: tls::Tls,
    traces: traces::Traces,
}

#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Http {
    /// Address of console, API and HLS. Default `0.0.0.0:8080`; `off` where `tls.http` is enough.
    listen: Option<Listen>,
    /// The address that people use, when it is not the one that is bound: `https://live.example`.
    public_url: Option<String>,
    /// Token that opens `/metrics` and `/stat` and nothing else. Default: only the administrator's does.
    metrics_token: Option<String>,
    /// Whether `/metrics` tells anybody what names no event and no camera. Default true.
    public_metrics: Option<bool>,
}

impl std::fmt::Debug for Http {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").field("listen", &self.listen).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rtmp {
    /// Address for cameras. Default `0.0.0.0:1935`; `off` where `tls.rtmp` is enough.
    listen: Option<Listen>,
    /// The address that cameras use, when it is not the one that is bound: `rtmp://live.example/live`.
    public_url: Option<String>,
    /// Who wins when a second publisher comes with the key of a live camera.
    takeover: SecondPublisher,
    /// Seconds without media after which a publisher is disconnected. Default 15.
    idle_timeout_s: Option<u32>,
}

/// What happens when a second publisher comes with the key of a live camera.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SecondPublisher {
    /// The second is refused.
    Reject,
    /// The second takes the camera.
    Takeover,
    /// The second takes the camera if the first has been silent for 3 s or has the same address.
    #[default]
    TakeoverIfStale,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Hls {
    /// Wanted length of a segment in milliseconds; segments end at the next sync sample. Default 2000.
    segment_ms: Option<u32>,
    /// Longest part in milliseconds: the latency that low-latency players can reach is three of these
    /// and a bit. Default 500.
    part_ms: Option<u32>,
    /// Length of the live window in seconds, kept in memory for each playlist. Default 16.
    window_s: Option<u32>,
}

/// Without `mongodb_uri` everything is in the embedded store, and what is not said of both means nothing.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct StoreConfig {
    /// `mongodb://…` or `mongodb+srv://…`: keeps everything in MongoDB, with a copy in the data folder that
    /// answers and that the server goes on with while MongoDB does not.
    mongodb_uri: Option<String>,
    /// Database. Default: the one that the URI names, or else `genlock`.
    database: Option<String>,
    /// Collection of the events, which other programs may share. Default `weddings`.
    collection: Option<String>,
    /// What the names of Genlock's own collections begin with. Default `genlock_`.
    own_prefix: Option<String>,
    /// Keeps stream keys readable in the shared collection, for back ends that show them. Default false: there is
    /// only their hash.
    compat_plain_keys: bool,
    /// Seconds between two looks at what other programs changed. Default 5.
    follow_interval_s: Option<u32>,
    /// Events in either store, ended ones too. Default 1000; each takes 75 kB of memory. Of a shared collection these are
    /// the newest.
    events_max: Option<u32>,
}

impl std::fmt::Debug for StoreConfig {
    /// Without the URI, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreConfig").field("collection", &self.collection).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,genlock_ingest=debug`.
    filter: Option<String>,
    /// How lines look.
    format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Flags and environment variables of `genlock serve` and `genlock demo`.
#[derive(Clone, Default, clap::Args)]
pub(crate) struct Flags {
    /// TOML file with the configuration
    #[arg(long, value_name = "FILE", env = "GENLOCK_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Address of console, API and HLS, or `off` [default: 0.0.0.0:8080]
    #[arg(long, value_name = "ADDR", env = "GENLOCK_HTTP")]
    http: Option<Listen>,
    /// Address for cameras, or `off` [default: 0.0.0.0:1935]
    #[arg(long, value_name = "ADDR", env = "GENLOCK_RTMP")]
    rtmp: Option<Listen>,
    #[command(flatten)]
    tls: tls::TlsFlags,
    #[command(flatten)]
    traces: traces::TraceFlags,
    /// Folder of the embedded store [default: data]
    #[arg(long, value_name = "DIR", env = "GENLOCK_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Token of the administrator [default: made at the first start and printed once]
    #[arg(long, value_name = "TOKEN", env = "GENLOCK_ADMIN_TOKEN", hide_env_values = true)]
    admin_token: Option<String>,
    /// Token that opens /metrics and /stat and nothing else [default: only the administrator's does]
    #[arg(long, value_name = "TOKEN", env = "GENLOCK_METRICS_TOKEN", hide_env_values = true)]
    metrics_token: Option<String>,
    /// Secret that creators' tokens (JWT, HS256) are signed with [default: none]
    #[arg(long, value_name = "SECRET", env = "GENLOCK_JWT_SECRET", hide_env_values = true)]
    jwt_secret: Option<String>,
    /// The address that people use, such as `https://live.example` [default: taken from each request]
    #[arg(long, value_name = "URL", env = "GENLOCK_PUBLIC_URL")]
    public_url: Option<String>,
    /// Keeps everything in MongoDB: `mongodb://…` [default: the embedded store]
    #[arg(long, value_name = "URI", env = "GENLOCK_STORE_MONGODB_URI", hide_env_values = true)]
    mongodb_uri: Option<String>,
    /// What is logged, such as `info` or `info,genlock_ingest=debug` [default: info]
    #[arg(long, value_name = "FILTER", env = "GENLOCK_LOG")]
    log: Option<String>,
}

impl std::fmt::Debug for Flags {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flags").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Flags {
    /// Nothing but a configuration file.
    pub(crate) fn of_file(file: PathBuf) -> Self {
        Self { config: Some(file), ..Self::default() }
    }
}

/// The shared database, as configured.
#[derive(Clone)]
#[cfg_attr(not(feature = "mongodb"), expect(dead_code, reason = "it is refused without MongoDB"))]
pub(crate) struct SharedStore {
    pub(crate) uri: String,
    pub(crate) database: Option<String>,
    pub(crate) collection: Option<String>,
    pub(crate) own_prefix: Option<String>,
    pub(crate) plain_keys: bool,
    pub(crate) follow_interval: Duration,
}

impl std::fmt::Debug for SharedStore {
    /// Without the URI, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedStore").field("database", &self.database).finish_non_exhaustive()
    }
}

/// The configuration, checked and complete.
#[derive(Debug)]
pub(crate) struct Settings {
    /// `None` for the embedded store.
    pub(crate) shared_store: Option<SharedStore>,
    pub(crate) events_max: u32,
    pub(crate) data_dir: PathBuf,
    pub(crate) admin_token: Option<String>,
    /// `None` where the plain port is closed.
    pub(crate) http_listen: Option<SocketAddr>,
    pub(crate) http_public_url: Option<String>,
    /// `None` where the plain port is closed.
    pub(crate) rtmp_listen: Option<SocketAddr>,
    pub(crate) rtmp_public_url: Option<String>,
    pub(crate) takeover: SecondPublisher,
    pub(crate) idle_timeout: Duration,
    pub(crate) segment_target: Duration,
    pub(crate) part_target: Duration,
    pub(crate) window: Duration,
    pub(crate) hooks: HookSettings,
    pub(crate) recordings: RecordingSettings,
    pub(crate) limits: LimitSettings,
    pub(crate) creators: Option<JwtVerifier>,
    pub(crate) creator_limits: CreatorLimits,
    pub(crate) observers: Observers,
    /// `None` without TLS.
    pub(crate) tls: Option<TlsSettings>,
    /// `None` sends no traces.
    pub(crate) traces: Option<TraceSettings>,
    /// What the file says, key by key.
    pub(crate) keys: Keys,
    pub(crate) log_filter: String,
    pub(crate) log_format: LogFormat,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {}: {error}", .path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{}:{line}: {}{why}", .path.display(), .key.as_ref().map(|key| format!("{key}: ")).unwrap_or_default())]
    Syntax { path: PathBuf, line: usize, key: Option<String>, why: String },
    #[error("{key} must be {expected}, not {got}")]
    Value { key: &'static str, expected: &'static str, got: String },
    #[error("hooks.ca_file {}: {error}", .path.display())]
    Certificates { path: PathBuf, error: genlock_hooks::InvalidCertificates },
}

impl ConfigError {
    /// The key that is to blame, if one is.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Unreadable { .. } => None,
            Self::Syntax { key, .. } => key.as_deref(),
            Self::Value { key, .. } => Some(key),
            Self::Certificates { .. } => Some("hooks.ca_file"),
        }
    }
}

/// The configuration that stands in `text`.
#[cfg(test)]
pub(crate) fn of_text(text: &str) -> Result<Settings, String> {
    let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
    complete(config, &Flags::default()).map_err(|error| error.to_string())
}

/// The same with the keys of the text.
#[cfg(test)]
pub(crate) fn of_text_with_keys(text: &str) -> Result<Settings, String> {
    let keys = Keys::new(toml::from_str(text).map_err(|error| error.to_string())?);
    Ok(Settings { keys, ..of_text(text)? })
}

/// Reads the file that `flags` name, if any, and lays the flags over it.
pub(crate) fn load(flags: &Flags) -> Result<Settings, ConfigError> {
    let (file, keys) = flags.config.as_deref().map(read).transpose()?.unwrap_or_default();
    Ok(Settings { keys, ..complete(file, flags)? })
}

fn read(path: &Path) -> Result<(Config, Keys), ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
    parse(path, &text)
}

/// What stands in `text`. An error tells line and key, and no line as it is: there may be a secret in it.
fn parse(path: &Path, text: &str) -> Result<(Config, Keys), ConfigError> {
    let broken = |key: Option<String>, error: &toml::de::Error| {
        let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
        let (line, why) = (before.matches('\n').count() + 1, without_value(error.message()));
        ConfigError::Syntax { path: path.to_owned(), line, key, why }
    };
    let table = toml::from_str(text).map_err(|error| broken(None, &error))?;
    let reader = toml::Deserializer::parse(text).map_err(|error| broken(None, &error))?;
    let config = serde_path_to_error::deserialize(reader).map_err(|error| {
        let key = error.path().to_string();
        broken((key != ".").then_some(key), error.inner())
    })?;
    Ok((config, Keys::new(table)))
}

/// What serde says of a value that has another type or cannot be, without the value.
fn without_value(why: &str) -> String {
    let begin = [" `", " \""].into_iter().filter_map(|quote| why.find(quote)).min();
    match begin.zip(why.rfind(", expected ")) {
        Some((begin, end)) if why.starts_with("invalid ") && begin < end => {
            format!("{}{}", &why[..begin], &why[end..])
        }
        _ => why.to_owned(),
    }
}

fn complete(file: Config, flags: &Flags) -> Result<Settings, ConfigError> {
    let segment_ms = file.hls.segment_ms.unwrap_or(2000);
    let part_ms = file.hls.part_ms.unwrap_or(500);
    let window_s = file.hls.window_s.unwrap_or(16);
    let idle_s = file.rtmp.idle_timeout_s.unwrap_or(15);
    range("hls.segment_ms", segment_ms, 500..=8_000, "500 to 8000")?;
    range("hls.part_ms", part_ms, 200..=2000, "200 to 2000")?;
    if part_ms > segment_ms {
        let expected = "hls.segment_ms or less";
        return Err(ConfigError::Value { key: "hls.part_ms", expected, got: part_ms.to_string() });
    }
    range("hls.window_s", window_s, 12..=300, "12 to 300")?;
    range("rtmp.idle_timeout_s", idle_s, 2..=600, "2 to 600")?;
    let admin_token = flags.admin_token.clone().or(file.admin_token);
    long_enough("admin_token", admin_token.as_deref())?;
    let metrics_token = flags.metrics_token.clone().or(file.http.metrics_token);
    long_enough("http.metrics_token", metrics_token.as_deref())?;
    let observers = Observers {
        token: metrics_token.as_deref().map(SecretHash::of),
        anonymous: file.http.public_metrics.unwrap_or(true),
    };
    let http_public_url = flags.public_url.clone().or(file.http.public_url);
    let tls = file.tls.check(&flags.tls)?;
    let secure = |port: fn(&TlsSettings) -> Option<SocketAddr>| tls.as_ref().and_then(port);
    let http = flags.http.or(file.http.listen).unwrap_or_else(|| Listen::At(any(8080)));
    let rtmp = flags.rtmp.or(file.rtmp.listen).unwrap_or_else(|| Listen::At(any(1935)));
    reachable("http.listen", "an address unless tls.http is one", http, secure(|tls| tls.http))?;
    reachable("rtmp.listen", "an address unless tls.rtmp is one", rtmp, secure(|tls| tls.rtmp))?;
    Ok(Settings {
        events_max: events_max(file.store.events_max)?,
        shared_store: shared_store(file.store, flags.mongodb_uri.clone())?,
        data_dir: flags.data_dir.clone().or(file.data_dir).unwrap_or_else(|| "data".into()),
        admin_token,
        http_listen: http.address(),
        http_public_url: http_public_url
            .map(|url| scheme("http.public_url", url, "http"))
            .transpose()?,
        rtmp_listen: rtmp.address(),
        rtmp_public_url: file
            .rtmp
            .public_url
            .map(|url| scheme("rtmp.public_url", url, "rtmp"))
            .transpose()?,
        takeover: file.rtmp.takeover,
        idle_timeout: Duration::from_secs(idle_s.into()),
        segment_target: Duration::from_millis(segment_ms.into()),
        part_target: Duration::from_millis(part_ms.into()),
        window: Duration::from_secs(window_s.into()),
        hooks: file.hooks.check()?,
        recordings: file.recordings.check()?,
        limits: file.limits.check()?,
        creator_limits: file.auth.limits(),
        observers,
        tls,
        traces: file.traces.check(&flags.traces)?,
        creators: file.auth.verifier(flags.jwt_secret.as_deref())?,
        keys: Keys::default(),
        log_filter: flags.log.clone().or(file.log.filter).unwrap_or_else(|| "info".to_owned()),
        log_format: file.log.format,
    })
}

/// Somebody must be able to come in, by the plain port or by the one with TLS.
fn reachable(
    key: &'static str,
    expected: &'static str,
    plain: Listen,
    secure: Option<SocketAddr>,
) -> Result<(), ConfigError> {
    match (plain, secure) {
        (Listen::Off, None) => Err(ConfigError::Value { key, expected, got: "off".to_owned() }),
        _ => Ok(()),
    }
}

/// Shorter tokens can be guessed over the network.
fn long_enough(key: &'static str, token: Option<&str>) -> Result<(), ConfigError> {
    match token.map(str::len) {
        Some(length) if length < ADMIN_TOKEN_CHARS_MIN => Err(ConfigError::Value {
            key,
            expected: "8 characters or more",
            got: format!("{length} characters"),
        }),
        _ => Ok(()),
    }
}

fn events_max(configured: Option<u32>) -> Result<u32, ConfigError> {
    let events = configured.unwrap_or(EVENTS_DEFAULT);
    range("store.events_max", events, 1..=EVENTS_MAX, "1 to 20000")?;
    Ok(events)
}

/// The shared database, if one is configured.
fn shared_store(
    file: StoreConfig,
    flag: Option<String>,
) -> Result<Option<SharedStore>, ConfigError> {
    let follow_s = file.follow_interval_s.unwrap_or(5);
    range("store.follow_interval_s", follow_s, 1..=3600, "1 to 3600")?;
    let Some(uri) = flag.or(file.mongodb_uri) else { return Ok(None) };
    // What is in its place may be a password, so it is not shown.
    if !uri.starts_with("mongodb://") && !uri.starts_with("mongodb+srv://") {
        let (expected, got) = ("a mongodb:// or mongodb+srv:// URI", "something else".to_owned());
        return Err(ConfigError::Value { key: "store.mongodb_uri", expected, got });
    }
    Ok(Some(SharedStore {
        uri,
        database: file.database,
        collection: file.collection,
        own_prefix: file.own_prefix,
        plain_keys: file.compat_plain_keys,
        follow_interval: Duration::from_secs(follow_s.into()),
    }))
}

fn any(port: u16) -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], port))
}

fn range(
    key: &'static str,
    value: u32,
    legal: std::ops::RangeInclusive<u32>,
    expected: &'static str,
) -> Result<(), ConfigError> {
    if legal.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::Value { key, expected, got: value.to_string() })
}

/// `url` without a slash at its end, if it starts with `scheme://` or `schemes://`.
pub(crate) fn scheme(
    key: &'static str,
    url: String,
    scheme: &'static str,
) -> Result<String, ConfigError> {
    let rest = url.strip_prefix(scheme).map(|rest| rest.strip_prefix('s').unwrap_or(rest));
    match rest.and_then(|rest| rest.strip_prefix("://")) {
        Some(host) if !host.is_empty() => Ok(url.trim_end_matches('/').to_owned()),
        _ => {
            let expected = if scheme == "http" { "an http or https URL" } else { "an rtmp URL" };
            Err(ConfigError::Value { key, expected, got: format!("`{url}`") })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        of_text(text)
    }

    #[test]
    fn defaults_need_no_file() {
        let settings = load(&Flags::default()).unwrap();
        assert_eq!(settings.rtmp_listen, Some(any(1935)));
        assert_eq!(settings.http_listen, Some(any(8080)));
        assert_eq!(settings.data_dir, Path::new("data"));
    }

    #[test]
    fn flags_win_over_the_file() {
        let flags = Flags { http: Some(Listen::At(any(9000))), ..Flags::default() };
        let file: Config = toml::from_str("http.listen = \"127.0.0.1:1\"").unwrap();
        assert_eq!(complete(file, &flags).unwrap().http_listen, Some(any(9000)));
    }

    #[test]
    fn a_plain_port_is_closed_only_where_another_is_open() {
        let error = parse("http.listen = \"off\"").unwrap_err();
        assert_eq!(error, "http.listen must be an address unless tls.http is one, not off");
        let tls = "tls = { certificate = \"c\", key = \"k\", rtmp = \"off\" }\n";
        assert_eq!(parse(&format!("{tls}http.listen = \"off\"")).unwrap().http_listen, None);
        let error = parse(&format!("{tls}rtmp.listen = \"off\"")).unwrap_err();
        assert!(error.starts_with("rtmp.listen must be an address"), "{error}");
    }

    #[test]
    fn tokens_are_long_enough_and_not_shown() {
        for key in ["admin_token", "http.metrics_token"] {
            let error = parse(&format!("{key} = \"short\"")).unwrap_err();
            assert_eq!(error, format!("{key} must be 8 characters or more, not 5 characters"));
        }
        let text = "http.metrics_token = \"for-monitoring\"\nhttp.public_metrics = false";
        let settings = parse(text).unwrap();
        assert_eq!(settings.observers.token, Some(SecretHash::of("for-monitoring")));
        assert!(!settings.observers.anonymous);
        let config: Config = toml::from_str(text).unwrap();
        let printed = format!("{config:?} {settings:?}");
        assert!(!printed.contains("for-monitoring"), "{printed}");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_line_and_key() {
        let check = |text: &str, key: Option<&str>, told: &str| {
            let error = super::parse(Path::new("g.toml"), text).unwrap_err();
            assert_eq!(error.key(), key, "{error}");
            assert_eq!(error.to_string(), told);
            assert!(!error.to_string().contains("hunter2"), "{error}");
        };
        check(
            "[log]\nfilter = \"info\"\n[hls]\npart_mss = 3",
            Some("hls.part_mss"),
            "g.toml:4: hls.part_mss: unknown field `part_mss`, expected one of `segment_ms`, `part_ms`, `window_s`",
        );
        let type_error = "invalid type: string, expected u32";
        check(
            "\nhls.part_ms = \"hunter2, expected `x` \"",
            Some("hls.part_ms"),
            &format!("g.toml:2: hls.part_ms: {type_error}"),
        );
        check(
            "[[hooks.targets]]\nname = \"a\"\nurl = \"http://a/?hunter2\"\n",
            Some("hooks.targets[0]"),
            "g.toml:1: hooks.targets[0]: missing field `secret`",
        );
        let error = super::parse(Path::new("g.toml"), "admin_token = \"hunter2").unwrap_err();
        assert_eq!(error.key(), None);
        assert!(!error.to_string().contains("hunter2"), "{error}");
        check(
            "admin_token = 123456",
            Some("admin_token"),
            "g.toml:1: admin_token: invalid type: integer, expected a string",
        );
    }

    #[test]
    fn a_value_out_of_range_names_key_range_and_value() {
        let error = parse("hls.part_ms = 10").unwrap_err();
        assert_eq!(error, "hls.part_ms must be 200 to 2000, not 10");
        // The packager would make it 8 s without a word.
        let error = parse("hls.segment_ms = 9000").unwrap_err();
        assert_eq!(error, "hls.segment_ms must be 500 to 8000, not 9000");
    }

    #[test]
    fn a_part_is_no_longer_than_its_segment() {
        let error = parse("hls.segment_ms = 1000\nhls.part_ms = 1500").unwrap_err();
        assert_eq!(error, "hls.part_ms must be hls.segment_ms or less, not 1500");
        assert!(parse("hls.segment_ms = 1000\nhls.part_ms = 1000").is_ok());
    }

    #[test]
    fn events_are_bounded_within_reason() {
        assert_eq!(parse("").unwrap().events_max, 1000);
        assert_eq!(parse("store.events_max = 20000").unwrap().events_max, 20_000);
        for none in ["store.events_max = 0", "store.events_max = 20001"] {
            assert!(parse(none).unwrap_err().contains("store.events_max"), "{none}");
        }
    }

    #[test]
    fn a_shared_store_needs_its_scheme_and_shows_no_password() {
        assert!(parse("").unwrap().shared_store.is_none());
        let text = "store.mongodb_uri = \"mongodb://ann:secret@db/live\"\nstore.collection = \"w\"";
        let settings = parse(text).unwrap();
        let shared = settings.shared_store.clone().unwrap();
        assert_eq!((shared.collection.as_deref(), shared.plain_keys), (Some("w"), false));
        let error = parse("store.mongodb_uri = \"ann:secret@db\"").unwrap_err();
        assert!(error.contains("store.mongodb_uri") && !error.contains("secret"), "{error}");
        let config: Config = toml::from_str(text).unwrap();
        let flags = Flags {
            mongodb_uri: Some("mongodb://ann:secret@other".to_owned()),
            ..Flags::default()
        };
        let printed = format!("{settings:?} {config:?} {flags:?}");
        assert!(!printed.contains("secret"), "{printed}");
        let shared = complete(config, &flags).unwrap().shared_store.unwrap();
        assert_eq!(shared.uri, "mongodb://ann:secret@other", "the flag wins");
    }

    #[test]
    fn a_public_url_needs_its_scheme_and_loses_its_last_slash() {
        let settings = parse("http.public_url = \"https://live.example/\"").unwrap();
        assert_eq!(settings.http_public_url.as_deref(), Some("https://live.example"));
        assert!(parse("http.public_url = \"live.example\"").unwrap_err().contains("public_url"));
        assert!(parse("rtmp.public_url = \"http://live.example\"").is_err());
    }
}
