//! Response bodies: shared slices of memory, or the body of the service behind the origin.
//!
//! Nothing is copied: each frame is one slice of the chain by reference, and hyper hands several of
//! them to one vectored write.

use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use genlock_packager::ByteChain;
use http_body::{Body, Frame, SizeHint};

use crate::activity::Lease;

/// Body of every response of the server; `B` is the body of the service behind the origin.
#[derive(Debug)]
pub(crate) enum ResponseBody<B> {
    Media(MediaBody),
    Other { body: B, _lease: Lease },
}

impl<B: Body<Data = Bytes> + Unpin> Body for ResponseBody<B> {
    type Data = Chunk;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Chunk>, B::Error>>> {
        match self.get_mut() {
            Self::Media(media) => {
                Poll::Ready(media.next_chunk().map(|chunk| Ok(Frame::data(chunk))))
            }
            Self::Other { body, .. } => Pin::new(body)
                .poll_frame(cx)
                .map_ok(|frame| frame.map_data(|bytes| Chunk { bytes, _lease: None })),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Media(media) => media.left == 0,
            Self::Other { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Media(media) => SizeHint::with_exact(media.left as u64),
            Self::Other { body, .. } => body.size_hint(),
        }
    }
}

/// A run of bytes of a [`ByteChain`], sent slice by slice.
#[derive(Debug, Default)]
pub(crate) struct MediaBody {
    content: Content,
    /// Index of the next slice.
    slice: usize,
    /// Bytes of the next slice that are passed over.
    skip: usize,
    /// Bytes still to be sent.
    left: usize,
    lease: Option<Arc<Lease>>,
}

/// What a body is made of.
#[derive(Debug)]
enum Content {
    /// In one piece: a playlist, a reason.
    One(Bytes),
    /// Media.
    Chain(ByteChain),
}

impl Default for Content {
    fn default() -> Self {
        Self::One(Bytes::new())
    }
}

impl Content {
    fn slices(&self) -> &[Bytes] {
        match self {
            Self::One(bytes) => std::slice::from_ref(bytes),
            Self::Chain(chain) => chain.slices(),
        }
    }
}

impl MediaBody {
    /// All of `chain`.
    pub(crate) fn whole(chain: ByteChain) -> Self {
        Self { left: chain.len(), content: Content::Chain(chain), ..Self::default() }
    }

    /// `length` bytes of `chain` from `first` on; fewer if it ends before.
    pub(crate) fn run(chain: ByteChain, first: usize, length: usize) -> Self {
        let mut skip = first;
        let mut slice = 0;
        for bytes in &chain {
            if skip < bytes.len() {
                break;
            }
            skip -= bytes.len();
            slice += 1;
        }
        let left = length.min(chain.len().saturating_sub(first));
        Self { content: Content::Chain(chain), slice, skip, left, lease: None }
    }

    /// Bytes still to be sent.
    pub(crate) const fn length(&self) -> usize {
        self.left
    }

    /// The chain of media, and where in it the bytes that are left begin.
    #[cfg(target_os = "linux")]
    pub(crate) fn rest(&self) -> Option<(&ByteChain, usize)> {
        let Content::Chain(chain) = &self.content else { return None };
        let before = chain.iter().take(self.slice).map(Bytes::len).sum::<usize>();
        Some((chain, before + self.skip))
    }

    /// Keeps the request open until the last byte has left.
    pub(crate) fn lease(&mut self, mut lease: Lease) {
        lease.start_sending();
        self.lease = Some(Arc::new(lease));
    }

    /// What is still to be sent, slice by slice.
    fn ahead(&self) -> impl Iterator<Item = &[u8]> {
        let slices = self.content.slices().get(self.slice..).unwrap_or_default();
        let (mut begin, mut left) = (self.skip, self.left);
        slices.iter().map_while(move |slice| {
            let bytes = slice.get(begin..slice.len().min(begin + left))?;
            (begin, left) = (0, left - bytes.len());
            (!bytes.is_empty()).then_some(bytes)
        })
    }

