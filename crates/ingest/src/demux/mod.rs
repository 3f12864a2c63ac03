//! FLV tags to access units with their configuration.
//!
//! The tracks are decided by the media itself: `onMetaData` is absent, late or wrong too often to be
//! more than a hint. What real encoders do, and what becomes of it:
//!
//! | the publisher sends | the demuxer does |
//! |---|---|
//! | a sequence header again, the same bytes | nothing |
//! | a changed sequence header, or changed parameter sets in band only | takes the new configuration at the next sync sample |
//! | access units before the sequence header | drops them, says so once |
//! | access units before the first sync sample; RASL pictures of a CRA picture that starts the session | drops them |
//! | empty messages, zero-length NAL units, SEI only | nothing |
//! | `SequenceEnd`, `Metadata`, player commands, unknown packet types | nothing |
//! | several tracks | uses track 0 |
//! | an audio codec that is not carried | says so once, goes on with video only |
//! | a video codec that is not carried | ends the session with a sentence that names it |
//!
//! Pure; does not look at time except to bound changes of configuration.

mod audio;
mod codec_name;
mod error;
mod video;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use genlock_media::{EventTime, TrackKind};
use genlock_rtmp::flv::{self, FlvError};

use crate::limits::{
    CONFIG_CHANGES_PER_MINUTE_MAX, MALFORMED_IN_A_ROW_MAX, NO_MEDIA_AFTER, NOTICES_MAX,
};
use crate::unit::Unit;
use audio::AudioTrack;
use video::VideoTrack;

pub use error::DemuxError;

/// Turns the audio and video messages of one publish session into access units.
///
/// After each message drain [`Demuxer::poll_notice`].
#[derive(Debug, Default)]
pub struct Demuxer {
    video: VideoTrack,
    audio: AudioTrack,
    notices: Notices,
    health: TagHealth,
    started: Option<EventTime>,
    delivered: bool,
}

/// Something that whoever runs the camera should know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The track's codec is not carried; the track is ignored.
    Unsupported {
        /// The track.
        track: TrackKind,
        /// Name of the codec.
        codec: String,
    },
    /// Access units came before the track's sequence header and were dropped.
    HeaderMissing(TrackKind),
    /// The sequence header of the audio track does not parse; the track is ignored.
    BadAudioHeader(String),
    /// The track's configuration changed in mid-session.
    Reconfigured(TrackKind),
    /// Tracks other than 0 are ignored.
    Multitrack(TrackKind),
    /// A tag could not be read and was dropped.
    Malformed(String),
    /// No sync sample came for so long that video is dropped until the next one.
    EndlessGop,
}

/// Access units and tags that were not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DemuxCounters {
    /// Access units dropped: before a header, before a sync sample, undecodable leading pictures.
    pub dropped: u64,
    /// Tags that could not be read.
    pub malformed: u64,
    /// Signs of an open GOP: I-pictures that are a recovery point but no sync sample, and leading pictures
    /// that refer to what was before their sync sample.
    pub open_gops: u64,
}

impl Demuxer {
    /// A demuxer that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the payload of a video message that arrived at `now`.
    ///
    /// # Errors
    /// When the session cannot go on.
    pub fn video(
        &mut self,
        now: EventTime,
        timestamp: u32,
        payload: &Bytes,
    ) -> Result<Option<Unit>, DemuxError> {
        if payload.is_empty() {
            return Ok(None);
        }
        let tags = match flv::parse_video(payload) {
            Ok(tags) => tags,
            Err(error) => return self.health.unreadable(&error, &mut self.notices),
        };
        if tags.iter().any(|tag| tag.track != 0) {
            self.notices.once(Notice::Multitrack(TrackKind::Video));
        }
        let Some(tag) = tags.into_iter().find(|tag| tag.track == 0) else {
            return Ok(None);
        };
        let read = self.video.tag(now, timestamp, tag, &mut self.notices);
        let unit = self.health.check(read, &mut self.notices)?;
        self.delivered |= unit.is_some();
        Ok(unit)
    }

