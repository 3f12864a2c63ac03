//! Walking over boxes.

use bytes::Buf;

/// Length and type of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BoxHeader {
    /// Bytes of the whole box.
    pub(crate) bytes: u32,
    /// Its type.
    pub(crate) kind: [u8; 4],
}

/// Bytes of a header with a 32-bit size, the only one that is written.
pub(crate) const HEADER_BYTES: usize = 8;

/// The header at the start of `data`, if it is whole and its size can be one.
pub(crate) fn header(mut data: &[u8]) -> Option<BoxHeader> {
    let bytes = data.try_get_u32().ok()?;
    let mut kind = [0; 4];
    data.try_copy_to_slice(&mut kind).ok()?;
    (bytes as usize >= HEADER_BYTES).then_some(BoxHeader { bytes, kind })
}

/// The whole boxes in `data`, type and body, until its end or one that is not whole.
pub(crate) fn children(data: &[u8]) -> Children<'_> {
    Children { data }
}

/// See [`children`].
#[derive(Debug)]
pub(crate) struct Children<'a> {
    data: &'a [u8],
}

impl<'a> Iterator for Children<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let BoxHeader { bytes, kind } = header(self.data)?;
        let (whole, rest) = self.data.split_at_checked(bytes as usize)?;
        self.data = rest;
        Some((kind, whole.get(HEADER_BYTES..)?))
    }
}

/// The body of the box at the end of `path`, the first of each type.
pub(crate) fn find<'a>(data: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(data, |data, wanted| {
        children(data).find(|(kind, _)| kind == *wanted).map(|(_, body)| body)
    })
}
