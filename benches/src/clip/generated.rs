//! Clips made from nothing: one GOP of H.264 in one colour, padded to a bit rate, and silence.

use anyhow::ensure;
use bytes::Bytes;
use genlock_rtmp::MediaKind;
use genlock_rtmp::flv::{
    AudioCodecId, AudioPacket, AudioTag, FrameType, VideoCodecId, VideoPacket, VideoTag,
};

use super::avc::{self, Colour, Inter};
use super::format::{PictureFormat, StreamFormat};
use super::{Clip, Payload, TimedPayload, Track, aac};
use crate::limits;
use crate::marker;
use crate::random::Random;

/// Sizes of IDR, P and B pictures relative to each other, as a camera's encoder at a constant rate makes them.
const WEIGHT_IDR: u64 = 12;
const WEIGHT_P: u64 = 3;
const WEIGHT_B: u64 = 2;

/// A picture of the GOP, in decoding order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Picture {
    kind: PictureKind,
    /// Position in display order within the GOP.
    display: u32,
    /// Reference pictures before it in the GOP.
    frame_num: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PictureKind {
    Idr,
    P,
    B,
}

/// Makes the clip.
///
/// # Errors
///
/// If the GOP is empty or longer than its limit.
pub(crate) fn generate(format: &StreamFormat, colour: Colour) -> anyhow::Result<Clip> {
    let gop = format.picture.gop;
    ensure!((2..=limits::GOP_MAX).contains(&gop), "a GOP of {gop} pictures is out of range");
    let mut headers = vec![(MediaKind::Video, video_header(&format.picture))];
    let mut tracks = vec![video_track(format, colour)];
    if let Some(rate) = format.audio {
        headers.push((MediaKind::Audio, audio_tag(AudioPacket::SequenceStart, &aac::CONFIG)));
        let bytes = rate.0 * u64::from(aac::SAMPLES) / u64::from(aac::RATE) / 8;
        tracks.push(audio_track(bytes as usize));
    }
    Ok(Clip { metadata: metadata(format), headers, tracks })
}

/// What encoders say about the stream; servers must not need it, but show it.
fn metadata(format: &StreamFormat) -> Vec<(&'static str, f64)> {
    let PictureFormat { width, height, rate, .. } = format.picture;
    let mut metadata = vec![
        ("width", width.into()),
        ("height", height.into()),
        ("framerate", f64::from(rate.num) / f64::from(rate.den)),
        ("videocodecid", 7.0),
        ("videodatarate", format.video.0 as f64 / 1e3),
    ];
    if let Some(audio) = format.audio {
        metadata.extend([
            ("audiocodecid", 10.0),
            ("audiosamplerate", aac::RATE.into()),
            ("audiodatarate", audio.0 as f64 / 1e3),
        ]);
    }
    metadata
}

fn video_header(format: &PictureFormat) -> Bytes {
    let record = avc::configuration_record(format);
    video_tag(FrameType::Key, VideoPacket::SequenceStart, record.into())
}

fn video_track(format: &StreamFormat, colour: Colour) -> Track {
    let rate = format.picture.rate;
    let pictures = decoding_order(&format.picture);
    let weights: u64 = pictures.iter().map(|picture| picture.kind.weight()).sum();
    let gop_bytes = format.video.0 * u64::from(format.picture.gop) * u64::from(rate.den)
        / u64::from(rate.num)
        / 8;
    let mut random = Random::new(u64::from(colour.0[0]));
    let units = pictures.iter().zip(0_u64..).map(|(picture, index)| {
        let bytes = gop_bytes * picture.kind.weight() / weights;
        TimedPayload {
            offset: index * u64::from(rate.den),
            payload: access_unit(
                &format.picture,
                *picture,
                index,
                colour,
                bytes as usize,
                &mut random,
            ),
        }
    });
    Track {
        kind: MediaKind::Video,
        timescale: rate.num,
        period: u64::from(format.picture.gop) * u64::from(rate.den),
        units: units.collect(),
    }
}

/// The GOP: an IDR picture, then groups of a P picture with the B pictures that are shown before it. The last
/// group may be shorter; it ends with a P picture, so that the GOP is closed.
fn decoding_order(format: &PictureFormat) -> Vec<Picture> {
    let mut pictures = vec![Picture { kind: PictureKind::Idr, display: 0, frame_num: 0 }];
    let (mut shown, mut frame_num) = (0, 0);
    while shown + 1 < format.gop {
        let next = (shown + 1 + format.b_frames).min(format.gop - 1);
        frame_num += 1;
        pictures.push(Picture { kind: PictureKind::P, display: next, frame_num });
        pictures.extend((shown + 1..next).map(|display| Picture {
            kind: PictureKind::B,
            display,
            frame_num: frame_num + 1,
        }));
        shown = next;
    }
    pictures
}

