//! The life of an event: what its creator has decided about it.
//!
//! ```text
//!            start            pause
//!  waiting ────────▶ open ◀────────▶ paused
//!     │               │    resume      │
//!     └───────────────┴──── end ───────┴────▶ ended
//! ```
//!
//! An event that nobody holds back is open from the start and goes live by itself with its first camera.
//! `ended` is the end: players were told so (`EXT-X-ENDLIST`, RFC 8216 §4.3.3.4) and do not come back.

use serde::{Deserialize, Serialize};

/// What the creator has decided about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// Cameras may come, but none goes on air before the start.
    Waiting,
    /// Whatever comes goes on air.
    #[default]
    Open,
    /// Cameras stay connected, none is on air.
    Paused,
    /// Over, for ever.
    Ended,
}

/// A decision about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Let cameras go on air.
    Start,
    /// Take them off air for a while.
    Pause,
    /// Let them on air again.
    Resume,
    /// End it.
    End,
}

/// A decision that does not fit the event's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.why())]
pub struct WrongStep {
    /// What the event is.
    pub life: Life,
    /// What was wanted.
    pub step: Step,
}

impl Life {
    /// The state after `step`. A step that leads where the event is already changes nothing, so that a
    /// repeated call is answered like the first.
    pub const fn after(self, step: Step) -> Result<Self, WrongStep> {
        match (self, step) {
            (Self::Waiting | Self::Open, Step::Start)
            | (Self::Open | Self::Paused, Step::Resume) => Ok(Self::Open),
            (Self::Open | Self::Paused, Step::Pause) => Ok(Self::Paused),
            (_, Step::End) => Ok(Self::Ended),
            (life, step) => Err(WrongStep { life, step }),
        }
    }
}

impl WrongStep {
    const fn why(self) -> &'static str {
        match (self.life, self.step) {
            (Life::Ended, _) => "the event has ended, for ever; make a new one",
            (Life::Paused, _) => "the event is paused: resume it",
            (Life::Waiting, _) => "the event has not been started",
            (Life::Open, _) => "the event runs",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_from_every_state() {
        use Life::{Ended, Open, Paused, Waiting};
        use Step::{End, Pause, Resume, Start};
        let table = [
            (Waiting, Start, Some(Open)),
            (Waiting, Pause, None),
            (Waiting, Resume, None),
            (Waiting, End, Some(Ended)),
            (Open, Start, Some(Open)),
            (Open, Pause, Some(Paused)),
            (Open, Resume, Some(Open)),
            (Open, End, Some(Ended)),
            (Paused, Start, None),
            (Paused, Pause, Some(Paused)),
            (Paused, Resume, Some(Open)),
            (Paused, End, Some(Ended)),
            (Ended, Start, None),
            (Ended, Pause, None),
            (Ended, Resume, None),
            (Ended, End, Some(Ended)),
        ];
        for (life, step, expect) in table {
            assert_eq!(life.after(step).ok(), expect, "{life:?} {step:?}");
        }
    }

    #[test]
    fn a_wrong_step_says_what_to_do() {
        let why = |life: Life, step| life.after(step).unwrap_err().to_string();
        assert!(why(Life::Ended, Step::Resume).contains("make a new one"));
        assert!(why(Life::Paused, Step::Start).contains("resume"));
        assert!(why(Life::Waiting, Step::Pause).contains("not been started"));
    }
}
