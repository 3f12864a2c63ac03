//! `cargo run -p genlock-fuzz --bin seeds`: writes the inputs that fuzzing begins with into `fuzz/seeds`, of what real
//! encoders send. Needs ffmpeg with libx264 and libx265. Inputs that have broken a promise (`broke-…`) stay.

mod capture;
mod elementary;
mod written;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bytes::Bytes;
use genlock_rtmp::MediaKind;
use genlock_rtmp::flv::{self, AudioPacket, VideoPacket};
use genlock_rtmp::message::MessageType;

use capture::Capture;

/// Longest input of a stretch of bytes, 4 kB: libFuzzer is quick with short ones.
const BYTES_MAX: usize = 4_096;

fn main() -> Result<()> {
    let seeds = Seeds(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds"));
    let capture = capture::of_ffmpeg().context("no connection of ffmpeg could be captured")?;
    connection(&seeds, &capture)?;
    tags(&seeds, &capture)?;
    enhanced(&seeds)?;
    written::recording(&seeds, &capture)?;
    written::by_hand(&seeds)
}

/// The folder of all seeds.
struct Seeds(PathBuf);

impl Seeds {
    /// Writes one input of `target`.
    fn put(&self, target: &str, name: &str, parts: &[&[u8]]) -> Result<()> {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), parts.concat()).with_context(|| format!("{target}/{name}"))
    }
}

fn cut(bytes: &[u8]) -> &[u8] {
    bytes.get(..BYTES_MAX).unwrap_or(bytes)
}

/// As `Choices::chunk` reads it.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    let bytes = bytes.get(..0xFFF).unwrap_or(bytes);
    let length = u16::try_from(bytes.len()).expect("cut above");
    let [high, low] = length.to_be_bytes();
    match length {
        0..0xF0 => [&[low][..], bytes].concat(),
        _ => [&[0xF0 | high, low][..], bytes].concat(),
    }
}

/// The bytes themselves: handshake, chunks, AMF.
fn connection(seeds: &Seeds, capture: &Capture) -> Result<()> {
    let bytes = &capture.bytes;
    let pieces = [0, 7, 0, 1, 6, 0];
    seeds.put("handshake", "ffmpeg", &[&[0], &pieces, bytes.get(..3_200).unwrap_or(bytes)])?;
    let chunks = bytes.get(3_073..).context("no chunks")?;
    seeds.put("handshake", "first-digest", &[&[1], &pieces, &[3], &[7; 3_072], cut(chunks)])?;
    seeds.put("handshake", "second-digest", &[&[2], &pieces, &[3], &[9; 3_072]])?;
    for (name, from) in [("ffmpeg-begins", 0), ("ffmpeg-goes-on", capture.media_at)] {
        let stretch = cut(chunks.get(from..).unwrap_or_default());
        seeds.put("chunk_reader", name, &[&[1, 1, 130, 3, 0, 128], stretch])?;
    }
    let amf = |kind| matches!(kind, MessageType::COMMAND_AMF0 | MessageType::DATA_AMF0);
    let spoken = capture.messages.iter().filter(|message| amf(message.kind)).take(8);
    for (number, message) in spoken.enumerate() {
        seeds.put("amf0", &format!("ffmpeg-{number}"), &[&message.payload])?;
    }
    Ok(())
}

/// What the messages carry: tags, records, access units, all of it in time.
fn tags(seeds: &Seeds, capture: &Capture) -> Result<()> {
    let (mut session, mut last_ms) = (Vec::new(), 0);
    for (number, media) in capture.media.iter().enumerate().take(60) {
        let video = media.kind == MediaKind::Video;
        let step = media.timestamp.0.wrapping_sub(last_ms).min(255);
        last_ms = last_ms.max(media.timestamp.0);
        let step = u8::try_from(step).unwrap_or(0);
        session.extend([if video { 0 } else { 3 }, step, step]);
        session.extend(chunk(&media.payload));
        if number < 6 {
            let kind = u8::from(!video);
            seeds.put("flv", &format!("ffmpeg-{number}"), &[&[kind], cut(&media.payload)])?;
        }
        body(seeds, number, video, &media.payload)?;
    }
    seeds.put("publish", "ffmpeg-avc-aac", &[session.get(..16_384).unwrap_or(&session)])
}

fn body(seeds: &Seeds, number: usize, video: bool, payload: &Bytes) -> Result<()> {
    if !video {
        for tag in flv::parse_audio(payload).into_iter().flatten() {
            if tag.packet == AudioPacket::SequenceStart {
                seeds.put("codec_config", "aac", &[&[6], &tag.body])?;
            }
        }
        return Ok(());
    }
    for tag in flv::parse_video(payload).into_iter().flatten() {
        match tag.packet {
            VideoPacket::SequenceStart => {
                seeds.put("codec_config", "avcc", &[&[0], &tag.body])?;
                seeds.put(
                    "codec_config",
                    "avcc-and-sets",
                    &[&[11, 0], &chunk(&tag.body), &chunk(&tag.body)],
                )?;
            }
            VideoPacket::CodedFrames { .. } if number < 8 => {
                seeds.put("access_unit", &format!("avc-{number}"), &[&[0, 0], cut(&tag.body)])?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// HEVC and AV1, as Enhanced RTMP carries them.
fn enhanced(seeds: &Seeds) -> Result<()> {
    for (number, stream) in elementary::encoded()?.into_iter().enumerate() {
        let elementary::Stream { name, config, units } = stream;
        let which = u8::try_from(number)? + 1;
        seeds.put("codec_config", name, &[&[which], &config])?;
        let mut session = [&[0, 0, 0][..], &chunk(&elementary::tag(name, None, &config))].concat();
        for (at, unit) in units.iter().enumerate().take(24) {
            let tag = elementary::tag(name, Some(at == 0), unit);
            session.extend([0, 33, 33]);
            session.extend(chunk(&tag));
            if at < 2 {
                seeds.put("access_unit", &format!("{name}-{at}"), &[&[which, 0], cut(unit)])?;
                seeds.put("flv", &format!("{name}-{at}"), &[&[0], cut(&tag)])?;
            }
        }
        seeds.put("publish", name, &[session.get(..16_384).unwrap_or(&session)])?;
    }
    Ok(())
}
