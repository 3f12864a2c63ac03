//! The files of one recording, appended to as a whole or not at all.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::recording::{INDEX, media_name};
use crate::writer::Output;

/// Slices of one vectored write; the kernel takes no more.
const SLICES_MAX: usize = 1024;

/// See the module documentation.
///
/// What could not be written stays in the queue, and both files are cut back to where they were whole
/// before the next try, so a full disk tears nothing.
#[derive(Debug)]
pub(super) struct Sink {
    folder: PathBuf,
    queue: VecDeque<Output>,
    index: Option<Appended>,
    media: Option<Appended>,
    /// The last write has failed.
    torn: bool,
}

/// A file and how much of it is whole.
#[derive(Debug)]
struct Appended {
    file: File,
    bytes: u64,
}

/// A stretch of the queue that goes into one media file.
#[derive(Debug, Default)]
struct Batch {
    file: Option<u32>,
    media: Vec<Bytes>,
    index: Vec<u8>,
    outputs: usize,
}

impl Sink {
    /// A recording whose folder is made with its first media.
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder, queue: VecDeque::new(), index: None, media: None, torn: false }
    }

    /// A recording that goes on.
    pub(super) fn resume(folder: PathBuf) -> io::Result<Self> {
        let index = Appended::open(&folder.join(INDEX))?;
        Ok(Self { index: Some(index), ..Self::new(folder) })
    }

    pub(super) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    /// Whether there is anything on the disk.
    pub(super) const fn is_born(&self) -> bool {
        self.index.is_some()
    }

    /// Writes what is queued and tells how many bytes of media that was.
    pub(super) fn write(&mut self) -> io::Result<u64> {
        let has_media = self.queue.iter().any(|output| matches!(output, Output::File(_)));
        if !self.is_born() && !has_media {
            return Ok(0);
        }
        let mut written = 0;
        while !self.queue.is_empty() {
            let batch = self.next_batch();
            match self.write_batch(&batch) {
                Ok(bytes) => written += bytes,
                Err(error) => {
                    self.torn = true;
                    return Err(error);
                }
            }
            self.torn = false;
            self.queue.drain(..batch.outputs);
        }
        Ok(written)
    }

    /// Handles by which the files can be made durable, media first.
    pub(super) fn handles(&self) -> impl Iterator<Item = File> {
        let files = self.media.iter().chain(&self.index);
        files.filter_map(|appended| appended.file.try_clone().ok())
    }

    fn next_batch(&self) -> Batch {
        let mut batch = Batch::default();
        for output in &self.queue {
            match output {
                Output::File(number) if batch.outputs == 0 => batch.file = Some(*number),
                Output::File(_) => break,
                Output::Media(body) => batch.media.extend(body.iter().cloned()),
                Output::Index(record) => batch.index.extend_from_slice(record),
            }
            batch.outputs += 1;
        }
        batch
    }

    fn write_batch(&mut self, batch: &Batch) -> io::Result<u64> {
        if self.torn {
            for appended in self.media.iter_mut().chain(&mut self.index) {
                appended.file.set_len(appended.bytes)?;
            }
        }
        let index = match &mut self.index {
            Some(index) => index,
            None => {
                fs::create_dir_all(&self.folder)?;
                self.index.insert(Appended::open(&self.folder.join(INDEX))?)
            }
        };
        if let Some(number) = batch.file {
            let path = self.folder.join(media_name(number));
            let media = Appended::open(&path)?;
            media.file.set_len(0)?;
            self.media = Some(Appended { bytes: 0, ..media });
        }
        let mut written = 0;
        if let Some(media) = &mut self.media {
            written = write_slices(&mut media.file, &batch.media)?;
            let before = index.bytes;
            index.file.write_all(&batch.index)?;
            // Both or neither: a record whose media was cut back would be told twice.
            media.bytes += written;
            index.bytes = before + batch.index.len() as u64;
        } else {
            index.file.write_all(&batch.index)?;
            index.bytes += batch.index.len() as u64;
        }
        Ok(written)
    }
}

impl Appended {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file, bytes })
    }
}

fn write_slices(file: &mut File, bodies: &[Bytes]) -> io::Result<u64> {
    let mut written = 0;
    for bodies in bodies.chunks(SLICES_MAX) {
        let mut slices: Vec<IoSlice<'_>> = bodies.iter().map(|body| IoSlice::new(body)).collect();
        let mut rest = slices.as_mut_slice();
        while !rest.is_empty() {
            match file.write_vectored(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    written += bytes as u64;
                    IoSlice::advance_slices(&mut rest, bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(written)
}
