//! A viewer who distrusts the server: sees every snapshot and checks it against all earlier ones.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use genlock_media::EventTime;
use genlock_packager::{
    BlockingQuery, ByteChain, Dialect, Encoding, Flavour, Packager, PackagerConfig,
    PlaylistRequest, Readiness, Skip, Snapshot, Wanted,
};

use crate::listing::{Listing, Parser, Part, Segment};
use crate::media::{Run, presentation_times, runs};

/// Presentation time minus decoding time of all sync samples: 100 ms.
const SHIFT_90K: u64 = 9_000;
/// Dates are rounded to milliseconds, and so are the times of some cameras.
const ROUNDING: f64 = 0.003;

/// The wall clock of all tests.
pub(crate) const WALL_CLOCK_AT_ZERO_MS: i64 = 1_700_000_000_000;

/// What was seen so far.
#[derive(Debug)]
pub(crate) struct Viewer {
    part_target: f64,
    parser: Parser,
    delta_parser: Parser,
    snapshot: Option<Arc<Snapshot>>,
    pub(crate) listing: Option<Listing>,
    /// Every segment ever listed, by media sequence number.
    pub(crate) segments: BTreeMap<u64, Seen>,
    /// Every part ever listed, by segment and index.
    parts: BTreeMap<(u64, usize), Part>,
    /// The same in the order in which they were listed, and when that was.
    pub(crate) part_log: Vec<(EventTime, u64, Part)>,
    /// When which cut was the newest that is listed.
    pub(crate) splice_log: Vec<(EventTime, Option<EventTime>)>,
    /// What was fetched, by name. Names never change their bytes.
    bodies: HashMap<String, Body>,
    removed: Vec<Removed>,
    longest: f64,
    /// First and longest distance of two updates with something new.
    pub(crate) updates: Vec<EventTime>,
    /// Mid-GOP cuts are expected.
    pub(crate) long_gops: bool,
    /// The timeline jumps at discontinuities.
    pub(crate) jumps: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) segment: Segment,
    pub(crate) discontinuity_sequence: u64,
    pub(crate) listed_at: EventTime,
}

impl Seen {
    /// The segment is what it was when it was first listed. Its parts leave the playlist before it does, and its
    /// init section is stated again when it is the first one.
    fn is_still(&self, segment: &Segment) -> bool {
        self.segment.map == segment.map && self.segment.tags() == segment.tags()
    }
}

/// What was fetched under a name.
#[derive(Debug)]
struct Body {
    bytes: ByteChain,
    /// Of a part: where it starts by the playlist that its media was checked with.
    checked_at: Option<f64>,
    /// Of a segment: how many parts it was compared with.
    compared_with: usize,
}

#[derive(Debug)]
struct Removed {
    names: Vec<String>,
    until: EventTime,
}

impl Viewer {
    pub(crate) fn new(config: &PackagerConfig) -> Self {
        Self {
            part_target: config.part_target.as_secs_f64(),
            parser: Parser::default(),
            delta_parser: Parser::default(),
            snapshot: None,
            listing: None,
            segments: BTreeMap::new(),
            parts: BTreeMap::new(),
            part_log: Vec::new(),
            splice_log: Vec::new(),
            bodies: HashMap::new(),
            removed: Vec::new(),
            longest: 0.0,
            updates: Vec::new(),
            long_gops: false,
            jumps: false,
        }
    }

    /// Reads the current snapshot if it is a new one.
    pub(crate) fn look(&mut self, now: EventTime, packager: &Packager) {
        let snapshot = packager.snapshot();
        if self.snapshot.as_ref().is_some_and(|last| Arc::ptr_eq(last, &snapshot)) {
            return;
        }
        if let Some(text) = playlist(&snapshot, Flavour::Cmaf, Skip::No) {
            self.read(now, &snapshot, &text);
            self.updates.push(now);
        } else {
            assert!(self.listing.is_none(), "the playlist vanished");
        }
        self.splice_log.push((now, snapshot.newest_splice()));
        self.snapshot = Some(snapshot);
    }

    /// The text of the last playlist.
    pub(crate) fn text(&self, flavour: Flavour, skip: Skip) -> String {
        playlist(self.snapshot.as_ref().unwrap(), flavour, skip).expect("a playlist")
    }

    pub(crate) fn snapshot(&self) -> &Snapshot {
        self.snapshot.as_ref().unwrap()
    }

