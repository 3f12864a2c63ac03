//! Playlists as text.
//!
//! Rendering reads a [`Snapshot`] and decides nothing but wording: which segments are listed and
//! what they are was decided before. One module for each group of tags.
//!
//! The text is the strict dialect: a segment that is not continuous with the one before gets
//! `EXT-X-DISCONTINUITY`, and every change of the init section an `EXT-X-MAP`. What a discontinuity
//! becomes in text is decided in one place (`segment::boundary_tags`), so that another dialect can
//! stand next to it over the same bytes.

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
    /// Delta update.
    pub skip: Skip,
    /// Compression.
    pub encoding: Encoding,
}

impl PlaylistRequest {
    /// A number below 8 for each form.
    pub(crate) fn slot(&self) -> usize {
        let flavour = usize::from(self.flavour == Flavour::Ts);
        let encoding = usize::from(self.encoding == Encoding::Gzip);
        let skip = usize::from(self.skip == Skip::Yes);
        flavour * 4 + encoding * 2 + skip
    }
}

/// Compresses a playlist. Level 4: twice as fast as the default for 2 % more bytes, and done once for
/// all viewers.
pub(crate) fn gzip(text: &Bytes) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::new(4));
    let written = encoder.write_all(text).and_then(|()| encoder.finish());
    written.expect("writing to memory does not fail").into()
}
