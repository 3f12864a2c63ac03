//! A store of objects: S3, or a folder.

use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use genlock_recorder::shell::Remote;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig};
use tokio::runtime::Handle;
use tokio_rustls::rustls::crypto::ring;

use super::config::{StoreConfig, StoreError, StoreUrl};
use super::error::StoreFault;
use crate::checksum::{Verdict, md5_hex, verdict};
use crate::ledger::SentPart;
use crate::limits::{CONNECT_TIME_MAX, PART_TIME_MAX, READ_TIME_MAX};

/// See the module documentation. Objects are named `{event}/{source}/{began}/{file}` below the store's prefix.
#[derive(Debug, Clone)]
pub struct Objects {
    url: StoreUrl,
    /// For uploads, which may take long.
    writes: Arc<dyn ObjectStore>,
    /// For clients, who do not wait for long.
    reads: Arc<dyn ObjectStore>,
    uploads: Option<Uploads>,
    runtime: Handle,
}

/// Uploads in parts that can be gone on with.
#[derive(Clone)]
struct Uploads(Arc<dyn MultipartStore>);

impl std::fmt::Debug for Uploads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Uploads")
    }
}

/// The cryptography of TLS for the client of S3, which has none of its own. The process has one: whoever is first sets it, and
/// all here set the same.
fn use_ring() {
    let _ = ring::default_provider().install_default();
}

impl Objects {
    /// A store. Nothing is sent yet. To be called within a runtime, which it is used with.
    ///
    /// # Errors
    /// When the folder cannot be used, or the settings contradict each other.
    pub fn new(config: &StoreConfig) -> Result<Self, StoreError> {
        let (url, runtime) = (config.url.clone(), Handle::current());
        match &config.url {
            StoreUrl::S3 { bucket, .. } => {
                use_ring();
                let build = |within, retries| {
                    let builder = s3(config, bucket).with_retry(RetryConfig {
                        max_retries: retries,
                        retry_timeout: within,
                        ..RetryConfig::default()
                    });
                    let options = ClientOptions::new()
                        .with_allow_http(config.allow_http)
                        .with_connect_timeout(CONNECT_TIME_MAX)
                        .with_timeout(within);
                    builder
                        .with_client_options(options)
                        .build()
                        .map_err(|error| StoreError::Settings(error.to_string()))
                };
                // What is tried again after longer waits is the carrier's business.
                let writes = Arc::new(build(PART_TIME_MAX, 1)?);
                let reads = Arc::new(build(READ_TIME_MAX / 3, 2)?);
                let uploads = Some(Uploads(Arc::clone(&writes) as Arc<dyn MultipartStore>));
                Ok(Self { url, writes, reads, uploads, runtime })
            }
            StoreUrl::Folder(path) => {
                let failed = |error| StoreError::Folder { path: path.clone(), error };
                std::fs::create_dir_all(path).map_err(failed)?;
                let folder = LocalFileSystem::new_with_prefix(path)
                    .map_err(|error| failed(io::Error::other(error.to_string())))?;
                let store: Arc<dyn ObjectStore> = Arc::new(folder.with_automatic_cleanup(true));
                Ok(Self { url, writes: Arc::clone(&store), reads: store, uploads: None, runtime })
            }
        }
    }

    /// Its address, without credentials.
    #[must_use]
    pub fn name(&self) -> String {
        self.url.to_string()
    }

    pub(super) const fn is_resumable(&self) -> bool {
        self.uploads.is_some()
    }

    pub(super) async fn begin(&self, object: &str) -> Result<String, StoreFault> {
        Ok(self.uploads()?.create_multipart(&self.path(object)?).await?)
    }

    pub(super) async fn put_part(
        &self,
        object: &str,
        upload: &str,
        part: usize,
        bytes: Bytes,
    ) -> Result<SentPart, StoreFault> {
        let md5 = md5_hex(&bytes);
        let path = self.path(object)?;
        let sent = self.uploads()?.put_part(&path, &upload.to_owned(), part, bytes.into()).await?;
        Ok(SentPart { etag: sent.content_id, md5 })
    }

    pub(super) async fn complete(
        &self,
        object: &str,
        upload: &str,
        parts: &[SentPart],
    ) -> Result<(), StoreFault> {
        let parts = parts.iter().map(|part| PartId { content_id: part.etag.clone() }).collect();
        let path = self.path(object)?;
        self.uploads()?.complete_multipart(&path, &upload.to_owned(), parts).await?;
        Ok(())
    }

