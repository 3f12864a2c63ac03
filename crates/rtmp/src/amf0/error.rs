//! What can be wrong with an AMF value.

use thiserror::Error;

/// A decode error and where in the message it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{fault} at offset {offset} of the AMF data")]
pub struct AmfError {
    /// Byte offset from the start of the AMF data.
    pub offset: usize,
    /// What is wrong there.
    pub fault: AmfFault,
}

/// What is wrong with an AMF value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AmfFault {
    /// The data ends inside a value.
    #[error("data ends, expected {0}")]
    Truncated(&'static str),
    /// A type marker that does not exist or that this crate refuses.
    #[error("type marker {0:#04x}, which is not accepted")]
    Marker(u8),
    /// An AMF3 reference to something that was not sent before.
    #[error("AMF3 reference {0} to nothing")]
    Reference(u32),
    /// Objects and arrays nest too deeply.
    #[error("nesting deeper than {0}")]
    TooDeep(usize),
    /// The message has too many values.
    #[error("more than {0} values")]
    TooManyElements(usize),
    /// A string is too long.
    #[error("string longer than {0} bytes")]
    StringTooLong(usize),
}
