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
/// What could not be written stays in the queue. Both files are closed, so that a disk that fails can be taken away; before
/// the next try they are opened again and cut back to where they were whole, so a full disk tears nothing.
#[derive(Debug)]
pub(super) struct Sink {
    folder: PathBuf,
    queue: VecDeque<Output>,
    index: Option<Appended>,
    media: Option<Appended>,
    /// The disk came back without what was on it.
    lost: bool,
}

/// A file and how much of it is whole.
#[derive(Debug)]
struct Appended {
    path: PathBuf,
    /// `None` since a write has failed.
    file: Option<File>,
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
        Self { folder, queue: VecDeque::new(), index: None, media: None, lost: false }
    }

    /// A recording that goes on.
    pub(super) fn resume(folder: PathBuf) -> io::Result<Self> {
        let index = Appended::open(folder.join(INDEX))?;
        Ok(Self { index: Some(index), ..Self::new(folder) })
    }

    pub(super) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    /// Whether the files are shorter than they were, or gone: nothing can be appended to them.
    pub(super) const fn is_lost(&self) -> bool {
        self.lost
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
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
                    for appended in self.media.iter_mut().chain(&mut self.index) {
                        appended.file = None;
                    }
                    return Err(error);
                }
            }
            self.queue.drain(..batch.outputs);
        }
        Ok(written)
    }

    /// Handles by which the files can be made durable, media first.
    pub(super) fn handles(&self) -> impl Iterator<Item = File> {
        let files = self.media.iter().chain(&self.index);
        files.filter_map(|appended| appended.file.as_ref()?.try_clone().ok())
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
        for appended in self.media.iter_mut().chain(&mut self.index) {
            self.lost |= !appended.is_there()?;
        }
        if self.lost {
            return Err(io::Error::new(io::ErrorKind::NotFound, "what was recorded is gone"));
        }
        let index = match &mut self.index {
            Some(index) => index,
            None => {
                fs::create_dir_all(&self.folder)?;
                self.index.insert(Appended::open(self.folder.join(INDEX))?)
            }
        };
        if let Some(number) = batch.file {
            let media = Appended::open(self.folder.join(media_name(number)))?;
            self.media = Some(Appended { bytes: 0, ..media }.cut()?);
        }
        let mut written = 0;
        if let Some(media) = &mut self.media {
            written = write_slices(media.file()?, &batch.media)?;
            let before = index.bytes;
            index.file()?.write_all(&batch.index)?;
            // Both or neither: a record whose media was cut back would be told twice.
            media.bytes += written;
            index.bytes = before + batch.index.len() as u64;
        } else {
            index.file()?.write_all(&batch.index)?;
            index.bytes += batch.index.len() as u64;
        }
        Ok(written)
    }
}

impl Appended {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path, file: Some(file), bytes })
    }

    /// Cuts the file back to where it is whole.
    fn cut(mut self) -> io::Result<Self> {
        let bytes = self.bytes;
        self.file()?.set_len(bytes)?;
        Ok(self)
    }

    /// Opens it again if a write has failed; `false` if it is not what it was any more.
    fn is_there(&mut self) -> io::Result<bool> {
        if self.file.is_some() {
            return Ok(true);
        }
        let file = match OpenOptions::new().append(true).open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() < self.bytes {
            return Ok(false);
        }
        file.set_len(self.bytes)?;
        self.file = Some(file);
        Ok(true)
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path) -> Sink {
        let mut sink = Sink::new(folder.join("cam"));
        sink.push(Output::Index(Bytes::from_static(b"began ")));
        sink.push(Output::File(1));
        push(&mut sink, b"media");
        assert_eq!(sink.write().unwrap(), 5);
        sink
    }

    fn push(sink: &mut Sink, media: &'static [u8]) {
        sink.push(Output::Media(Bytes::from_static(media).into()));
        sink.push(Output::Index(Bytes::from_static(b"record ")));
    }

    /// What a failed write leaves: closed files, and perhaps some of what was to be written.
    fn fail(sink: &mut Sink, tear: impl Fn(&Path)) {
        for appended in sink.media.iter_mut().chain(&mut sink.index) {
            appended.file = None;
            tear(&appended.path);
        }
    }

    fn set_len(path: &Path, change: i64) {
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len().saturating_add_signed(change)).unwrap();
    }

    #[test]
    fn what_a_failed_write_has_left_is_cut_off_before_the_next() {
        let data = tempfile::tempdir().unwrap();
        let mut sink = written(data.path());
        fail(&mut sink, |path| set_len(path, 3));
        push(&mut sink, b"more");
        assert_eq!(sink.write().unwrap(), 4);
        let read = |name: &str| fs::read(data.path().join("cam").join(name)).unwrap();
        assert_eq!(read("0001.mp4"), b"mediamore");
        assert_eq!(read(INDEX), b"began record record ");
    }

    #[test]
    fn files_that_came_back_shorter_or_not_at_all_are_lost() {
        let tears: [fn(&Path); 2] =
            [|path| set_len(path, -1), |path| fs::remove_file(path).unwrap()];
        for tear in tears {
            let data = tempfile::tempdir().unwrap();
            let mut sink = written(data.path());
            fail(&mut sink, tear);
            push(&mut sink, b"more");
            assert!(sink.write().is_err() && sink.is_lost());
        }
    }
}
