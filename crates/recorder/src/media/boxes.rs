//! Walking over boxes, and writing them.

use bytes::{Buf, BufMut, BytesMut};

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

/// Writes a box with its size in front, which is known when its body is written.
pub(crate) fn boxed(out: &mut BytesMut, kind: &[u8; 4], body: impl FnOnce(&mut BytesMut)) {
    let start = out.len();
    out.put_u32(0);
    out.put_slice(kind);
    body(out);
    // Tables are bounded by the limits of a recording, far below 2^32.
    let bytes = u32::try_from(out.len() - start).unwrap_or(u32::MAX).to_be_bytes();
    if let Some(size) = out.get_mut(start..start + 4) {
        size.copy_from_slice(&bytes);
    }
}
