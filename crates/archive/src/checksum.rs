//! What a store says of an object, against what was sent.
//!
//! S3 names an object that came in one piece by the MD5 of its bytes, and one that came in parts by the MD5 of the MD5s of
//! its parts and their number (`"9b2cf535f27731c974343645a3985328-3"`). Stores that encrypt with keys of their own, and
//! file systems, name it otherwise: then the object is read back.

use md5::{Digest, Md5};

use crate::ledger::SentPart;

/// MD5 of `bytes` in hexadecimal digits.
#[must_use]
pub fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// What a name of an object's content says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is what was sent.
    Same,
    /// It says nothing: the object has to be read back.
    Silent,
}

/// Compares the name (`ETag`) that a store has for an object with the parts that were sent. Another name than the expected one
/// is no proof of a difference, because not every store makes names of MD5s.
#[must_use]
pub fn verdict(etag: Option<&str>, parts: &[SentPart]) -> Verdict {
    let told = etag.map(|etag| etag.trim_start_matches("W/").trim_matches('"'));
    let whole = match parts {
        [only] => Some(only.md5.clone()),
        _ => None,
    };
    let expected = [whole, in_parts(parts)];
    match told.is_some_and(|told| expected.iter().flatten().any(|name| name == told)) {
        true => Verdict::Same,
        false => Verdict::Silent,
    }
}

fn in_parts(parts: &[SentPart]) -> Option<String> {
    let mut all = Md5::new();
    for part in parts {
        all.update(bytes(&part.md5)?);
    }
    Some(format!("{}-{}", hex(&all.finalize()), parts.len()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = (0..hex.len()).step_by(2);
    pairs.map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(bytes: &[u8]) -> SentPart {
        SentPart { etag: String::new(), md5: md5_hex(bytes) }
    }

    #[test]
    fn one_piece_is_named_by_its_md5() {
        let parts = [part(b"abc")];
        let check = |etag, expect| assert_eq!(verdict(etag, &parts), expect, "{etag:?}");
        check(Some("\"900150983cd24fb0d6963f7d28e17f72\""), Verdict::Same);
        check(Some("900150983cd24fb0d6963f7d28e17f72"), Verdict::Same);
        check(Some("\"900150983cd24fb0d6963f7d28e17f73\""), Verdict::Silent);
        check(Some("W/\"1-2-3\""), Verdict::Silent);
        check(None, Verdict::Silent);
    }

    #[test]
    fn parts_are_named_by_the_md5_of_their_md5s() {
        // (printf abc | openssl md5 -binary; printf def | openssl md5 -binary) | openssl md5
        let parts = [part(b"abc"), part(b"def")];
        let name = "\"4c8e93283780e078db9e0c6b9b3f8043-2\"";
        assert_eq!(verdict(Some(name), &parts), Verdict::Same);
        assert_eq!(verdict(Some(&name.replace("-2", "-3")), &parts), Verdict::Silent);
        // A single part that was sent as one of several.
        let all = Md5::digest(Md5::digest(b"abc"));
        let single = format!("\"{}-1\"", hex(&all));
        assert_eq!(verdict(Some(&single), &[part(b"abc")]), Verdict::Same);
    }
}
