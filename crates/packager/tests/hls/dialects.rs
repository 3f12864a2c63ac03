//! The two dialects beside each other: the same bytes, other tags.

use std::time::Duration;

use genlock_packager::{Dialect, Encoding, Flavour, PlaylistRequest, Skip, Snapshot};

use crate::camera::{Camera, config, hevc, other_aac, play, seconds};

fn lines(snapshot: &Snapshot, dialect: Dialect) -> Vec<String> {
    let request = PlaylistRequest {
        flavour: Flavour::Cmaf,
        dialect,
        skip: Skip::No,
        encoding: Encoding::Identity,
    };
    let text = snapshot.media_playlist(&request).unwrap();
    String::from_utf8(text.to_vec()).unwrap().lines().map(ToOwned::to_owned).collect()
}

fn count(lines: &[String], start: &str) -> usize {
    lines.iter().filter(|line| line.starts_with(start)).count()
}

/// Strict and seamless lines of one camera followed by another.
fn cut_to(second: &Camera) -> (Vec<String>, Vec<String>) {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(4.7));
    arrivals.extend(second.samples(seconds(4.7), seconds(7.0)));
    let (_, viewer) = play(config(), &arrivals);
    let of = |dialect| lines(viewer.snapshot(), dialect);
    (of(Dialect::Strict), of(Dialect::Seamless))
}

#[test]
fn other_parameters_of_the_same_codec_are_tagged_in_the_strict_dialect_only() {
    let (strict, seamless) = cut_to(&Camera::unlike());
    assert_eq!(count(&strict, "#EXT-X-DISCONTINUITY"), 2, "the tag and the sequence");
    assert_eq!(count(&strict, "#EXT-X-MAP"), 2);
    assert_eq!(count(&seamless, "#EXT-X-DISCONTINUITY"), 1, "the sequence alone");
    assert_eq!(count(&seamless, "#EXT-X-MAP"), 1);
}

#[test]
fn both_dialects_list_the_same_bytes_at_the_same_times() {
    let (strict, seamless) = cut_to(&Camera::unlike());
    let told = |lines: Vec<String>| -> Vec<String> {
        let dialect = |line: &String| {
            line.starts_with("#EXT-X-MAP") || line.as_str() == "#EXT-X-DISCONTINUITY"
        };
        lines.into_iter().filter(|line| !dialect(line)).collect()
    };
    assert_eq!(told(strict), told(seamless));
}

#[test]
fn another_codec_is_tagged_in_both() {
    for second in [
        Camera { video: hevc(), ..Camera::plain() },
        Camera { audio: Some(other_aac()), ..Camera::plain() },
    ] {
        let (strict, seamless) = cut_to(&second);
        assert_eq!(strict, seamless);
        assert_eq!(count(&seamless, "#EXT-X-DISCONTINUITY"), 2);
        assert_eq!(count(&seamless, "#EXT-X-MAP"), 2);
    }
}

#[test]
fn the_seamless_init_section_stays_fetchable_when_its_camera_is_long_gone() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(4.7));
    arrivals.extend(Camera::unlike().samples(seconds(4.7), seconds(200.0)));
    let (_, viewer) = play(config(), &arrivals);
    let seamless = lines(viewer.snapshot(), Dialect::Seamless);
    let map = seamless.iter().find_map(|line| line.strip_prefix("#EXT-X-MAP:URI=\"")).unwrap();
    assert_eq!(map, "t-i0.mp4\"");
    assert!(viewer.snapshot().resource("t-i0.mp4").is_some());
    assert_eq!(count(&seamless, "#EXT-X-DISCONTINUITY-SEQUENCE:0"), 1);
}

#[test]
fn the_dialect_is_named_in_the_multivariant_playlist() {
    let arrivals = Camera::plain().samples(Duration::ZERO, seconds(4.0));
    let (_, viewer) = play(config(), &arrivals);
    let multivariant = |dialect| {
        let text = viewer.snapshot().multivariant(Flavour::Cmaf, dialect, Encoding::Identity);
        String::from_utf8(text.unwrap().to_vec()).unwrap()
    };
    assert!(multivariant(Dialect::Strict).ends_with("\nmedia.m3u8\n"));
    assert!(multivariant(Dialect::Seamless).ends_with("\nmedia.m3u8?dialect=seamless\n"));
}

#[test]
fn a_query_names_a_dialect_among_other_parameters() {
    assert_eq!(Dialect::of_query(""), None);
    assert_eq!(Dialect::of_query("_HLS_msn=3&dialect=seamless"), Some(Dialect::Seamless));
    assert_eq!(Dialect::of_query("dialect=strict"), Some(Dialect::Strict));
    assert_eq!(Dialect::of_query("dialect=other"), None);
}
