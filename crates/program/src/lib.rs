//! The programme: one camera after another on one timeline.
//!
//! A pure core ([`ProgramCore`]: planner, splicer, audio grid, failover) and a thin tokio shell
//! ([`Program`]: one task per event). The programme reads camera Feeds and writes a Feed; it works on
//! compressed samples, never decodes or encodes, and starts nothing per cut.
//!
//! | module | owns |
//! |---|---|
//! | [`planner`] | when a cut happens and what is held back for it: a pure function |
//! | `style` | how a take becomes a cut |
//! | `splicer` | which video samples may leave; out-point |
//! | `delay` | how far the programme runs behind the cameras |
//! | `catch_up` | how a GOP that is under way comes back on the event clock: a pure function |
//! | `source` | a camera as it is read; in-point, continuity, lateness |
//! | `audio` | the grid of access units |
//! | `audio_source`, `ear` | whose sound is heard |
//! | `forecast` | what a take would be told, without taking |
//! | [`compatibility`] | what a cut between two streams costs, and which settings to change |
//! | [`failover`] | when a camera is lost and who takes over |
//! | `program_core` | state, commands, the programme's own decisions |
//! | `automation` | what the programme does by itself, carried out |
//! | `cut` | the life of a cut |
//! | `hand_over` | the moment of a cut |
//! | `ledger` | what became of each cut |
//! | `advance` | the pass that moves samples |
//! | `sound` | its part for sound |
//! | `turn` | where the sound may change its configuration |
//! | `shell` | the task, its handle, commands and events |

mod advance;
mod audio;
mod audio_source;
mod automation;
mod camera;
mod catch_up;
pub mod compatibility;
mod cut;
mod delay;
mod ear;
mod error;
mod event;
pub mod failover;
mod forecast;
mod hand_over;
mod ledger;
pub mod limits;
pub mod planner;
mod program_core;
mod shell;
mod sound;
mod source;
mod splicer;
mod style;
#[cfg(test)]
mod testing;
mod turn;

pub use audio_source::AudioSource;
pub use camera::{CameraId, Priority};
pub use error::{AudioSourceError, CutFailure, TakeError, UndoError, UnknownStyle};
pub use event::{
    Cut, CutId, Discontinuity, Forecast, Lock, Loss, PendingCut, ProgramEvent, ProgramStatus,
    Reason, Settled, Undone,
};
pub use failover::{FailoverPolicy, FlapLimit, Revert};
pub use forecast::forecast;
pub use program_core::{ProgramConfig, ProgramCore, Watched};
pub use shell::{Program, ProgramHandle, ProgramStopped};
pub use style::{CutStyle, StylePolicy};
