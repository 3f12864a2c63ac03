//! The slate: what the programme shows when no camera is left.
//!
//! A pure core ([`Pacer`]: a GOP that was encoded once, given new times for ever) and a thin tokio shell
//! ([`Slate`]: one task per event that writes a Feed while it is wanted). The programme reads that Feed
//! like a camera's; its silence is the programme's own.
//!
//! ```text
//!             show()            encoded             place on the grid
//!   hidden ──────────▶ making ──────────▶ showing ──────────────────▶ Feed
//!     ▲                                      │
//!     └──────────────── hide() ──────────────┘
//! ```
//!
//! Nothing is encoded before it is wanted and nothing twice; what was made is kept for the next time.
//! Hidden, the slate costs nothing; shown, 25 small pushes a second. It is H.264 whatever the cameras
//! are: after HEVC or AV1 it costs a discontinuity.

pub mod limits;
mod pacer;
mod slate;
mod studio;

pub use pacer::Pacer;
pub use slate::Slate;
pub use studio::{Artwork, Studio};