    fn read(&mut self, now: EventTime, snapshot: &Snapshot, text: &str) {
        let listing = self.parser.parse(text);
        self.check_constants(&listing);
        self.check_head(now, &listing);
        self.check_parts(now, &listing);
        self.check_segments(now, snapshot, &listing);
        self.check_edge(snapshot, &listing);
        if self.listing.is_some() {
            self.check_tail(now, &listing);
        }
        self.check_resources(now, snapshot, &listing);
        let delta = playlist(snapshot, Flavour::Cmaf, Skip::Yes).unwrap();
        check_delta(&self.delta_parser.parse(&delta), &listing);
        self.check_date_times(&listing);
        self.listing = Some(listing);
    }

    fn check_constants(&self, listing: &Listing) {
        assert_eq!(listing.part_target, self.part_target);
        assert!((listing.part_hold_back - 3.0 * listing.part_target).abs() < 1e-9);
        assert_eq!(listing.can_skip_until, 6.0 * to_f64(listing.target_duration));
        assert!(!listing.segments.is_empty());
        if let Some(last) = &self.listing {
            assert_eq!(listing.target_duration, last.target_duration);
            assert_eq!(listing.version, last.version);
        }
        for segment in &listing.segments {
            assert!(segment.duration.round() <= to_f64(listing.target_duration), "{segment:?}");
        }
        assert!(listing.independent || self.long_gops, "independence is not claimed");
    }

    /// The media sequence number grows by what was removed, which is never too much.
    fn check_head(&mut self, now: EventTime, listing: &Listing) {
        self.longest = self.longest.max(listing.duration());
        let Some(last) = &self.listing else { return };
        let removed = listing.media_sequence - last.media_sequence;
        for (msn, gone) in (last.media_sequence..).zip(last.segments.iter().take(usize_of(removed)))
        {
            let least = 3.0 * to_f64(listing.target_duration) - 0.000_1;
            assert!(listing.duration() >= least, "window too short");
            let parts = self.parts.range((msn, 0)..(msn + 1, 0)).map(|(_, part)| part);
            let parts = parts.filter(|part| !part.gap).map(|part| part.uri.clone());
            let names = (!gone.gap).then(|| gone.uri.clone()).into_iter().chain(parts).collect();
            let until = now + Duration::from_secs_f64(gone.duration + self.longest - 0.001);
            self.removed.push(Removed { names, until });
        }
        let open = listing.media_sequence + to_u64(listing.segments.len());
        let open_before = last.media_sequence + to_u64(last.segments.len());
        assert!(open >= open_before, "the edge went back");
    }

    fn check_parts(&mut self, now: EventTime, listing: &Listing) {
        let closed = (listing.media_sequence..).zip(&listing.segments);
        let closed = closed.map(|(msn, segment)| (msn, &**segment, true));
        let open_msn = listing.media_sequence + to_u64(listing.segments.len());
        for (msn, segment, closed) in closed.chain([(open_msn, &listing.open, false)]) {
            for (index, part) in segment.parts.iter().enumerate() {
                let next = segment.parts.get(index + 1);
                self.check_part(part, next, closed);
                let log = &mut self.part_log;
                if let Some(known) = self.parts.get(&(msn, index)) {
                    assert_eq!(known, part, "a listed part changed");
                } else {
                    log.push((now, msn, part.clone()));
                    self.parts.insert((msn, index), part.clone());
                }
            }
            if closed && !segment.parts.is_empty() {
                let sum: f64 = segment.parts.iter().map(|part| part.duration).sum();
                assert!((sum - segment.duration).abs() < 0.000_02, "{sum} {segment:?}");
                assert_eq!(segment.gap, segment.parts.iter().all(|part| part.gap));
            }
        }
        let end = listing.duration() + listing.open_duration();
        let rounding = 0.000_01 * to_f64(to_u64(listing.segments.len() + 1)) + 0.000_1;
        let mut start = 0.0;
        for segment in &listing.segments {
            // Durations are rounded as text; the packager counts ticks.
            let beyond = end - start - 3.0 * to_f64(listing.target_duration);
            let told_apart = beyond.abs() > rounding;
            assert!(
                !told_apart || (beyond < 0.0 && !listing.ended) != segment.parts.is_empty(),
                "parts are listed for three targets"
            );
            start += segment.duration;
        }
    }

