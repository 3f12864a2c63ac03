//! A media file, wherever it is: on the disk, or in an object store that has taken it over.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

/// Bytes that are read at once of a file on the disk. Default 256 KiB: what a client of a download waits for is small.
const DISK_BLOCK_BYTES: u64 = 256 * 1024;

/// Bytes that are asked for at once of a file that is elsewhere. Default 1 MiB: each costs a round trip.
const REMOTE_BLOCK_BYTES: u64 = 1024 * 1024;

/// Where media files are read that are on the disk no more. An object has the name of the file below the recordings'
/// folder: `{event}/{source}/{began}/0001.mp4`.
pub trait Remote: fmt::Debug + Send + Sync {
    /// `length` bytes of an object from `offset` on. Blocks: not to be called on async threads.
    ///
    /// # Errors
    /// When the store cannot be reached, refuses, or has less. The text holds no secret.
    fn read(&self, object: &str, offset: u64, length: u64) -> io::Result<Bytes>;
}

/// See the module documentation.
#[derive(Debug, Clone)]
pub struct MediaFile {
    pub(super) path: PathBuf,
    pub(super) object: String,
    pub(super) remote: Option<Arc<dyn Remote>>,
}

/// A media file that is being read.
#[derive(Debug)]
pub struct OpenMedia(Place);

#[derive(Debug)]
enum Place {
    Disk(File),
    Elsewhere { object: String, remote: Arc<dyn Remote> },
}

impl MediaFile {
    /// One that is on the disk, whoever has written it.
    #[must_use]
    pub const fn on_disk(path: PathBuf) -> Self {
        Self { path, object: String::new(), remote: None }
    }

    /// Opens it. What is elsewhere is found out when it is read.
    ///
    /// # Errors
    /// When it is not on the disk, and there is no object store either.
    pub fn open(&self) -> io::Result<OpenMedia> {
        match (File::open(&self.path), &self.remote) {
            (Ok(file), _) => Ok(OpenMedia(Place::Disk(file))),
            (Err(error), Some(remote)) if error.kind() == io::ErrorKind::NotFound => {
                let (object, remote) = (self.object.clone(), Arc::clone(remote));
                Ok(OpenMedia(Place::Elsewhere { object, remote }))
            }
            (Err(error), _) => Err(error),
        }
    }
}

impl OpenMedia {
    /// Whether it is on the disk.
    #[must_use]
    pub const fn is_here(&self) -> bool {
        matches!(self.0, Place::Disk(_))
    }

    /// How much of it should be read at once.
    #[must_use]
    pub const fn block_bytes(&self) -> u64 {
        match self.0 {
            Place::Disk(_) => DISK_BLOCK_BYTES,
            Place::Elsewhere { .. } => REMOTE_BLOCK_BYTES,
        }
    }

    /// `length` bytes from `offset` on. Blocks.
    ///
    /// # Errors
    /// When it has less, or cannot be read.
    pub fn read(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        match &self.0 {
            Place::Disk(file) => {
                let length = usize::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, offset)?;
                Ok(bytes.into())
            }
            Place::Elsewhere { object, remote } => {
                let bytes = remote.read(object, offset, length)?;
                // A store that gives less than it was asked for must not shift what follows.
                match bytes.len() as u64 == length {
                    true => Ok(bytes),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                }
            }
        }
    }
}
