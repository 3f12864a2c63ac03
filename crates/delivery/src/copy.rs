//! Segments as files in memory, which the kernel sends by itself (sendfile(2)).
//!
//! A write copies what it sends into the socket. For one viewer that is the best there is; for a crowd, whose sockets are
//! in no cache, it is most of the work. So when a few viewers have asked for a segment, its bytes are copied once more,
//! into a file that exists in memory only, and further sockets refer to its pages. It is gone with the segment. What goes
//! out encrypted is not sent so.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use genlock_packager::ByteChain;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use tracing::warn;

use crate::limits::{COPIED_BYTES_MAX, COPIED_SEGMENT_BYTES_MIN, VIEWERS_BEFORE_COPY};

/// Bytes of all copies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Copies(Arc<AtomicUsize>);

/// What is kept with a body.
#[derive(Debug, Default)]
struct Kept {
    /// Who asked last, and how often that was somebody else than before.
    last: AtomicUsize,
    viewers: AtomicUsize,
    copy: OnceLock<Option<Copy>>,
}

#[derive(Debug)]
struct Copy {
    file: File,
    _room: Room,
}

impl Copies {
    /// The file to send `body` from to `viewer`, if it is worth one; to be asked once for each time that it is sent.
    /// Viewers are told apart by whatever number they have.
    pub(crate) fn file_of<'a>(&self, body: &'a ByteChain, viewer: usize) -> Option<&'a File> {
        if body.len() < COPIED_SEGMENT_BYTES_MIN {
            return None;
        }
        let kept = body.keep(Kept::default)?;
        if kept.copy.get().is_none() {
            let again = kept.last.swap(viewer, Ordering::Relaxed) == viewer;
            let viewers = kept.viewers.fetch_add(usize::from(!again), Ordering::Relaxed);
            if again || viewers < VIEWERS_BEFORE_COPY {
                return None;
            }
        }
        kept.copy.get_or_init(|| self.copy(body)).as_ref().map(|copy| &copy.file)
    }

    fn copy(&self, body: &ByteChain) -> Option<Copy> {
        let room = self.take_room(body.len())?;
        let copied = file_with(body)
            .inspect_err(|error| warn!(%error, "a segment is sent without a copy in memory"));
        Some(Copy { file: copied.ok()?, _room: room })
    }

    fn take_room(&self, bytes: usize) -> Option<Room> {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
            taken.checked_add(bytes).filter(|sum| *sum <= COPIED_BYTES_MAX)
        });
        taken.ok().map(|_| Room { of: Arc::clone(&self.0), bytes })
    }
}

/// A file that nobody can change any more.
fn file_with(body: &ByteChain) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = File::from(memfd_create("genlock-segment", flags)?);
    for slices in body.slices().chunks(SLICES_AT_ONCE) {
        let mut slices: Vec<IoSlice<'_>> = slices.iter().map(|slice| IoSlice::new(slice)).collect();
        let mut left = slices.as_mut_slice();
        while !left.is_empty() {
            match file.write_vectored(left)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => IoSlice::advance_slices(&mut left, written),
            }
        }
    }
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
    Ok(file)
}

/// As many as one writev(2) takes (`IOV_MAX`).
const SLICES_AT_ONCE: usize = 1024;

/// A part of [`COPIED_BYTES_MAX`].
#[derive(Debug)]
struct Room {
    of: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::os::unix::fs::FileExt;

    fn body(bytes: usize) -> ByteChain {
        let slice = |index: usize| Bytes::from(vec![u8::try_from(index % 251).unwrap(); 1000]);
        (0..bytes.div_ceil(1000)).map(slice).collect()
    }

    #[test]
    fn a_crowd_is_sent_from_a_file_with_the_same_bytes() {
        let copies = Copies::default();
        let body = body(3 * COPIED_SEGMENT_BYTES_MIN);
        assert!((1..=VIEWERS_BEFORE_COPY).all(|viewer| copies.file_of(&body, viewer).is_none()));
        let clone = body.clone();
        let file = copies.file_of(&clone, VIEWERS_BEFORE_COPY + 1).unwrap();
        let mut read = vec![0; body.len()];
        file.read_exact_at(&mut read, 0).unwrap();
        assert!(read == body.to_bytes());
        assert!(file.write_at(b"x", 0).is_err(), "sealed");
        assert!(copies.file_of(&body, 1).is_some());
        assert_eq!(copies.0.load(Ordering::Relaxed), body.len());
        drop((body, clone));
        assert_eq!(copies.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn who_asks_again_and_again_is_no_crowd_and_small_bodies_have_no_copy() {
        let copies = Copies::default();
        let large = body(COPIED_SEGMENT_BYTES_MIN);
        assert!((0..9 * VIEWERS_BEFORE_COPY).all(|_| copies.file_of(&large, 7).is_none()));
        let small = body(1000);
        assert!(
            (0..9 * VIEWERS_BEFORE_COPY).all(|viewer| copies.file_of(&small, viewer).is_none())
        );
    }

    #[test]
    fn copies_are_bounded() {
        let copies = Copies::default();
        let most = copies.take_room(COPIED_BYTES_MAX);
        assert!(most.is_some() && copies.take_room(1).is_none());
        drop(most);
        assert!(copies.take_room(1).is_some());
    }
}
