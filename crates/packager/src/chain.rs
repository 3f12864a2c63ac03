//! A body as a chain of shared slices.
//!
//! A sample's payload arrives once and is kept once: the part that carries it, the segment that
//! is made of its parts, and every response to every viewer refer to the same bytes, which a
//! vectored write sends without flattening them. Does no IO.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

/// An ordered list of non-empty [`Bytes`] that reads as one body.
///
/// Cloning costs one reference count, so a snapshot or a response can hold a chain of its own;
/// pushing to a chain that is shared copies the list (never the bytes).
#[derive(Debug, Clone, Default)]
pub struct ByteChain {
    shared: Arc<Shared>,
    len: usize,
}

/// What the clones of a chain have in common.
#[derive(Debug, Default)]
struct Shared {
    slices: Vec<Bytes>,
    kept: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Clone for Shared {
    /// A list of its own, that other slices will follow: nothing that was made of the bytes holds for it.
    fn clone(&self) -> Self {
        Self { slices: self.slices.clone(), kept: OnceLock::new() }
    }
}

impl ByteChain {
    /// An empty chain.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of bytes in the body.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// The body has no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The slices in order, none of them empty.
    pub fn iter(&self) -> std::slice::Iter<'_, Bytes> {
        self.shared.slices.iter()
    }

    /// The slices in order, none of them empty, for indexed access.
    #[must_use]
    pub fn slices(&self) -> &[Bytes] {
        &self.shared.slices
    }

    /// Appends `slice`; an empty one is left out.
    pub fn push(&mut self, slice: Bytes) {
        if slice.is_empty() {
            return;
        }
        self.len = self.len.saturating_add(slice.len());
        self.slices_mut().push(slice);
    }

    /// Appends the slices of `other`, sharing their bytes.
    pub fn extend(&mut self, other: &Self) {
        if self.is_empty() {
            *self = other.clone();
            return;
        }
        self.len = self.len.saturating_add(other.len);
        self.slices_mut().extend(other.iter().cloned());
    }

    /// What a sender made of the body, found again with every clone of the chain and dropped with the last one; made
    /// when it is first asked for. `None` if something of another type is kept already.
    pub fn keep<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.shared.kept.get_or_init(|| Box::new(make())).downcast_ref()
    }

    fn slices_mut(&mut self) -> &mut Vec<Bytes> {
        let shared = Arc::make_mut(&mut self.shared);
        shared.kept = OnceLock::new();
        &mut shared.slices
    }

    /// The body in one piece. Copies unless the chain has at most one slice.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self.slices() {
            [] => Bytes::new(),
            [only] => only.clone(),
            slices => slices.concat().into(),
        }
    }
}

impl From<Bytes> for ByteChain {
    fn from(slice: Bytes) -> Self {
        let mut chain = Self::new();
        chain.push(slice);
        chain
    }
}

impl FromIterator<Bytes> for ByteChain {
    fn from_iter<I: IntoIterator<Item = Bytes>>(slices: I) -> Self {
        let slices: Vec<Bytes> = slices.into_iter().filter(|slice| !slice.is_empty()).collect();
        let len = slices.iter().map(Bytes::len).sum();
        Self { shared: Arc::new(Shared { slices, kept: OnceLock::new() }), len }
    }
}

impl<'a> IntoIterator for &'a ByteChain {
    type Item = &'a Bytes;
    type IntoIter = std::slice::Iter<'a, Bytes>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Two chains are equal when their bodies are, however they are sliced.
impl PartialEq for ByteChain {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().flatten().eq(other.iter().flatten())
    }
}

impl Eq for ByteChain {}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(slices: &[&'static str]) -> ByteChain {
        slices.iter().map(|slice| Bytes::from_static(slice.as_bytes())).collect()
    }

    #[test]
    fn length_is_the_sum_of_the_slices() {
        let mut body = chain(&["moof", "", "mdat"]);
        body.push(Bytes::from_static(b"!"));
        body.push(Bytes::new());
        assert_eq!(body.len(), 9);
        assert_eq!(body.iter().count(), 3);
        assert_eq!(body.to_bytes().len(), body.len());
    }

    #[test]
    fn what_is_kept_stays_with_the_body_that_it_was_made_of() {
        let mut body = chain(&["moof"]);
        let clone = body.clone();
        assert_eq!(clone.keep(|| 1), Some(&1));
        assert_eq!(body.keep(|| 2), Some(&1));
        assert_eq!(body.keep(|| "another type"), None);
        body.push(Bytes::from_static(b"mdat"));
        assert_eq!((body.keep(|| 3), clone.keep(|| 4)), (Some(&3), Some(&1)));
        drop(clone);
        body.push(Bytes::from_static(b"!"));
        assert_eq!(body.keep(|| 5), Some(&5));
    }

    #[test]
    fn extending_shares_the_bytes() {
        let part = chain(&["moof", "mdat"]);
        let mut segment = chain(&["styp"]);
        segment.extend(&part);
        assert_eq!(segment.to_bytes(), "stypmoofmdat");
        assert_eq!(segment.slices()[1].as_ptr(), part.slices()[0].as_ptr());
    }

    #[test]
    fn a_clone_is_not_changed_by_a_later_push() {
        let mut segment = chain(&["one"]);
        let published = segment.clone();
        segment.push(Bytes::from_static(b"two"));
        assert_eq!(published.to_bytes(), "one");
        assert_eq!(segment.to_bytes(), "onetwo");
    }

    #[test]
    fn equality_ignores_the_slicing() {
        assert_eq!(chain(&["ab", "c"]), chain(&["a", "bc"]));
        assert_ne!(chain(&["ab", "c"]), chain(&["ab", "d"]));
    }
}
