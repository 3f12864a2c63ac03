//! Names of resources, relative to their playlists.
//!
//! ```text
//! {session}-s{media sequence}.m4s   segment, CMAF
//! {session}-s{media sequence}.ts    segment, MPEG-TS
//! {session}-p{part counter}.m4s     part
//! {session}-i{init counter}.mp4     init section
//! ```
//!
//! Parts are counted over the whole session, not within their segment: the hinted part is then
//! always the next part, also when a splice closes the segment early. A name has one spelling
//! (decimal, no leading zeros), so that caches hold a resource once.

use std::sync::Arc;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Segment(u64),
    TsSegment(u64),
    Part(u64),
    Init(u64),
}

/// Writes and reads the names of one session.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    session: Arc<str>,
}

impl Names {
    pub(crate) fn new(session: &str) -> Self {
        Self { session: session.into() }
    }

    pub(crate) fn write(&self, name: Name) -> String {
        let session = &self.session;
        match name {
            Name::Segment(msn) => format!("{session}-s{msn}.m4s"),
            Name::TsSegment(msn) => format!("{session}-s{msn}.ts"),
            Name::Part(counter) => format!("{session}-p{counter}.m4s"),
            Name::Init(counter) => format!("{session}-i{counter}.mp4"),
        }
    }

    pub(crate) fn read(&self, text: &str) -> Option<Name> {
        let rest = text.strip_prefix(&*self.session)?.strip_prefix('-')?;
        let (stem, extension) = rest.split_once('.')?;
        let kind = stem.chars().next()?;
        let number = canonical_number(stem.get(1..)?)?;
        match (kind, extension) {
            ('s', "m4s") => Some(Name::Segment(number)),
            ('s', "ts") => Some(Name::TsSegment(number)),
            ('p', "m4s") => Some(Name::Part(number)),
            ('i', "mp4") => Some(Name::Init(number)),
            _ => None,
        }
    }
}

fn canonical_number(digits: &str) -> Option<u64> {
    let canonical = digits == "0" || !digits.starts_with('0');
    let decimal = digits.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && decimal).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        let names = Names::new("k3");
        for name in [Name::Segment(0), Name::TsSegment(7), Name::Part(u64::MAX), Name::Init(12)] {
            assert_eq!(names.read(&names.write(name)), Some(name));
        }
    }

    #[test]
    fn other_spellings_are_other_resources() {
        let names = Names::new("k3");
        for text in [
            "k3-s01.m4s",
            "k3-s+1.m4s",
            "k3-s1.mp4",
            "k4-s1.m4s",
            "k3s1.m4s",
            "k3-s.m4s",
            "k3-s1",
            "k3-s18446744073709551616.m4s",
            "k3-é1.m4s",
            "",
        ] {
            assert_eq!(names.read(text), None, "{text}");
        }
    }
}
