//! Live updates: what a console needs to show an event without asking again and again.
//!
//! A client gets a snapshot, then every change with a number. One that comes back after a break goes on where
//! it was, or gets a new snapshot.
//!
//! | module | owns |
//! |---|---|
//! | `message` | the words |
//! | `picture` | an event at one moment, and what changed since |
//! | `journal` | the last updates, by number |
//! | `crowd` | the clients that have everything, whom the hub tells what comes next |
//! | `follower` | a client's place among the updates |
//! | `hub` | one task per followed event that makes the updates for all its clients |
//! | `tally` | one camera alone, for its operator's phone |
//! | `socket`, `stream` | WebSocket; server-sent events |

mod crowd;
mod follower;
mod hub;
mod journal;
mod message;
mod picture;
pub(crate) mod socket;
pub(crate) mod stream;
pub(crate) mod tally;

pub(crate) use hub::Hubs;
pub(crate) use message::Message;
pub use message::{Cause, CutStage};