fn access_unit(
    format: &PictureFormat,
    picture: Picture,
    decoded: u64,
    colour: Colour,
    bytes: usize,
    random: &mut Random,
) -> Payload {
    let (slice, frame_type) = match picture.kind {
        PictureKind::Idr => (avc::idr_slice(format, colour, 0), FrameType::Key),
        kind => {
            let inter = Inter {
                frame_num: picture.frame_num,
                display: picture.display,
                disposable: kind == PictureKind::B,
            };
            (avc::skip_slice(format, inter), FrameType::Inter)
        }
    };
    let bare = 4 + 1 + 2 + marker::MARKER_BYTES + 1 + 4 + slice.len();
    let mut sei = vec![avc::NAL_SEI];
    sei.extend(marker::sei_messages(bytes.saturating_sub(bare), random));
    let mut body = Vec::with_capacity(bytes.max(bare));
    for nal in [sei, slice] {
        body.extend_from_slice(&(nal.len() as u32).to_be_bytes());
        body.extend_from_slice(&nal);
    }
    let composition_time_ms = composition_time_ms(format, picture.display.into(), decoded);
    let packet = VideoPacket::CodedFrames { composition_time_ms };
    Payload::new(video_tag(frame_type, packet, body.into()))
}

/// PTS - DTS. With B pictures everything is shown one picture late, as encoders with one level of reordering do.
fn composition_time_ms(format: &PictureFormat, display: u64, decoded: u64) -> i32 {
    let delay = u64::from(format.b_frames > 0);
    let ms =
        |pictures: u64| pictures * u64::from(format.rate.den) * 1000 / u64::from(format.rate.num);
    // Both ends are rounded as timestamps are, so that presentation times lie on the grid.
    (ms(display + delay) as i32) - (ms(decoded) as i32)
}

fn audio_track(bytes: usize) -> Track {
    let unit = aac::silent_access_unit(bytes);
    let payload = Payload::new(audio_tag(AudioPacket::CodedFrames, &unit));
    Track {
        kind: MediaKind::Audio,
        timescale: aac::RATE,
        period: aac::SAMPLES.into(),
        units: vec![TimedPayload { offset: 0, payload }],
    }
}

fn video_tag(frame_type: FrameType, packet: VideoPacket, body: Bytes) -> Bytes {
    let codec = VideoCodecId::Avc;
    VideoTag { frame_type, codec, packet, track: 0, timestamp_nano_offset: 0, body }.to_bytes()
}

fn audio_tag(packet: AudioPacket, body: &[u8]) -> Bytes {
    let body = Bytes::copy_from_slice(body);
    AudioTag { codec: AudioCodecId::Aac, packet, track: 0, timestamp_nano_offset: 0, body }
        .to_bytes()
}

impl PictureKind {
    fn weight(self) -> u64 {
        match self {
            Self::Idr => WEIGHT_IDR,
            Self::P => WEIGHT_P,
            Self::B => WEIGHT_B,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clip::format::{BitRate, Rate};

    fn format(gop: u32, b_frames: u32, bits: u64) -> StreamFormat {
        let rate = Rate { num: 30, den: 1 };
        StreamFormat {
            picture: PictureFormat { width: 320, height: 180, rate, gop, b_frames },
            video: BitRate(bits),
            audio: Some(BitRate(128_000)),
        }
    }

    #[test]
    fn b_pictures_are_sent_behind_the_one_they_need() {
        let order: Vec<u32> =
            decoding_order(&format(9, 2, 0).picture).iter().map(|p| p.display).collect();
        assert_eq!(order, [0, 3, 1, 2, 6, 4, 5, 8, 7]);
        let order: Vec<u32> =
            decoding_order(&format(4, 0, 0).picture).iter().map(|p| p.display).collect();
        assert_eq!(order, [0, 1, 2, 3]);
    }

    #[test]
    fn nothing_is_shown_before_it_is_decoded() {
        for b_frames in 0..4 {
            let format = format(60, b_frames, 0).picture;
            for (picture, decoded) in decoding_order(&format).iter().zip(0..) {
                let time = composition_time_ms(&format, picture.display.into(), decoded);
                assert!(time >= 0, "{b_frames} B pictures: {picture:?}");
            }
        }
    }

    #[test]
    fn the_stream_has_its_bit_rate_and_a_marker_in_every_picture() {
        let clip = generate(&format(60, 2, 2_000_000), Colour::of_camera(0)).unwrap();
        let video = &clip.tracks[0];
        let bytes: usize = video.units.iter().map(|unit| unit.payload.bytes.len()).sum();
        let bits_per_second = bytes as f64 * 8.0 / 2.0;
        assert!((1_950_000.0..2_050_000.0).contains(&bits_per_second), "{bits_per_second}");
        assert!(clip.is_marked());
        assert_eq!(video.units.len(), 60);
        let audio = &clip.tracks[1].units[0].payload.bytes;
        assert!((330..345).contains(&audio.len()), "{}", audio.len());
    }

    #[test]
    fn a_gop_out_of_range_is_refused() {
        assert!(generate(&format(1, 0, 0), Colour::of_camera(0)).is_err());
        assert!(generate(&format(limits::GOP_MAX + 1, 0, 0), Colour::of_camera(0)).is_err());
    }
}
