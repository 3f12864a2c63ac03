//! What a request path asks for: `/hls/{event}/{name}/{file}`, or the same below `/p/{token}`; and the programme
//! under its name in the NGINX-RTMP plan, `/hls_output/output_{event}/output.m3u8`.
//!
//! Names never become file paths, and no percent-decoding is done: every name that the origin hands
//! out consists of unreserved characters (RFC 3986 §2.3), so anything else is somebody probing and
//! is not found.

use std::borrow::Cow;

use genlock_packager::Flavour;

use crate::limits::{NAME_BYTES_MAX, RESOURCE_BYTES_MAX};

/// Prefix of every path that the origin answers.
const PREFIX: &str = "/hls/";

/// Prefix of the paths that carry a playback token, before the token.
const SIGNED_PREFIX: &str = "/p/";

/// Prefix of the programme's paths in the NGINX-RTMP plan, before the event.
const COMPATIBLE_PREFIX: &str = "/hls_output/output_";

/// The programme's playlist in the NGINX-RTMP plan.
const COMPATIBLE_PLAYLIST: &str = "output.m3u8";

const MEDIA: &str = Flavour::Cmaf.media_playlist_name();
const TS_MEDIA: &str = Flavour::Ts.media_playlist_name();

/// What a path under the prefix asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// `{event}/{name}`, the key of the publication.
    pub(crate) publication: &'a str,
    pub(crate) file: File<'a>,
}

/// A file of a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum File<'a> {
    /// `index.m3u8`: the multivariant playlist, CMAF with low latency.
    Multivariant,
    /// `ts.m3u8`: the multivariant playlist, MPEG-TS.
    TsMultivariant,
    /// `media.m3u8`: the media playlist, CMAF with low latency.
    Media,
    /// `ts-media.m3u8`: the media playlist, MPEG-TS.
    TsMedia,
    /// An init section, a segment or a part.
    Resource(&'a str),
}

/// The playback token in a path, if there is one, and what comes after `/hls/`; `None` if the path is not the
/// origin's.
pub(crate) fn split(path: &str) -> Option<(Option<&str>, Cow<'_, str>)> {
    if let Some(rest) = path.strip_prefix(PREFIX) {
        return Some((None, Cow::Borrowed(rest)));
    }
    if let Some(rest) = path.strip_prefix(COMPATIBLE_PREFIX) {
        return Some((None, Cow::Owned(of_program(rest)?)));
    }
    let (token, rest) = path.strip_prefix(SIGNED_PREFIX)?.split_once('/')?;
    Some((Some(token), Cow::Borrowed(rest.strip_prefix("hls/")?)))
}

/// `{event}/{file}` of the programme, as it is below [`PREFIX`]. What the playlist names is found beside it.
fn of_program(rest: &str) -> Option<String> {
    let (event, file) = rest.split_once('/')?;
    let file = if file == COMPATIBLE_PLAYLIST { "index.m3u8" } else { file };
    Some(format!("{event}/program/{file}"))
}

/// Parses the part of the path after [`PREFIX`]; `None` if it cannot name anything.
pub(crate) fn parse(rest: &str) -> Option<Target<'_>> {
    let (publication, file) = rest.rsplit_once('/')?;
    let (event, name) = publication.split_once('/')?;
    if !is_name(event) || !is_name(name) {
        return None;
    }
    let file = match file {
        "index.m3u8" => File::Multivariant,
        "ts.m3u8" => File::TsMultivariant,
        name if name == MEDIA => File::Media,
        name if name == TS_MEDIA => File::TsMedia,
        resource if is_resource(resource) => File::Resource(resource),
        _ => return None,
    };
    Some(Target { publication, file })
}

/// Whether `name` may name an event, a camera or the programme: `[A-Za-z0-9_-]{1,64}`.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_name_byte)
}

fn is_resource(name: &str) -> bool {
    (1..=RESOURCE_BYTES_MAX).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|byte| is_name_byte(byte) || byte == b'.')
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(rest: &str) -> Option<File<'_>> {
        parse(rest).map(|target| target.file)
    }

    #[test]
    fn playlists_and_resources_are_told_apart() {
        assert_eq!(file("wedding/program/index.m3u8"), Some(File::Multivariant));
        assert_eq!(file("wedding/program/ts.m3u8"), Some(File::TsMultivariant));
        assert_eq!(file("wedding/cam-1/media.m3u8"), Some(File::Media));
        assert_eq!(file("wedding/cam-1/ts-media.m3u8"), Some(File::TsMedia));
        assert_eq!(file("w/c/s7_12.3.m4s"), Some(File::Resource("s7_12.3.m4s")));
    }

    #[test]
    fn a_token_stands_in_front() {
        assert_eq!(split("/hls/w/c/a.ts"), Some((None, "w/c/a.ts".into())));
        assert_eq!(split("/p/tok-en/hls/w/c/a.ts"), Some((Some("tok-en"), "w/c/a.ts".into())));
        assert_eq!(split("/p//hls/w/c/a.ts"), Some((Some(""), "w/c/a.ts".into())));
        for elsewhere in ["/", "/hls", "/p/", "/p/token", "/p/token/watch/w", "/api/hls/w/c/a.ts"] {
            assert_eq!(split(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn the_programme_has_a_compatible_name_too() {
        let of = |path| split(path).map(|(token, rest)| (token.is_some(), rest.into_owned()));
        let program = |file: &str| Some((false, format!("w/program/{file}")));
        assert_eq!(of("/hls_output/output_w/output.m3u8"), program("index.m3u8"));
        assert_eq!(of("/hls_output/output_w/media.m3u8"), program("media.m3u8"));
        assert_eq!(of("/hls_output/output_w/s7_12.m4s"), program("s7_12.m4s"));
        for elsewhere in ["/hls_output/", "/hls_output/w/output.m3u8", "/hls_output/output_w"] {
            assert_eq!(of(elsewhere), None, "{elsewhere}");
        }
        let (_, rest) = split("/hls_output/output_w/../c/output.m3u8").unwrap();
        assert_eq!(parse(&rest), None);
    }

    #[test]
    fn the_publication_is_event_and_name() {
        assert_eq!(parse("w/c/a.ts").map(|target| target.publication), Some("w/c"));
    }

    #[test]
    fn what_cannot_be_a_name_is_not_found() {
        for rest in [
            "",
            "w",
            "w/c",
            "w/c/",
            "/c/a.ts",
            "w//a.ts",
            "w/c/d/a.ts",
            "w/../a.ts",
            "w/c/..",
            "w/c/.hidden",
            "w/%63/a.ts",
            "w/c/a%2ets",
            "w/c/a\u{e9}.ts",
            "w/c/a b",
        ] {
            assert_eq!(parse(rest), None, "{rest:?}");
        }
        assert_eq!(parse(&format!("{}/c/a.ts", "w".repeat(NAME_BYTES_MAX + 1))), None);
        assert_eq!(parse(&format!("w/c/{}", "a".repeat(RESOURCE_BYTES_MAX + 1))), None);
    }

    proptest! {
        #[test]
        fn any_path_is_a_target_of_plain_names_or_nothing(
            rest in "[a-z/.%\\-_\u{e9}]{0,40}|.{0,40}",
        ) {
            if let Some(target) = parse(&rest) {
                let (event, name) = target.publication.split_once('/').expect("two names");
                prop_assert!(is_name(event) && is_name(name));
                prop_assert!(!rest.contains("..") || matches!(target.file, File::Resource(_)));
            }
        }
    }
}
