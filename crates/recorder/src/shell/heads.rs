//! The heads of a media file that is in an object store: its init sections and the `moof` of each fragment, kept on the
//! disk. A download, a clip and a re-cut need all of them at once, which would be a request for each.
//!
//! ```text
//! [head]*  [offset u64, length u32]*  number of heads u32  magic
//!          where each stands in the media file, in order
//! ```

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::recording::{MediaReader, Recording, differs};
use crate::limits::{FRAGMENTS_MAX, INIT_BYTES_MAX};

const MAGIC: &[u8; 8] = b"GLHEADS1";

/// Length of an entry of the table, and of what stands behind the table.
const ENTRY_BYTES: usize = 12;
const END_BYTES: u64 = 12;

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Heads {
    file: File,
    /// In the order of their places in the media file.
    kept: Vec<Kept>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    /// Where it stands in the media file.
    offset: u64,
    bytes: u32,
    /// Where it stands here.
    at: u64,
}

/// Path of the heads of the media file with this number.
pub(super) fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:04}.heads"))
}

impl Heads {
    /// The heads of a media file; `None` if none were kept.
    pub(super) fn open(folder: &Path, number: u32) -> io::Result<Option<Self>> {
        let file = match File::open(path(folder, number)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        let end = length.checked_sub(END_BYTES).ok_or_else(differs)?;
        let mut last = [0; END_BYTES as usize];
        file.read_exact_at(&mut last, end)?;
        let (count, magic) = last.split_at(4);
        let count = count.try_into().map(u32::from_be_bytes).map_err(|_| differs())? as usize;
        // Twice: an init section for each fragment would be possible.
        if magic != MAGIC || count > 2 * FRAGMENTS_MAX {
            return Err(differs());
        }
        let mut table = vec![0; count * ENTRY_BYTES];
        let table_at = end.checked_sub(table.len() as u64).ok_or_else(differs)?;
        file.read_exact_at(&mut table, table_at)?;
        let (mut kept, mut at) = (Vec::with_capacity(count), 0);
        for entry in table.chunks_exact(ENTRY_BYTES) {
            let (offset, bytes) = entry.split_at(8);
            let offset = offset.try_into().map(u64::from_be_bytes).map_err(|_| differs())?;
            let bytes = bytes.try_into().map(u32::from_be_bytes).map_err(|_| differs())?;
            kept.push(Kept { offset, bytes, at });
            at += u64::from(bytes);
        }
        (at == table_at).then_some(Some(Self { file, kept })).ok_or_else(differs)
    }

    /// `length` bytes of the media file from `offset` on, if they are within a head.
    pub(super) fn read(&self, offset: u64, length: u64) -> io::Result<Option<Bytes>> {
        let behind = self.kept.partition_point(|kept| kept.offset <= offset);
        let Some(kept) = behind.checked_sub(1).and_then(|at| self.kept.get(at)) else {
            return Ok(None);
        };
        let skip = offset - kept.offset;
        if skip.saturating_add(length) > u64::from(kept.bytes) {
            return Ok(None);
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| differs())?];
        self.file.read_exact_at(&mut bytes, kept.at + skip)?;
        Ok(Some(bytes.into()))
    }
}

impl Recording {
    /// Keeps the heads of a media file, durably and as a whole.
    pub(super) fn keep_heads(&self, number: u32) -> io::Result<()> {
        let path = path(&self.folder, number);
        let beside = path.with_extension("heads.new");
        let mut out = BufWriter::new(File::create(&beside)?);
        let mut media = MediaReader::new(self);
        let mut table = Vec::new();
        let mut keep = |offset: u64, bytes: Bytes| {
            table.extend_from_slice(&offset.to_be_bytes());
            table.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.write_all(&bytes)
        };
        for (offset, head) in self.heads_of(number) {
            let bytes = match head {
                Head::Init(bytes) if bytes <= INIT_BYTES_MAX => {
                    media.read(number, offset, bytes)?
                }
                Head::Init(_) => return Err(differs()),
                Head::Fragment(bytes) => media.head(number, offset, bytes)?,
            };
            keep(offset, bytes)?;
        }
        let count = u32::try_from(table.len() / ENTRY_BYTES).unwrap_or(u32::MAX);
        out.write_all(&table)?;
        out.write_all(&count.to_be_bytes())?;
        out.write_all(MAGIC)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(beside, path)?;
        File::open(&self.folder)?.sync_all()
    }

    /// Where the heads of a media file stand, in order.
    fn heads_of(&self, number: u32) -> Vec<(u64, Head)> {
        let inits = self.timeline.inits().iter().filter(|placed| placed.file == number);
        let inits = inits.map(|placed| (placed.init.offset, Head::Init(placed.init.bytes)));
        let fragments = self.timeline.fragments().iter().filter(|placed| placed.file == number);
        let fragments =
            fragments.map(|placed| (placed.fragment.offset, Head::Fragment(placed.fragment.bytes)));
        let mut heads: Vec<(u64, Head)> = inits.chain(fragments).collect();
        heads.sort_by_key(|(offset, _)| *offset);
        heads
    }
}

/// What stands there, and the length of an init section, or of a whole fragment.
#[derive(Debug, Clone, Copy)]
enum Head {
    Init(u32),
    Fragment(u32),
}
