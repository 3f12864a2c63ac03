//! `[recordings]`: where recordings are kept, and how much of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

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
        })
    }
}

impl RecordingSettings {
    /// What the recorder wants to know.
    pub(crate) fn config(&self, data_dir: &Path, zero_unix_micros: i64) -> RecorderConfig {
        RecorderConfig {
            folder: self.folder.clone().unwrap_or_else(|| data_dir.join("recordings")),
            zero_unix_micros,
            rolling: self.rolling,
            keep_free: self.keep_free,
            quota: self.quota,
            event_quota: self.event_quota,
            keep: self.keep,
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

    #[test]
    fn what_cannot_be_meant_is_named() {
        let error = check("file_minutes = 0").unwrap_err();
        assert_eq!(error, "recordings.file_minutes must be 1 to 1440, not 0");
        assert!(check("quota_mb = 0").is_err() && check("quota_gb = 1").is_err());
    }
}
