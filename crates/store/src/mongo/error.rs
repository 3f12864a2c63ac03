//! What the driver says, as what the caller has to do.

use mongodb::error::{Error, ErrorKind, WriteFailure};

use crate::error::StoreError;

/// Duplicate key in a unique index.
const DUPLICATE_KEY: i32 = 11000;

/// Answers that the same write gets every time: BadValue, FailedToParse, TypeMismatch, PathNotViable,
/// ConflictingUpdateOperators, DollarPrefixedFieldName, BSONObjectTooLarge (two of them), DocumentValidationFailure.
const HOPELESS: [i32; 9] = [2, 9, 14, 28, 40, 52, 10334, 17419, 121];

/// What went wrong, without the driver's internals and without the connection string.
#[derive(Debug, thiserror::Error)]
#[error("MongoDB: {0}")]
struct Fault(ErrorKind);

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let code = code(&error);
        let kind = *error.kind;
        let hopeless = code.is_some_and(|code| HOPELESS.contains(&code))
            || matches!(kind, ErrorKind::Bson(_) | ErrorKind::InvalidArgument { .. });
        let source = Box::new(Fault(kind));
        if hopeless { Self::Rejected(source) } else { Self::Unavailable(source) }
    }
}

/// Whether a unique index refused the write.
pub(super) fn is_duplicate(error: &Error) -> bool {
    code(error) == Some(DUPLICATE_KEY)
}

/// The server's number for what went wrong, if it was the server that said so.
pub(super) fn code(error: &Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::Command(error) => Some(error.code),
        _ => None,
    }
}

/// A document that cannot be read as what it should be, or a record that cannot be written as one.
pub(super) fn corrupt<E>(what: &'static str) -> impl Fn(E) -> StoreError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |error| StoreError::Corrupt { what, source: Box::new(error) }
}
