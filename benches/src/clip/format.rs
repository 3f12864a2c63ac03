//! What a generated stream looks like: picture size, frame rate, GOP, bit rate, sound.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, bail, ensure};

use crate::limits;

/// Frames per second as a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Frames.
    pub(crate) num: u32,
    /// Seconds.
    pub(crate) den: u32,
}

impl FromStr for Rate {
    type Err = anyhow::Error;

    /// Reads `30` or `30000/1001`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (num, den) = text.split_once('/').unwrap_or((text, "1"));
        let rate = Self { num: num.parse()?, den: den.parse()? };
        ensure!(rate.den > 0 && rate.num >= rate.den, "fewer than one frame per second");
        ensure!(rate.num / rate.den <= limits::FRAME_RATE_MAX, "too many frames per second");
        Ok(rate)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.den {
            1 => write!(f, "{}", self.num),
            den => write!(f, "{}/{den}", self.num),
        }
    }
}

/// Width and height in luma samples, both even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Width.
    pub(crate) width: u32,
    /// Height.
    pub(crate) height: u32,
}

impl FromStr for Size {
    type Err = anyhow::Error;

    /// Reads `1920x1080`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (width, height) = text.split_once('x').context("expected WIDTHxHEIGHT")?;
        let size = Self { width: width.parse()?, height: height.parse()? };
        for side in [size.width, size.height] {
            ensure!(side % 2 == 0, "{side} is odd");
            ensure!((32..=limits::PICTURE_SIDE_MAX).contains(&side), "{side} is out of range");
        }
        Ok(size)
    }
}

/// Bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BitRate(pub(crate) u64);

impl FromStr for BitRate {
    type Err = anyhow::Error;

    /// Reads `6M`, `500k` or `128000`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, factor) = match text.trim_end_matches(['k', 'K']) {
            number if number.len() < text.len() => (number, 1e3),
            _ => match text.trim_end_matches('M') {
                number if number.len() < text.len() => (number, 1e6),
                number => (number, 1.0),
            },
        };
        let bits: f64 = number.parse::<f64>()? * factor;
        if !(0.0..=limits::BIT_RATE_MAX as f64).contains(&bits) {
            bail!("{text} is out of range");
        }
        Ok(Self(bits as u64))
    }
}

/// What the pictures of a generated stream look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PictureFormat {
    /// Width in luma samples.
    pub(crate) width: u32,
    /// Height in luma samples.
    pub(crate) height: u32,
    /// Frame rate.
    pub(crate) rate: Rate,
    /// Pictures from one IDR picture to the next.
    pub(crate) gop: u32,
    /// B pictures in a row.
    pub(crate) b_frames: u32,
}

/// A generated stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamFormat {
    /// The pictures.
    pub(crate) picture: PictureFormat,
    /// Video bit rate. Pictures never get smaller than they are without padding.
    pub(crate) video: BitRate,
    /// AAC bit rate; no audio track if `None`.
    pub(crate) audio: Option<BitRate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_rates_have_suffixes() {
        let check =
            |text: &str, expect: u64| assert_eq!(text.parse::<BitRate>().unwrap().0, expect);
        check("6M", 6_000_000);
        check("2.5M", 2_500_000);
        check("500k", 500_000);
        check("128000", 128_000);
        assert!("-1".parse::<BitRate>().is_err());
        assert!("6G".parse::<BitRate>().is_err());
    }

    #[test]
    fn rates_and_sizes_are_checked() {
        assert_eq!("30000/1001".parse::<Rate>().unwrap(), Rate { num: 30_000, den: 1001 });
        assert!("30/0".parse::<Rate>().is_err());
        assert!("0".parse::<Rate>().is_err());
        assert!("1921x1080".parse::<Size>().is_err());
        assert!("16x16".parse::<Size>().is_err());
        assert_eq!("1920x1080".parse::<Size>().unwrap(), Size { width: 1920, height: 1080 });
    }
}
