//! What went wrong in a store, in words that anybody may read.
//!
//! Answers of S3 servers repeat parts of the request, such as the access key and what was signed; so nothing of them is
//! shown but their status and their code.

use std::error::Error;

use crate::limits::ERROR_CHARS_MAX;

/// Why a store did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum StoreFault {
    /// It has no such object, or no such upload.
    #[error("the object store does not have it")]
    Missing,
    /// Everything else.
    #[error("{0}")]
    Other(String),
}

impl From<object_store::Error> for StoreFault {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { ref source, .. }
                if code(&source.to_string()) != Some("NoSuchBucket") =>
            {
                Self::Missing
            }
            error => Self::Other(describe(&error)),
        }
    }
}

impl From<StoreFault> for std::io::Error {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::Missing => Self::new(std::io::ErrorKind::NotFound, fault),
            StoreFault::Other(_) => Self::other(fault),
        }
    }
}

fn describe(error: &(dyn Error + 'static)) -> String {
    if let Some(answer) = chain(error).find_map(|error| answer(&error.to_string())) {
        return format!("the object store answers {answer}");
    }
    // The innermost cause names no address: "Connection refused", "dns error", "operation timed out".
    let innermost = chain(error).last().map(ToString::to_string).unwrap_or_default();
    let innermost: String = innermost.chars().take(ERROR_CHARS_MAX).collect();
    format!("the object store cannot be used: {innermost}")
}

/// An error and its causes.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The status and the code of an answer that is quoted in `text`: `403 Forbidden (AccessDenied)`.
fn answer(text: &str) -> Option<String> {
    let status = text.split("status code: ").nth(1)?;
    let status: String = status.chars().take_while(|c| !matches!(c, ':' | '<')).take(60).collect();
    let code = code(text).map(|code| format!(" ({code})")).unwrap_or_default();
    Some(format!("{}{code}", status.trim()))
}

/// What is between `<Code>` and `</Code>`, if it is a word.
fn code(text: &str) -> Option<&str> {
    let code = text.split("<Code>").nth(1)?.split("</Code>").next()?;
    let is_word = code.len() <= 60 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word.then_some(code)
}

/// A fault of the disk, in words.
pub(super) fn disk(error: &std::io::Error) -> StoreFault {
    StoreFault::Other(format!("the disk: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_answer_only_status_and_code_are_told() {
        let quoted = "Server returned non-2xx status code: 403 Forbidden: <?xml version=\"1.0\"?><Error>\
                      <Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AKIA1</AWSAccessKeyId></Error>";
        let source = Box::new(std::io::Error::other(quoted));
        let error = object_store::Error::Generic { store: "S3", source };
        let expect = "the object store answers 403 Forbidden (SignatureDoesNotMatch)";
        assert_eq!(StoreFault::from(error), StoreFault::Other(expect.to_owned()));
    }

    #[test]
    fn what_is_missing_is_told_from_a_bucket_that_is_not_there() {
        let check = |code: &str, expect: &str| {
            let quoted = format!("status code: 404 Not Found: <Code>{code}</Code>");
            let source = Box::new(std::io::Error::other(quoted));
            let error = object_store::Error::NotFound { path: "a".to_owned(), source };
            assert_eq!(StoreFault::from(error).to_string(), expect);
        };
        check("NoSuchUpload", "the object store does not have it");
        check("NoSuchKey", "the object store does not have it");
        check("NoSuchBucket", "the object store answers 404 Not Found (NoSuchBucket)");
    }

    #[test]
    fn without_an_answer_the_innermost_cause_is_told() {
        let source = Box::new(std::io::Error::other("Connection refused (os error 111)"));
        let error = object_store::Error::Generic { store: "S3", source };
        let text = StoreFault::from(error).to_string();
        assert_eq!(text, "the object store cannot be used: Connection refused (os error 111)");
    }
}
