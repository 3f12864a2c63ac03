//! Writing bit fields and Exp-Golomb codes (ISO/IEC 14496-10 §7.2, §9.1), and wrapping them as a NAL unit.

/// A bit string under construction.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits used in the last byte; 0 means that it is full or that there is none.
    used: u32,
}

impl BitWriter {
    /// `u(count)`: the low bits of `value`, most significant first.
    pub(super) fn bits(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            self.bit((value >> shift) & 1 == 1);
        }
    }

    /// `u(1)`.
    pub(super) fn bit(&mut self, bit: bool) {
        if self.used == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (7 - self.used);
        }
        self.used = (self.used + 1) % 8;
    }

    /// `ue(v)`.
    pub(super) fn ue(&mut self, value: u32) {
        let code = value + 1;
        let length = code.ilog2();
        self.bits(0, length);
        self.bits(code, length + 1);
    }

    /// Zero bits up to the next byte.
    pub(super) fn align(&mut self) {
        self.used = 0;
    }

    /// Whole bytes; the writer must be aligned.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.used, 0);
        self.bytes.extend_from_slice(bytes);
    }

    /// The bits, filled up with zeros.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// `rbsp_trailing_bits()`, and the whole as a NAL unit with this header byte.
    pub(super) fn finish_nal(mut self, header: u8) -> Vec<u8> {
        self.bit(true);
        let mut nal = vec![header];
        let mut zeros = 0;
        for byte in self.bytes {
            // "emulation_prevention_three_byte" (§7.3.1).
            if zeros == 2 && byte <= 3 {
                nal.push(3);
                zeros = 0;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            nal.push(byte);
        }
        nal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_codes_match_the_table_of_the_standard() {
        let check = |value, expect: &str| {
            let mut writer = BitWriter::default();
            writer.ue(value);
            let bits: String = writer.finish().iter().map(|b| format!("{b:08b}")).collect();
            assert_eq!(bits.get(..expect.len()), Some(expect), "{value}");
        };
        check(0, "1");
        check(1, "010");
        check(3, "00100");
        check(25, "000011010");
    }

    #[test]
    fn start_codes_are_prevented() {
        let mut writer = BitWriter::default();
        writer.bytes(&[0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(writer.finish_nal(0x65), [0x65, 0, 0, 3, 1, 0, 0, 3, 0, 0, 0x80]);
    }
}
