//! Brightness and colour planes, 4:2:0, limited range.
//!
//! A still is written as BT.709 and says so. What is read says nothing here, so pictures of 720 rows and
//! more are taken as BT.709 and smaller ones as BT.601, as players do. The arithmetic is integer, in
//! 1/65536.

use image::{Rgb, RgbImage};
use openh264::formats::YUVSource;

use crate::picture::Picture;

/// A picture as three planes. Width and height are even.
#[derive(Debug)]
pub(crate) struct Planes {
    width: usize,
    height: usize,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

impl Planes {
    /// The planes of `picture`; a last column or row that is odd is left out.
    pub(crate) fn of(picture: &Picture) -> Self {
        let pixels = &picture.pixels;
        let (width, height) = (pixels.width() & !1, pixels.height() & !1);
        let y = (0..height)
            .flat_map(|row| (0..width).map(move |column| (column, row)))
            .map(|(column, row)| brightness(pixels.get_pixel(column, row).0))
            .collect();
        let blocks = (0..height / 2)
            .flat_map(|row| (0..width / 2).map(move |column| (column * 2, row * 2)))
            .map(|(column, row)| colour(mean_of_four(pixels, column, row)));
        let (u, v) = blocks.unzip();
        Self { width: width as usize, height: height as usize, y, u, v }
    }
}

impl YUVSource for Planes {
    fn dimensions(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    fn strides(&self) -> (usize, usize, usize) {
        (self.width, self.width / 2, self.width / 2)
    }

    fn y(&self) -> &[u8] {
        &self.y
    }

    fn u(&self) -> &[u8] {
        &self.u
    }

    fn v(&self) -> &[u8] {
        &self.v
    }
}

fn mean_of_four(pixels: &RgbImage, column: u32, row: u32) -> [u8; 3] {
    let mut sum = [0_u16; 3];
    for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let pixel = pixels.get_pixel(column + x, row + y).0;
        sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u16::from(value));
    }
    sum.map(|sum| byte(i32::from((sum + 2) / 4)))
}

/// BT.709, 16 to 235.
fn brightness([red, green, blue]: [u8; 3]) -> u8 {
    byte(16 + scaled([red, green, blue], [11_966, 40_254, 4_064]))
}

/// BT.709, 16 to 240 around 128.
fn colour(rgb: [u8; 3]) -> (u8, u8) {
    let u = 128 + scaled(rgb, [-6_596, -22_189, 28_784]);
    let v = 128 + scaled(rgb, [28_784, -26_145, -2_639]);
    (byte(u), byte(v))
}

fn scaled(rgb: [u8; 3], weights: [i32; 3]) -> i32 {
    let sum: i32 = rgb.iter().zip(weights).map(|(value, weight)| i32::from(*value) * weight).sum();
    (sum + (1 << 15)) >> 16
}

/// Reads planes into a picture of at most `width_max` columns, each pixel the mean of the block that it
/// stands for. `None` if the planes are smaller than they say.
pub(crate) fn shrunk(planes: &impl YUVSource, width_max: u32) -> Option<Picture> {
    let (width, height) = planes.dimensions();
    let (y_stride, u_stride, v_stride) = planes.strides();
    let factor = width.div_ceil(width_max.max(1) as usize).max(1);
    let matrix = if height >= 720 { Matrix::BT_709 } else { Matrix::BT_601 };
    let (columns, rows) = (width / factor, height / factor);
    let mut pixels = RgbImage::new(u32::try_from(columns).ok()?, u32::try_from(rows).ok()?);
    for (x, y, pixel) in pixels.enumerate_pixels_mut() {
        let (left, top) = (x as usize * factor, y as usize * factor);
        let half = factor.div_ceil(2);
        let y = mean(planes.y(), y_stride, (left, top), factor)?;
        let u = mean(planes.u(), u_stride, (left / 2, top / 2), half)?;
        let v = mean(planes.v(), v_stride, (left / 2, top / 2), half)?;
        *pixel = matrix.rgb(y, u, v);
    }
    Some(Picture { pixels })
}

/// Mean of a square block. A block at the edge of an odd plane may reach into the padding of its rows.
fn mean(plane: &[u8], stride: usize, (left, top): (usize, usize), side: usize) -> Option<i32> {
    let mut sum = 0_u32;
    let mut count = 0_u32;
    for row in top..top + side {
        let start = row.checked_mul(stride)?.checked_add(left)?;
        let Some(values) = plane.get(start..start.checked_add(side)?) else { continue };
        sum += values.iter().map(|value| u32::from(*value)).sum::<u32>();
        count += u32::try_from(side).ok()?;
    }
    (count > 0).then(|| i32::try_from((sum + count / 2) / count).unwrap_or(0))
}

/// How colour differences become red, green and blue.
struct Matrix {
    red_v: i32,
    green_u: i32,
    green_v: i32,
    blue_u: i32,
}

impl Matrix {
    const BT_709: Self =
        Self { red_v: 117_489, green_u: -13_975, green_v: -34_925, blue_u: 138_438 };
    const BT_601: Self =
        Self { red_v: 104_597, green_u: -25_675, green_v: -53_279, blue_u: 132_201 };

    fn rgb(&self, y: i32, u: i32, v: i32) -> Rgb<u8> {
        let (y, u, v) = ((y - 16) * 76_309, u - 128, v - 128);
        let value = |sum: i32| byte((sum + (1 << 15)) >> 16);
        Rgb([
            value(y + self.red_v * v),
            value(y + self.green_u * u + self.green_v * v),
            value(y + self.blue_u * u),
        ])
    }
}

fn byte(value: i32) -> u8 {
    u8::try_from(value.clamp(0, 255)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(colour: [u8; 3], width: u32, height: u32) -> Picture {
        Picture { pixels: RgbImage::from_pixel(width, height, Rgb(colour)) }
    }

    #[test]
    fn black_white_and_primaries_are_those_of_bt_709() {
        let planes = |colour| {
            let planes = Planes::of(&flat(colour, 2, 2));
            (planes.y[0], planes.u[0], planes.v[0])
        };
        assert_eq!(planes([0, 0, 0]), (16, 128, 128));
        assert_eq!(planes([255, 255, 255]), (235, 128, 128));
        assert_eq!(planes([255, 0, 0]), (63, 102, 240));
        assert_eq!(planes([0, 0, 255]), (32, 240, 118));
    }

    #[test]
    fn planes_and_back_keep_the_colour() {
        for colour in [[200, 30, 60], [12, 190, 90], [30, 60, 240], [128, 128, 128]] {
            let back = shrunk(&Planes::of(&flat(colour, 1280, 720)), 640).unwrap();
            assert_eq!((back.width(), back.height()), (640, 360));
            let got = back.pixel(100, 100).unwrap();
            let off = got.iter().zip(colour).map(|(got, want)| got.abs_diff(want)).max();
            assert!(off <= Some(2), "{colour:?} came back as {got:?}");
        }
    }

    #[test]
    fn odd_sizes_are_read_to_their_edge() {
        let back = shrunk(&Planes::of(&flat([90, 90, 90], 722, 406)), 160).unwrap();
        assert_eq!((back.width(), back.height()), (144, 81));
        assert_eq!(back.pixel(143, 80), Some([90, 90, 90]));
    }
}
