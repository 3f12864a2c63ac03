//! Still pictures, and the only place with a video codec.
//!
//! ```text
//!  PNG, JPEG ──upload──▶ Picture ──fitted──▶ still: one closed GOP of H.264, to be repeated for ever
//!  card ─────────────────▲   ▲    └─jpeg──▶ JPEG
//!  H.264 sync sample ─thumbnail─┘
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`upload`] | reading what people upload, with its bounds checked before anything is decoded |
//! | [`card`] | the built-in card, drawn at any size |
//! | [`Picture`] | pixels, fitting them into a size, JPEG |
//! | [`still`] | a picture as a GOP |
//! | [`thumbnail`] | a sync sample as a picture |
//!
//! Pure: no IO, no clock reads, no threads; every call works on the caller's thread and may take up to a
//! second of it. The codec is OpenH264 (C++, built from source) behind the feature `h264`, on by default;
//! without it [`still::encode`] and [`thumbnail::decode`] answer [`PictureError::NoCodec`].

pub mod card;
mod error;
#[cfg(feature = "h264")]
mod h264;
pub mod limits;
mod picture;
#[cfg(feature = "h264")]
mod planes;
mod size;
pub mod still;
pub mod thumbnail;
pub mod upload;

pub use error::PictureError;
pub use picture::Picture;
pub use size::Size;
