//! One published state: immutable, shared by every request that is answered from it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::blocking::{BlockingQuery, Edge, Readiness, Wanted};
use crate::chain::ByteChain;
use crate::names::Name;
use crate::offer::Offer;
use crate::playlist::{self, Encoding, Flavour, PlaylistRequest, Skip};
use crate::segment::{OpenSegment, Part, Segment, Ts};
use crate::settings::Settings;

/// Playlists and resources as they are at one moment.
///
/// A packager makes a new one whenever a part or a segment is published; segments and parts are
/// shared between them. Each playlist is rendered, and compressed, at most once.
///
/// There is no playlist before a player could start with it: before the first segment is complete,
/// and in low latency before `PART-HOLD-BACK` of media is there. From then on there always is one.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) settings: Arc<Settings>,
    pub(crate) offer: Arc<Offer>,
    /// Removed ones that are still fetchable, then listed ones; media sequence numbers have no hole.
    segments: Vec<Arc<Segment>>,
    removed: usize,
    pub(crate) open: Option<OpenSegment>,
    pub(crate) next: Next,
    ts_enabled: bool,
    pub(crate) ended: bool,
    media: [OnceLock<Bytes>; 8],
    multivariant: [OnceLock<Bytes>; 4],
}

/// The numbers of what comes next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Next {
    pub(crate) media_sequence: u64,
    pub(crate) part: u64,
    pub(crate) discontinuities: u64,
}

/// Something to be downloaded other than a playlist. Its bytes never change.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The bytes.
    pub body: ByteChain,
    /// `Content-Type`.
    pub content_type: &'static str,
}

impl Snapshot {
    #[expect(clippy::too_many_arguments, reason = "one caller, in one place")]
    pub(crate) fn new(
        settings: Arc<Settings>,
        offer: Arc<Offer>,
        segments: Vec<Arc<Segment>>,
        removed: usize,
        open: Option<OpenSegment>,
        next: Next,
        ts_enabled: bool,
        ended: bool,
    ) -> Self {
        Self {
            settings,
            offer,
            segments,
            removed,
            open,
            next,
            ts_enabled,
            ended,
            media: Default::default(),
            multivariant: Default::default(),
        }
    }

    /// The media playlist, `None` while there is none.
    pub fn media_playlist(&self, request: &PlaylistRequest) -> Option<Bytes> {
        if !self.has_playlist(request.flavour) {
            return None;
        }
        let slot = self.media.get(request.slot())?;
        let rendered = slot.get_or_init(|| match request.encoding {
            Encoding::Identity => playlist::media(self, request.flavour, request.skip).into(),
            Encoding::Gzip => {
                let identity = PlaylistRequest { encoding: Encoding::Identity, ..*request };
                playlist::gzip(&self.media_playlist(&identity).unwrap_or_default())
            }
        });
        Some(rendered.clone())
    }

    /// The multivariant playlist, `None` while there is no media playlist.
    pub fn multivariant(&self, flavour: Flavour, encoding: Encoding) -> Option<Bytes> {
        if !self.has_playlist(flavour) {
            return None;
        }
        let request = PlaylistRequest { flavour, skip: Skip::No, encoding };
        let slot = self.multivariant.get(request.slot() / 2)?;
        let rendered = slot.get_or_init(|| match encoding {
            Encoding::Identity => playlist::multivariant(self, flavour).into(),
            Encoding::Gzip => {
                let identity = self.multivariant(flavour, Encoding::Identity);
                playlist::gzip(&identity.unwrap_or_default())
            }
        });
        Some(rendered.clone())
    }

