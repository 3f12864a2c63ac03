//! Pixels.

use std::fmt;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, Rgb, RgbImage};

use crate::error::PictureError;
use crate::size::Size;

/// What surrounds a picture that has another shape than the place that it is to fill.
pub(crate) const SURROUND: Rgb<u8> = Rgb([16, 18, 22]);

/// A picture: red, green and blue, eight bits each.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub(crate) pixels: RgbImage,
}

impl Picture {
    /// Pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// The whole picture in `size`, as large as it can be, in the middle of a dark surround.
    #[must_use]
    pub fn fitted(&self, size: Size) -> Self {
        let (width, height) = inscribed((self.width(), self.height()), size);
        if (width, height) == (self.width(), self.height())
            && (width, height) == (size.width(), size.height())
        {
            return self.clone();
        }
        let inner = imageops::resize(&self.pixels, width, height, FilterType::CatmullRom);
        let mut pixels = RgbImage::from_pixel(size.width(), size.height(), SURROUND);
        let left = i64::from((size.width() - width) / 2);
        let top = i64::from((size.height() - height) / 2);
        imageops::replace(&mut pixels, &inner, left, top);
        Self { pixels }
    }

    /// The picture as JPEG at `quality`, 1 to 100.
    ///
    /// # Errors
    /// When a side is above what JPEG can say (65 535 pixels).
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, PictureError> {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, quality)
            .encode(self.pixels.as_raw(), self.width(), self.height(), ExtendedColorType::Rgb8)
            .map_err(|error| PictureError::Encoder(error.to_string()))?;
        Ok(jpeg)
    }

    /// Red, green and blue at a place, `None` outside of the picture.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        self.pixels.get_pixel_checked(x, y).map(|pixel| pixel.0)
    }
}

/// The largest width and height with the proportions of `inner` that fit into `outer`.
fn inscribed(inner: (u32, u32), outer: Size) -> (u32, u32) {
    let (width, height) = (u64::from(inner.0.max(1)), u64::from(inner.1.max(1)));
    let (full_width, full_height) = (u64::from(outer.width()), u64::from(outer.height()));
    let (fitted_width, fitted_height) = if width * full_height >= height * full_width {
        (full_width, (height * full_width / width).max(1))
    } else {
        ((width * full_height / height).max(1), full_height)
    };
    let side = |side| u32::try_from(side).unwrap_or(u32::MAX);
    (side(fitted_width), side(fitted_height))
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({} x {})", self.width(), self.height())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Rgb<u8> = Rgb([200, 10, 10]);

    fn red(width: u32, height: u32) -> Picture {
        Picture { pixels: RgbImage::from_pixel(width, height, RED) }
    }

    #[test]
    fn a_wide_picture_gets_bars_above_and_below() {
        let fitted = red(200, 50).fitted(Size::near(320, 240));
        assert_eq!((fitted.width(), fitted.height()), (320, 240));
        assert_eq!(fitted.pixel(160, 10), Some(SURROUND.0));
        assert_eq!(fitted.pixel(160, 120), Some(RED.0));
        assert_eq!(fitted.pixel(0, 120), Some(RED.0));
        assert_eq!(fitted.pixel(160, 230), Some(SURROUND.0));
    }

    #[test]
    fn a_tall_picture_gets_bars_at_its_sides() {
        let fitted = red(50, 200).fitted(Size::near(320, 240));
        assert_eq!(fitted.pixel(10, 120), Some(SURROUND.0));
        assert_eq!(fitted.pixel(160, 0), Some(RED.0));
    }

    #[test]
    fn extreme_shapes_keep_a_line() {
        assert_eq!(red(10_000, 16).fitted(Size::near(64, 64)).pixel(32, 31), Some(RED.0));
    }

    #[test]
    fn jpeg_can_be_read_back() {
        let jpeg = red(64, 48).to_jpeg(90).unwrap();
        let back = crate::upload::decode(&jpeg).unwrap();
        assert_eq!((back.width(), back.height()), (64, 48));
        let [red, green, blue] = back.pixel(30, 20).unwrap();
        assert!(red.abs_diff(200) < 8 && green < 20 && blue < 20, "{red} {green} {blue}");
    }
}