    fn check_part(&self, part: &Part, next: Option<&Part>, closed: bool) {
        assert!(part.duration <= self.part_target, "{part:?}");
        let last = next.is_none();
        let exempt = last || part.gap || part.independent || next.is_some_and(|next| next.gap);
        assert!(part.duration >= 0.85 * self.part_target || exempt, "{part:?} closed {closed}");
    }

    fn check_segments(&mut self, now: EventTime, snapshot: &Snapshot, listing: &Listing) {
        let mut sequence = listing.discontinuity_sequence.expect("always present");
        let mut previous: Option<&Segment> = None;
        for (msn, segment) in (listing.media_sequence..).zip(&listing.segments) {
            sequence += u64::from(segment.discontinuity);
            let known = self.segments.entry(msn).or_insert_with(|| Seen {
                segment: Segment { parts: Vec::new(), map_stated: false, ..(**segment).clone() },
                discontinuity_sequence: sequence,
                listed_at: now,
            });
            assert!(known.is_still(segment), "a listed segment changed: {known:?} {segment:?}");
            assert_eq!(known.discontinuity_sequence, sequence);
            assert!(segment.map.is_some() || segment.gap, "{segment:?}");
            assert!(segment.map_stated || !segment.discontinuity, "{segment:?}");
            if let Some(previous) = previous {
                let renewed = previous.map != segment.map;
                assert!(!renewed || segment.discontinuity, "a new init section without a tag");
            }
            if known.listed_at == now {
                self.check_media(snapshot, segment, previous);
            }
            previous = Some(&**segment);
        }
    }

    /// The samples of a segment that has just been listed.
    fn check_media(&self, snapshot: &Snapshot, segment: &Segment, previous: Option<&Segment>) {
        let Some(body) = self.body(snapshot, &segment.uri) else {
            assert!(segment.gap, "{segment:?}");
            return;
        };
        let [video, audio] = runs(&body);
        if let Some(video) = video {
            assert!(video.sync || self.long_gops, "{segment:?}");
            let lasts = to_f64(video.end - video.start) / 90_000.0;
            let frame = to_f64(video.longest) / 90_000.0;
            assert!((lasts - segment.duration).abs() <= frame, "{lasts} {segment:?}");
        }
        let before = previous.filter(|previous| !previous.gap && !segment.discontinuity);
        let Some(before) = before.and_then(|previous| self.body(snapshot, &previous.uri)) else {
            return;
        };
        let [video_before, audio_before] = runs(&before);
        let follows = |before: Option<Run>, this: Option<Run>| match (before, this) {
            (Some(before), Some(this)) => before.end == this.start,
            _ => true,
        };
        assert!(follows(video_before, video), "{video_before:?} {video:?}");
        assert!(follows(audio_before, audio), "{audio_before:?} {audio:?}");
    }

    /// Presentation times of all pictures of the segments that were listed, in order.
    pub(crate) fn shown(&self) -> Vec<i64> {
        let bodies = self.segments.values().filter_map(|seen| self.bodies.get(&seen.segment.uri));
        let mut shown: Vec<_> =
            bodies.flat_map(|body| presentation_times(&body.bytes.to_bytes())).collect();
        shown.sort_unstable();
        shown
    }

    fn body(&self, snapshot: &Snapshot, name: &str) -> Option<Bytes> {
        let known = self.bodies.get(name).map(|body| body.bytes.to_bytes());
        known.or_else(|| Some(snapshot.resource(name)?.body.to_bytes()))
    }

    fn check_edge(&self, snapshot: &Snapshot, listing: &Listing) {
        let open_msn = listing.media_sequence + to_u64(listing.segments.len());
        if listing.ended {
            assert!(
                listing.part_hints.is_empty()
                    && listing.open
                        == Segment { map: listing.open.map.clone(), ..Segment::default() }
            );
            return;
        }
        let [hint] = listing.part_hints.as_slice() else { panic!("{:?}", listing.part_hints) };
        assert!(snapshot.hinted(hint) && snapshot.resource(hint).is_none());
        self.check_announced(listing);
        self.check_kept_promise(snapshot, listing);
        let open_parts = to_u64(listing.open.parts.len());
        let readiness = |media_sequence, part| {
            let wanted = Some(Wanted { media_sequence, part });
            snapshot.readiness(&BlockingQuery { wanted, skip: Skip::No })
        };
        assert_eq!(readiness(open_msn, Some(open_parts)), Readiness::Wait);
        assert_eq!(readiness(open_msn, None), Readiness::Wait);
        assert_eq!(readiness(open_msn - 1, None), Readiness::Ready);
        assert!(matches!(readiness(open_msn + 2, None), Readiness::Bad(_)));
    }

