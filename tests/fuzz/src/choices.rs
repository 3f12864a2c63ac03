//! Decisions read off a fuzz input.

/// Reads decisions off the front of an input. Past its end every decision is zero, so that any bytes mean something
/// and an input that is cut short means nearly the same.
#[derive(Debug, Clone)]
pub(crate) struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    pub(crate) const fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn u8(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.array())
    }

    /// Below `count`, which is at most 256.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.u8()) % count
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// The next `length` bytes, fewer at the end of the input.
    pub(crate) fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (head, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        head
    }

    /// Bytes with their length in front: one byte, or from 0xF0 on twelve bits.
    pub(crate) fn chunk(&mut self) -> &'a [u8] {
        let short = usize::from(self.u8());
        let length =
            if short < 0xF0 { short } else { (short & 0x0F) << 8 | usize::from(self.u8()) };
        self.bytes(length)
    }

    /// All that is left.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let head = self.bytes(N);
        array[..head.len()].copy_from_slice(head);
        array
    }
}

/// Cuts `bytes` into pieces whose lengths go through `lengths` again and again, each at least 1.
pub(crate) fn pieces<'a>(bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, tail) = rest.split_at((*length).clamp(1, rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_past_the_end_are_zero() {
        let mut choices = Choices::new(&[1, 2, 3]);
        assert_eq!(
            (choices.u16(), choices.u16(), choices.u32(), choices.u8()),
            (0x102, 0x300, 0, 0)
        );
        assert!(choices.is_empty() && choices.rest().is_empty());
    }

    #[test]
    fn lengths_have_a_long_form() {
        let input = [&[2, 9, 9, 0xF1, 0x00][..], &[7; 300]].concat();
        let mut choices = Choices::new(&input);
        assert_eq!(
            (choices.chunk().len(), choices.chunk().len(), choices.rest().len()),
            (2, 256, 44)
        );
    }

    #[test]
    fn pieces_are_all_of_it() {
        let bytes: Vec<u8> = (0..100).collect();
        assert_eq!(pieces(&bytes, &[0, 7, 3]).concat(), bytes);
        assert_eq!(pieces(&bytes, &[100]).len(), 1);
        assert!(pieces(&[], &[1]).is_empty());
    }
}
