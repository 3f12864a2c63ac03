//! MPEG-TS segments, read back by mpeg2ts-reader.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use genlock_media::{Dependency, TrackConfig, TrackKind, VideoConfig, nal};
use genlock_packager::ts::{PCR_INTERVAL_MAX_TICKS, PCR_LEAD_TICKS, TsMuxer};
use genlock_packager::{MuxError, TimedSample};
use mpeg2ts_reader::StreamType;
use proptest::prelude::*;
use support::ts::{AUDIO_PID, Found, VIDEO_PID, read};
use support::{ACCESS_UNIT, COMPOSITION_OFFSET, PICTURE};

const PACKET_BYTES: usize = 188;
const WRAP: i64 = 1 << 33;

fn video_track() -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Video(support::avc()))
}

fn audio_track() -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Audio(support::aac()))
}

/// Two seconds of 25 fps and 48 kHz from `second` on.
fn two_seconds(second: i64) -> (Vec<TimedSample>, Vec<TimedSample>) {
    let video = support::group_of_pictures(&video_track(), second * 90_000, 50);
    let first = second * 48_000 / i64::from(ACCESS_UNIT);
    let last = (second + 2) * 48_000 / i64::from(ACCESS_UNIT);
    let count = u32::try_from(last - first).unwrap();
    let audio = support::access_units(&audio_track(), first * i64::from(ACCESS_UNIT), count);
    (video, audio)
}

fn segments(muxer: &mut TsMuxer, seconds: &[i64]) -> Vec<u8> {
    let segment = |second: &i64| {
        let (video, audio) = two_seconds(*second);
        muxer.segment(&video, &audio).unwrap()
    };
    seconds.iter().map(segment).collect::<Vec<_>>().concat()
}

/// An access unit as the segment must hold it.
fn annex_b(timed: &TimedSample, config: &VideoConfig) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 1, 0x09, 0xF0];
    let mut append = |unit: &[u8]| {
        out.extend([0, 0, 0, 1]);
        out.extend_from_slice(unit);
    };
    if timed.sample.dependency == Dependency::Sync {
        config.parameter_sets.iter().for_each(|set| append(set));
    }
    for unit in nal::length_prefixed(&timed.sample.payload, nal::LENGTH_SIZE) {
        append(&unit.unwrap());
    }
    out
}

/// Splits ADTS frames by their lengths.
fn adts_payloads(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    while let Some(header) = bytes.first_chunk::<7>() {
        assert_eq!((header[0], header[1] & 0xF6), (0xFF, 0xF0), "a sync word");
        let length = usize::from(header[3] & 3) << 11
            | usize::from(header[4]) << 3
            | usize::from(header[5]) >> 5;
        payloads.push(bytes[7..length].to_vec());
        bytes = &bytes[length..];
    }
    assert!(bytes.is_empty(), "whole frames only");
    payloads
}

/// Asserts the rules for clock references, for a stream without wrap.
fn check_clock(found: &Found) {
    for pair in found.pcrs.windows(2) {
        assert!(pair[0].base < pair[1].base, "{pair:?}");
        assert!(pair[1].base - pair[0].base <= PCR_INTERVAL_MAX_TICKS.unsigned_abs(), "{pair:?}");
    }
    assert!(found.pcrs.iter().all(|pcr| Some(pcr.pid) == found.pcr_pid));
    assert!(found.pes.iter().all(|pes| pes.pts >= pes.dts));
}

#[test]
fn a_segment_starts_with_pat_pmt_and_the_sync_sample() {
    let found = read(&segments(&mut TsMuxer::new(), &[10]));
    assert_eq!(found.pids[..3], [0, 0x1000, VIDEO_PID]);
    assert_eq!(found.streams, [(VIDEO_PID, StreamType::H264), (AUDIO_PID, StreamType::ADTS)]);
    assert_eq!(found.random_access, [(2, VIDEO_PID)], "at the IDR picture only");
    assert_eq!(found.pcrs[0].packet, 2);
    assert_eq!(found.pcrs[0].base, 900_000);
}

#[test]
fn access_units_are_annex_b_with_delimiter_and_parameter_sets() {
    let (video, audio) = two_seconds(10);
    let found = read(&TsMuxer::new().segment(&video, &audio).unwrap());
    let pes = found.pes_of(VIDEO_PID);
    assert_eq!(pes.len(), video.len());
    for (pes, timed) in pes.iter().zip(&video) {
        assert_eq!(pes.payload, annex_b(timed, &support::avc()));
        assert_eq!(pes.dts, timed.sample.dts.unsigned_abs() + PCR_LEAD_TICKS);
        assert_eq!(pes.pts - pes.dts, u64::from(COMPOSITION_OFFSET.unsigned_abs()));
    }
}

