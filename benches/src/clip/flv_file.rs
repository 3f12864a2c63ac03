//! Clips read from FLV files (FLV 10.1 Annex E), with a place for a marker put into every access unit.
//!
//! H.264 and HEVC get markers; other codecs are sent as they are, and viewers then count no frames. Script data is
//! left out: servers must not need it.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use genlock_rtmp::MediaKind;
use genlock_rtmp::flv::{
    AudioPacket, FourCc, VideoCodecId, VideoPacket, VideoTag, parse_audio, parse_video,
};

use super::{Clip, Payload, TimedPayload, Track};
use crate::limits;
use crate::marker;
use crate::random::Random;

const TAG_AUDIO: u8 = 8;
const TAG_VIDEO: u8 = 9;
const TAG_HEADER: usize = 11;
const PREVIOUS_TAG_SIZE: usize = 4;
/// Duration of the last access unit of a track with only one.
const FALLBACK_DURATION_MS: u64 = 40;

/// Reads a file; see [`read_flv`].
///
/// # Errors
///
/// If the file cannot be read, is too large, or is no FLV file with coded frames.
pub(crate) fn read_flv_file(path: &Path) -> anyhow::Result<Clip> {
    let size = std::fs::metadata(path).with_context(|| path.display().to_string())?.len();
    ensure!(size <= limits::FLV_FILE_BYTES_MAX, "{} is too large", path.display());
    let bytes = std::fs::read(path)?;
    read_flv(&bytes.into()).with_context(|| path.display().to_string())
}

/// Makes a clip of a file's contents. A last tag that is cut short is left out.
fn read_flv(file: &Bytes) -> anyhow::Result<Clip> {
    ensure!(file.starts_with(b"FLV"), "not an FLV file");
    let header = file.get(5..9).and_then(|bytes| bytes.try_into().ok()).context("no FLV header")?;
    let start = u32::from_be_bytes(header) as usize + PREVIOUS_TAG_SIZE;
    let mut reader = Reader::default();
    let mut at = start;
    while let Some(tag) = tag_at(file, at) {
        at += TAG_HEADER + tag.payload.len() + PREVIOUS_TAG_SIZE;
        reader.push(tag)?;
    }
    reader.finish()
}

struct Tag {
    kind: u8,
    timestamp_ms: u64,
    payload: Bytes,
}

fn tag_at(file: &Bytes, at: usize) -> Option<Tag> {
    let [kind, s2, s1, s0, t2, t1, t0, t3, ..] = *file.get(at..at.checked_add(TAG_HEADER)?)? else {
        return None;
    };
    let size = u32::from_be_bytes([0, s2, s1, s0]) as usize;
    let body = at + TAG_HEADER;
    let end = body.checked_add(size).filter(|end| *end <= file.len())?;
    Some(Tag {
        kind,
        timestamp_ms: u32::from_be_bytes([t3, t2, t1, t0]).into(),
        payload: file.slice(body..end),
    })
}

#[derive(Default)]
struct Reader {
    headers: Vec<(MediaKind, Bytes)>,
    video: Vec<(u64, Payload)>,
    audio: Vec<(u64, Payload)>,
    length_size: usize,
}

impl Reader {
    fn push(&mut self, tag: Tag) -> anyhow::Result<()> {
        match tag.kind {
            TAG_VIDEO if !tag.payload.is_empty() => self.push_video(tag),
            TAG_AUDIO if !tag.payload.is_empty() => self.push_audio(tag),
            _ => Ok(()),
        }
    }

    fn push_video(&mut self, tag: Tag) -> anyhow::Result<()> {
        let parsed = parse_video(&tag.payload)?.into_iter().next().context("empty video tag")?;
        match parsed.packet {
            VideoPacket::SequenceStart => {
                self.length_size = length_size(&parsed).unwrap_or(4);
                self.add_header(MediaKind::Video, tag.payload);
            }
            VideoPacket::CodedFrames { .. } => {
                let payload = Payload::new(with_marker(&parsed, self.length_size, &tag.payload));
                self.video.push((tag.timestamp_ms, payload));
            }
            _ => {}
        }
        Ok(())
    }

