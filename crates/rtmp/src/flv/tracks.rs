//! The tags of one message: one, or one per track of a multitrack message.

/// One or more tags that arrived in one message. A message without multitrack costs no allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagTracks<T> {
    first: T,
    rest: Vec<T>,
}

impl<T> TagTracks<T> {
    pub(super) fn single(tag: T) -> Self {
        Self { first: tag, rest: Vec::new() }
    }

    pub(super) fn push(&mut self, tag: T) {
        self.rest.push(tag);
    }

    /// Number of tags, at least one.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.rest.len().saturating_add(1)
    }

    /// The tags in the order of the message.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.first).chain(&self.rest)
    }
}

impl<T> IntoIterator for TagTracks<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::iter::Once<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self.first).chain(self.rest)
    }
}