    /// A segment, part or init section by its name.
    ///
    /// Gaps, what has been dropped and what is not there yet have none.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<Resource> {
        let resource = |body, content_type| Some(Resource { body, content_type });
        match self.settings.names.read(name)? {
            Name::Segment(msn) => resource(self.segment(msn)?.body.clone()?, CMAF_SEGMENT),
            Name::TsSegment(msn) => match &self.segment(msn)?.ts {
                Ts::Made(bytes) => resource(bytes.clone().into(), TS_SEGMENT),
                Ts::Absent | Ts::NotMade => None,
            },
            Name::Part(counter) => resource(self.part(counter)?.body.clone()?, CMAF_SEGMENT),
            Name::Init(counter) => resource(self.init(counter)?.into(), CMAF_INIT),
        }
    }

    /// Whether a request for the CMAF media playlist can be answered from this snapshot. The MPEG-TS
    /// playlist offers no blocking reload: its requests are always ready.
    #[must_use]
    pub fn readiness(&self, query: &BlockingQuery) -> Readiness {
        match query.wanted {
            None if self.has_playlist(Flavour::Cmaf) => Readiness::Ready,
            Some(_) if self.ended => Readiness::Ready,
            None => Readiness::Wait,
            Some(wanted) => self.edge_readiness(wanted),
        }
    }

    fn edge_readiness(&self, wanted: Wanted) -> Readiness {
        let parts = |parts: usize| u64::try_from(parts).unwrap_or(u64::MAX);
        let edge = Edge {
            open: self.next.media_sequence,
            open_parts: self.open.as_ref().map_or(0, |open| parts(open.parts.len())),
            last_parts: self.segments.last().map_or(0, |last| parts(last.parts.len())),
            advance_part_limit: self.settings.advance_part_limit,
        };
        match edge.readiness(wanted) {
            Readiness::Ready if !self.has_playlist(Flavour::Cmaf) => Readiness::Wait,
            readiness => readiness,
        }
    }

    /// `name` is the part that the preload hint announces: a request for it is held until a snapshot
    /// does not hint it any more, and then is a 404 if the part turned out to be a gap.
    #[must_use]
    pub fn hinted(&self, name: &str) -> bool {
        !self.ended && self.settings.names.read(name) == Some(Name::Part(self.next.part))
    }

    /// There is a playlist of this flavour.
    #[must_use]
    pub fn has_playlist(&self, flavour: Flavour) -> bool {
        match flavour {
            Flavour::Cmaf => {
                let closed_90k: i64 =
                    self.listed().iter().map(|segment| segment.duration_90k).sum();
                let open_90k = self.open.as_ref().map_or(0, OpenSegment::duration_90k);
                let enough = closed_90k + open_90k >= self.settings.part_hold_back_90k;
                !self.listed().is_empty() && (enough || self.removed > 0 || self.ended)
            }
            Flavour::Ts => {
                let made = |segment: &Arc<Segment>| matches!(segment.ts, Ts::Made(_));
                self.ts_enabled && self.segments.iter().any(made)
            }
        }
    }

    /// No segment will follow.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// `EXT-X-TARGETDURATION` in seconds.
    #[must_use]
    pub fn target_duration(&self) -> u8 {
        self.settings.target_duration
    }

    /// Media sequence number and part index of what is published next.
    #[must_use]
    pub fn edge(&self) -> Wanted {
        let parts = self.open.as_ref().map_or(0, |open| open.parts.len());
        Wanted { media_sequence: self.next.media_sequence, part: u64::try_from(parts).ok() }
    }

    /// Segments in the playlist.
    pub(crate) fn listed(&self) -> &[Arc<Segment>] {
        self.segments.get(self.removed..).unwrap_or_default()
    }

    fn segment(&self, media_sequence: u64) -> Option<&Arc<Segment>> {
        let first = self.segments.first()?.head.media_sequence;
        let index = usize::try_from(media_sequence.checked_sub(first)?).ok()?;
        self.segments.get(index)
    }

    fn part(&self, counter: u64) -> Option<&Arc<Part>> {
        let first_of =
            |segment: &Arc<Segment>| segment.parts.first().map_or(0, |part| part.counter);
        let after = self.segments.partition_point(|segment| first_of(segment) <= counter);
        let closed = after.checked_sub(1).and_then(|index| self.segments.get(index));
        let open = self.open.iter().flat_map(|open| &open.parts);
        let mut parts = closed.into_iter().flat_map(|segment| &segment.parts).chain(open);
        parts.find(|part| part.counter == counter)
    }

    fn init(&self, counter: u64) -> Option<Bytes> {
        let open = self.open.iter().map(|open| &open.head);
        let heads = open.chain(self.segments.iter().rev().map(|segment| &segment.head));
        let mut inits = heads.filter_map(|head| head.init.as_ref());
        inits.find(|init| init.counter == counter).map(|init| init.body.clone())
    }
}

/// `Content-Type` of init sections.
const CMAF_INIT: &str = "video/mp4";
/// `Content-Type` of CMAF segments and parts (RFC 8216 §3.3 names none; Apple 10.4 allows it).
const CMAF_SEGMENT: &str = "video/iso.segment";
/// `Content-Type` of MPEG-TS segments.
const TS_SEGMENT: &str = "video/mp2t";