    /// An upload that the store does not know is given up, too.
    pub(super) async fn abort(&self, object: &str, upload: &str) -> Result<(), StoreFault> {
        let path = self.path(object)?;
        match self.uploads()?.abort_multipart(&path, &upload.to_owned()).await.map_err(Into::into) {
            Ok(()) | Err(StoreFault::Missing) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    pub(super) async fn put(&self, object: &str, bytes: Bytes) -> Result<SentPart, StoreFault> {
        let md5 = md5_hex(&bytes);
        let put = self.writes.put(&self.path(object)?, PutPayload::from_bytes(bytes)).await?;
        Ok(SentPart { etag: put.e_tag.unwrap_or_default(), md5 })
    }

    /// Writes an object piece by piece. `next` gives the pieces until it gives `None`.
    pub(super) async fn put_pieces<F>(
        &self,
        object: &str,
        mut next: impl FnMut(usize) -> F,
    ) -> Result<Vec<SentPart>, StoreFault>
    where
        F: Future<Output = io::Result<Option<Bytes>>>,
    {
        let path = self.path(object)?;
        self.remove_torn(object);
        let mut upload = self.writes.put_multipart(&path).await?;
        let mut parts = Vec::new();
        loop {
            let sent = match next(parts.len()).await {
                Ok(None) => break,
                Ok(Some(piece)) => {
                    let md5 = md5_hex(&piece);
                    let sent = upload.put_part(piece.into()).await.map_err(StoreFault::from);
                    sent.map(|()| SentPart { etag: String::new(), md5 })
                }
                Err(error) => Err(StoreFault::Other(error.to_string())),
            };
            match sent {
                Ok(part) => parts.push(part),
                Err(fault) => {
                    let _ = upload.abort().await;
                    return Err(fault);
                }
            }
        }
        upload.complete().await?;
        Ok(parts)
    }

    /// Whether an object is what was sent: by its length and its name, or read back where the name says nothing.
    pub(super) async fn is_same(
        &self,
        object: &str,
        bytes: u64,
        part_bytes: u64,
        parts: &[SentPart],
    ) -> Result<bool, StoreFault> {
        let path = self.path(object)?;
        let told = match self.writes.head(&path).await.map_err(StoreFault::from) {
            Ok(told) => told,
            Err(StoreFault::Missing) => return Ok(false),
            Err(fault) => return Err(fault),
        };
        if told.size != bytes {
            return Ok(false);
        }
        if let Some(path) = self.on_disk(object) {
            // A folder's files are not durable by themselves, and the copy here may go.
            let synced = tokio::task::spawn_blocking(move || std::fs::File::open(path)?.sync_all());
            let synced = synced.await.unwrap_or_else(|error| Err(io::Error::other(error)));
            synced.map_err(|error| StoreFault::Other(error.to_string()))?;
        }
        if verdict(told.e_tag.as_deref(), parts) == Verdict::Same {
            return Ok(true);
        }
        let mut begin = 0;
        for part in parts {
            let end = bytes.min(begin + part_bytes);
            let read = self.writes.get_range(&path, begin..end).await?;
            if md5_hex(&read) != part.md5 {
                return Ok(false);
            }
            begin = end;
        }
        Ok(begin == bytes)
    }

    /// Removes everything below a name.
    pub(super) async fn remove_all(&self, below: &str) -> Result<(), StoreFault> {
        let path = self.path(below)?;
        let found: Vec<_> = self.writes.list(Some(&path)).try_collect().await?;
        for object in found {
            match self.writes.delete(&object.location).await.map_err(StoreFault::from) {
                Ok(()) | Err(StoreFault::Missing) => {}
                Err(fault) => return Err(fault),
            }
        }
        if let Some(folder) = self.on_disk(below) {
            remove_torn_in(&folder, |_| true);
        }
        Ok(())
    }

    fn uploads(&self) -> Result<&Arc<dyn MultipartStore>, StoreFault> {
        let uploads = self.uploads.as_ref().map(|uploads| &uploads.0);
        uploads.ok_or_else(|| StoreFault::Other("this store takes no uploads in parts".to_owned()))
    }

    fn path(&self, object: &str) -> Result<Path, StoreFault> {
        let name = match &self.url {
            StoreUrl::S3 { prefix, .. } if !prefix.is_empty() => format!("{prefix}/{object}"),
            _ => object.to_owned(),
        };
        Path::parse(name).map_err(|error| StoreFault::Other(error.to_string()))
    }

    fn on_disk(&self, object: &str) -> Option<PathBuf> {
        match &self.url {
            StoreUrl::Folder(root) => Some(root.join(object)),
            StoreUrl::S3 { .. } => None,
        }
    }

    /// Removes what a crash has left of writing an object into a folder: files named `{object}#{number}`.
    fn remove_torn(&self, object: &str) {
        let path = self.on_disk(object);
        if let Some((folder, name)) =
            path.as_ref().and_then(|path| path.parent().zip(path.file_name()))
        {
            remove_torn_in(folder, |of| of == name.to_string_lossy());
        }
    }
}

fn remove_torn_in(folder: &FilePath, is_meant: impl Fn(&str) -> bool) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((of, number)) = name.split_once('#') else { continue };
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && is_meant(of) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

impl Remote for Objects {
    fn read(&self, object: &str, offset: u64, length: u64) -> io::Result<Bytes> {
        let path = self.path(object)?;
        let range = offset..offset.saturating_add(length);
        let read = async {
            let read =
                tokio::time::timeout(READ_TIME_MAX, self.reads.get_range(&path, range)).await;
            read.map_err(|_| StoreFault::Other("the object store is too slow".to_owned()))?
                .map_err(StoreFault::from)
        };
        Ok(self.runtime.block_on(read)?)
    }
}

/// With keys in the configuration nothing of the environment is used: a token there would belong to other keys.
fn s3(config: &StoreConfig, bucket: &str) -> AmazonS3Builder {
    let mut builder = match (&config.access_key_id, &config.secret_access_key) {
        (None, None) => AmazonS3Builder::from_env(),
        _ => AmazonS3Builder::new(),
    };
    builder =
        builder.with_bucket_name(bucket).with_virtual_hosted_style_request(config.virtual_hosted);
    if let Some(endpoint) = &config.endpoint {
        // The key that no variable of the environment goes over.
        builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    if let Some(region) = &config.region {
        builder = builder.with_region(region);
    }
    if let Some(key) = &config.access_key_id {
        builder = builder.with_access_key_id(key);
    }
    if let Some(secret) = &config.secret_access_key {
        builder = builder.with_secret_access_key(secret);
    }
    builder
}