    fn next_chunk(&mut self) -> Option<Chunk> {
        if self.left == 0 {
            return None;
        }
        let slice = self.content.slices().get(self.slice)?;
        let end = slice.len().min(self.skip.saturating_add(self.left));
        let bytes = slice.slice(self.skip..end);
        self.slice += 1;
        self.skip = 0;
        self.left -= bytes.len();
        // The last chunk takes the body's share, so that nothing but bytes on their way hold the
        // lease.
        let lease = if self.left == 0 { self.lease.take() } else { self.lease.clone() };
        Some(Chunk { bytes, _lease: lease })
    }
}

/// All of it at once, for one vectored write.
impl Buf for MediaBody {
    fn remaining(&self) -> usize {
        self.left
    }

    fn chunk(&self) -> &[u8] {
        self.ahead().next().unwrap_or_default()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(self.ahead());
        filled.map(|(slice, bytes)| *slice = IoSlice::new(bytes)).count()
    }

    fn advance(&mut self, mut count: usize) {
        self.left = self.left.checked_sub(count).expect("no more is taken than there is");
        while let Some(slice) = self.content.slices().get(self.slice) {
            let here = slice.len() - self.skip;
            if count < here {
                break;
            }
            count -= here;
            self.slice += 1;
            self.skip = 0;
        }
        self.skip += count;
    }
}

impl From<Bytes> for MediaBody {
    fn from(bytes: Bytes) -> Self {
        Self { left: bytes.len(), content: Content::One(bytes), ..Self::default() }
    }
}

/// Bytes on their way to the socket. They hold the request's lease, because HTTP/2 may keep them
/// long after it is done with the body.
#[derive(Debug)]
pub(crate) struct Chunk {
    bytes: Bytes,
    _lease: Option<Arc<Lease>>,
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        self.bytes.copy_to_bytes(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chain(slices: &[Vec<u8>]) -> ByteChain {
        slices.iter().cloned().map(Bytes::from).collect()
    }

    fn read(mut body: MediaBody) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some(chunk) = body.next_chunk() {
            out.extend_from_slice(chunk.chunk());
        }
        assert_eq!(body.left, 0);
        out
    }

    #[test]
    fn slices_are_shared_not_copied() {
        let chain = chain(&[b"moof".to_vec(), b"mdat".to_vec()]);
        let mut body = MediaBody::whole(chain.clone());
        let second = {
            body.next_chunk();
            body.next_chunk()
        };
        assert_eq!(second.map(|chunk| chunk.chunk().as_ptr()), Some(chain.slices()[1].as_ptr()));
    }

    /// The same, as a vectored writer that takes `bite` bytes at once reads it.
    fn write(mut body: MediaBody, bite: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while body.has_remaining() {
            let mut slices = [IoSlice::new(&[]); 3];
            let count = body.chunks_vectored(&mut slices);
            assert_eq!(&*slices[0], body.chunk());
            let offered: Vec<u8> =
                slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            let taken = offered.len().min(bite);
            out.extend_from_slice(&offered[..taken]);
            body.advance(taken);
        }
        assert_eq!((body.chunks_vectored(&mut [IoSlice::new(&[])]), body.chunk()), (0, &[][..]));
        out
    }

    proptest! {
        #[test]
        fn a_run_is_that_run_of_the_whole(
            slices in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9),
            first in 0usize..80,
            length in 0usize..80,
            bite in 1usize..20,
        ) {
            let whole: Vec<u8> = slices.iter().flatten().copied().collect();
            let expect: Vec<u8> = whole.iter().copied().skip(first).take(length).collect();
            let chain = chain(&slices);
            prop_assert_eq!(read(MediaBody::whole(chain.clone())), whole);
            prop_assert_eq!(write(MediaBody::run(chain.clone(), first, length), bite), &expect[..]);
            prop_assert_eq!(read(MediaBody::run(chain, first, length)), expect);
        }
    }
}
