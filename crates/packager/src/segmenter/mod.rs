//! Cuts a Feed's samples into segments and parts, and fills what is missing with gaps.
//!
//! ```text
//!            both tracks seen, or one for long enough
//!   Idle ───────────────────────────────────────────▶ Open ◀─┐ a part or a segment ends
//!    ▲                                                │  └───┘
//!    │ nothing arrives, without gap filling           │
//!    └────────────────────────────────────────────────┤ nothing arrives for the hold-off,
//!                                                     ▼ or the timeline has a hole
//!   Open ◀───────────────────────────────────────── Gap ◀─┐ one part target has passed
//!            a sync sample at or after the gap's end    └──┘
//! ```
//!
//! [`boundary`](crate::boundary) decides where a part ends; this module decides when it may be cut:
//! when its sound has arrived too, or was waited for long enough, and when the tail of the last
//! segment has been visible for a moment. It emits [`Step`]s in order and never takes one back. It
//! knows no playlists, names or containers.

mod gap;
mod splice;
mod start;
mod step;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use genlock_media::{EventTime, Sample, TrackConfig, TrackKind};

use crate::boundary::{Cut, Lead, Position, Rules};
use crate::config::PackagerConfig;
use crate::intake::{Dropped, Intake};
use crate::limits::{
    AUDIO_WAIT, CATCH_UP, COMPLETE_MARGIN_90K, SOUND_CHANGE_WAIT, SOUND_OVERHANG_MAX,
    SPLICE_AUDIO_WAIT, TAIL_LEAD,
};
use crate::line::{event_time, rescale_90k, ticks_90k};
use crate::queue::{Queued, TrackQueue, same_config};

use self::gap::Gap;
pub(crate) use self::step::{Begin, Layout, PartCut, Step};

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct Segmenter {
    rules: Rules,
    gap_fill: bool,
    hold_off: Duration,
    intake: Intake,
    layout: Layout,
    state: State,
    /// The open segment begins with a discontinuity.
    tagged: bool,
    /// Since when the open part lacks nothing but sound.
    lacks_audio_since: Option<EventTime>,
    /// When a part was cut last.
    last_part: EventTime,
    /// The latest presentation time in a part.
    shown_90k: i64,
    /// End of the audio that is in a part.
    audio_taken_90k: i64,
    /// Before this the first part of a segment is not published.
    tail_visible: Option<EventTime>,
    ending: bool,
    steps: VecDeque<Step>,
    wake: Option<EventTime>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Idle { floor_90k: i64, jumped: bool },
    Open(Position),
    Gap(Gap),
    Ended,
}

/// Where the content that is there ends, and how many leading samples belong to it.
#[derive(Debug, Clone, Copy)]
struct ContentEnd {
    end_90k: i64,
    leads: usize,
    then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Gap,
    Segment,
}

impl Segmenter {
    pub(crate) fn new(config: &PackagerConfig) -> Self {
        Self {
            rules: Rules::new(config),
            gap_fill: config.gap_fill,
            hold_off: config.hold_off,
            intake: Intake::new(ticks_90k(config.hold_off)),
            layout: Layout::default(),
            state: State::Idle { floor_90k: i64::MIN, jumped: false },
            tagged: false,
            lacks_audio_since: None,
            last_part: EventTime::ZERO,
            shown_90k: i64::MIN,
            audio_taken_90k: i64::MIN,
            tail_visible: None,
            ending: false,
            steps: VecDeque::new(),
            wake: None,
        }
    }

    pub(crate) fn push(&mut self, now: EventTime, sample: Sample) {
        let floor_90k = self.published_90k();
        self.intake.push(now, sample, floor_90k);
        self.advance(now);
    }

    /// Decides everything that can be decided at `now`. To be called at [`Segmenter::wake`].
    pub(crate) fn advance(&mut self, now: EventTime) {
        self.wake = None;
        while self.step(now) {}
    }

    /// Closes what is open; nothing is accepted afterwards.
    pub(crate) fn end(&mut self, now: EventTime) {
        self.ending = true;
        self.advance(now);
    }