    /// A segment whose first part was hinted at has the discontinuity that was told then, and no other: hls.js 1.6
    /// gives up otherwise.
    fn check_announced(&self, listing: &Listing) {
        let Some(last) = &self.listing else { return };
        let open_before = last.media_sequence + to_u64(last.segments.len());
        let Some(now) = listing.segment(open_before) else { return };
        let after_gap = last.segments.last().is_some_and(|segment| segment.gap);
        if !after_gap && !listing.ended {
            assert_eq!(now.discontinuity, last.open.discontinuity, "{last:?}\n{listing:?}");
        }
    }

    /// What was hinted last time came next, and the tail of a segment was visible before the first
    /// part of the next one.
    fn check_kept_promise(&self, snapshot: &Snapshot, listing: &Listing) {
        let Some(last) = &self.listing else { return };
        let hint = &last.part_hints[0];
        let open_before = last.media_sequence + to_u64(last.segments.len());
        let index = last.open.parts.len();
        let part = |msn, index| listing.segment(msn)?.parts.get(index);
        let next = part(open_before, index).or_else(|| part(open_before + 1, 0));
        match next {
            Some(next) => {
                assert_eq!(&next.uri, hint, "the hint was not kept");
                assert_ne!(snapshot.resource(hint).is_none(), !next.gap);
            }
            None => assert!(snapshot.hinted(hint), "the hint moved without a part"),
        }
        let tail = part(open_before, index).filter(|tail| !tail.gap);
        let first = part(open_before + 1, 0).filter(|first| !first.gap);
        assert!(tail.is_none() || first.is_none(), "tail and next segment in one update");
    }

    /// The first part of a segment comes a moment after the tail of the one before, unless the packager
    /// catches up.
    fn check_tail(&self, now: EventTime, listing: &Listing) {
        let open_msn = listing.media_sequence + to_u64(listing.segments.len());
        let [first] = listing.open.parts.as_slice() else { return };
        let tail = |(_, msn, part): &&(EventTime, u64, Part)| *msn + 1 == open_msn && !part.gap;
        let tail = self.part_log.iter().rev().find(tail);
        let (Some((tail_listed, ..)), false) = (tail, first.gap) else { return };
        // Nobody was there before the first playlist.
        if self.updates.first() == Some(tail_listed) {
            return;
        }
        let start_ms = listing.open.date_time_ms.unwrap() - WALL_CLOCK_AT_ZERO_MS;
        let late_ms = to_f64_i(now.as_millis() - start_ms) - first.duration * 1000.0;
        let lead = now.saturating_since(*tail_listed);
        assert!(lead >= Duration::from_millis(120) || late_ms >= 1999.0, "{lead:?} {first:?}");
    }

    fn check_resources(&mut self, now: EventTime, snapshot: &Snapshot, listing: &Listing) {
        let closed = listing.segments.iter().map(|segment| &**segment);
        for segment in closed.chain([&listing.open]) {
            let date_time_ms = segment.date_time_ms.unwrap_or(WALL_CLOCK_AT_ZERO_MS);
            let mut start = to_f64_i(date_time_ms - WALL_CLOCK_AT_ZERO_MS) / 1_000.0;
            for part in &segment.parts {
                let body = self.fetch(snapshot, &part.uri);
                assert_eq!(body.is_none(), part.gap, "{part:?}");
                if let Some(body) = body.filter(|body| body.checked_at != Some(start)) {
                    body.checked_at = Some(start);
                    let bytes = body.bytes.to_bytes();
                    self.check_part_media(part, start, &bytes);
                }
                start += part.duration;
            }
            if !segment.uri.is_empty() {
                let whole = self.fetch(snapshot, &segment.uri);
                assert_eq!(whole.is_none(), segment.gap, "{segment:?}");
                let count = segment.parts.len();
                if let Some(whole) =
                    whole.filter(|whole| ![0, whole.compared_with].contains(&count))
                {
                    whole.compared_with = count;
                    let whole = whole.bytes.clone();
                    let mut parts = ByteChain::new();
                    for body in segment.parts.iter().filter_map(|part| self.bodies.get(&part.uri)) {
                        parts.extend(&body.bytes);
                    }
                    assert_eq!(whole, parts, "parts in a row are the segment");
                }
            }
            if let Some(map) = segment.map.as_ref().filter(|_| !segment.gap) {
                assert!(self.fetch(snapshot, map).is_some(), "{map}");
            }
        }
        self.removed.retain(|removed| now < removed.until);
        for name in self.removed.iter().flat_map(|removed| &removed.names) {
            assert!(snapshot.resource(name).is_some(), "{name} was removed too early");
        }
    }

