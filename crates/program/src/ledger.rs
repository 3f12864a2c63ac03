//! The ledger of cuts: what each one was planned to be, and what became of picture and sound at the seam.

use crate::event::{ProgramEvent, Settled};
use crate::program_core::ProgramCore;

impl ProgramCore {
    /// Opens the entry of a cut that the picture has passed. It is told once the sound has, too.
    pub(crate) fn open_entry(&mut self, entry: Settled) {
        self.close_entry(None);
        self.unsettled = Some(entry);
        if self.seam.is_none() {
            self.close_entry(None);
        }
    }

    /// Tells the open entry, if there is one: the new camera's first access unit has been moved by
    /// `audio_error_us`, or there is none.
    pub(crate) fn close_entry(&mut self, audio_error_us: Option<i64>) {
        if let Some(entry) = self.unsettled.take() {
            self.events.push_back(ProgramEvent::CutSettled(Settled { audio_error_us, ..entry }));
        }
    }
}
