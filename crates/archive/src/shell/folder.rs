//! What is on the disk: ledgers, and the facts that plans are made of.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;
use genlock_recorder::shell::{LEDGER, media_name};
use genlock_recorder::{Recorder, Recording};

use crate::ledger::Ledger;
use crate::limits::{INDEX_BYTES_MAX, LEDGER_BYTES_MAX};
use crate::plan::Facts;

/// Name of a recording's index.
pub(super) const INDEX: &str = "index";

/// The ledger of a recording; `None` if nothing of it is in a store or on its way.
pub(super) fn ledger(folder: &Path) -> io::Result<Option<Ledger>> {
    let file = match File::open(folder.join(LEDGER)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    file.take(LEDGER_BYTES_MAX).read_to_end(&mut text)?;
    Ok(Some(serde_json::from_slice(&text)?))
}

/// What is on the disk of a recording. `over` is whether nothing will be added.
pub(super) fn facts(recording: &Recording, over: bool) -> io::Result<Facts> {
    let mut facts = Facts {
        over,
        index_bytes: fs::metadata(recording.folder().join(INDEX))?.len(),
        recut: recording.timeline.is_recut(),
        ..Facts::default()
    };
    let origins = recording.timeline.origins();
    for file in recording.timeline.files() {
        if origins.iter().any(|origin| origin.number == file.number) {
            continue;
        }
        match fs::metadata(recording.folder().join(media_name(file.number))) {
            Ok(told) => {
                facts.files.insert(file.number, told.len());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(facts)
}

/// A stretch of a file, all of it.
pub(super) fn read(path: &Path, offset: u64, bytes: u64) -> io::Result<Bytes> {
    let length = usize::try_from(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut stretch = vec![0; length];
    File::open(path)?.read_exact_at(&mut stretch, offset)?;
    Ok(stretch.into())
}

/// The index of a recording, up to `bytes`: what is behind it is not whole yet.
pub(super) fn index(folder: &Path, bytes: u64) -> io::Result<Bytes> {
    if bytes > INDEX_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    read(&folder.join(INDEX), 0, bytes)
}

/// Does `work` where it may wait for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    recorder: &Recorder,
    work: impl FnOnce(&Recorder) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let recorder = recorder.clone();
    let done = tokio::task::spawn_blocking(move || work(&recorder)).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}
