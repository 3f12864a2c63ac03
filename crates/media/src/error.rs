//! What can be wrong with a codec configuration or a bitstream header.

/// Why a header could not be used.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// The bytes break the codec's own syntax.
    #[error("malformed {what}: {why}")]
    Malformed {
        /// The structure that was being read, for example `avcC`.
        what: &'static str,
        /// What was expected, for example `ends inside a parameter set`.
        why: &'static str,
    },
    /// The bytes are legal but use something that Genlock does not carry.
    #[error("unsupported {what}: {value}")]
    Unsupported {
        /// The property, for example `audio object type`.
        what: &'static str,
        /// Its value as read.
        value: u64,
    },
    /// The bytes ask for more of something than Genlock keeps (see [`crate::limits`]).
    #[error("more than {limit} {what}")]
    LimitExceeded {
        /// What there is too much of, for example `NAL units in an access unit`.
        what: &'static str,
        /// The most that is taken.
        limit: usize,
    },
}

impl MediaError {
    pub(crate) const fn malformed(what: &'static str, why: &'static str) -> Self {
        Self::Malformed { what, why }
    }
}
