//! Playlists as text.
//!
//! Rendering reads a [`Snapshot`] and decides nothing but wording: which segments are listed and
//! what they are was decided before. One module for each group of tags.
//!
//! There are two dialects over the same bytes, see [`Dialect`]. How each joins a segment to the one
//! before is a fact of the segment (`segment::Junction`); rendering picks one.

mod header;
mod media;
mod multivariant;
mod part;
mod preload_hint;
mod program_date_time;
mod seconds;
mod segment;
mod skip;

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

pub(crate) use media::media;
pub(crate) use multivariant::multivariant;

#[cfg(doc)]
use crate::Snapshot;

/// Which container, and with it which protocol features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// CMAF with low latency.
    Cmaf,
    /// MPEG-TS with whole segments.
    Ts,
}

impl Flavour {
    /// Name of the media playlist, to which the multivariant playlist refers. Both lie next to the
    /// segments.
    #[must_use]
    pub const fn media_playlist_name(self) -> &'static str {
        match self {
            Self::Cmaf => "media.m3u8",
            Self::Ts => "ts-media.m3u8",
        }
    }
}

/// How a change of parameters is told. Both dialects list the same segments and parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// By the letter: `EXT-X-DISCONTINUITY` and another `EXT-X-MAP` wherever the configuration's bytes
    /// differ (Apple 8.13, 8.14). For AVPlayer, television sets and whatever is unknown.
    #[default]
    Strict,
    /// One init section for as long as the video codec and the audio configuration stay the same; the
    /// parameter sets in band tell the rest, and the timeline goes on. For hls.js and Shaka, which
    /// lose time at every discontinuity, and a discontinuity remains for what they cannot take in band.
    Seamless,
}

impl Dialect {
    /// What follows a playlist's name in the dialect's URLs: `dialect=seamless`.
    #[must_use]
    pub const fn query(self) -> Option<&'static str> {
        match self {
            Self::Strict => None,
            Self::Seamless => Some("dialect=seamless"),
        }
    }

    /// The dialect that a URL's query names; `None` if it names none that there is.
    #[must_use]
    pub fn of_query(query: &str) -> Option<Self> {
        query.split('&').find_map(|pair| match pair {
            "dialect=strict" => Some(Self::Strict),
            "dialect=seamless" => Some(Self::Seamless),
            _ => None,
        })
    }
}

/// A delta update was asked for (`_HLS_skip`). `YES` and `v2` mean the same where there are no date
/// ranges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Skip {
    /// The whole playlist.
    #[default]
    No,
    /// Segments beyond the skip boundary may be left out.
    Yes,
}

/// `Content-Encoding` of a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Plain text.
    Identity,
    /// RFC 1952.
    Gzip,
}

/// A form of a media playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlaylistRequest {
    /// The container.
    pub flavour: Flavour,
    /// How changes of parameters are told.
    pub dialect: Dialect,
    /// Delta update.
    pub skip: Skip,
    /// Compression.
    pub encoding: Encoding,
}

impl PlaylistRequest {
    /// A number below 16 for each form.
    pub(crate) fn slot(&self) -> usize {
        let flavour = usize::from(self.flavour == Flavour::Ts);
        let encoding = usize::from(self.encoding == Encoding::Gzip);
        let skip = usize::from(self.skip == Skip::Yes);
        let dialect = usize::from(self.dialect == Dialect::Seamless);
        dialect * 8 + flavour * 4 + encoding * 2 + skip
    }
}

/// Compresses a playlist. Level 4: twice as fast as the default for 2 % more bytes, and done once for
/// all viewers.
pub(crate) fn gzip(text: &Bytes) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::new(4));
    let written = encoder.write_all(text).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail").into()
}
