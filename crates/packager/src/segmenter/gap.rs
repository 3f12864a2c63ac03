//! Fills what is missing with gap segments.

use std::collections::VecDeque;
use std::time::Duration;

use genlock_media::EventTime;

use super::step::{Begin, Layout, PartCut, Step};
use crate::boundary::Rules;
use crate::limits::GAP_SPAN_MAX;
use crate::line::{micros, ticks_90k};

/// A stretch without media, from where the content ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    /// Of the gap segment that is open.
    segment_start_90k: Option<i64>,
    frontier_90k: i64,
    due: EventTime,
}

impl Gap {
    /// A gap that starts at `start_90k` and whose first part is due at once.
    pub(super) const fn new(start_90k: i64, now: EventTime) -> Self {
        Self { segment_start_90k: None, frontier_90k: start_90k, due: now }
    }

    /// Up to here the gap is published.
    pub(super) const fn frontier_90k(&self) -> i64 {
        self.frontier_90k
    }

    /// When the next part is to be published if nothing comes: rfc8216bis-22 §6.2.1 wants a new part
    /// within each part target.
    pub(super) const fn due(&self) -> EventTime {
        self.due
    }

    /// Publishes one more part, as long as parts may be.
    pub(super) fn grow(&mut self, rules: &Rules, layout: &Layout, steps: &mut VecDeque<Step>) {
        let part_90k = rules.part_target_90k;
        self.part(self.frontier_90k + part_90k, rules, layout, steps);
        self.due = self.due + Duration::from_micros(micros(part_90k).unsigned_abs());
    }

    /// Fills up to `end_90k`, where content starts again, and closes the last segment; `false` if that
    /// is too far to be filled.
    pub(super) fn fill_until(
        &mut self,
        end_90k: i64,
        rules: &Rules,
        layout: &Layout,
        steps: &mut VecDeque<Step>,
    ) -> bool {
        let near = end_90k - self.frontier_90k <= ticks_90k(GAP_SPAN_MAX);
        while near && self.frontier_90k < end_90k {
            let part_end_90k = end_90k.min(self.frontier_90k + rules.part_target_90k);
            self.part(part_end_90k, rules, layout, steps);
        }
        self.end_segment(steps);
        near
    }

    /// Closes the open segment, if there is one.
    pub(super) fn end_segment(&mut self, steps: &mut VecDeque<Step>) {
        if self.segment_start_90k.take().is_some() {
            steps.push_back(Step::End { end_90k: self.frontier_90k });
        }
    }

    fn part(&mut self, end_90k: i64, rules: &Rules, layout: &Layout, steps: &mut VecDeque<Step>) {
        let start_90k = self.frontier_90k;
        let segment_start_90k = *self.segment_start_90k.get_or_insert_with(|| {
            steps.push_back(Step::Begin(Begin {
                start_90k,
                layout: layout.clone(),
                discontinuity: false,
                jumped: false,
                independent: true,
            }));
            start_90k
        });
        steps.push_back(Step::Part(PartCut {
            start_90k,
            end_90k,
            independent: false,
            splice: None,
            video: Vec::new(),
            audio: Vec::new(),
        }));
        self.frontier_90k = end_90k;
        if end_90k - segment_start_90k >= rules.segment_target_90k {
            self.end_segment(steps);
        }
    }
}
