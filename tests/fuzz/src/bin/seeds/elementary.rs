//! HEVC and AV1 out of ffmpeg, as records and access units. Debian's ffmpeg does not put them into FLV.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use genlock_media::VideoConfig;
use genlock_rtmp::flv::{FourCc, FrameType, VideoCodecId, VideoPacket, VideoTag};

/// A coded stream.
pub(crate) struct Stream {
    pub(crate) name: &'static str,
    /// The decoder configuration record.
    pub(crate) config: Bytes,
    /// Access units as messages carry them.
    pub(crate) units: Vec<Vec<u8>>,
}

/// One of each.
pub(crate) fn encoded() -> Result<[Stream; 2]> {
    Ok([hevc()?, av1()?])
}

/// A message with a record, or with an access unit that is a key frame or not.
pub(crate) fn tag(name: &str, key: Option<bool>, body: &[u8]) -> Vec<u8> {
    let tag = VideoTag {
        frame_type: if key == Some(false) { FrameType::Inter } else { FrameType::Key },
        codec: VideoCodecId::FourCc(if name == "hevc" { FourCc::HEVC } else { FourCc::AV1 }),
        packet: match key {
            None => VideoPacket::SequenceStart,
            Some(_) => VideoPacket::CodedFrames { composition_time_ms: 0 },
        },
        track: 0,
        timestamp_nano_offset: 0,
        body: Bytes::copy_from_slice(body),
    };
    tag.to_bytes().to_vec()
}

fn ffmpeg(codec: &[&str], format: &str) -> Result<Vec<u8>> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=30", "-frames:v", "24"])
        .args(["-pix_fmt", "yuv420p", "-g", "12", "-b:v", "20k"])
        .args(codec)
        .args(["-f", format, "-"])
        .output()
        .context("cannot start ffmpeg")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(output.stdout)
}

fn hevc() -> Result<Stream> {
    let coded =
        ffmpeg(&["-c:v", "libx265", "-x265-params", "log-level=none:info=0:slices=1"], "hevc")?;
    let (mut sets, mut units) = (Vec::new(), Vec::new());
    for nal in start_codes(&coded) {
        let kind = nal.first().map_or(0, |byte| byte >> 1 & 0x3F);
        match kind {
            32..=34 if sets.len() < 3 => sets.push(Bytes::copy_from_slice(nal)),
            // One slice makes a picture here.
            0..=21 => {
                let length = u32::try_from(nal.len())?.to_be_bytes();
                units.push([&length[..], nal].concat());
            }
            _ => {}
        }
    }
    let config = VideoConfig::from_hevc_parameter_sets(&sets)?;
    Ok(Stream { name: "hevc", config: config.record, units })
}

/// The NAL units of a byte stream (ITU-T H.265 Annex B).
fn start_codes(coded: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> = (0..coded.len())
        .filter(|at| coded[*at..].starts_with(&[0, 0, 1]))
        .map(|at| at + 3)
        .collect();
    let ends = starts.iter().skip(1).map(|start| start - 3).chain([coded.len()]);
    let nals = starts.iter().zip(ends).map(|(start, end)| {
        let nal = &coded[*start..end];
        nal.strip_suffix(&[0]).unwrap_or(nal)
    });
    nals.collect()
}

fn av1() -> Result<Stream> {
    let coded = ffmpeg(&["-c:v", "libaom-av1", "-cpu-used", "8", "-lag-in-frames", "0"], "obu")?;
    // A temporal delimiter with a size begins each unit.
    let begins: Vec<usize> =
        (0..coded.len()).filter(|at| coded[*at..].starts_with(&[0x12, 0])).collect();
    let ends = begins.iter().skip(1).copied().chain([coded.len()]);
    let units: Vec<_> =
        begins.iter().zip(ends).map(|(begin, end)| coded[begin + 2..end].to_vec()).collect();
    let first = Bytes::copy_from_slice(units.first().context("no AV1")?);
    let read = genlock_media::av1::temporal_unit(&first)?;
    let config = VideoConfig::from_av1_parameter_sets(&read.parameter_sets)?;
    Ok(Stream { name: "av1", config: config.record, units })
}
