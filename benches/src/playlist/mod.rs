//! HLS playlists as a viewer reads them (RFC 8216; low-latency tags of rfc8216bis-22).
//!
//! Tolerant: tags that are not needed are skipped, so that every server's playlists are read. Byte ranges are not
//! supported; they are an error, not a wrong figure.

mod attributes;
mod parse;

pub(crate) use parse::parse;

/// A playlist of either kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Playlist {
    /// Names media playlists.
    Multivariant(Vec<Variant>),
    /// Names segments and parts.
    Media(Media),
}

/// A media playlist named by a multivariant playlist.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Variant {
    /// BANDWIDTH in bits per second.
    pub(crate) bandwidth: u64,
    /// Reference to the playlist.
    pub(crate) uri: String,
}

/// A media playlist.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Media {
    /// EXT-X-TARGETDURATION in seconds.
    pub(crate) target_duration: f64,
    /// PART-TARGET in seconds.
    pub(crate) part_target: Option<f64>,
    /// PART-HOLD-BACK in seconds.
    pub(crate) part_hold_back: Option<f64>,
    /// HOLD-BACK in seconds.
    pub(crate) hold_back: Option<f64>,
    /// CAN-BLOCK-RELOAD=YES.
    pub(crate) can_block_reload: bool,
    /// CAN-SKIP-UNTIL was there.
    pub(crate) can_skip: bool,
    /// EXT-X-MEDIA-SEQUENCE.
    pub(crate) media_sequence: u64,
    /// EXT-X-DISCONTINUITY-SEQUENCE.
    pub(crate) discontinuity_sequence: u64,
    /// In order. The last one has no URI if it is still being written.
    pub(crate) segments: Vec<Segment>,
    /// URI of the next part (EXT-X-PRELOAD-HINT).
    pub(crate) hint: Option<String>,
    /// EXT-X-ENDLIST.
    pub(crate) ended: bool,
}

/// A segment, perhaps still being written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Segment {
    /// Media sequence number.
    pub(crate) msn: u64,
    /// EXTINF in seconds; of an open segment, the sum of its parts.
    pub(crate) duration: f64,
    /// `None` while the segment is open.
    pub(crate) uri: Option<String>,
    /// Parts that are listed.
    pub(crate) parts: Vec<Part>,
    /// EXT-X-DISCONTINUITY before it.
    pub(crate) discontinuity: bool,
    /// EXT-X-GAP.
    pub(crate) gap: bool,
    /// URI of the init section that applies.
    pub(crate) map: Option<String>,
}

/// A part of a segment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Part {
    /// Duration in seconds.
    pub(crate) duration: f64,
    /// Reference to it.
    pub(crate) uri: String,
    /// INDEPENDENT=YES.
    pub(crate) independent: bool,
    /// GAP=YES.
    pub(crate) gap: bool,
}

/// Place of a part: media sequence number of its segment and index within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// Media sequence number.
    pub(crate) msn: u64,
    /// Index of the part.
    pub(crate) part: usize,
}

impl Media {
    /// The first part that is not listed yet: what a blocking reload waits for.
    pub(crate) fn next_unlisted(&self) -> Position {
        match self.segments.last() {
            None => Position { msn: self.media_sequence, part: 0 },
            Some(segment) if segment.uri.is_none() => {
                Position { msn: segment.msn, part: segment.parts.len() }
            }
            Some(segment) => Position { msn: segment.msn + 1, part: 0 },
        }
    }

    /// Whether parts and blocking reloads are offered.
    pub(crate) fn is_low_latency(&self) -> bool {
        self.part_target.is_some() && self.can_block_reload
    }

    /// Distance from the live edge at which a viewer plays (rfc8216bis-22 §4.4.3.8), in seconds.
    ///
    /// Without an attribute that is three part targets or three target durations.
    pub(crate) fn distance_from_edge(&self, low_latency: bool) -> f64 {
        match self.part_target.filter(|_| low_latency) {
            Some(part_target) => self.part_hold_back.unwrap_or(3.0 * part_target),
            None => self.hold_back.unwrap_or(3.0 * self.target_duration),
        }
    }
}
