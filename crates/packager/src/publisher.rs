//! Turns the segmenter's steps into parts, segments and their numbers.

use std::sync::Arc;

use genlock_media::EventTime;

use crate::chain::ByteChain;
use crate::cmaf;
use crate::config::PackagerConfig;
use crate::init::{InitSection, InitSections};
use crate::limits::REFUSE_BYTES;
use crate::mux::MuxError;
use crate::offer::Offer;
use crate::published::Published;
use crate::segment::{Head, Junction, OpenSegment, Part, Pictures, Ts};
use crate::segmenter::{Begin, PartCut, Step};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::transport::{Samples, Transport};
use crate::window::Window;

/// Everything that is published, and the numbers that go on.
#[derive(Debug)]
pub(crate) struct Publisher {
    settings: Arc<Settings>,
    inits: InitSections,
    window: Window,
    open: Option<OpenSegment>,
    /// Of the open segment.
    samples: Samples,
    next_media_sequence: u64,
    next_part: u64,
    strict: Line,
    seamless: Line,
    offer: Arc<Offer>,
    transport: Transport,
    newest_splice: Option<EventTime>,
    ended: bool,
    failures: Failures,
}

/// What could not be written.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) count: u64,
    pub(crate) last: Option<MuxError>,
}

impl Publisher {
    pub(crate) fn new(config: &PackagerConfig) -> Self {
        Self {
            settings: Arc::new(Settings::new(config)),
            inits: InitSections::default(),
            window: Window::new(config),
            open: None,
            samples: Samples::default(),
            next_media_sequence: config.first_media_sequence,
            next_part: 0,
            strict: Line::new(config.first_discontinuity_sequence),
            seamless: Line::new(config.first_discontinuity_sequence),
            offer: Arc::default(),
            transport: Transport::default(),
            newest_splice: None,
            ended: false,
            failures: Failures::default(),
        }
    }

    pub(crate) fn apply(&mut self, now: EventTime, step: Step) {
        match step {
            Step::Begin(begin) => self.begin(begin),
            Step::Part(cut) => self.part(cut),
            Step::End { end_90k } => self.end_segment(now, end_90k),
        }
    }

    pub(crate) const fn end(&mut self) {
        self.ended = true;
    }

    /// Makes MPEG-TS of what is listed and of every later segment.
    pub(crate) fn enable_ts(&mut self) {
        let made = self.transport.want();
        let forms = made.into_iter().map(|ts| self.failures.form(ts));
        self.window.set_ts(forms);
    }

    pub(crate) const fn ts_enabled(&self) -> bool {
        self.transport.is_wanted()
    }

    pub(crate) const fn is_over_budget(&self) -> bool {
        self.window.bytes() > REFUSE_BYTES
    }

    pub(crate) const fn failures(&self) -> &Failures {
        &self.failures
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let segments = self.window.removed().chain(self.window.listed());
        Snapshot::new(Published {
            settings: Arc::clone(&self.settings),
            offer: Arc::clone(&self.offer),
            segments: segments.cloned().collect(),
            removed: self.window.removed().len(),
            open: self.open.clone(),
            next_media_sequence: self.next_media_sequence,
            next_part: self.next_part,
            strict_discontinuities: self.strict.discontinuities,
            seamless_discontinuities: self.seamless.discontinuities,
            ts_enabled: self.transport.is_wanted(),
            newest_splice: self.newest_splice,
            ended: self.ended,
        })
    }

    fn begin(&mut self, begin: Begin) {
        let own = self.failures.note(self.inits.get(&begin.layout));
        if self.offer.lacks(&begin.layout) {
            Arc::make_mut(&mut self.offer).add(&begin.layout);
        }
        let held = self.seamless.init.take_if(|held| begin.layout.continues(&held.layout));
        let broken = begin.discontinuity && (held.is_none() || begin.jumped);
        self.open = Some(OpenSegment {
            head: Head {
                media_sequence: self.next_media_sequence,
                start_90k: begin.start_90k,
                independent: begin.independent,
                strict: self.strict.join(own.clone(), begin.discontinuity),
                seamless: self.seamless.join(held.or(own), broken),
            },
            parts: Vec::new(),
        });
    }

