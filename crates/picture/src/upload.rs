//! Reading a picture that somebody uploaded: PNG or JPEG, told by its first bytes.
//!
//! Architecture Invariant: bytes and dimensions are bounded before a pixel is decoded, so that a small
//! file which claims to be a large picture costs nothing.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use crate::error::PictureError;
use crate::limits::{
    UPLOAD_ALLOCATION_MAX, UPLOAD_BYTES_MAX, UPLOAD_PIXELS_MAX, UPLOAD_SIDE_MAX, UPLOAD_SIDE_MIN,
};
use crate::picture::{Picture, SURROUND};

/// A kind of file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Portable Network Graphics; of an animation the first picture.
    Png,
    /// JPEG, baseline or progressive.
    Jpeg,
}

impl Format {
    /// What the first bytes say, `None` if it is another kind of file.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else {
            None
        }
    }

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
        }
    }

    const fn of_decoder(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
        }
    }
}

/// Reads a PNG or JPEG. What is transparent shows the surround; a camera's note on how it was held is
/// followed.
///
/// # Errors
/// When it is neither, is broken, or is above a limit.
pub fn decode(bytes: &[u8]) -> Result<Picture, PictureError> {
    within("bytes of the picture", bytes.len() as u64, UPLOAD_BYTES_MAX as u64)?;
    let format = Format::of(bytes).ok_or(PictureError::UnknownFormat)?;
    let broken = |error: ImageError| broken(format, &error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format.of_decoder());
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(broken)?;
    check_dimensions(decoder.dimensions())?;
    // A note that does not parse is no reason to refuse the picture.
    let orientation = decoder.orientation().ok();
    let mut image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    Ok(Picture { pixels: opaque(image) })
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(UPLOAD_SIDE_MAX);
    limits.max_image_height = Some(UPLOAD_SIDE_MAX);
    limits.max_alloc = Some(UPLOAD_ALLOCATION_MAX);
    limits
}

fn check_dimensions((width, height): (u32, u32)) -> Result<(), PictureError> {
    let side_max = u64::from(UPLOAD_SIDE_MAX);
    within("pixels of a side", u64::from(width.max(height)), side_max)?;
    within("pixels of the picture", u64::from(width) * u64::from(height), UPLOAD_PIXELS_MAX)?;
    match width.min(height) {
        got if got < UPLOAD_SIDE_MIN => Err(PictureError::TooSmall { limit: UPLOAD_SIDE_MIN, got }),
        _ => Ok(()),
    }
}

fn within(what: &'static str, got: u64, limit: u64) -> Result<(), PictureError> {
    if got > limit {
        return Err(PictureError::LimitExceeded { what, limit, got });
    }
    Ok(())
}

fn broken(format: Format, error: &ImageError) -> PictureError {
    PictureError::Malformed { format: format.name(), detail: error.to_string() }
}

/// Lays the picture over the surround.
fn opaque(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let layered = image.into_rgba8();
    RgbImage::from_fn(layered.width(), layered.height(), |x, y| {
        let [red, green, blue, alpha] = layered.get_pixel(x, y).0;
        let over = |upper: u8, lower: u8| {
            let alpha = u32::from(alpha);
            let mixed = u32::from(upper) * alpha + u32::from(lower) * (255 - alpha);
            u8::try_from((mixed + 127) / 255).unwrap_or(u8::MAX)
        };
        let below = SURROUND.0;
        image::Rgb([over(red, below[0]), over(green, below[1]), over(blue, below[2])])
    })
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgb, Rgba};
    use proptest::prelude::*;

    use super::*;

    fn png(image: &DynamicImage) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn rgb(width: u32, height: u32) -> DynamicImage {
        ImageBuffer::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 7])).into()
    }

    #[test]
    fn a_png_is_read_as_it_is() {
        let picture = decode(&png(&rgb(40, 30))).unwrap();
        assert_eq!((picture.width(), picture.height()), (40, 30));
        assert_eq!(picture.pixel(39, 29), Some([39, 29, 7]));
    }

    #[test]
    fn what_is_transparent_shows_the_surround() {
        let image = ImageBuffer::from_fn(20, 20, |x, _| {
            Rgba([250_u8, 100, 0, if x < 10 { 0 } else { 255 }])
        });
        let picture = decode(&png(&image.into())).unwrap();
        assert_eq!(picture.pixel(0, 0), Some(SURROUND.0));
        assert_eq!(picture.pixel(19, 0), Some([250, 100, 0]));
    }

    #[test]
    fn a_telephone_held_upright_gives_an_upright_picture() {
        let jpeg = Picture { pixels: rgb(64, 32).into_rgb8() }.to_jpeg(90).unwrap();
        // Orientation 6 in an APP1 segment after the SOI marker: rotate by 90 degrees.
        let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let turned = [&jpeg[..2], exif, &jpeg[2..]].concat();
        let picture = decode(&turned).unwrap();
        assert_eq!((picture.width(), picture.height()), (32, 64));
    }

    #[test]
    fn other_files_are_named_as_such() {
        for bytes in [&b""[..], b"GIF89a", b"<svg/>", b"\x89PNG"] {
            assert_eq!(decode(bytes), Err(PictureError::UnknownFormat));
        }
    }

    #[test]
    fn a_claim_to_be_large_is_refused_before_it_costs() {
        // A real PNG whose header is changed to claim 100 000 x 100 000; its checksum is made good.
        let mut bytes = png(&rgb(16, 16));
        bytes[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&100_000_u32.to_be_bytes());
        let checksum = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
        let refused = decode(&bytes).unwrap_err();
        assert!(refused.to_string().contains("limit") || refused.to_string().contains("above"));

        let wide = PictureError::LimitExceeded {
            what: "pixels of the picture",
            limit: UPLOAD_PIXELS_MAX,
            got: 64_000_000,
        };
        assert_eq!(check_dimensions((8_000, 8_000)), Err(wide));
    }

    #[test]
    fn too_small_and_too_many_bytes_are_told() {
        let refused = decode(&png(&rgb(15, 100))).unwrap_err();
        assert_eq!(refused, PictureError::TooSmall { limit: 16, got: 15 });
        let refused = decode(&vec![0; UPLOAD_BYTES_MAX + 1]).unwrap_err();
        assert!(matches!(refused, PictureError::LimitExceeded { .. }));
    }

    /// CRC-32 as PNG has it.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Whatever is broken in a file is an error, or at most other pixels.
        #[test]
        fn broken_files_do_not_panic(
            cut in 0..4_000_usize, at in 0..4_000_usize, value: u8, is_png: bool
        ) {
            let image = rgb(48, 48);
            let mut bytes = if is_png {
                png(&image)
            } else {
                Picture { pixels: image.into_rgb8() }.to_jpeg(80).unwrap()
            };
            bytes.truncate(cut.max(8));
            let at = at % bytes.len();
            bytes[at] ^= value;
            let _ = decode(&bytes);
        }
    }
}
