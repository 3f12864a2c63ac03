//! What can be wrong with a picture.

/// Why there is no picture.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The bytes are those of another kind of file.
    #[error("the picture is neither PNG nor JPEG")]
    UnknownFormat,
    /// The file says one thing at its start and another later on, or ends early.
    #[error("the {format} cannot be read: {detail}")]
    Malformed {
        /// `PNG`, `JPEG` or `H.264`.
        format: &'static str,
        /// What the decoder found, for people.
        detail: String,
    },
    /// A number is above its bound.
    #[error("{what}: {got} is above {limit}")]
    LimitExceeded {
        /// Of what.
        what: &'static str,
        /// The bound.
        limit: u64,
        /// The number.
        got: u64,
    },
    /// A side is too short to show anything.
    #[error("a side of {got} pixels is below {limit}")]
    TooSmall {
        /// The bound.
        limit: u32,
        /// The side.
        got: u32,
    },
    /// The codec of a sample is none that can be decoded here.
    #[error("pictures of this codec are not decoded")]
    UnsupportedCodec,
    /// This build has no video codec.
    #[error("this build has no video codec")]
    NoCodec,
    /// The encoder failed, which it does for no picture that is known.
    #[error("the picture could not be encoded: {0}")]
    Encoder(String),
}
