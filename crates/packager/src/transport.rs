//! MPEG-TS on demand: nothing is muxed before somebody wants it, and then what is listed, too.

use std::collections::VecDeque;

use crate::mux::{MuxError, TimedSample};
use crate::segment::Ts;
use crate::ts::TsMuxer;

/// The samples of a segment, while MPEG-TS may still be made of them. Payloads are shared with the
/// segment's body.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) video: Vec<TimedSample>,
    pub(crate) audio: Vec<TimedSample>,
    /// Not continuous with the segment before.
    pub(crate) discontinuity: bool,
}

/// Makes MPEG-TS segments, or keeps what they can be made of.
#[derive(Debug)]
pub(crate) enum Transport {
    /// The samples of every listed segment.
    Unwanted(VecDeque<Samples>),
    /// The muxer, which counts on from segment to segment.
    Wanted(TsMuxer),
}

impl Default for Transport {
    fn default() -> Self {
        Self::Unwanted(VecDeque::new())
    }
}

impl Transport {
    pub(crate) const fn is_wanted(&self) -> bool {
        matches!(self, Self::Wanted(_))
    }

    /// The form of the segment that has just been closed.
    pub(crate) fn close(&mut self, samples: Samples) -> Result<Ts, MuxError> {
        match self {
            Self::Unwanted(kept) => {
                kept.push_back(samples);
                Ok(Ts::NotMade)
            }
            Self::Wanted(muxer) => mux(muxer, &samples),
        }
    }

    /// Only the last `listed` segments are listed.
    pub(crate) fn forget_unlisted(&mut self, listed: usize) {
        if let Self::Unwanted(kept) = self {
            kept.drain(..kept.len().saturating_sub(listed));
        }
    }

    /// From now on segments are made. Returns those of what is listed, oldest first.
    pub(crate) fn want(&mut self) -> Vec<Result<Ts, MuxError>> {
        let Self::Unwanted(kept) = self else { return Vec::new() };
        let mut muxer = TsMuxer::new();
        let made = kept.iter().map(|samples| mux(&mut muxer, samples)).collect();
        *self = Self::Wanted(muxer);
        made
    }
}

fn mux(muxer: &mut TsMuxer, samples: &Samples) -> Result<Ts, MuxError> {
    if samples.discontinuity {
        muxer.discontinuity();
    }
    if samples.video.is_empty() && samples.audio.is_empty() {
        return Ok(Ts::Absent);
    }
    muxer.segment(&samples.video, &samples.audio).map(Ts::Made)
}
