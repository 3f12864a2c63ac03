//! A media playlist as quick-m3u8 reads it.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use quick_m3u8::config::ParsingOptionsBuilder;
use quick_m3u8::tag::hls::{EnumeratedString, PreloadHintType};
use quick_m3u8::tag::{KnownTag, hls};
use quick_m3u8::{HlsLine, Reader, date};

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Listing {
    pub(crate) version: u64,
    pub(crate) target_duration: u64,
    pub(crate) media_sequence: u64,
    pub(crate) discontinuity_sequence: Option<u64>,
    pub(crate) independent: bool,
    pub(crate) part_target: f64,
    pub(crate) part_hold_back: f64,
    pub(crate) can_skip_until: f64,
    pub(crate) skipped: usize,
    pub(crate) segments: Vec<Rc<Segment>>,
    /// Tags and parts after the last URI.
    pub(crate) open: Segment,
    pub(crate) part_hints: Vec<String>,
    pub(crate) map_hints: Vec<String>,
    pub(crate) ended: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Segment {
    pub(crate) uri: String,
    pub(crate) duration: f64,
    pub(crate) discontinuity: bool,
    /// The one that applies, stated or inherited.
    pub(crate) map: Option<String>,
    pub(crate) map_stated: bool,
    pub(crate) date_time_ms: Option<i64>,
    pub(crate) gap: bool,
    pub(crate) parts: Vec<Part>,
}

impl Segment {
    /// What is said of it as a whole, but for its init section.
    pub(crate) fn tags(&self) -> (&str, f64, bool, Option<i64>, bool) {
        (&self.uri, self.duration, self.discontinuity, self.date_time_ms, self.gap)
    }

    /// All that is said of it but the address of its init section.
    pub(crate) fn bare(&self) -> impl PartialEq + fmt::Debug + '_ {
        (self.tags(), self.map_stated, &self.parts)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) uri: String,
    pub(crate) duration: f64,
    pub(crate) independent: bool,
    pub(crate) gap: bool,
}

impl Listing {
    pub(crate) fn duration(&self) -> f64 {
        self.segments.iter().map(|segment| segment.duration).sum()
    }

    /// The segment with this media sequence number, also the one that is not complete.
    pub(crate) fn segment(&self, media_sequence: u64) -> Option<&Segment> {
        let index = usize::try_from(media_sequence.checked_sub(self.media_sequence)?).unwrap();
        let open = (index == self.segments.len()).then_some(&self.open);
        self.segments.get(index).map(|segment| &**segment).or(open)
    }

    pub(crate) fn open_duration(&self) -> f64 {
        self.open.parts.iter().map(|part| part.duration).sum()
    }

    /// Parses `text`; every line must be a tag that the parser knows or a URI.
    pub(crate) fn parse(text: &str) -> Self {
        Parser::default().parse(text)
    }

    /// Lines up to a URI or the end.
    fn read(&mut self, lines: &str, map: &mut Option<String>) {
        let options = ParsingOptionsBuilder::new().with_parsing_for_all_tags().build();
        let mut reader = Reader::from_str(lines, options);
        while let Some(line) = reader.read_line().expect("a line that parses") {
            match line {
                HlsLine::Uri(uri) => {
                    self.open.uri = uri.into_owned();
                    self.open.map.clone_from(map);
                }
                HlsLine::KnownTag(KnownTag::Hls(tag)) => self.tag(tag, map),
                other => panic!("unexpected line {other:?} in\n{lines}"),
            }
        }
    }

    fn tag(&mut self, tag: hls::Tag<'_>, map: &mut Option<String>) {
        match tag {
            hls::Tag::M3u(_) => {}
            hls::Tag::Version(tag) => self.version = tag.version(),
            hls::Tag::Targetduration(tag) => self.target_duration = tag.target_duration(),
            hls::Tag::MediaSequence(tag) => self.media_sequence = tag.media_sequence(),
            hls::Tag::DiscontinuitySequence(tag) => {
                self.discontinuity_sequence = Some(tag.discontinuity_sequence());
            }
            hls::Tag::IndependentSegments(_) => self.independent = true,
            hls::Tag::PartInf(tag) => self.part_target = tag.part_target(),
            hls::Tag::ServerControl(tag) => {
                assert!(tag.can_block_reload());
                self.part_hold_back = tag.part_hold_back().expect("PART-HOLD-BACK");
                self.can_skip_until = tag.can_skip_until().expect("CAN-SKIP-UNTIL");
            }
            hls::Tag::Skip(tag) => self.skipped = usize::try_from(tag.skipped_segments()).unwrap(),
            hls::Tag::Discontinuity(_) => self.open.discontinuity = true,
            hls::Tag::Map(tag) => {
                *map = Some(tag.uri().to_owned());
                self.open.map_stated = true;
            }
            hls::Tag::ProgramDateTime(tag) => {
                self.open.date_time_ms = Some(unix_ms(&tag.program_date_time()));
            }
            hls::Tag::Gap(_) => self.open.gap = true,
            hls::Tag::Part(tag) => self.open.parts.push(Part {
                uri: tag.uri().to_owned(),
                duration: tag.duration(),
                independent: tag.independent(),
                gap: tag.gap(),
            }),
            hls::Tag::Inf(tag) => self.open.duration = tag.duration(),
            hls::Tag::PreloadHint(tag) => {
                let hints = match tag.hint_type() {
                    EnumeratedString::Known(PreloadHintType::Part) => &mut self.part_hints,
                    EnumeratedString::Known(PreloadHintType::Map) => &mut self.map_hints,
                    EnumeratedString::Unknown(other) => panic!("hint of type {other}"),
                };
                hints.push(tag.uri().to_owned());
            }
            hls::Tag::Endlist(_) => self.ended = true,
            other => panic!("unexpected tag {other:?}"),
        }
    }
}

