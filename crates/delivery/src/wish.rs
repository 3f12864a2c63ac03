//! What a request wants of a publication, and whether a snapshot of it can give that.
//!
//! Pure: a look is a function of the wish and the snapshot.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use genlock_packager::{
    BadDirective, BlockingQuery, Dialect, Encoding, Flavour, PlaylistRequest, Readiness, Snapshot,
};
use http::StatusCode;

use crate::fields::Fields;
use crate::limits::OriginLimits;
use crate::path::File;
use crate::reply::{self, Freshness, Reply};

/// For how long a fulfilled blocking reload may be cached, in target durations (rfc8216bis-22
/// Appendix B).
const FULFILLED_TARGET_DURATIONS: u64 = 6;

const NOT_FOUND: &str = "not found";
const NOT_STARTED: &str = "nothing is published here yet";
const PLAY_CMAF: &str = "; index.m3u8 carries it";
const NOT_IN_TIME: &str = "the media did not arrive in time";

/// What a request wants.
#[derive(Debug, Clone)]
pub(crate) enum Wish<'a> {
    Multivariant { flavour: Flavour, dialect: Dialect, encoding: Encoding },
    Media { flavour: Flavour, dialect: Dialect, encoding: Encoding, query: BlockingQuery },
    Resource { name: Cow<'a, str>, range: Option<Cow<'a, str>> },
}

/// What a snapshot has for a wish.
#[derive(Debug)]
pub(crate) enum Look {
    /// This.
    Reply(Reply),
    /// Nothing yet, but it is on its way.
    Wait,
}

impl<'a> Wish<'a> {
    /// A multivariant playlist whose URL names no dialect has the `default` one. A media playlist's is then
    /// strict: the multivariant playlists refer to it so.
    ///
    /// # Errors
    /// When the query's directives make no sense.
    pub(crate) fn new(
        file: File<'a>,
        query: Option<&str>,
        fields: &Fields<'a>,
        default: Dialect,
    ) -> Result<Self, BadDirective> {
        let encoding = if fields.gzip { Encoding::Gzip } else { Encoding::Identity };
        let named = Dialect::of_query(query.unwrap_or(""));
        let dialect = named.unwrap_or_default();
        let multivariant = |flavour| {
            let dialect = named.unwrap_or(default);
            Ok(Self::Multivariant { flavour, dialect, encoding })
        };
        match file {
            File::Multivariant => multivariant(Flavour::Cmaf),
            File::TsMultivariant => multivariant(Flavour::Ts),
            File::Media => {
                let query = BlockingQuery::parse(query.unwrap_or(""))?;
                Ok(Self::Media { flavour: Flavour::Cmaf, dialect, encoding, query })
            }
            // Without low latency there are no directives: they are parameters like any other.
            File::TsMedia => {
                let query = BlockingQuery::default();
                Ok(Self::Media { flavour: Flavour::Ts, dialect, encoding, query })
            }
            File::Resource(name) => {
                Ok(Self::Resource { name: name.into(), range: fields.range.map(Cow::Borrowed) })
            }
        }
    }

    /// The container that is wanted.
    pub(crate) const fn flavour(&self) -> Flavour {
        match self {
            Self::Multivariant { flavour, .. } | Self::Media { flavour, .. } => *flavour,
            // A name says which segment is wanted; whoever knows it has a playlist already.
            Self::Resource { .. } => Flavour::Cmaf,
        }
    }

    pub(crate) const fn is_media_playlist(&self) -> bool {
        matches!(self, Self::Media { .. })
    }

