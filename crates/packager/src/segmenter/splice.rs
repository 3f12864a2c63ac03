//! Splices: where the pictures of a new camera begin that viewers wait for.

use genlock_media::{EventTime, Sample};

use super::step::Step;
use super::{Segmenter, State};
use crate::limits::COMPLETE_MARGIN_90K;
use crate::line::rescale_90k;
use crate::packager::Splice;
use crate::queue::same_config;
use crate::stretch::Stretch;

impl Segmenter {
    /// Takes a sync sample that another camera's pictures begin with. Where it can, it takes the place of
    /// all that is not published yet, unless the sound may change: that is where it is.
    pub(crate) fn splice(&mut self, now: EventTime, sample: Sample, splice: Splice) {
        let stays = splice.sound.is_some();
        let replaced = if stays { None } else { self.replace_unpublished(&sample, splice.settled) };
        let floor_90k = self.published_90k();
        self.intake.splice(now, sample, splice, floor_90k);
        if let (Some(at_90k), State::Open(at)) = (replaced, self.state)
            && at.segment_start_90k == at_90k
        {
            // The segment has begun for the old camera, and has no part.
            self.steps.push_back(Step::End { end_90k: at_90k });
            self.begin(at_90k, None);
        }
        self.advance(now);
    }

    /// Drops the old camera's pictures from the open part on, if those before it are complete: with
    /// reordering, pictures may be in a published part that are shown after unpublished ones.
    fn replace_unpublished(&mut self, sample: &Sample, settled: EventTime) -> Option<i64> {
        let State::Open(at) = self.state else { return None };
        let renews = !same_config(self.layout.video.as_ref()?, &sample.config);
        let boundary_90k = at.part_start_90k;
        // A segment whose first part has been hinted at goes on as it was told: with a discontinuity that comes
        // later, hls.js 1.6 finds a "discontinuity sequence mismatch" and gives up.
        let told = boundary_90k == at.segment_start_90k && !self.tagged;
        if renews && (told || self.lacks_sound_before(boundary_90k)) {
            return None;
        }
        // Where the sound changes, a segment ends: that splice cannot be made not to have been.
        let sound_changes = self
            .intake
            .video
            .iter()
            .any(|queued| queued.splice.as_ref().is_some_and(|splice| splice.sound.is_some()));
        let complete = !sound_changes && self.shown_90k <= boundary_90k - COMPLETE_MARGIN_90K;
        let cut_90k = rescale_90k(sample.pts(), sample.timescale());
        let settled_90k = settled.to_media(sample.timescale()).ticks;
        let stretch = Stretch::new(cut_90k, boundary_90k, settled_90k).filter(|_| complete)?;
        self.intake.replace_pictures(stretch);
        Some(boundary_90k)
    }
    /// Sound was too late for the part that ends at `boundary_90k`, and is too early for a segment that begins there.
    fn lacks_sound_before(&self, boundary_90k: i64) -> bool {
        let early_90k = boundary_90k - self.intake.shift_90k();
        self.intake.audio.probable_end_90k(0).is_some_and(|end_90k| end_90k <= early_90k)
    }
}