/// Parses playlists of which one repeats most of the last: what it has read is not read again.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    /// The segments of the last playlist, in order.
    known: VecDeque<Known>,
}

/// The lines of a segment, and what they say behind the init section `map_before`.
#[derive(Debug)]
struct Known {
    lines: String,
    map_before: Option<String>,
    segment: Rc<Segment>,
    map_behind: Option<String>,
}

impl Parser {
    pub(crate) fn parse(&mut self, text: &str) -> Listing {
        assert!(text.starts_with("#EXTM3U\n") && text.ends_with('\n'), "{text}");
        let mut listing = Listing::default();
        let mut map = None;
        let mut next = VecDeque::with_capacity(self.known.len() + 1);
        let (head, mut rest) = text.split_at(head_len(text));
        listing.read(head, &mut map);
        while let Some(length) = segment_len(rest) {
            let (lines, others) = rest.split_at(length);
            rest = others;
            let known = self.recall(lines, &map).unwrap_or_else(|| Known::read(lines, &map));
            listing.segments.push(Rc::clone(&known.segment));
            if map != known.map_behind {
                map.clone_from(&known.map_behind);
            }
            next.push_back(known);
        }
        listing.read(rest, &mut map);
        listing.open.map = map;
        self.known = next;
        listing
    }

    /// What is known of these lines; what was in front of them has left the playlist.
    fn recall(&mut self, lines: &str, map: &Option<String>) -> Option<Known> {
        let same = |known: &Known| known.lines == lines && known.map_before == *map;
        let index = self.known.iter().position(same)?;
        self.known.drain(..index);
        self.known.pop_front()
    }
}

impl Known {
    fn read(lines: &str, map_before: &Option<String>) -> Self {
        let mut alone = Listing::default();
        let mut map_behind = map_before.clone();
        alone.read(lines, &mut map_behind);
        let segment = Rc::new(std::mem::take(&mut alone.open));
        assert_eq!(alone, Listing::default(), "tags of the playlist within a segment");
        Self { lines: lines.to_owned(), map_before: map_before.clone(), segment, map_behind }
    }
}

/// Length of the lines in front of the first tag of a segment.
fn head_len(text: &str) -> usize {
    const OF_SEGMENTS: [&str; 6] = [
        "#EXTINF",
        "#EXT-X-PART:",
        "#EXT-X-PROGRAM",
        "#EXT-X-DISCONTINUITY\n",
        "#EXT-X-MAP",
        "#EXT-X-GAP",
    ];
    let mut lines = text.split_inclusive('\n');
    let head =
        lines.by_ref().take_while(|line| !OF_SEGMENTS.iter().any(|tag| line.starts_with(tag)));
    head.map(str::len).sum()
}

/// Length of the lines up to and with the first URI, if there is one.
fn segment_len(text: &str) -> Option<usize> {
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        length += line.len();
        if !line.starts_with('#') {
            return Some(length);
        }
    }
    None
}

/// Unix milliseconds; all tests play in November 2023.
fn unix_ms(time: &date::DateTime) -> i64 {
    assert_eq!((time.date_fullyear, time.date_month), (2023, 11));
    let days = i64::from(time.date_mday) - 1;
    let minutes = (days * 24 + i64::from(time.time_hour)) * 60 + i64::from(time.time_minute);
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a minute")]
    let ms = (time.time_second * 1000.0).round() as i64;
    NOVEMBER_2023_MS + minutes * 60_000 + ms
}

/// 2023-11-01T00:00:00Z
const NOVEMBER_2023_MS: i64 = 1_698_796_800_000;