#[test]
fn audio_is_whole_adts_frames_in_runs_of_at_most_90_ms() {
    let (video, audio) = two_seconds(10);
    let found = read(&TsMuxer::new().segment(&video, &audio).unwrap());
    let mut units = audio.iter();
    for pes in found.pes_of(AUDIO_PID) {
        let payloads = adts_payloads(&pes.payload);
        assert!(payloads.len() <= 4, "four access units last 85 ms");
        let first = units.as_slice()[0].sample.dts.unsigned_abs();
        assert_eq!(pes.pts, first * 90_000 / 48_000 + PCR_LEAD_TICKS);
        for (payload, timed) in payloads.iter().zip(&mut units) {
            assert_eq!(payload, &timed.sample.payload);
        }
    }
    assert_eq!(units.next(), None);
}

#[test]
fn a_gap_in_the_audio_starts_a_new_run() {
    let track = audio_track();
    let mut audio = support::access_units(&track, 0, 2);
    audio.extend(support::access_units(&track, 4 * i64::from(ACCESS_UNIT), 1));
    let found = read(&TsMuxer::new().segment(&[], &audio).unwrap());
    let starts: Vec<u64> = found.pes.iter().map(|pes| pes.pts - PCR_LEAD_TICKS).collect();
    assert_eq!(starts, [0, 4 * 1_920]);
}

#[test]
fn counters_and_clock_run_on_across_segments() {
    let found = read(&segments(&mut TsMuxer::new(), &[10, 12, 14]));
    check_clock(&found);
    assert_eq!(found.random_access.len(), 3);
    assert!(found.discontinuities.is_empty());
}

#[test]
fn audio_and_video_are_interleaved_by_time() {
    let found = read(&segments(&mut TsMuxer::new(), &[10]));
    for pair in found.pes.windows(2) {
        assert!(pair[1].dts + PCR_INTERVAL_MAX_TICKS.unsigned_abs() >= pair[0].dts, "{pair:?}");
    }
}

#[test]
fn every_unit_is_sent_before_it_is_decoded() {
    let stream = segments(&mut TsMuxer::new(), &[10, 12]);
    let found = read(&stream);
    let mut references = found.pcrs.iter().peekable();
    let mut clock = 0;
    let mut pes = found.pes.iter();
    for (index, bytes) in stream.chunks_exact(PACKET_BYTES).enumerate() {
        if let Some(pcr) = references.next_if(|pcr| pcr.packet == index) {
            clock = pcr.base;
        }
        let elementary = [VIDEO_PID, AUDIO_PID].contains(&found.pids[index]);
        if elementary && bytes[1] & 0x40 != 0 {
            let unit = pes.next().unwrap();
            assert!(unit.dts >= clock, "packet {index}");
            assert!(unit.dts - clock < 90_000, "packet {index} waits over a second");
        }
    }
    assert!(pes.next().is_none());
}

#[test]
fn a_slow_picture_rate_gets_clock_references_in_between() {
    let track = video_track();
    let second = 90_000;
    let video: Vec<TimedSample> = (0..4)
        .map(|index| support::video(&track, index * second, 90_000, Dependency::Sync, 900))
        .collect();
    let mut muxer = TsMuxer::new();
    let first = muxer.segment(&video[..2], &[]).unwrap();
    let second = muxer.segment(&video[2..], &[]).unwrap();
    let found = read(&[first, second].concat());
    check_clock(&found);
    assert_eq!(found.pes.len(), 4);
}

#[test]
fn a_leap_in_time_does_not_fill_the_segment_with_clock_references() {
    let video = [support::video(&video_track(), 0, u32::MAX, Dependency::Sync, 900)];
    let segment = TsMuxer::new().segment(&video, &[]).unwrap();
    assert!(segment.len() < 130 * PACKET_BYTES, "{} bytes", segment.len());
}

#[test]
fn times_at_zero_stay_positive_and_those_at_the_wrap_go_on() {
    let found = read(&segments(&mut TsMuxer::new(), &[0]));
    assert_eq!(found.pcrs[0].base, 0);
    assert_eq!(found.pes[0].dts, PCR_LEAD_TICKS);

    let track = video_track();
    let start = WRAP - i64::from(PICTURE);
    let video = support::group_of_pictures(&track, start, 3);
    let found = read(&TsMuxer::new().segment(&video, &[]).unwrap());
    let bases: Vec<u64> = found.pcrs.iter().map(|pcr| pcr.base).collect();
    assert_eq!(bases, [start.unsigned_abs(), 0, u64::from(PICTURE)]);
    assert_eq!(found.pes[0].dts, PCR_LEAD_TICKS - u64::from(PICTURE));
}

#[test]
fn a_track_that_does_not_exist_is_not_listed() {
    let (video, audio) = two_seconds(10);
    let found = read(&TsMuxer::new().segment(&video, &[]).unwrap());
    assert_eq!(found.streams, [(VIDEO_PID, StreamType::H264)]);

    let found = read(&TsMuxer::new().segment(&[], &audio).unwrap());
    assert_eq!(found.streams, [(AUDIO_PID, StreamType::ADTS)]);
    assert_eq!(found.pcr_pid, Some(AUDIO_PID));
    check_clock(&found);
}