    /// The pictures of the part that starts at `start` begin in it, and last until it ends or longer: a long
    /// one hangs over into the next parts, whose own pictures begin where it ends.
    fn check_part_media(&self, part: &Part, start: f64, bytes: &Bytes) {
        let [video, audio] = runs(bytes);
        let sync = video.map_or_else(|| audio.is_some(), |video| video.sync);
        let audio_only = video.is_none();
        assert!(part.independent == sync || audio_only, "{part:?}");
        if let Some(video) = video {
            let place = |ticks: u64| to_f64(ticks + SHIFT_90K) / 90_000.0;
            let end = start + part.duration;
            let begins = place(video.start);
            assert!(
                (start - ROUNDING..end + ROUNDING).contains(&begins),
                "{start} {video:?} {part:?}"
            );
            assert!(place(video.end) >= end - ROUNDING, "{start} {video:?} {part:?}");
        }
    }

    /// Wall time goes on evenly, whatever happens.
    fn check_date_times(&self, listing: &Listing) {
        let mut segments = listing.segments.iter();
        let first = segments.next().unwrap();
        let start = to_f64_i(first.date_time_ms.expect("on every segment"));
        let mut expected = start + first.duration * 1000.0;
        for segment in segments {
            let stated = to_f64_i(segment.date_time_ms.expect("on every segment"));
            if self.jumps && segment.discontinuity {
                expected = stated;
            }
            assert!((stated - expected).abs() < 1.1, "{stated} {expected} {segment:?}");
            expected += segment.duration * 1000.0;
        }
    }

    /// Same name, same bytes.
    fn fetch(&mut self, snapshot: &Snapshot, name: &str) -> Option<&mut Body> {
        let bytes = snapshot.resource(name)?.body;
        if !self.bodies.contains_key(name) {
            let body = Body { bytes: bytes.clone(), checked_at: None, compared_with: 0 };
            self.bodies.insert(name.to_owned(), body);
        }
        let known = self.bodies.get_mut(name)?;
        assert!(is_same(&known.bytes, &bytes), "{name} changed its bytes");
        Some(known)
    }
}

/// The bytes are equal, or even the same ones: nobody can change them while they are held here.
fn is_same(one: &ByteChain, other: &ByteChain) -> bool {
    let same = one.iter().zip(other).all(|(one, other)| std::ptr::eq(&one[..], &other[..]));
    (same && one.len() == other.len()) || one == other
}

/// A delta update is the playlist without the segments beyond the skip boundary.
fn check_delta(delta: &Listing, full: &Listing) {
    let end = full.duration() + full.open_duration();
    let mut at = 0.0;
    let skippable = full.segments.iter().take_while(|segment| {
        at += segment.duration;
        end - at >= full.can_skip_until - 0.000_01
    });
    assert_eq!(delta.skipped, skippable.count());
    assert_eq!(delta.media_sequence, full.media_sequence);
    assert_eq!(delta.discontinuity_sequence, full.discontinuity_sequence);
    let kept = &full.segments[delta.skipped..];
    assert_eq!(delta.segments.len(), kept.len());
    for (delta, full) in delta.segments.iter().zip(kept) {
        assert_eq!(delta.bare(), full.bare());
    }
    assert_eq!(delta.open.bare(), full.open.bare());
}

pub(crate) fn playlist(snapshot: &Snapshot, flavour: Flavour, skip: Skip) -> Option<String> {
    let request =
        PlaylistRequest { flavour, dialect: Dialect::Strict, skip, encoding: Encoding::Identity };
    let text = snapshot.media_playlist(&request)?;
    Some(String::from_utf8(text.to_vec()).unwrap())
}

fn to_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap()
}

fn usize_of(count: u64) -> usize {
    usize::try_from(count).unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn to_f64(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds")]
fn to_f64_i(number: i64) -> f64 {
    number as f64
}
