//! `[recordings]`: where recordings are kept, and how much of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use genlock_archive::{StoreConfig, StoreUrl};
use genlock_recorder::{RecorderConfig, Rolling};
use serde::Deserialize;

use super::{ConfigError, range};

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Recordings {
    /// Folder of the recordings. Default `recordings` in the data folder.
    folder: Option<PathBuf>,
    /// MiB of the disk that cameras leave free; the programme is recorded down to a quarter of it. Default
    /// 2048.
    keep_free_mb: Option<u32>,
    /// MiB of all recordings; cameras stop at nine tenths. Default: no limit.
    quota_mb: Option<u32>,
    /// MiB of the recordings of one event; cameras stop at nine tenths. Default: no limit.
    event_quota_mb: Option<u32>,
    /// Days after which recordings that are over are removed. Default: never.
    keep_days: Option<u32>,
    /// Minutes after which a recording goes on in another file. Default 60.
    file_minutes: Option<u32>,
    /// MiB after which a recording goes on in another file. Default 4096.
    file_mb: Option<u32>,
    /// Where finished recordings go. Default: nowhere.
    object_store: Option<ObjectStore>,
}

/// `[recordings.object_store]`
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectStore {
    /// `s3://bucket/prefix`, or `file:///path` for a folder.
    url: String,
    /// Address of an S3 server other than Amazon's.
    endpoint: Option<String>,
    /// Default `us-east-1`.
    region: Option<String>,
    /// Access key. Default: what the environment says (`AWS_ACCESS_KEY_ID`), or the machine's role.
    access_key_id: Option<String>,
    /// Its secret. Default: what the environment says (`AWS_SECRET_ACCESS_KEY`), or the machine's role.
    secret_access_key: Option<String>,
    /// Whether the endpoint may be `http://`. Default false.
    #[serde(default)]
    allow_http: bool,
    /// Whether the bucket is part of the host's name. Default false: it is the begin of the path.
    #[serde(default)]
    virtual_hosted: bool,
    /// Whether files are removed from the disk when the store has them. Default false.
    #[serde(default)]
    delete_local: bool,
    /// Minutes that they stay all the same. Default 60.
    delete_local_after_minutes: Option<u32>,
    /// Megabits a second that uploads take on average. Default: no limit.
    rate_mbit_s: Option<u32>,
}

impl std::fmt::Debug for ObjectStore {
    /// Without the address, which may have a password in it, and the keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectStore").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The same, checked.
#[derive(Debug, Clone)]
pub(crate) struct RecordingSettings {
    folder: Option<PathBuf>,
    keep_free: u64,
    quota: Option<u64>,
    event_quota: Option<u64>,
    keep: Option<Duration>,
    rolling: Rolling,
    pub(crate) object_store: Option<StoreConfig>,
}

impl Recordings {
    pub(super) fn check(self) -> Result<RecordingSettings, ConfigError> {
        let (minutes, file_mb) = (self.file_minutes.unwrap_or(60), self.file_mb.unwrap_or(4096));
        range("recordings.file_minutes", minutes, 1..=1440, "1 to 1440")?;
        range("recordings.file_mb", file_mb, 16..=1_048_576, "16 to 1048576")?;
        for (key, quota) in [
            ("recordings.quota_mb", self.quota_mb),
            ("recordings.event_quota_mb", self.event_quota_mb),
        ] {
            range(key, quota.unwrap_or(1), 1..=u32::MAX, "1 or more")?;
        }
        if let Some(days) = self.keep_days {
            range("recordings.keep_days", days, 1..=36_500, "1 to 36500")?;
        }
        Ok(RecordingSettings {
            folder: self.folder,
            keep_free: bytes(self.keep_free_mb.unwrap_or(2048)),
            quota: self.quota_mb.map(bytes),
            event_quota: self.event_quota_mb.map(bytes),
            keep: self.keep_days.map(|days| Duration::from_secs(u64::from(days) * 86_400)),
            rolling: Rolling {
                bytes: bytes(file_mb),
                span: Duration::from_secs(u64::from(minutes) * 60),
            },
            object_store: self.object_store.map(ObjectStore::check).transpose()?,
        })
    }
}

impl ObjectStore {
    fn check(self) -> Result<StoreConfig, ConfigError> {
        // What is in its place may be a password, so it is not shown.
        let hidden = |key, expected| {
            let got = "something else".to_owned();
            ConfigError::Value { key, expected, got }
        };
        let url = StoreUrl::parse(&self.url).ok_or_else(|| {
            hidden("recordings.object_store.url", "s3://bucket/prefix or file:///path")
        })?;
        if self.access_key_id.is_some() != self.secret_access_key.is_some() {
            let expected = "given together with secret_access_key, or neither";
            return Err(hidden("recordings.object_store.access_key_id", expected));
        }
        if let Some(endpoint) = &self.endpoint {
            let plain = self.allow_http && endpoint.starts_with("http://");
            if endpoint.contains('@') || !(plain || endpoint.starts_with("https://")) {
                let expected = "an https:// address, or http:// with allow_http = true";
                return Err(hidden("recordings.object_store.endpoint", expected));
            }
        }
        let minutes = self.delete_local_after_minutes.unwrap_or(60);
        let key = "recordings.object_store.delete_local_after_minutes";
        range(key, minutes, 0..=525_600, "0 to 525600")?;
        let key = "recordings.object_store.rate_mbit_s";
        range(key, self.rate_mbit_s.unwrap_or(1), 1..=100_000, "1 to 100000")?;
        let after = Duration::from_secs(u64::from(minutes) * 60);
        Ok(StoreConfig {
            endpoint: self.endpoint,
            region: self.region,
            access_key_id: self.access_key_id,
            secret_access_key: self.secret_access_key,
            allow_http: self.allow_http,
            virtual_hosted: self.virtual_hosted,
            let_go_after: self.delete_local.then_some(after),
            rate: self.rate_mbit_s.map(|mbit| u64::from(mbit) * 125_000),
            ..StoreConfig::new(url)
        })
    }
}

impl RecordingSettings {
    /// Where recordings are kept.
    pub(crate) fn folder(&self, data_dir: &Path) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| data_dir.join("recordings"))
    }

    /// Bytes of the disk that cameras leave free.
    pub(crate) const fn keep_free(&self) -> u64 {
        self.keep_free
    }

    /// What the recorder wants to know.
    pub(crate) fn config(&self, data_dir: &Path, zero_unix_micros: i64) -> RecorderConfig {
        RecorderConfig {
            folder: self.folder(data_dir),
            zero_unix_micros,
            rolling: self.rolling,
            keep_free: self.keep_free,
            quota: self.quota,
            event_quota: self.event_quota,
            keep: self.keep,
            remote: None,
        }
    }
}

