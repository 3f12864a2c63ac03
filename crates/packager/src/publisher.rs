//! Turns the segmenter's steps into parts, segments and their numbers.

use std::sync::Arc;

use genlock_media::EventTime;

use crate::cmaf;
use crate::config::PackagerConfig;
use crate::init::InitSections;
use crate::limits::REFUSE_BYTES;
use crate::mux::{MuxError, TimedSample};
use crate::offer::Offer;
use crate::segment::{Head, OpenSegment, Part, Samples, Segment, Ts};
use crate::segmenter::{Begin, PartCut, Step};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::ts::TsMuxer;
use crate::window::Window;

/// Everything that is published, and the numbers that go on.
#[derive(Debug)]
pub(crate) struct Publisher {
    settings: Arc<Settings>,
    inits: InitSections,
    window: Window,
    open: Option<OpenSegment>,
    next_media_sequence: u64,
    next_part: u64,
    discontinuities: u64,
    /// Of a segment that ended before it had a part.
    carried_discontinuity: bool,
    offer: Arc<Offer>,
    ts: Option<TsMuxer>,
    ended: bool,
    failures: u64,
    last_failure: Option<MuxError>,
}

impl Publisher {
    pub(crate) fn new(config: &PackagerConfig) -> Self {
        Self {
            settings: Arc::new(Settings::new(config)),
            inits: InitSections::default(),
            window: Window::new(config),
            open: None,
            next_media_sequence: config.first_media_sequence,
            next_part: 0,
            discontinuities: config.first_discontinuity_sequence,
            carried_discontinuity: false,
            offer: Arc::default(),
            ts: None,
            ended: false,
            failures: 0,
            last_failure: None,
        }
    }

    pub(crate) fn apply(&mut self, now: EventTime, step: Step) {
        match step {
            Step::Begin(begin) => self.begin(begin),
            Step::Part(cut) => self.part(cut),
            Step::End { end_90k } => self.end_segment(now, end_90k),
        }
    }

    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// Makes MPEG-TS of what is listed and of every later segment.
    pub(crate) fn enable_ts(&mut self) {
        if self.ts.is_some() {
            return;
        }
        let mut muxer = TsMuxer::new();
        let (failures, last) = (&mut self.failures, &mut self.last_failure);
        self.window.update(|segment| {
            let mut segment = segment.clone();
            segment.ts = mux_ts(&mut muxer, &segment).unwrap_or_else(|error| {
                *failures += 1;
                *last = Some(error);
                Ts::Absent
            });
            segment
        });
        self.ts = Some(muxer);
    }

    pub(crate) const fn ts_enabled(&self) -> bool {
        self.ts.is_some()
    }

    pub(crate) fn is_over_budget(&self) -> bool {
        self.window.bytes() > REFUSE_BYTES
    }

    pub(crate) const fn failures(&self) -> (u64, Option<&MuxError>) {
        (self.failures, self.last_failure.as_ref())
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let removed = self.window.removed().len();
        let segments = self.window.removed().chain(self.window.listed()).cloned().collect();
        Snapshot::new(
            Arc::clone(&self.settings),
            Arc::clone(&self.offer),
            segments,
            removed,
            self.open.clone(),
            crate::snapshot::Next {
                media_sequence: self.next_media_sequence,
                part: self.next_part,
                discontinuities: self.discontinuities,
            },
            self.ts.is_some(),
            self.ended,
        )
    }

    fn begin(&mut self, begin: Begin) {
        let init = self.inits.get(&begin.layout).map_err(|error| self.fail(error)).ok();
        if self.offer.lacks(&begin.layout) {
            Arc::make_mut(&mut self.offer).add(&begin.layout);
        }
        let carried = std::mem::take(&mut self.carried_discontinuity);
        self.open = Some(OpenSegment {
            head: Head {
                media_sequence: self.next_media_sequence,
                start_90k: begin.start_90k,
                independent: begin.independent,
                init,
                discontinuity: begin.discontinuity || carried,
                discontinuities_before: self.discontinuities,
            },
            parts: Vec::new(),
        });
    }

    fn part(&mut self, cut: PartCut) {
        let body = self.fragment(&cut.video, &cut.audio);
        let Some(open) = &mut self.open else { return };
        open.parts.push(Arc::new(Part {
            counter: self.next_part,
            duration_90k: cut.end_90k - cut.start_90k,
            independent: cut.independent && body.is_some(),
            body,
            samples: Samples { video: cut.video, audio: cut.audio },
        }));
        self.next_part += 1;
    }

    /// `None` where there is nothing to write, or it cannot be written: then it is a gap.
    fn fragment(
        &mut self,
        video: &[TimedSample],
        audio: &[TimedSample],
    ) -> Option<crate::ByteChain> {
        let described = self.open.as_ref().is_some_and(|open| open.head.init.is_some());
        if !described || (video.is_empty() && audio.is_empty()) {
            return None;
        }
        // `mfhd.sequence_number` has 32 bits and only has to increase from fragment to fragment
        // (ISO/IEC 14496-12 §8.8.5); wrapping after 68 years of half-second parts is accepted.
        #[expect(clippy::cast_possible_truncation, reason = "wraps on purpose")]
        let sequence_number = (self.next_part as u32).wrapping_add(1);
        let fragment = cmaf::fragment(sequence_number, video, audio);
        fragment.map_err(|error| self.fail(error)).ok()
    }

    fn end_segment(&mut self, now: EventTime, end_90k: i64) {
        let Some(open) = self.open.take() else { return };
        if open.parts.is_empty() {
            self.carried_discontinuity |= open.head.discontinuity;
            return;
        }
        let mut segment = open.close(end_90k);
        if let Some(muxer) = &mut self.ts {
            segment.ts = mux_ts(muxer, &segment).unwrap_or_else(|error| {
                self.failures += 1;
                self.last_failure = Some(error);
                Ts::Absent
            });
        }
        self.discontinuities = segment.discontinuity_sequence();
        self.next_media_sequence += 1;
        self.window.push(now, segment);
    }

    fn fail(&mut self, error: MuxError) {
        self.failures += 1;
        self.last_failure = Some(error);
    }
}

fn mux_ts(muxer: &mut TsMuxer, segment: &Segment) -> Result<Ts, MuxError> {
    if segment.head.discontinuity {
        muxer.discontinuity();
    }
    if segment.is_gap() {
        return Ok(Ts::Absent);
    }
    let gather = |track: fn(&Samples) -> &Vec<TimedSample>| -> Vec<TimedSample> {
        segment.parts.iter().flat_map(|part| track(&part.samples).iter().cloned()).collect()
    };
    let video = gather(|samples| &samples.video);
    let audio = gather(|samples| &samples.audio);
    muxer.segment(&video, &audio).map(Ts::Made)
}