    fn push_audio(&mut self, tag: Tag) -> anyhow::Result<()> {
        let parsed = parse_audio(&tag.payload)?.into_iter().next().context("empty audio tag")?;
        match parsed.packet {
            AudioPacket::SequenceStart => self.add_header(MediaKind::Audio, tag.payload),
            AudioPacket::CodedFrames => {
                self.audio.push((tag.timestamp_ms, Payload::new(tag.payload)));
            }
            _ => {}
        }
        Ok(())
    }

    /// Repeated sequence headers are left out; changes within a file are not supported.
    fn add_header(&mut self, kind: MediaKind, payload: Bytes) {
        if self.headers.iter().all(|(present, _)| *present != kind) {
            self.headers.push((kind, payload));
        }
    }

    fn finish(self) -> anyhow::Result<Clip> {
        let tracks = [(MediaKind::Video, self.video), (MediaKind::Audio, self.audio)];
        let times = || tracks.iter().flat_map(|(_, units)| units.iter().map(|(time, _)| *time));
        let Some(start) = times().min() else { bail!("no coded frames") };
        let end = tracks.iter().filter_map(|(_, units)| end_of(units)).max().unwrap_or(start);
        let period = end.saturating_sub(start).max(1);
        let tracks = tracks.into_iter().filter(|(_, units)| !units.is_empty());
        let tracks = tracks.map(|(kind, units)| Track {
            kind,
            timescale: 1000,
            period,
            units: units
                .into_iter()
                .map(|(time, payload)| TimedPayload { offset: time - start, payload })
                .collect(),
        });
        Ok(Clip { metadata: Vec::new(), headers: self.headers, tracks: tracks.collect() })
    }
}

/// When a track ends if its last access unit is as long as the one before.
fn end_of(units: &[(u64, Payload)]) -> Option<u64> {
    let (last, _) = units.last()?;
    let before = units.len().checked_sub(2).and_then(|index| units.get(index));
    let duration = before.map_or(FALLBACK_DURATION_MS, |(time, _)| last.saturating_sub(*time));
    Some(last + duration.max(1))
}

/// Bytes of a NAL unit length, from `avcC` (ISO/IEC 14496-15 §5.3.3.1) or `hvcC` (§8.3.3.1).
fn length_size(tag: &VideoTag) -> Option<usize> {
    let at = match nal_layout(tag.codec)? {
        NalLayout::Avc => 4,
        NalLayout::Hevc => 21,
    };
    tag.body.get(at).map(|byte| usize::from(byte & 3) + 1)
}

#[derive(Clone, Copy)]
enum NalLayout {
    Avc,
    Hevc,
}

fn nal_layout(codec: VideoCodecId) -> Option<NalLayout> {
    match codec {
        VideoCodecId::Avc => Some(NalLayout::Avc),
        VideoCodecId::HevcLegacy | VideoCodecId::FourCc(FourCc::HEVC) => Some(NalLayout::Hevc),
        VideoCodecId::FourCc(four_cc) if four_cc.0 == *b"avc1" => Some(NalLayout::Avc),
        _ => None,
    }
}

impl NalLayout {
    fn sei_header(self) -> &'static [u8] {
        match self {
            Self::Avc => &[0x06],
            // PREFIX_SEI_NUT, layer 0, temporal id 0 (ISO/IEC 23008-2 §7.4.2.2).
            Self::Hevc => &[39 << 1, 1],
        }
    }

    fn is_delimiter(self, first: u8) -> bool {
        match self {
            Self::Avc => first & 0x1F == 9,
            Self::Hevc => (first >> 1) & 0x3F == 35,
        }
    }
}

