//! The messages to a client. All numbers are big-endian; one message is one binary WebSocket message.
//!
//! ```text
//!  all      u8 type │ u8 flags │ u16 sub │ u32 seq
//!  CONFIG   + u16 config │ u8 reorder (255: unknown) │ u16 width │ u16 height │ u8 n │ n bytes RFC 6381 │ avcC, hvcC or av1C body
//!  SAMPLE   + i64 pts µs │ i32 pts − dts µs │ u32 arrival → send µs │ u16 config │ payload
//!  SKIPPED  + u32 samples
//!  HELLO    + i64 event clock µs │ i64 wall clock µs since 1970
//!  PONG     + u32 echo │ i64 event clock µs
//!  HEARD    + u16 config │ u32 samples per second │ u16 samples per access unit │ u8 channels │ u8 n │ n bytes RFC 6381
//!             │ AudioSpecificConfig or OpusHead
//!  SOUND    + i64 pts µs of the first │ u16 config │ for each access unit: u16 bytes │ payload
//! ```
//!
//! Times are on the event clock. A payload is what the Feed holds: NAL units with 4-byte lengths without parameter sets
//! (those are in CONFIG's record), or the OBUs of a temporal unit, with the sequence header before a sync sample.
//! `sub` is the client's number of a subscription, 0 where a message concerns none.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use genlock_media::{AudioConfig, EventTime, Sample, VideoCodec, VideoConfig};

use crate::sound::Batch;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Config = 1,
    Sample = 2,
    Skipped = 3,
    Hello = 4,
    Pong = 5,
    Heard = 6,
    Sound = 7,
}

/// The sample is one that decoding can start at.
pub const SYNC: u8 = 1;
/// Nothing refers to the sample.
pub const DISPOSABLE: u8 = 2;
/// The first sample of another publish session.
pub const NEW_EPOCH: u8 = 4;
/// Older than the subscription: to be decoded, and not to be shown.
pub const BURST: u8 = 8;

/// Bytes before a SAMPLE's payload.
pub const SAMPLE_HEADER_BYTES: usize = HEADER_BYTES + 8 + 4 + 4 + 2;

const HEADER_BYTES: usize = 8;
const REORDER_UNKNOWN: u8 = 255;

/// The number of a message of a client's connection, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Seq(pub u32);

/// What decodes the samples that name `config`.
#[must_use]
pub fn config(sub: u16, seq: Seq, config: u16, video: &VideoConfig) -> Bytes {
    let mut out =
        begin(Kind::Config, 0, sub, seq, 8 + video.codec_string.len() + video.record.len());
    out.put_u16(config);
    out.put_u8(video.max_reorder_frames.unwrap_or(REORDER_UNKNOWN));
    out.put_u16(u16::try_from(video.width).unwrap_or(u16::MAX));
    out.put_u16(u16::try_from(video.height).unwrap_or(u16::MAX));
    put_codec(&mut out, &video.codec_string);
    out.put_slice(&video.record);
    out.freeze()
}

/// What decodes the sound that names `config`.
#[must_use]
pub fn heard(sub: u16, seq: Seq, config: u16, audio: &AudioConfig) -> Bytes {
    let body = 10 + audio.codec_string.len() + audio.record.len();
    let mut out = begin(Kind::Heard, 0, sub, seq, body);
    out.put_u16(config);
    out.put_u32(audio.timescale.get());
    out.put_u16(u16::try_from(audio.samples_per_access_unit).unwrap_or(u16::MAX));
    out.put_u8(audio.channels);
    put_codec(&mut out, &audio.codec_string);
    out.put_slice(&audio.record);
    out.freeze()
}

/// Access units of sound, none longer than 65 535 bytes.
#[must_use]
pub fn sound(sub: u16, seq: Seq, batch: &Batch) -> Bytes {
    let bytes: usize = batch.units.iter().map(|unit| 2 + unit.len()).sum();
    let mut out = begin(Kind::Sound, 0, sub, seq, 10 + bytes);
    out.put_i64(batch.pts.as_micros());
    out.put_u16(batch.number);
    for unit in &batch.units {
        out.put_u16(u16::try_from(unit.len()).unwrap_or(u16::MAX));
        out.put_slice(unit.get(..usize::from(u16::MAX)).unwrap_or(unit));
    }
    out.freeze()
}

fn put_codec(out: &mut BytesMut, codec: &str) {
    let codec = codec.as_bytes();
    let length = u8::try_from(codec.len()).unwrap_or(u8::MAX);
    out.put_u8(length);
    out.put_slice(codec.get(..usize::from(length)).unwrap_or(codec));
}

/// A sample, `waited` after its arrival.
#[must_use]
pub fn sample(
    sub: u16,
    seq: Seq,
    flags: u8,
    config: u16,
    waited: Duration,
    sample: &Sample,
) -> Bytes {
    let header = sequence_header(sample);
    let headers: usize = header.iter().map(Bytes::len).sum();
    let mut out =
        begin(Kind::Sample, flags, sub, seq, SAMPLE_HEADER_BYTES + headers + sample.payload.len());
    let pts = sample.pts_event().as_micros();
    let offset = pts.saturating_sub(sample.dts_time().to_event().as_micros());
    out.put_i64(pts);
    out.put_i32(i32::try_from(offset).unwrap_or(0));
    out.put_u32(u32::try_from(waited.as_micros()).unwrap_or(u32::MAX));
    out.put_u16(config);
    for unit in header {
        out.put_slice(unit);
    }
    out.put_slice(&sample.payload);
    out.freeze()
}