    /// The same wish, on its own.
    pub(crate) fn into_owned(self) -> Wish<'static> {
        match self {
            Self::Multivariant { flavour, dialect, encoding } => {
                Wish::Multivariant { flavour, dialect, encoding }
            }
            Self::Media { flavour, dialect, encoding, query } => {
                Wish::Media { flavour, dialect, encoding, query }
            }
            Self::Resource { name, range } => {
                let range = range.map(|range| Cow::Owned(range.into_owned()));
                Wish::Resource { name: Cow::Owned(name.into_owned()), range }
            }
        }
    }

    /// What `snapshot` has for this wish; `None` is a publication that has nothing to show yet.
    pub(crate) fn look(&self, snapshot: Option<&Snapshot>) -> Look {
        match (self, snapshot) {
            (Self::Resource { name, range }, snapshot) => {
                resource(name, range.as_deref(), snapshot)
            }
            (_, None) => Look::Wait,
            (
                Self::Multivariant { .. } | Self::Media { flavour: Flavour::Ts, .. },
                Some(snapshot),
            ) => self.unblocked(snapshot),
            (Self::Media { query, .. }, Some(snapshot)) => self.low_latency(snapshot, query),
        }
    }

    /// A playlist without blocking reload: there as soon as there is one, or never.
    fn unblocked(&self, snapshot: &Snapshot) -> Look {
        match (self.playlist(snapshot, Freshness::Momentary), snapshot.refusal(self.flavour())) {
            (Some(reply), _) => Look::Reply(reply),
            (None, Some(why)) => refused(StatusCode::NOT_FOUND, format!("{why}{PLAY_CMAF}")),
            (None, None) => Look::Wait,
        }
    }

    fn low_latency(&self, snapshot: &Snapshot, query: &BlockingQuery) -> Look {
        let freshness = match snapshot.readiness(query) {
            Readiness::Wait => return Look::Wait,
            Readiness::Bad(bad) => return refused(StatusCode::BAD_REQUEST, bad.to_string()),
            Readiness::Ready if query.wanted.is_none() => Freshness::Momentary,
            Readiness::Ready => {
                let target = u64::from(snapshot.target_duration());
                Freshness::Fulfilled(target * FULFILLED_TARGET_DURATIONS)
            }
        };
        self.playlist(snapshot, freshness).map_or(Look::Wait, Look::Reply)
    }

    /// The playlist that is wanted as `snapshot` has it, whatever was to be waited for; `None` if
    /// there is none yet, or if no playlist is wanted.
    pub(crate) fn playlist(&self, snapshot: &Snapshot, freshness: Freshness) -> Option<Reply> {
        let (text, encoding) = match self {
            &Self::Multivariant { flavour, dialect, encoding } => {
                (snapshot.multivariant(flavour, dialect, encoding)?, encoding)
            }
            &Self::Media { flavour, dialect, encoding, ref query } => {
                let request = PlaylistRequest { flavour, dialect, skip: query.skip, encoding };
                (snapshot.media_playlist(&request)?, encoding)
            }
            Self::Resource { .. } => return None,
        };
        Some(reply::playlist(text, encoding, freshness))
    }

    /// How long this is worth waiting for.
    pub(crate) fn patience(&self, snapshot: Option<&Snapshot>, limits: &OriginLimits) -> Duration {
        match snapshot.filter(|snapshot| snapshot.has_playlist(self.flavour())) {
            Some(snapshot) => {
                let target = Duration::from_secs(snapshot.target_duration().into());
                target.saturating_mul(limits.held_target_durations)
            }
            None => limits.first_content_wait,
        }
    }

    /// The answer when the patience is at its end.
    pub(crate) fn give_up(&self, snapshot: Option<&Snapshot>) -> Reply {
        if snapshot.is_some_and(|snapshot| snapshot.has_playlist(self.flavour())) {
            reply::refusal(StatusCode::SERVICE_UNAVAILABLE, NOT_IN_TIME)
        } else {
            reply::refusal(StatusCode::NOT_FOUND, NOT_STARTED)
        }
    }
}

fn resource(name: &str, range: Option<&str>, snapshot: Option<&Snapshot>) -> Look {
    let Some(snapshot) = snapshot else {
        return refused(StatusCode::NOT_FOUND, NOT_FOUND);
    };
    if let Some(resource) = snapshot.resource(name) {
        return Look::Reply(reply::resource(resource.body, resource.content_type, range));
    }
    if snapshot.hinted(name) { Look::Wait } else { refused(StatusCode::NOT_FOUND, NOT_FOUND) }
}

fn refused(status: StatusCode, reason: impl Into<Bytes>) -> Look {
    Look::Reply(reply::refusal(status, reason))
}
