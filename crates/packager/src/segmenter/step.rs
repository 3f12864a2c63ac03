//! What the segmenter says.

use std::sync::Arc;

use genlock_media::{EventTime, TrackConfig};

use crate::mux::TimedSample;
use crate::queue::same_config;

/// The tracks of a segment and what decodes them: what an init section says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    pub(crate) video: Option<Arc<TrackConfig>>,
    pub(crate) audio: Option<Arc<TrackConfig>>,
}

impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        let same = |a: &Option<Arc<TrackConfig>>, b: &Option<Arc<TrackConfig>>| match (a, b) {
            (Some(a), Some(b)) => same_config(a, b),
            (None, None) => true,
            _ => false,
        };
        same(&self.video, &other.video) && same(&self.audio, &other.audio)
    }
}

impl Layout {
    pub(crate) fn is_empty(&self) -> bool {
        self.video.is_none() && self.audio.is_none()
    }

    /// Whether a player that holds `init` plays this without another one: the same video codec, whose
    /// parameter sets are in band, and the same audio configuration.
    pub(crate) fn continues(&self, init: &Self) -> bool {
        let video = match (&self.video, &init.video) {
            (Some(video), Some(held)) => same_video_codec(video, held),
            (None, None) => true,
            _ => false,
        };
        let audio = match (&self.audio, &init.audio) {
            (Some(audio), Some(held)) => same_config(audio, held),
            (None, None) => true,
            _ => false,
        };
        video && audio
    }
}

fn same_video_codec(one: &TrackConfig, other: &TrackConfig) -> bool {
    match (one.as_video(), other.as_video()) {
        (Some(one), Some(other)) => one.codec == other.codec,
        _ => false,
    }
}

/// What the segmenter decided, in the order of the line.
#[derive(Debug)]
pub(crate) enum Step {
    /// A segment begins.
    Begin(Begin),
    /// A part of it is complete.
    Part(PartCut),
    /// The segment is complete.
    End { end_90k: i64 },
}

/// The start of a segment.
#[derive(Debug)]
pub(crate) struct Begin {
    pub(crate) start_90k: i64,
    pub(crate) layout: Layout,
    /// Not continuous with the segment before.
    pub(crate) discontinuity: bool,
    /// The timeline jumped: that is not continuous in any dialect.
    pub(crate) jumped: bool,
    /// Starts with a sync sample, or holds no media at all.
    pub(crate) independent: bool,
}

/// A complete part. Without samples it is a gap.
#[derive(Debug)]
pub(crate) struct PartCut {
    pub(crate) start_90k: i64,
    pub(crate) end_90k: i64,
    pub(crate) independent: bool,
    /// Begins with a splice, whose first picture was to be shown then.
    pub(crate) splice: Option<EventTime>,
    pub(crate) video: Vec<TimedSample>,
    pub(crate) audio: Vec<TimedSample>,
}
