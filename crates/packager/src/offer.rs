//! What a variant offers: every codec and the largest picture that appeared.

use crate::limits::CODECS_MAX;
use crate::segmenter::Layout;

/// Grows only: rfc8216bis-22 §6.2.4 wants `CODECS` to name every format of every segment, and players
/// choose their decoders by it once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// RFC 6381, in order of appearance: video, then audio.
    codecs: [Vec<String>; 2],
    pub(crate) resolution: Option<(u32, u32)>,
}

impl Offer {
    /// The value of `CODECS`.
    pub(crate) fn codecs(&self) -> String {
        self.codecs.concat().join(",")
    }

    pub(crate) fn lacks(&self, layout: &Layout) -> bool {
        let mut with = self.clone();
        with.add(layout);
        with != *self
    }

    pub(crate) fn add(&mut self, layout: &Layout) {
        for (codecs, config) in self.codecs.iter_mut().zip([&layout.video, &layout.audio]) {
            let Some(codec) = config.as_ref().map(|config| config.codec_string()) else { continue };
            let known = codecs.iter().any(|listed| listed == codec);
            if !known && !codec.is_empty() && codecs.len() < CODECS_MAX {
                codecs.push(codec.to_owned());
            }
        }
        if let Some(video) = layout.video.as_ref().and_then(|config| config.as_video()) {
            let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
            let size = (video.width, video.height);
            if area(size) > self.resolution.map_or(0, area) {
                self.resolution = Some(size);
            }
        }
    }
}