    pub(crate) fn poll_step(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    pub(crate) const fn wake(&self) -> Option<EventTime> {
        self.wake
    }

    pub(crate) const fn dropped(&self) -> Dropped {
        self.intake.dropped()
    }

    /// Drops `sample` because too much is kept already.
    pub(crate) fn refuse(&mut self, sample: &Sample) {
        self.intake.refuse(sample);
    }

    /// What lies before this is decided.
    fn published_90k(&self) -> i64 {
        match self.state {
            State::Idle { floor_90k, .. } => floor_90k,
            State::Open(at) => at.part_start_90k,
            State::Gap(gap) => gap.frontier_90k(),
            State::Ended => i64::MAX,
        }
    }

    fn step(&mut self, now: EventTime) -> bool {
        match self.state {
            State::Idle { .. } if self.ending => self.finish(),
            State::Idle { floor_90k, .. } => self.start(now, floor_90k),
            State::Open(at) => self.cut(now, at),
            State::Gap(mut gap) if self.ending => {
                gap.end_segment(&mut self.steps);
                self.finish()
            }
            State::Gap(gap) => self.start(now, gap.frontier_90k()) || self.fill(now, gap),
            State::Ended => false,
        }
    }

    fn finish(&mut self) -> bool {
        self.state = State::Ended;
        false
    }

    fn wake_at(&mut self, at: EventTime) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    fn cut(&mut self, now: EventTime, at: Position) -> bool {
        if self.layout.video.is_none() {
            self.intake.drop_unstartable_pictures(at.part_start_90k);
        }
        let content_end = self.content_end(now, at);
        let Some(cut) = self.next_cut(at, content_end) else {
            if self.gap_fill {
                self.wake_at(self.intake.last_lead_arrival(&self.layout) + self.hold_off);
            }
            return false;
        };
        let ends_in_gap = content_end.is_some_and(|content| content.then == Then::Gap);
        if !self.tail_was_visible(now, at, cut) || !(ends_in_gap || self.audio_ready(now, cut)) {
            return false;
        }
        self.lacks_audio_since = None;
        let (Cut::Part(end_90k) | Cut::Segment(end_90k)) = cut;
        let segment_end_90k = self.probable_end_90k(at, end_90k);
        self.emit_part(now, at, end_90k);
        if let Cut::Part(_) = cut {
            self.state = State::Open(Position { part_start_90k: end_90k, segment_end_90k, ..at });
            return true;
        }
        self.steps.push_back(Step::End { end_90k });
        self.tail_visible = Some(self.last_part + TAIL_LEAD);
        match content_end {
            Some(content) if content.then == Then::Gap && end_90k >= content.end_90k => {
                self.enter_gap(now, end_90k);
            }
            _ => self.begin(end_90k, None),
        }
        true
    }

    /// Where the segment probably ends once its part up to `end_90k` is cut.
    fn probable_end_90k(&self, at: Position, end_90k: i64) -> Option<i64> {
        let taken = self.intake.video.iter().take_while(|queued| queued.start_90k < end_90k);
        let newest = taken.filter(|queued| queued.sample.is_video_sync()).last();
        newest.map_or(at.segment_end_90k, |sync| {
            self.rules.probable_end_90k(at.segment_start_90k, sync.start_90k, sync.gop_90k?)
        })
    }

    /// Where the leading track ends in what is there: at a hole, at the end, where nothing came for the
    /// hold-off, or where sound alone meets its first picture.
    fn content_end(&self, now: EventTime, at: Position) -> Option<ContentEnd> {
        let queue = self.intake.lead_queue(&self.layout);
        let hold_off_90k = ticks_90k(self.hold_off);
        let end_of = |leads: usize| {
            let last = leads.checked_sub(1).and_then(|last| queue.probable_end_90k(last));
            last.map_or(at.part_start_90k, |end| end.max(at.part_start_90k))
        };
        let gap_after =
            |leads: usize| ContentEnd { end_90k: end_of(leads), leads, then: Then::Gap };
        let next_90k = queue.front().map_or(at.part_start_90k, |front| front.start_90k);
        if next_90k - at.part_start_90k > hold_off_90k {
            return Some(gap_after(0));
        }
        let pictures = self.intake.video.front().filter(|_| self.layout.video.is_none());
        if let Some(end_90k) = pictures.map(|first| first.start_90k) {
            let leads = queue.iter().take_while(|lead| lead.start_90k < end_90k).count();
            let hole = end_90k - end_of(leads) > hold_off_90k;
            let segment = ContentEnd { end_90k, leads, then: Then::Segment };
            return Some(if hole { gap_after(leads) } else { segment });
        }
        let arrived = self.intake.last_lead_arrival(&self.layout);
        let silent = self.ending || (self.gap_fill && now >= arrived + self.hold_off);
        let leads = queue.len_before_hole().or_else(|| silent.then(|| queue.len()))?;
        Some(gap_after(leads))
    }

    fn next_cut(&self, at: Position, content_end: Option<ContentEnd>) -> Option<Cut> {
        let queue = self.intake.lead_queue(&self.layout);
        let leads = content_end.map_or(usize::MAX, |content| content.leads);
        let content_end_90k = content_end.map(|content| content.end_90k);
        let next = queue.iter().skip(1).take(leads.saturating_sub(1));
        let ends = next.map(|next| Some(next.start_90k)).chain([content_end_90k]);
        let mut shown_90k = self.shown_90k;
        let leads = queue.iter().take(leads).zip(ends).map(|(queued, end_90k)| {
            let sync_picture = queued.sample.is_video_sync();
            let complete = shown_90k <= queued.start_90k - COMPLETE_MARGIN_90K;
            let pts = queued.sample.pts_time();
            shown_90k = shown_90k.max(rescale_90k(pts.ticks, pts.timescale));
            Lead {
                start_90k: queued.start_90k,
                end_90k,
                starts_segment: sync_picture || self.layout.video.is_none(),
                sync_picture,
                gop_90k: queued.gop_90k,
                renews: self.other_sound(queued).is_some()
                    || self.renews(&queued.sample, queued.start_90k),
                splice: queued.splice.is_some(),
                complete,
            }
        });
        self.rules.next_cut(at, leads, queue.usual_90k(), content_end_90k)
    }

    /// The sample needs another init section than the open one.
    fn renews(&self, sample: &Sample, start_90k: i64) -> bool {
        match &self.layout.video {
            Some(video) => {
                !same_config(video, &sample.config)
                    || (sample.is_video_sync()
                        && !self.sound_change_told_behind(start_90k)
                        && self.intake.audio_changes_by(start_90k, self.layout.audio.as_ref()))
            }
            None => {
                self.layout.audio.as_ref().is_none_or(|audio| !same_config(audio, &sample.config))
            }
        }
    }

    /// The first part of a segment follows the tail of the last one with a delay that lets viewers see
    /// the tail alone, unless everything is late anyway.
    fn tail_was_visible(&mut self, now: EventTime, at: Position, cut: Cut) -> bool {
        let (Cut::Part(end_90k) | Cut::Segment(end_90k)) = cut;
        let first = at.part_start_90k == at.segment_start_90k;
        let catching_up = now.saturating_since(event_time(end_90k)) > CATCH_UP;
        let Some(visible) = self.tail_visible.filter(|visible| now < *visible) else { return true };
        if !first || catching_up || self.ending {
            return true;
        }
        self.wake_at(visible);
        false
    }

    /// The sound of the part is there, or was waited for long enough. At the end of a segment the next
    /// access unit must be there, too: it tells whether the next segment has another configuration.
    fn audio_ready(&mut self, now: EventTime, cut: Cut) -> bool {
        let (Cut::Part(end_90k) | Cut::Segment(end_90k)) = cut;
        let ends_segment = matches!(cut, Cut::Segment(_));
        if self.layout.audio.is_none() || self.ending {
            return true;
        }
        let last = self.intake.audio.back().map(|last| last.start_90k);
        let sound_changes = ends_segment && self.sound_told_at(end_90k).is_some();
        let covered_90k = if sound_changes {
            self.intake.audio_change_90k(self.layout.audio.as_ref()).map_or(i64::MIN, |_| end_90k)
        } else if ends_segment {
            last.unwrap_or(i64::MIN)
        } else {
            self.intake.audio_end_90k().max(self.audio_taken_90k)
        };
        let splice = self.intake.video.front().is_some_and(|front| front.splice.is_some());
        if splice && !ends_segment && self.splice_audio_ready(now, end_90k) {
            return true;
        }
        let pictures_90k = self.intake.video.back().map_or(i64::MIN, |last| last.start_90k);
        let backlog = pictures_90k.saturating_sub(end_90k) > ticks_90k(2 * AUDIO_WAIT);
        // Sound that does not come at all is waited for once, not for every part again.
        let since = *self.lacks_audio_since.get_or_insert(now);
        let longest = if sound_changes { SOUND_CHANGE_WAIT } else { AUDIO_WAIT };
        let deadline = since.min(self.intake.audio_arrival()) + longest;
        if covered_90k >= end_90k || backlog || now >= deadline {
            return true;
        }
        self.wake_at(deadline);
        false
    }

    /// The other configuration of the sound behind a splice that starts at `end_90k`.
    fn sound_told_at(&self, end_90k: i64) -> Option<&Arc<TrackConfig>> {
        let next = self.intake.video.iter().find(|queued| queued.start_90k >= end_90k);
        next.filter(|next| next.start_90k == end_90k).and_then(|next| self.other_sound(next))
    }

    /// What the splice at `queued` told of the sound, if that is another configuration than the open one.
    fn other_sound<'a>(&self, queued: &'a Queued) -> Option<&'a Arc<TrackConfig>> {
        let told = queued.splice.as_ref()?.sound.as_ref()?;
        let runs = self.layout.audio.as_ref().is_some_and(|running| same_config(running, told));
        (!runs).then_some(told)
    }

    /// The first part of a splice has some sound, or has waited for it: what is missing of it goes into the
    /// next part.
    fn splice_audio_ready(&mut self, now: EventTime, end_90k: i64) -> bool {
        let deadline = *self.lacks_audio_since.get_or_insert(now) + SPLICE_AUDIO_WAIT;
        let begins = self.intake.audio.front().is_some_and(|front| front.start_90k < end_90k);
        if begins || now >= deadline {
            return true;
        }
        self.wake_at(deadline);
        false
    }

    /// Takes the samples up to `end_90k`, if there is anything between.
    fn emit_part(&mut self, now: EventTime, at: Position, end_90k: i64) {
        if end_90k <= at.part_start_90k {
            return;
        }
        self.intake.drop_stale_audio(at.part_start_90k);
        // A splice begins a part.
        let splice = self.intake.video.front().and_then(|front| front.splice.as_ref());
        let splice = splice.map(|splice| splice.shown);
        // The next segment cannot hold the sound that is left of the old configuration.
        let hangs_over = self.sound_told_at(end_90k).is_some()
            && match (&self.layout.audio, self.audio_behind(end_90k)) {
                (Some(running), Some(next)) => !same_config(running, &next),
                _ => false,
            };
        let audio_end_90k = end_90k + if hangs_over { ticks_90k(SOUND_OVERHANG_MAX) } else { 0 };
        let take = |queue: &mut TrackQueue, config: &Option<Arc<TrackConfig>>, end_90k: i64| {
            config.as_ref().map_or_else(Vec::new, |config| queue.take_before(end_90k, config))
        };
        let video = take(&mut self.intake.video, &self.layout.video, end_90k);
        let audio = take(&mut self.intake.audio, &self.layout.audio, audio_end_90k);
        if let Some(last) = audio.last() {
            let end = last.sample.dts_time();
            let end = rescale_90k(end.ticks + i64::from(last.duration), end.timescale);
            self.audio_taken_90k = end;
        }
        let shown = video.iter().map(|picture| picture.sample.pts_time());
        let shown = shown.map(|pts| rescale_90k(pts.ticks, pts.timescale)).max();
        self.shown_90k = self.shown_90k.max(shown.unwrap_or(i64::MIN));
        self.last_part = now;
        let first = video.first().or_else(|| audio.first().filter(|_| self.layout.video.is_none()));
        let independent = first.is_some_and(|first| {
            first.sample.kind() == TrackKind::Audio || first.sample.is_video_sync()
        });
        self.steps.push_back(Step::Part(PartCut {
            start_90k: at.part_start_90k,
            end_90k,
            independent,
            splice: splice.filter(|_| !video.is_empty()),
            video,
            audio,
        }));
    }

    fn enter_gap(&mut self, now: EventTime, end_90k: i64) {
        self.state = if self.gap_fill {
            State::Gap(Gap::new(end_90k, now))
        } else {
            State::Idle { floor_90k: end_90k, jumped: true }
        };
    }

    /// Publishes one more gap part when it is due.
    fn fill(&mut self, now: EventTime, mut gap: Gap) -> bool {
        if now < gap.due() {
            self.wake_at(gap.due());
            return false;
        }
        gap.grow(&self.rules, &self.layout, &mut self.steps);
        self.state = State::Gap(gap);
        true
    }
}