/// An AV1 decoder wants the sequence header in band at every key frame; `description` is not enough for it
/// (W3C WebCodecs, AV1 registration, "EncodedVideoChunk type").
fn sequence_header(sample: &Sample) -> &[Bytes] {
    match sample.config.as_video() {
        Some(video) if video.codec == VideoCodec::Av1 && sample.is_video_sync() => {
            &video.parameter_sets
        }
        _ => &[],
    }
}

/// So many samples of the subscription were passed over: the next one is a sync sample.
#[must_use]
pub fn skipped(sub: u16, seq: Seq, samples: u32) -> Bytes {
    let mut out = begin(Kind::Skipped, 0, sub, seq, 4);
    out.put_u32(samples);
    out.freeze()
}

/// The first message: both clocks.
#[must_use]
pub fn hello(seq: Seq, now: EventTime, wall_micros: i64) -> Bytes {
    let mut out = begin(Kind::Hello, 0, 0, seq, 16);
    out.put_i64(now.as_micros());
    out.put_i64(wall_micros);
    out.freeze()
}

/// The answer to a ping.
#[must_use]
pub fn pong(seq: Seq, echo: u32, now: EventTime) -> Bytes {
    let mut out = begin(Kind::Pong, 0, 0, seq, 12);
    out.put_u32(echo);
    out.put_i64(now.as_micros());
    out.freeze()
}

fn begin(kind: Kind, flags: u8, sub: u16, seq: Seq, body_bytes: usize) -> BytesMut {
    let mut out = BytesMut::with_capacity(HEADER_BYTES + body_bytes);
    out.put_u8(kind as u8);
    out.put_u8(flags);
    out.put_u16(sub);
    out.put_u32(seq.0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selection::testing::{picture, video};
    use crate::sound::testing::{STEREO, audio};
    use genlock_media::{Dependency, TrackConfig};

    #[test]
    fn a_config_holds_what_a_decoder_wants() {
        let video = video(7);
        let bytes = config(3, Seq(9), 2, &video);
        let codec = video.codec_string.as_bytes();
        let mut expected = vec![1, 0, 0, 3, 0, 0, 0, 9, 0, 2];
        expected.push(video.max_reorder_frames.unwrap_or(255));
        expected.extend(u16::try_from(video.width).unwrap().to_be_bytes());
        expected.extend(u16::try_from(video.height).unwrap().to_be_bytes());
        expected.push(u8::try_from(codec.len()).unwrap());
        expected.extend(codec);
        expected.extend(&video.record);
        assert_eq!(bytes, expected);
    }

    #[test]
    fn a_sample_holds_its_times_in_microseconds() {
        let mut picture = picture(7, 90_000, Dependency::Sync);
        picture.composition_offset = 9_000;
        let bytes = sample(1, Seq(2), SYNC | BURST, 4, Duration::from_micros(1500), &picture);
        let (header, payload) = bytes.split_at(SAMPLE_HEADER_BYTES);
        let mut expected = vec![2, 9, 0, 1, 0, 0, 0, 2];
        expected.extend(1_100_000_i64.to_be_bytes());
        expected.extend(100_000_i32.to_be_bytes());
        expected.extend(1_500_u32.to_be_bytes());
        expected.extend([0, 4]);
        assert_eq!(header, expected);
        assert_eq!(payload, &picture.payload[..]);
    }

    #[test]
    fn sound_says_what_decodes_it_and_holds_one_access_unit_behind_the_other() {
        let audio = audio(STEREO);
        let mut expected = vec![6, 0, 0, 1, 0, 0, 0, 2, 0, 3, 0, 0, 0xbb, 0x80, 4, 0, 2, 9];
        expected.extend(b"mp4a.40.2");
        expected.extend(STEREO);
        assert_eq!(heard(1, Seq(2), 3, &audio), expected);
        let batch = Batch {
            number: 3,
            config: TrackConfig::Audio(audio).into(),
            new_config: false,
            pts: EventTime::from_micros(258),
            units: vec![Bytes::from_static(&[1, 2, 3]), Bytes::from_static(&[4])],
        };
        assert_eq!(
            sound(1, Seq(2), &batch)[..],
            [7, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 2, 0, 3, 0, 3, 1, 2, 3, 0, 1, 4]
        );
    }

    #[test]
    fn the_small_ones_are_what_the_table_says() {
        assert_eq!(skipped(1, Seq(2), 60)[..], [3, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 60]);
        assert_eq!(
            pong(Seq(3), 5, EventTime::from_micros(258))[8..],
            [0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 1, 2]
        );
        let hello = hello(Seq(1), EventTime::from_micros(1), 2);
        assert_eq!(hello[..9], [4, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(hello.len(), 24);
    }
}
