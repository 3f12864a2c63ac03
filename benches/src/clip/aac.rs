//! Silent AAC LC access units of any size (ISO/IEC 14496-3 §4.4.2).

use super::bits::BitWriter;

/// Sampling rate of the generated sound.
pub(super) const RATE: u32 = 48_000;
/// Samples in an access unit.
pub(super) const SAMPLES: u32 = 1024;
/// `AudioSpecificConfig`: AAC LC, 48 kHz, stereo.
pub(super) const CONFIG: [u8; 2] = [0x11, 0x90];

const ID_CPE: u32 = 1;
const ID_FIL: u32 = 6;
const ID_END: u32 = 7;
/// Most bytes behind the count of one fill element: 15 + 255 - 1.
const FILL_MAX: usize = 269;

/// A stereo access unit without any spectral band, filled up to about `bytes`.
pub(super) fn silent_access_unit(bytes: usize) -> Vec<u8> {
    let mut w = BitWriter::default();
    put_silent_pair(&mut w);
    // The pair and the end take 6 bytes; a fill element has a header of up to 15 bits.
    let mut rest = bytes.saturating_sub(6);
    while rest > 3 {
        let fill = (rest - 2).min(FILL_MAX);
        put_fill(&mut w, fill);
        rest -= fill + 2;
    }
    w.bits(ID_END, 3);
    w.finish()
}

fn put_silent_pair(w: &mut BitWriter) {
    w.bits(ID_CPE, 3);
    w.bits(0, 4); // element_instance_tag
    w.bit(true); // common_window
    w.bits(0, 1 + 2 + 1); // ics_reserved_bit, ONLY_LONG_SEQUENCE, sine window
    w.bits(0, 6 + 1); // max_sfb, predictor_data_present
    w.bits(0, 2); // ms_mask_present
    for _ in 0..2 {
        w.bits(100, 8); // global_gain
        w.bits(0, 3); // no pulse data, noise shaping, gain control
    }
}

/// `fill_element()` with `bytes` bytes behind its count, at least 1.
fn put_fill(w: &mut BitWriter, bytes: usize) {
    w.bits(ID_FIL, 3);
    match bytes {
        0..15 => w.bits(bytes as u32, 4),
        _ => {
            w.bits(15, 4);
            w.bits((bytes - 14) as u32, 8);
        }
    }
    w.bits(0, 8); // EXT_FILL, fill_nibble
    for _ in 1..bytes {
        w.bits(0xA5, 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_units_have_about_the_size_asked_for() {
        for bytes in [6, 20, 100, 341, 900] {
            let len = silent_access_unit(bytes).len();
            assert!(len <= bytes && len + 6 >= bytes, "{bytes}: {len}");
        }
        assert_eq!(silent_access_unit(0).len(), 6);
    }
}