    fn part(&mut self, cut: PartCut) {
        let body = self.fragment(&cut);
        let Some(open) = &mut self.open else { return };
        self.newest_splice = cut.splice.filter(|_| body.is_some()).or(self.newest_splice);
        open.parts.push(Arc::new(Part {
            counter: self.next_part,
            duration_90k: cut.end_90k - cut.start_90k,
            independent: cut.independent && body.is_some(),
            body,
        }));
        self.next_part += 1;
        self.samples.video.extend(cut.video);
        self.samples.audio.extend(cut.audio);
    }

    /// `None` where there is nothing to write, or it cannot be written: then it is a gap.
    fn fragment(&mut self, cut: &PartCut) -> Option<ByteChain> {
        let described = self.open.as_ref().is_some_and(|open| open.head.strict.init.is_some());
        if !described || (cut.video.is_empty() && cut.audio.is_empty()) {
            return None;
        }
        // `mfhd.sequence_number` has 32 bits and has to increase from fragment to fragment
        // (ISO/IEC 14496-12 §8.8.5); it wraps after 68 years of half-second parts.
        #[expect(clippy::cast_possible_truncation, reason = "wraps on purpose")]
        let sequence_number = (self.next_part as u32).wrapping_add(1);
        self.failures.note(cmaf::fragment(sequence_number, &cut.video, &cut.audio))
    }

    fn end_segment(&mut self, now: EventTime, end_90k: i64) {
        let Some(open) = self.open.take() else { return };
        let mut samples = std::mem::take(&mut self.samples);
        if open.parts.is_empty() {
            self.strict.carried |= open.head.strict.discontinuity;
            self.seamless.carried |= open.head.seamless.discontinuity;
            return;
        }
        samples.discontinuity = open.head.strict.discontinuity;
        let mut segment = open.close(end_90k, Pictures::of(&samples.video));
        segment.ts = self.failures.form(self.transport.close(samples));
        self.strict.discontinuities = segment.head.strict.discontinuity_sequence();
        self.seamless.discontinuities = segment.head.seamless.discontinuity_sequence();
        self.next_media_sequence += 1;
        self.window.push(now, segment);
        self.transport.forget_unlisted(self.window.listed().len());
    }
}

/// What a dialect has said so far.
#[derive(Debug, Default)]
struct Line {
    /// The init section that players hold.
    init: Option<Arc<InitSection>>,
    discontinuities: u64,
    /// The discontinuity of a segment that ended before it had a part.
    carried: bool,
}

impl Line {
    fn new(first_discontinuity_sequence: u64) -> Self {
        Self { discontinuities: first_discontinuity_sequence, ..Self::default() }
    }

    /// Goes on with a segment that `init` decodes.
    fn join(&mut self, init: Option<Arc<InitSection>>, discontinuity: bool) -> Junction {
        self.init.clone_from(&init);
        Junction {
            init,
            discontinuity: discontinuity | std::mem::take(&mut self.carried),
            discontinuities_before: self.discontinuities,
        }
    }
}

impl Failures {
    /// The MPEG-TS form of a segment; one that cannot be made says why.
    fn form(&mut self, made: Result<Ts, MuxError>) -> Ts {
        made.unwrap_or_else(|error| {
            self.add(error.clone());
            Ts::Refused(error)
        })
    }

    fn add(&mut self, error: MuxError) {
        self.count += 1;
        self.last = Some(error);
    }

    fn note<T>(&mut self, result: Result<T, MuxError>) -> Option<T> {
        match result {
            Ok(written) => Some(written),
            Err(error) => {
                self.add(error);
                None
            }
        }
    }
}
