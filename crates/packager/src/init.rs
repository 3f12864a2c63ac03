//! Init sections of a session, each made once.

use std::sync::Arc;

use bytes::Bytes;

use crate::cmaf;
use crate::limits::IDLE_INIT_SECTIONS_MAX;
use crate::mux::MuxError;
use crate::segmenter::Layout;

/// An init section and what it was made from.
#[derive(Debug)]
pub(crate) struct InitSection {
    pub(crate) counter: u64,
    pub(crate) layout: Layout,
    pub(crate) body: Bytes,
}

/// Gives equal layouts the same init section, so that a splice back to an earlier camera names the URI
/// that players hold already.
#[derive(Debug, Default)]
pub(crate) struct InitSections {
    /// Most recently used last.
    known: Vec<Arc<InitSection>>,
    made: u64,
}

impl InitSections {
    pub(crate) fn get(&mut self, layout: &Layout) -> Result<Arc<InitSection>, MuxError> {
        let init = match self.known.iter().position(|init| init.layout == *layout) {
            Some(index) => self.known.remove(index),
            None => self.make(layout)?,
        };
        self.known.push(Arc::clone(&init));
        let idle = self.known.len().saturating_sub(IDLE_INIT_SECTIONS_MAX);
        self.known.drain(..idle);
        Ok(init)
    }

    fn make(&mut self, layout: &Layout) -> Result<Arc<InitSection>, MuxError> {
        let video = layout.video.as_ref().and_then(|config| config.as_video());
        let audio = layout.audio.as_ref().and_then(|config| config.as_audio());
        let body = cmaf::init_section(video, audio)?;
        let counter = self.made;
        self.made += 1;
        Ok(Arc::new(InitSection { counter, layout: layout.clone(), body }))
    }
}