    /// Takes the payload of an audio message that arrived at `now`.
    ///
    /// # Errors
    /// When the session cannot go on.
    pub fn audio(
        &mut self,
        now: EventTime,
        timestamp: u32,
        payload: &Bytes,
    ) -> Result<Option<Unit>, DemuxError> {
        if payload.is_empty() {
            return Ok(None);
        }
        let tags = match flv::parse_audio(payload) {
            Ok(tags) => tags,
            Err(error) => return self.health.unreadable(&error, &mut self.notices),
        };
        if tags.iter().any(|tag| tag.track != 0) {
            self.notices.once(Notice::Multitrack(TrackKind::Audio));
        }
        let Some(tag) = tags.into_iter().find(|tag| tag.track == 0) else {
            return Ok(None);
        };
        let read = self.audio.tag(now, timestamp, tag, &mut self.notices);
        let unit = self.health.check(read, &mut self.notices)?;
        self.delivered |= unit.is_some();
        self.refuse_if_nothing_usable(now)?;
        Ok(unit)
    }

    /// The next thing to tell.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.queue.pop_front()
    }

    /// What was not passed on so far.
    #[must_use]
    pub const fn counters(&self) -> DemuxCounters {
        DemuxCounters {
            dropped: self.video.dropped() + self.audio.dropped(),
            malformed: self.health.malformed,
            open_gops: self.video.open_gops(),
        }
    }

    /// An unsupported audio track beside nothing else is an unsupported session, once it is clear
    /// that no video follows.
    fn refuse_if_nothing_usable(&mut self, now: EventTime) -> Result<(), DemuxError> {
        let started = *self.started.get_or_insert(now);
        match self.audio.unsupported() {
            Some(codec)
                if !self.delivered
                    && !self.video.is_announced()
                    && now.saturating_since(started) > NO_MEDIA_AFTER =>
            {
                Err(DemuxError::Unsupported { track: TrackKind::Audio, codec: codec.to_owned() })
            }
            _ => Ok(()),
        }
    }
}

/// Notices on their way out; most of them are said once per session.
#[derive(Debug, Default)]
struct Notices {
    queue: VecDeque<Notice>,
    said: Vec<Notice>,
}

impl Notices {
    fn say(&mut self, notice: Notice) {
        if self.queue.len() < NOTICES_MAX {
            self.queue.push_back(notice);
        }
    }

    fn once(&mut self, notice: Notice) {
        if self.said.len() < NOTICES_MAX && !self.said.contains(&notice) {
            self.said.push(notice.clone());
            self.say(notice);
        }
    }
}

/// Why a tag gave nothing.
#[derive(Debug)]
enum TagError {
    /// The tag is dropped; the session goes on unless this never ends.
    Malformed(String),
    /// The session ends.
    Fatal(DemuxError),
}

impl From<DemuxError> for TagError {
    fn from(error: DemuxError) -> Self {
        Self::Fatal(error)
    }
}

/// A single broken tag is dropped; a session of nothing else is ended.
#[derive(Debug, Default)]
struct TagHealth {
    malformed: u64,
    in_a_row: u32,
}

impl TagHealth {
    fn check(
        &mut self,
        read: Result<Option<Unit>, TagError>,
        notices: &mut Notices,
    ) -> Result<Option<Unit>, DemuxError> {
        match read {
            Ok(unit) => {
                self.in_a_row = 0;
                Ok(unit)
            }
            Err(TagError::Malformed(why)) => self.malformed(why, notices),
            Err(TagError::Fatal(error)) => Err(error),
        }
    }

    fn unreadable(
        &mut self,
        error: &FlvError,
        notices: &mut Notices,
    ) -> Result<Option<Unit>, DemuxError> {
        self.malformed(error.to_string(), notices)
    }

    fn malformed(
        &mut self,
        why: String,
        notices: &mut Notices,
    ) -> Result<Option<Unit>, DemuxError> {
        self.malformed += 1;
        self.in_a_row += 1;
        if self.in_a_row > MALFORMED_IN_A_ROW_MAX {
            return Err(DemuxError::Malformed { tags: self.in_a_row, last: why });
        }
        notices.once(Notice::Malformed(why));
        Ok(None)
    }
}

/// Counts changes of configuration against [`CONFIG_CHANGES_PER_MINUTE_MAX`].
#[derive(Debug, Default)]
struct ChangeBudget {
    minute_began: EventTime,
    changes: u32,
}

impl ChangeBudget {
    fn spend(&mut self, now: EventTime) -> Result<(), DemuxError> {
        if now.saturating_since(self.minute_began) > Duration::from_secs(60) {
            self.minute_began = now;
            self.changes = 0;
        }
        self.changes += 1;
        if self.changes > CONFIG_CHANGES_PER_MINUTE_MAX {
            return Err(DemuxError::LimitExceeded {
                what: "changes of configuration per minute",
                limit: u64::from(CONFIG_CHANGES_PER_MINUTE_MAX),
                got: u64::from(self.changes),
            });
        }
        Ok(())
    }
}