fn bytes(mebibytes: u32) -> u64 {
    u64::from(mebibytes) << 20
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<RecorderConfig, String> {
        let read: Recordings = toml::from_str(text).map_err(|error| error.to_string())?;
        let checked = read.check().map_err(|error| error.to_string())?;
        Ok(checked.config(Path::new("data"), 7))
    }

    #[test]
    fn defaults_are_the_recorders_own() {
        let config = check("").unwrap();
        let default = RecorderConfig::new("data/recordings".into(), 7);
        assert_eq!(format!("{config:?}"), format!("{default:?}"));
    }

    #[test]
    fn sizes_are_mebibytes_and_ages_days() {
        let config =
            check("folder = \"/r\"\nquota_mb = 2\nkeep_days = 3\nfile_minutes = 10").unwrap();
        assert_eq!((config.folder, config.quota), (PathBuf::from("/r"), Some(2 << 20)));
        assert_eq!(config.keep, Some(Duration::from_secs(3 * 86_400)));
        assert_eq!(config.rolling.span, Duration::from_secs(600));
    }

    fn object_store(text: &str) -> Result<StoreConfig, String> {
        let read: ObjectStore = toml::from_str(text).map_err(|error| error.to_string())?;
        read.check().map_err(|error| error.to_string())
    }

    #[test]
    fn an_object_store_is_read() {
        let text = "url = \"s3://b/p\"\nendpoint = \"http://127.0.0.1:9000\"\nallow_http = true\n\
                    delete_local = true\ndelete_local_after_minutes = 5\nrate_mbit_s = 8";
        let config = object_store(text).unwrap();
        assert_eq!(config.url.to_string(), "s3://b/p");
        assert_eq!(config.let_go_after, Some(Duration::from_secs(300)));
        assert_eq!(config.rate, Some(1_000_000));
        assert_eq!(object_store("url = \"file:///a\"").unwrap().let_go_after, None);
    }

    #[test]
    fn what_is_wrong_with_an_object_store_is_told_without_its_secrets() {
        for text in [
            "url = \"s3://key:s3cr3t@bucket\"",
            "url = \"s3://b\"\nsecret_access_key = \"s3cr3t\"",
            "url = \"s3://b\"\nendpoint = \"http://a:s3cr3t@host\"\nallow_http = true",
            "url = \"s3://b\"\nendpoint = \"http://s3cr3t\"",
        ] {
            let error = object_store(text).unwrap_err();
            assert!(error.starts_with("recordings.object_store."), "{error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        let error = check("file_minutes = 0").unwrap_err();
        assert_eq!(error, "recordings.file_minutes must be 1 to 1440, not 0");
        assert!(check("quota_mb = 0").is_err() && check("quota_gb = 1").is_err());
    }
}
