//! Audio and video tag headers, legacy and enhanced.

use bytes::Bytes;
use genlock_rtmp::flv::{self, AudioCodecId, AudioPacket, FrameType, VideoCodecId, VideoPacket};
use genlock_rtmp::limits::FLV_TRACKS_MAX;

use crate::choices::Choices;

/// `audio or video, payload of the message`.
pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let video = choices.below(2) == 0;
    let payload = Bytes::copy_from_slice(choices.rest());
    if video { check_video(&payload) } else { check_audio(&payload) }
}

fn check_video(payload: &Bytes) {
    let Ok(tags) = flv::parse_video(payload) else { return };
    assert!(tags.len() <= FLV_TRACKS_MAX);
    assert!(tags.iter().map(|tag| tag.body.len()).sum::<usize>() <= payload.len());
    for tag in tags {
        let written = match tag.packet {
            VideoPacket::Command(_) | VideoPacket::Other(_) => false,
            // The legacy header of these has neither a packet type nor a composition time.
            _ => {
                tag.frame_type != FrameType::Command && !matches!(tag.codec, VideoCodecId::Other(_))
            }
        };
        if written {
            let again = flv::parse_video(&tag.to_bytes()).expect("what was written can be read");
            assert_eq!(again.into_iter().collect::<Vec<_>>(), [tag]);
        }
    }
}

fn check_audio(payload: &Bytes) {
    let Ok(tags) = flv::parse_audio(payload) else { return };
    assert!(tags.len() <= FLV_TRACKS_MAX);
    assert!(tags.iter().map(|tag| tag.body.len()).sum::<usize>() <= payload.len());
    for tag in tags {
        let written = !matches!(tag.packet, AudioPacket::Other(_))
            && !matches!(tag.codec, AudioCodecId::Other(_));
        if written {
            let again = flv::parse_audio(&tag.to_bytes()).expect("what was written can be read");
            assert_eq!(again.into_iter().collect::<Vec<_>>(), [tag]);
        }
    }
}
