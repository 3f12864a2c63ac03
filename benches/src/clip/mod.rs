//! What cameras send: tracks of access units that repeat for ever, and a cursor that says what is due when.
//!
//! A clip is made once and shared by all cameras; it is pure data. The cursor is arithmetic on whole ticks: after
//! any number of rounds the time of an access unit is exact, and no clock is read here.

mod aac;
mod avc;
mod bits;
mod flv_file;
pub(crate) mod format;
mod generated;

use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use genlock_rtmp::MediaKind;

use crate::marker::{MARKER_BYTES, Marker};

pub(crate) use avc::Colour;
pub(crate) use flv_file::read_flv_file;
pub(crate) use generated::generate;

/// Tracks that repeat, with the messages that come before them.
#[derive(Debug)]
pub(crate) struct Clip {
    /// Numbers of `onMetaData`, sent first; nothing is sent if empty.
    pub(crate) metadata: Vec<(&'static str, f64)>,
    /// Sequence headers, sent once per connection with timestamp 0.
    pub(crate) headers: Vec<(MediaKind, Bytes)>,
    /// At least one track.
    pub(crate) tracks: Vec<Track>,
}

impl Clip {
    /// Whether viewers can tell every video access unit.
    pub(crate) fn is_marked(&self) -> bool {
        let mut video = self.tracks.iter().filter(|track| track.kind == MediaKind::Video);
        video.all(|track| track.units.iter().all(|unit| unit.payload.marker_at.is_some()))
    }
}

/// Access units of one kind that repeat with a period.
#[derive(Debug)]
pub(crate) struct Track {
    /// Audio or video.
    pub(crate) kind: MediaKind,
    /// Ticks per second.
    pub(crate) timescale: u32,
    /// Ticks after which the access units repeat.
    pub(crate) period: u64,
    /// In decoding order, at least one; offsets lie within the period.
    pub(crate) units: Vec<TimedPayload>,
}

/// One access unit of a track.
#[derive(Debug)]
pub(crate) struct TimedPayload {
    /// Decoding time within the period, in ticks.
    pub(crate) offset: u64,
    /// The message.
    pub(crate) payload: Payload,
}

/// The payload of an RTMP message, perhaps with a place for a marker.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    bytes: Bytes,
    marker_at: Option<usize>,
}

impl Payload {
    /// A payload; if it contains a marker, that is where markers go.
    pub(crate) fn new(bytes: Bytes) -> Self {
        let marker_at = crate::marker::position(&bytes);
        Self { bytes, marker_at }
    }

    /// The bytes to send with this marker in its place.
    pub(crate) fn stamped(&self, marker: Marker) -> Bytes {
        let Some(at) = self.marker_at else {
            return self.bytes.clone();
        };
        let mut bytes = BytesMut::from(self.bytes.as_ref());
        if let Some(place) = bytes.get_mut(at..at + MARKER_BYTES) {
            place.copy_from_slice(&marker.to_bytes());
        }
        bytes.freeze()
    }
}

/// An access unit that a cursor has reached.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// Audio or video.
    pub(crate) kind: MediaKind,
    /// Decoding time since the cursor's start.
    pub(crate) due: Duration,
    /// The message.
    pub(crate) payload: Payload,
}

/// A place in a clip that moves on in decoding order over all tracks.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    clip: Rc<Clip>,
    /// Units taken so far, per track.
    taken: Vec<u64>,
}

impl Cursor {
    /// A cursor at the clip's start.
    pub(crate) fn new(clip: Rc<Clip>) -> Self {
        let taken = vec![0; clip.tracks.len()];
        Self { clip, taken }
    }

    /// The next access unit; `None` only for a clip without any.
    pub(crate) fn take(&mut self) -> Option<Unit> {
        let (index, due) = self.earliest()?;
        let track = self.clip.tracks.get(index)?;
        let taken = self.taken.get_mut(index)?;
        let payload = track.unit(*taken)?.payload.clone();
        *taken += 1;
        Some(Unit { kind: track.kind, due, payload })
    }

    fn earliest(&self) -> Option<(usize, Duration)> {
        let tracks = self.clip.tracks.iter().zip(&self.taken).enumerate();
        tracks
            .filter_map(|(index, (track, taken))| Some((index, track.due(*taken)?)))
            .min_by_key(|(_, due)| *due)
    }
}

impl Track {
    fn unit(&self, number: u64) -> Option<&TimedPayload> {
        let index = number.checked_rem(self.units.len() as u64)?;
        self.units.get(index as usize)
    }

    /// Decoding time of the unit with this number, rounds counted on.
    fn due(&self, number: u64) -> Option<Duration> {
        let round = number.checked_div(self.units.len() as u64)?;
        let ticks =
            u128::from(round) * u128::from(self.period) + u128::from(self.unit(number)?.offset);
        let nanos = ticks * 1_000_000_000 / u128::from(self.timescale.max(1));
        Some(Duration::from_nanos(nanos.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(kind: MediaKind, timescale: u32, period: u64, offsets: &[u64]) -> Track {
        let units = offsets.iter().map(|offset| TimedPayload {
            offset: *offset,
            payload: Payload::new(Bytes::from_static(b"unit")),
        });
        Track { kind, timescale, period, units: units.collect() }
    }

    fn cursor() -> Cursor {
        Cursor::new(Rc::new(Clip {
            metadata: Vec::new(),
            headers: Vec::new(),
            tracks: vec![
                track(MediaKind::Video, 30_000, 3003, &[0, 1001, 2002]),
                track(MediaKind::Audio, 48_000, 1024, &[0]),
            ],
        }))
    }

    #[test]
    fn hours_of_access_units_comes_in_order_and_without_drift() {
        let mut cursor = cursor();
        let (mut video, mut audio, mut last) = (0_u64, 0_u64, Duration::ZERO);
        let end = Duration::from_secs(7_200);
        while let Some(unit) = cursor.take().filter(|unit| unit.due < end) {
            assert!(unit.due >= last);
            last = unit.due;
            match unit.kind {
                MediaKind::Video => video += 1,
                MediaKind::Audio => audio += 1,
            }
        }
        assert_eq!(video, (7_200_u64 * 30_000).div_ceil(1001));
        assert_eq!(audio, 7_200 * 48_000 / 1024);
    }

    #[test]
    fn a_stamped_payload_carries_its_marker_and_nothing_else_changes() {
        let empty = Marker { camera: 0, counter: 0, sent_us: 0 };
        let bytes = [b"head".as_slice(), &empty.to_bytes(), b"tail"].concat();
        let payload = Payload::new(bytes.into());
        let marker = Marker { camera: 9, counter: 77, sent_us: 1_790_000_000_000_000 };
        let stamped = payload.stamped(marker);
        assert_eq!(Marker::find_all(&stamped), [marker]);
        assert!(stamped.starts_with(b"head") && stamped.ends_with(b"tail"));
    }

    #[test]
    fn a_payload_without_a_place_stays_as_it_is() {
        let payload = Payload::new(Bytes::from_static(b"audio"));
        let marker = Marker { camera: 9, counter: 77, sent_us: 1 };
        assert_eq!(payload.marker_at, None);
        assert_eq!(payload.stamped(marker), b"audio".as_slice());
    }
}
