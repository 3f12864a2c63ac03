//! Numbers for the configurations of a subscription.

use std::sync::Arc;

use genlock_media::TrackConfig;

/// The configuration that a client knows, and its number. Numbers wrap: a client keeps the newest alone.
#[derive(Debug, Default)]
pub(crate) struct Numbering {
    known: Option<(u16, Arc<TrackConfig>)>,
}

impl Numbering {
    /// The number of `config`, and whether the client does not know it yet.
    pub(crate) fn number(&mut self, config: &Arc<TrackConfig>) -> (u16, bool) {
        match &self.known {
            Some((number, known)) if Arc::ptr_eq(known, config) || known == config => {
                (*number, false)
            }
            before => {
                let number = before.as_ref().map_or(0, |(number, _)| number.wrapping_add(1));
                self.known = Some((number, Arc::clone(config)));
                (number, true)
            }
        }
    }
}
