//! Live pictures and levels for consoles: the samples of several Feeds over one connection, as they are, without decoding.
//!
//! ```text
//!  Feed(camera 1) ──▶ Selection ─┐
//!  Feed(camera 2) ──▶ Selection ─┼──▶ Session ──message──▶ whoever owns the socket
//!  Feed(program)  ──▶ Selection ─┘       ▲
//!                        acknowledgements┘  (Window)
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`message`] | the bytes of each message |
//! | [`selection`] | which samples of a Feed a client gets: its mode, what is too late, what cannot be decoded yet |
//! | [`sound`] | the sound of a Feed in pieces, for level meters |
//! | [`window`] | how much may be on its way to a client |
//! | [`session`] | one client: its Feeds and the next message |
//!
//! Architecture Invariant: a console never slows anything. A session is an ordinary reader of Feeds; what its client does not
//! take in time is passed over up to the next sync sample, counted and told.
//!
//! Does no IO, knows no sockets and reads no clock: `now` comes from whoever makes the session.

pub mod limits;
pub mod message;
mod numbering;
pub mod selection;
pub mod session;
pub mod sound;
pub mod window;

pub use selection::Mode;
pub use session::{Session, TooManySubscriptions, Wanted};
