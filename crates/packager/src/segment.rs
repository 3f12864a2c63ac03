//! Segments and parts as they are published: immutable, shared by every snapshot.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::chain::ByteChain;
use crate::init::InitSection;
use crate::mux::{MuxError, TimedSample};
use crate::playlist::Dialect;

/// A part: one fragment, or a gap.
#[derive(Debug)]
pub(crate) struct Part {
    /// Counted over the session.
    pub(crate) counter: u64,
    pub(crate) duration_90k: i64,
    /// Begins with a sync sample.
    pub(crate) independent: bool,
    /// `None` for a gap.
    pub(crate) body: Option<ByteChain>,
}

/// What is known of a segment when it begins.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) media_sequence: u64,
    pub(crate) start_90k: i64,
    /// Starts with a sync sample, or holds no media at all.
    pub(crate) independent: bool,
    /// How the strict dialect joins it to the segment before.
    pub(crate) strict: Junction,
    /// How the seamless dialect does.
    pub(crate) seamless: Junction,
}

impl Head {
    pub(crate) const fn junction(&self, dialect: Dialect) -> &Junction {
        match dialect {
            Dialect::Strict => &self.strict,
            Dialect::Seamless => &self.seamless,
        }
    }
}

/// How a dialect joins a segment to the one before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Junction {
    /// What decodes it; `None` if no init section could be made for what it holds.
    pub(crate) init: Option<Arc<InitSection>>,
    /// Tagged as not continuous with the segment before.
    pub(crate) discontinuity: bool,
    /// Discontinuities before this segment since the playlist began.
    pub(crate) discontinuities_before: u64,
}

impl Junction {
    /// The discontinuity sequence number of the segment itself.
    pub(crate) fn discontinuity_sequence(&self) -> u64 {
        self.discontinuities_before + u64::from(self.discontinuity)
    }
}

/// A segment that parts are being added to.
#[derive(Debug, Clone)]
pub(crate) struct OpenSegment {
    pub(crate) head: Head,
    pub(crate) parts: Vec<Arc<Part>>,
}

/// A complete segment.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) head: Head,
    pub(crate) duration_90k: i64,
    pub(crate) parts: Vec<Arc<Part>>,
    /// Its parts, one after the other. `None` for a gap.
    pub(crate) body: Option<ByteChain>,
    pub(crate) ts: Ts,
    pub(crate) pictures: Pictures,
    pub(crate) wording: Wording,
}

/// What playlists say of a complete segment, written once for all versions that list it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wording([OnceLock<Box<str>>; 3]);

/// A form of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// CMAF with its parts.
    Parts,
    /// CMAF as a whole.
    Whole,
    /// MPEG-TS.
    Ts,
}

impl Wording {
    pub(crate) fn get_or_write(&self, form: Form, write: impl FnOnce() -> String) -> &str {
        let [parts, whole, ts] = &self.0;
        let written = match form {
            Form::Parts => parts,
            Form::Whole => whole,
            Form::Ts => ts,
        };
        written.get_or_init(|| write().into())
    }
}

/// How many pictures a segment has, and how long they last together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pictures {
    pub(crate) count: u64,
    pub(crate) ticks_90k: u64,
}

/// The MPEG-TS form of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ts {
    /// Nobody wanted it when the segment was closed.
    NotMade,
    /// There is no media.
    Absent,
    /// MPEG-TS cannot carry it.
    Refused(MuxError),
    Made(Bytes),
}

impl Pictures {
    pub(crate) fn of(video: &[TimedSample]) -> Self {
        let ticks_90k = video.iter().map(|picture| u64::from(picture.duration)).sum();
        Self { count: u64::try_from(video.len()).unwrap_or(u64::MAX), ticks_90k }
    }
}

impl OpenSegment {
    pub(crate) fn duration_90k(&self) -> i64 {
        self.parts.iter().map(|part| part.duration_90k).sum()
    }

    pub(crate) fn close(self, end_90k: i64, pictures: Pictures) -> Segment {
        let mut body = ByteChain::new();
        for part in self.parts.iter().filter_map(|part| part.body.as_ref()) {
            body.extend(part);
        }
        Segment {
            duration_90k: end_90k - self.head.start_90k,
            body: (!body.is_empty()).then_some(body),
            ts: Ts::NotMade,
            pictures,
            wording: Wording::default(),
            head: self.head,
            parts: self.parts,
        }
    }
}

impl Segment {
    pub(crate) const fn is_gap(&self) -> bool {
        self.body.is_none()
    }

    /// Bytes that the segment keeps in memory.
    pub(crate) fn bytes(&self) -> usize {
        let ts = if let Ts::Made(bytes) = &self.ts { bytes.len() } else { 0 };
        self.body.as_ref().map_or(0, ByteChain::len) + ts
    }
}