/// The message with an SEI NAL unit in front of the others, or behind the access unit delimiter, which must
/// come first (ISO/IEC 14496-10 §7.4.1.2.3).
fn with_marker(tag: &VideoTag, length_size: usize, original: &Bytes) -> Bytes {
    let Some(layout) = nal_layout(tag.codec).filter(|_| (2..=4).contains(&length_size)) else {
        return original.clone();
    };
    let mut sei = layout.sei_header().to_vec();
    sei.extend(marker::sei_messages(0, &mut Random::new(0)));
    let length = (sei.len() as u32).to_be_bytes();
    let at = delimiter_end(layout, length_size, &tag.body);
    let (before, after) = tag.body.split_at(at);
    let body = [before, &length[4 - length_size..], &sei, after].concat();
    VideoTag { body: body.into(), ..tag.clone() }.to_bytes()
}

fn delimiter_end(layout: NalLayout, length_size: usize, body: &[u8]) -> usize {
    let Some((length, rest)) = body.split_at_checked(length_size) else { return 0 };
    let length = length.iter().fold(0, |value, byte| (value << 8) | usize::from(*byte));
    match rest.first() {
        Some(first) if layout.is_delimiter(*first) => (length_size + length).min(body.len()),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clip::Cursor;
    use crate::marker::Marker;
    use std::rc::Rc;

    fn put_tag(file: &mut Vec<u8>, kind: u8, timestamp: u32, payload: &[u8]) {
        let [_, s2, s1, s0] = (payload.len() as u32).to_be_bytes();
        let [t3, t2, t1, t0] = timestamp.to_be_bytes();
        file.extend([kind, s2, s1, s0, t2, t1, t0, t3, 0, 0, 0]);
        file.extend_from_slice(payload);
        file.extend((payload.len() as u32 + 11).to_be_bytes());
    }

    fn file() -> Vec<u8> {
        let mut file = b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec();
        put_tag(&mut file, 18, 0, b"\x02\0\x0aonMetaData");
        put_tag(&mut file, 9, 0, &[0x17, 0, 0, 0, 0, 1, 77, 64, 30, 0xFF, 0xE1]);
        put_tag(&mut file, 8, 0, &[0xAF, 0, 0x11, 0x90]);
        // The first access unit starts with a delimiter.
        put_tag(&mut file, 9, 500, &[0x17, 1, 0, 0, 0, 0, 0, 0, 2, 9, 0x10, 0, 0, 0, 1, 0x65]);
        put_tag(&mut file, 8, 510, &[0xAF, 1, 0x21]);
        put_tag(&mut file, 9, 540, &[0x27, 1, 0, 0, 0, 0, 0, 0, 1, 0x41]);
        file
    }

    #[test]
    fn a_file_loops_with_times_that_continue() {
        let clip = read_flv(&file().into()).unwrap();
        assert_eq!(clip.headers.len(), 2);
        let mut cursor = Cursor::new(Rc::new(clip));
        let due: Vec<u128> = (0..6).map(|_| cursor.take().unwrap().due.as_millis()).collect();
        assert_eq!(due, [0, 10, 40, 80, 90, 120]);
    }

    #[test]
    fn markers_go_behind_the_delimiter() {
        let clip = read_flv(&file().into()).unwrap();
        let marker = Marker { camera: 1, counter: 2, sent_us: 3 };
        let units = &clip.tracks[0].units;
        let first = units[0].payload.stamped(marker);
        assert_eq!(Marker::find_all(&first), [marker]);
        assert_eq!(first[5..11], [0, 0, 0, 2, 9, 0x10]);
        assert_eq!(first[15], 0x06);
        let second = units[1].payload.stamped(marker);
        assert_eq!(second[9], 0x06);
        assert!(second.ends_with(&[0, 0, 0, 1, 0x41]));
    }

    #[test]
    fn a_cut_file_gives_what_is_whole() {
        let file = file();
        let cut = Bytes::from(file[..file.len() - 6].to_vec());
        assert_eq!(read_flv(&cut).unwrap().tracks[0].units.len(), 1);
        assert!(read_flv(&Bytes::from_static(b"FLV\x01\x05\0\0\0\x09\0\0\0\0")).is_err());
        assert!(read_flv(&Bytes::from_static(b"GIF89a")).is_err());
    }
}
