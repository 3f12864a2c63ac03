//! Which store, and how recordings are kept in it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A store for finished recordings.
#[derive(Clone)]
pub struct StoreConfig {
    /// Where.
    pub url: StoreUrl,
    /// Address of an S3 server other than Amazon's. Default: `AWS_ENDPOINT_URL`, or Amazon's for the region.
    pub endpoint: Option<String>,
    /// Region. Default: `AWS_REGION`, or `us-east-1`.
    pub region: Option<String>,
    /// Access key. Default: `AWS_ACCESS_KEY_ID`, or what the machine's role gives.
    pub access_key_id: Option<String>,
    /// Its secret. Default: `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: Option<String>,
    /// Whether the endpoint may be `http://`. Default: no.
    pub allow_http: bool,
    /// Whether the bucket is part of the host's name. Default: no, it is the begin of the path.
    pub virtual_hosted: bool,
    /// How long after its verification a file is removed from the disk. Default: never.
    pub let_go_after: Option<Duration>,
    /// Bytes a second that uploads take on average. Default: no limit.
    pub rate: Option<u64>,
}

/// Address of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `s3://bucket/prefix`
    S3 {
        /// The bucket.
        bucket: String,
        /// What the names of all objects begin with; may be empty.
        prefix: String,
    },
    /// `file:///path`: a folder, such as a network file system.
    Folder(PathBuf),
}

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be used.
    #[error("cannot use {}: {error}", .path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The settings contradict each other, or the environment's do.
    #[error("the object store's settings: {0}")]
    Settings(String),
}

impl StoreConfig {
    /// The defaults, at `url`.
    #[must_use]
    pub const fn new(url: StoreUrl) -> Self {
        Self {
            url,
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            allow_http: false,
            virtual_hosted: false,
            let_go_after: None,
            rate: None,
        }
    }
}

impl fmt::Debug for StoreConfig {
    /// Without the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig")
            .field("url", &self.url)
            .field("endpoint", &self.endpoint)
            .field("let_go_after", &self.let_go_after)
            .finish_non_exhaustive()
    }
}

impl StoreUrl {
    /// Reads `s3://bucket/prefix` or `file:///path`. Without a word about what is wrong: it may hold a password.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("file://") {
            return path.starts_with('/').then(|| Self::Folder(path.into()));
        }
        let (bucket, prefix) = {
            let rest = text.strip_prefix("s3://")?;
            rest.split_once('/').unwrap_or((rest, ""))
        };
        let is_plain = |part: &str, more: &[u8]| {
            part.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
        };
        let prefix = prefix.trim_matches('/');
        let good = !bucket.is_empty()
            && is_plain(bucket, b"-._")
            && is_plain(prefix, b"-._/=+")
            && !prefix.split('/').any(|part| matches!(part, "." | ".."))
            && !prefix.contains("//");
        good.then(|| Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            Self::Folder(path) => write!(f, "file://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for text in ["s3://bucket", "s3://my-bucket.eu/a/b", "file:///mnt/archive"] {
            assert_eq!(StoreUrl::parse(text).unwrap().to_string(), text);
        }
        let with_slash = StoreUrl::parse("s3://bucket/a/").unwrap();
        assert_eq!(with_slash.to_string(), "s3://bucket/a");
        for bad in [
            "",
            "bucket",
            "s3://",
            "s3:///a",
            "s3://key:secret@bucket/a",
            "s3://b/../c",
            "s3://b/a//c",
            "s3://b/a?x=1",
            "https://bucket",
            "file://relative",
            "file:relative",
        ] {
            assert_eq!(StoreUrl::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn keys_are_not_shown() {
        let mut config = StoreConfig::new(StoreUrl::parse("s3://bucket").unwrap());
        config.access_key_id = Some("AKIAVISIBLE".to_owned());
        config.secret_access_key = Some("very-secret".to_owned());
        let text = format!("{config:?}");
        assert!(!text.contains("AKIA") && !text.contains("very-secret"), "{text}");
    }
}