#[test]
fn a_segment_without_video_keeps_the_clock_on_the_video_pid() {
    let (video, audio) = two_seconds(10);
    let mut muxer = TsMuxer::new();
    let first = muxer.segment(&video, &audio).unwrap();
    let (_, later) = two_seconds(12);
    let second = muxer.segment(&[], &later).unwrap();
    let found = read(&[first, second].concat());
    check_clock(&found);
    assert_eq!(found.pcr_pid, Some(VIDEO_PID));
    assert_eq!(found.streams.len(), 2, "the list has not changed");
}

#[test]
fn the_clock_does_not_go_back_when_video_sets_in_again() {
    let (video, audio) = two_seconds(10);
    let mut muxer = TsMuxer::new();
    let first = muxer.segment(&video, &audio).unwrap();
    let (_, alone) = two_seconds(12);
    let second = muxer.segment(&[], &alone).unwrap();
    // Its first picture is presented where the audio ends, and decoded 100 ms before.
    let start = 14 * 90_000 - i64::from(COMPOSITION_OFFSET);
    let video = support::group_of_pictures(&video_track(), start, 50);
    let third = muxer.segment(&video, &[]).unwrap();
    check_clock(&read(&[first, second, third].concat()));
}

#[test]
fn a_discontinuity_is_said_once_on_each_track() {
    let mut muxer = TsMuxer::new();
    let first = segments(&mut muxer, &[10]);
    muxer.discontinuity();
    let second = segments(&mut muxer, &[12, 14]);
    let packets = first.len() / PACKET_BYTES;
    let found = read(&[first, second].concat());
    let pids: Vec<u16> = found.discontinuities.iter().map(|(_, pid)| *pid).collect();
    assert_eq!(pids, [VIDEO_PID, AUDIO_PID]);
    assert_eq!(found.discontinuities[0].0, packets + 2);
}

#[test]
fn codecs_that_do_not_belong_here_are_refused() {
    for config in [support::hevc(), support::av1()] {
        let track = Arc::new(TrackConfig::Video(config));
        let video = support::group_of_pictures(&track, 0, 1);
        let refused = TsMuxer::new().segment(&video, &[]);
        assert!(matches!(refused, Err(MuxError::Unsupported { .. })), "{refused:?}");
    }
    let track = Arc::new(TrackConfig::Audio(support::opus()));
    let refused = TsMuxer::new().segment(&[], &support::access_units(&track, 0, 1));
    assert!(matches!(refused, Err(MuxError::Unsupported { .. })), "{refused:?}");
}

#[test]
fn a_refused_segment_leaves_the_counters_alone() {
    let mut muxer = TsMuxer::new();
    let first = segments(&mut muxer, &[10]);
    let (mut video, audio) = two_seconds(12);
    video[20].sample.payload = vec![0, 0, 0, 9, 0x41].into();
    assert!(matches!(muxer.segment(&video, &audio), Err(MuxError::Bitstream(_))));
    let early = support::group_of_pictures(&video_track(), -1, 1);
    let before_zero = MuxError::BeforeZero { track: TrackKind::Video, dts: -1 };
    assert_eq!(muxer.segment(&early, &[]), Err(before_zero));
    assert_eq!(muxer.segment(&[], &[]), Err(MuxError::NoTrack));
    let second = segments(&mut muxer, &[12]);
    check_clock(&read(&[first, second].concat()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_sizes_and_rates_give_whole_packets_and_the_same_access_units(
        pictures in prop::collection::vec((1..20_000_u32, 6..1_500_usize), 1..24),
        large in 0..200_000_usize,
        audio_sizes in prop::collection::vec(1..2_000_usize, 0..40),
    ) {
        let track = video_track();
        let mut dts = 90_000;
        let mut video: Vec<TimedSample> = pictures
            .into_iter()
            .map(|(duration, bytes)| {
                let timed = support::video(&track, dts, duration, Dependency::Reference, bytes);
                dts += i64::from(duration);
                timed
            })
            .collect();
        video[0].sample.dependency = Dependency::Sync;
        video[0].sample.payload = support::picture(Dependency::Sync, large);
        let track = audio_track();
        let audio: Vec<TimedSample> = (48_000_i64..)
            .step_by(ACCESS_UNIT as usize)
            .zip(audio_sizes)
            .map(|(dts, bytes)| support::audio(&track, dts, ACCESS_UNIT, bytes))
            .collect();

        let mut muxer = TsMuxer::new();
        let mut segment = || muxer.segment(&video, &audio).unwrap();
        let stream = [segment(), segment()].concat();
        let found = read(&stream);
        prop_assert_eq!(found.pes_of(VIDEO_PID).len(), 2 * video.len());
        for (pes, timed) in found.pes_of(VIDEO_PID).iter().zip(video.iter().chain(&video)) {
            prop_assert_eq!(&pes.payload, &annex_b(timed, &support::avc()));
        }
        let payloads: Vec<Vec<u8>> = found
            .pes_of(AUDIO_PID)
            .iter()
            .flat_map(|pes| adts_payloads(&pes.payload))
            .collect();
        prop_assert_eq!(payloads.len(), 2 * audio.len());
        for (payload, timed) in payloads.iter().zip(audio.iter().chain(&audio)) {
            prop_assert_eq!(payload, &timed.sample.payload);
        }
    }
}
