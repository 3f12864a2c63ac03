//! A clock in the picture that programs read: a row of dark and bright cells along the bottom edge.
//!
//! ```text
//!  20 cells: milliseconds since the clip began │ 2: the camera │ 6: the six cells before, inverted
//! ```
//!
//! Most significant bit first; bright is 1. A picture that was blended, torn or decoded from the wrong
//! reference fails the check with a probability of 63 in 64.

/// Cells in the row.
pub const CELLS: u32 = 28;

/// Height of the row in pixels. Readers look at its middle.
pub const HEIGHT: u32 = 24;

const CHECK_BITS: u32 = 6;
const CHECK_MASK: u32 = (1 << CHECK_BITS) - 1;
const CAMERA_BITS: u32 = 2;

/// What a strip says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Milliseconds since the clip began.
    pub clip_ms: u32,
    /// The camera, 0 to 3.
    pub camera: u8,
}

impl Reading {
    /// Reads the number that the cells spell; `None` if the check fails.
    #[must_use]
    pub const fn of(cells: u32) -> Option<Self> {
        let value = cells >> CHECK_BITS;
        if value >> (CELLS - CHECK_BITS) != 0 || (value ^ cells) & CHECK_MASK != CHECK_MASK {
            return None;
        }
        let camera = (value & ((1 << CAMERA_BITS) - 1)) as u8;
        Some(Self { clip_ms: value >> CAMERA_BITS, camera })
    }

    /// The cells that tell this, most significant bit first.
    pub fn cells(self) -> impl Iterator<Item = bool> {
        let value = self.clip_ms << CAMERA_BITS | u32::from(self.camera);
        let cells = value << CHECK_BITS | !value & CHECK_MASK;
        (0..CELLS).rev().map(move |bit| cells >> bit & 1 == 1)
    }

    /// Reads one brightness for each cell.
    #[must_use]
    pub fn of_pixels(pixels: impl IntoIterator<Item = u8>) -> Option<Self> {
        const BRIGHT: u8 = 128;
        let bit = |cells: u32, pixel: u8| cells << 1 | u32::from(pixel >= BRIGHT);
        Self::of(pixels.into_iter().take(CELLS as usize).fold(0, bit))
    }
}

/// An ffmpeg source of the strip, one pixel for each cell.
pub(crate) fn source(camera: u8, fps: u32) -> String {
    // The frame's number, not its time: exact at every rate.
    let value = format!("(floor(N*1000/{fps})*4+{camera})");
    let last_value = CELLS - CHECK_BITS - 1;
    let bit = |of: String| format!("mod(floor({value}/pow(2\\,{of}))\\,2)");
    let (plain, check) = (bit(format!("{last_value}-X")), bit(format!("{}-X", CELLS - 1)));
    let lum = format!("255*if(lte(X\\,{last_value})\\,{plain}\\,1-{check})");
    format!("color=c=black:s={CELLS}x2:r={fps},format=gray,geq=lum={lum}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(clip_ms: u32, camera: u32) -> u32 {
        let value = clip_ms << 2 | camera;
        value << 6 | (!value & 63)
    }

    #[test]
    fn what_was_written_is_read() {
        let reading = Reading { clip_ms: 754_321, camera: 2 };
        assert_eq!(Reading::of(cells(754_321, 2)), Some(reading));
        let pixels =
            (0..CELLS).rev().map(|bit| if cells(754_321, 2) >> bit & 1 == 1 { 200 } else { 40 });
        assert_eq!(Reading::of_pixels(pixels), Some(reading));
    }

    #[test]
    fn cells_are_what_a_reader_reads() {
        let reading = Reading { clip_ms: 1_048_575, camera: 1 };
        let pixels = reading.cells().map(|bright| if bright { 220 } else { 30 });
        assert_eq!(Reading::of_pixels(pixels), Some(reading));
    }

    #[test]
    fn a_cell_that_is_wrong_is_noticed() {
        for bit in 0..12 {
            assert_eq!(Reading::of(cells(40, 1) ^ 1 << bit), None, "bit {bit}");
        }
        assert_eq!(Reading::of(0), None, "a black picture");
        assert_eq!(Reading::of((1 << CELLS) - 1), None, "a white picture");
    }
}
