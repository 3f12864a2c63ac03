//! One published state: immutable, shared by every request that is answered from it.

use std::sync::OnceLock;

use bytes::Bytes;
use genlock_media::EventTime;

use crate::blocking::{BlockingQuery, Readiness, Wanted};
use crate::chain::ByteChain;
use crate::line::event_time;
use crate::mux::MuxError;
use crate::names::Name;
use crate::playlist::{self, Dialect, Encoding, Flavour, PlaylistRequest, Skip};
use crate::published::Published;
use crate::segment::Ts;

/// Playlists and resources as they are at one moment.
///
/// A packager makes a new one whenever a part or a segment is published; segments and parts are
/// shared between them. Each playlist is rendered, and compressed, at most once.
///
/// There is no playlist before a player could start with it: before the first segment is complete,
/// and in low latency before `PART-HOLD-BACK` of media is there. From then on there always is one.
#[derive(Debug)]
pub struct Snapshot {
    published: Published,
    media: [OnceLock<Bytes>; 16],
    multivariant: [OnceLock<Bytes>; 8],
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
    pub(crate) fn new(published: Published) -> Self {
        Self { published, media: Default::default(), multivariant: Default::default() }
    }

    /// The media playlist, `None` while there is none.
    pub fn media_playlist(&self, request: &PlaylistRequest) -> Option<Bytes> {
        if !self.has_playlist(request.flavour) {
            return None;
        }
        let slot = self.media.get(request.slot())?;
        let rendered = slot.get_or_init(|| match request.encoding {
            Encoding::Identity => playlist::media(&self.published, request).into(),
            Encoding::Gzip => {
                let identity = PlaylistRequest { encoding: Encoding::Identity, ..*request };
                playlist::gzip(&self.media_playlist(&identity).unwrap_or_default())
            }
        });
        Some(rendered.clone())
    }

    /// The multivariant playlist, `None` while there is no media playlist.
    pub fn multivariant(
        &self,
        flavour: Flavour,
        dialect: Dialect,
        encoding: Encoding,
    ) -> Option<Bytes> {
        if !self.has_playlist(flavour) {
            return None;
        }
        let request = PlaylistRequest { flavour, dialect, skip: Skip::No, encoding };
        let slot = self.multivariant.get(request.slot() / 2)?;
        let rendered = slot.get_or_init(|| match encoding {
            Encoding::Identity => playlist::multivariant(&self.published, flavour, dialect).into(),
            Encoding::Gzip => {
                let identity = self.multivariant(flavour, dialect, Encoding::Identity);
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
        match self.published.settings.names.read(name)? {
            Name::Segment(msn) => {
                resource(self.published.segment(msn)?.body.clone()?, CMAF_SEGMENT)
            }
            Name::TsSegment(msn) => match &self.published.segment(msn)?.ts {
                Ts::Made(bytes) => resource(bytes.clone().into(), TS_SEGMENT),
                Ts::Absent | Ts::Refused(_) | Ts::NotMade => None,
            },
            Name::Part(counter) => {
                resource(self.published.part(counter)?.body.clone()?, CMAF_SEGMENT)
            }
            Name::Init(counter) => resource(self.published.init(counter)?.into(), CMAF_INIT),
        }
    }

    /// Whether a request for the CMAF media playlist can be answered from this snapshot. The MPEG-TS
    /// playlist offers no blocking reload: its requests are always ready.
    #[must_use]
    pub fn readiness(&self, query: &BlockingQuery) -> Readiness {
        match query.wanted {
            None if self.has_playlist(Flavour::Cmaf) => Readiness::Ready,
            Some(_) if self.published.ended => Readiness::Ready,
            None => Readiness::Wait,
            Some(wanted) => self.published.readiness(wanted),
        }
    }

    /// `name` is the part that the preload hint announces: a request for it is held until a snapshot
    /// does not hint it any more, and then is a 404 if the part turned out to be a gap.
    #[must_use]
    pub fn hinted(&self, name: &str) -> bool {
        !self.published.ended
            && self.published.settings.names.read(name)
                == Some(Name::Part(self.published.next_part))
    }

    /// There is a playlist of this flavour.
    #[must_use]
    pub fn has_playlist(&self, flavour: Flavour) -> bool {
        self.published.has_playlist(flavour)
    }

    /// Why there is no playlist of this flavour and will be none as long as the media stays as it is: its
    /// container does not carry the newest segment's codecs. `None` where there is a playlist or may still be one.
    #[must_use]
    pub fn refusal(&self, flavour: Flavour) -> Option<&MuxError> {
        if self.has_playlist(flavour) {
            return None;
        }
        match (flavour, &self.published.segments.last()?.ts) {
            (Flavour::Ts, Ts::Refused(why @ MuxError::Unsupported { .. })) => Some(why),
            _ => None,
        }
    }

    /// The presentation time up to which the CMAF media playlist lists media: the end of its newest part
    /// that is no gap. `None` while there is no playlist, or no media in it.
    #[must_use]
    pub fn media_until(&self) -> Option<EventTime> {
        let playlist = self.has_playlist(Flavour::Cmaf).then_some(&self.published)?;
        playlist.media_end_90k().map(event_time)
    }

    /// The presentation time at which the newest splice ([`Packager::splice`](crate::Packager::splice)) came
    /// that a listed part begins with. It may be listed at an earlier one, in place of what was not
    /// published yet. `None` before the first, and while there is no playlist.
    #[must_use]
    pub fn newest_splice(&self) -> Option<EventTime> {
        self.published.newest_splice.filter(|_| self.has_playlist(Flavour::Cmaf))
    }

    /// No segment will follow.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.published.ended
    }

    /// `EXT-X-TARGETDURATION` in seconds.
    #[must_use]
    pub fn target_duration(&self) -> u8 {
        self.published.settings.target_duration
    }

    /// Media sequence number and part index of what is published next.
    #[must_use]
    pub fn edge(&self) -> Wanted {
        let parts = self.published.open.as_ref().map_or(0, |open| open.parts.len());
        Wanted {
            media_sequence: self.published.next_media_sequence,
            part: u64::try_from(parts).ok(),
        }
    }
}

/// `Content-Type` of init sections.
const CMAF_INIT: &str = "video/mp4";
/// `Content-Type` of CMAF segments and parts (RFC 8216 §3.3 names none; Apple 10.4 allows it).
const CMAF_SEGMENT: &str = "video/iso.segment";
/// `Content-Type` of MPEG-TS segments.
const TS_SEGMENT: &str = "video/mp2t";
