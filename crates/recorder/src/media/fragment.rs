//! The samples of a fragment: their times, sizes and places.

use bytes::{Buf, TryGetError};

use super::boxes::{children, find, header};
use super::{AUDIO, VIDEO};
use crate::index::TrackSpan;

/// `sample_is_non_sync_sample` (ISO/IEC 14496-12 §8.8.3.1).
pub(super) const NON_SYNC: u32 = 0x0001_0000;

/// A sample that a fragment tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleInfo {
    /// Ticks to the next sample.
    pub duration: u32,
    /// Bytes of its payload.
    pub bytes: u32,
    /// Whether decoding can start here.
    pub sync: bool,
    /// Presentation time minus decoding time in ticks.
    pub composition_offset: i32,
}

/// The samples of one track, whose payloads follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Decoding time of the first sample in ticks.
    pub dts: i64,
    /// Where the first payload begins, in bytes from the start of the fragment.
    pub offset: u32,
    /// The samples, at least one.
    pub samples: Vec<SampleInfo>,
}

impl Run {
    /// What the index tells of it.
    #[must_use]
    pub fn span(&self) -> TrackSpan {
        let ticks =
            self.samples.iter().fold(0u32, |sum, sample| sum.saturating_add(sample.duration));
        let composition_offset = self.samples.first().map_or(0, |first| first.composition_offset);
        TrackSpan { dts: self.dts, duration: ticks, composition_offset }
    }

    /// Bytes of all payloads.
    #[must_use]
    pub fn payload_bytes(&self) -> u32 {
        self.samples.iter().fold(0, |sum, sample| sum.saturating_add(sample.bytes))
    }
}

/// What a fragment holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FragmentSamples {
    /// Its pictures.
    pub video: Option<Run>,
    /// Its sound.
    pub audio: Option<Run>,
}

/// Reads the `moof` at the start of `data`, which may or may not go on with the `mdat`. `None` if it is no
/// whole `moof` of ours.
#[must_use]
pub fn read_fragment(data: &[u8]) -> Option<FragmentSamples> {
    let head = header(data).filter(|head| &head.kind == b"moof")?;
    let moof = data.get(super::boxes::HEADER_BYTES..head.bytes as usize)?;
    let mut fragment = FragmentSamples::default();
    for (kind, body) in children(moof) {
        if &kind == b"traf" {
            let (track, run) = read_track(body)?;
            match track {
                VIDEO => fragment.video = Some(run),
                AUDIO => fragment.audio = Some(run),
                _ => return None,
            }
        }
    }
    (fragment.video.is_some() || fragment.audio.is_some()).then_some(fragment)
}

fn read_track(traf: &[u8]) -> Option<(u32, Run)> {
    let defaults = read_defaults(find(traf, &[b"tfhd"])?).ok()?;
    let mut tfdt = find(traf, &[b"tfdt"])?;
    let dts = match tfdt.try_get_u32().ok()? >> 24 {
        0 => tfdt.try_get_u32().ok()?.into(),
        _ => i64::try_from(tfdt.try_get_u64().ok()?).ok()?,
    };
    let (offset, samples) = read_run(find(traf, &[b"trun"])?, &defaults).ok()?;
    (!samples.is_empty()).then_some((defaults.track, Run { dts, offset, samples }))
}

/// What `tfhd` says of samples that do not say it themselves.
#[derive(Debug)]
struct Defaults {
    track: u32,
    duration: u32,
    bytes: u32,
    flags: u32,
}

/// ISO/IEC 14496-12 §8.8.7.
fn read_defaults(mut tfhd: &[u8]) -> Result<Defaults, TryGetError> {
    let tfhd = &mut tfhd;
    let flags = tfhd.try_get_u32()?;
    let mut defaults = Defaults { track: tfhd.try_get_u32()?, duration: 0, bytes: 0, flags: 0 };
    if flags & 0x1 != 0 {
        tfhd.try_get_u64()?;
    }
    if flags & 0x2 != 0 {
        tfhd.try_get_u32()?;
    }
    for (bit, field) in
        [(0x8, &mut defaults.duration), (0x10, &mut defaults.bytes), (0x20, &mut defaults.flags)]
    {
        if flags & bit != 0 {
            *field = tfhd.try_get_u32()?;
        }
    }
    Ok(defaults)
}

/// ISO/IEC 14496-12 §8.8.8.
fn read_run(mut trun: &[u8], defaults: &Defaults) -> Result<(u32, Vec<SampleInfo>), TryGetError> {
    let trun = &mut trun;
    let flags = trun.try_get_u32()?;
    let count = trun.try_get_u32()?;
    let offset = if flags & 0x1 != 0 { trun.try_get_u32()? } else { 0 };
    let mut first_flags = if flags & 0x4 != 0 { Some(trun.try_get_u32()?) } else { None };
    let mut samples = Vec::new();
    for _ in 0..count {
        let mut field = |bit, otherwise| match flags & bit {
            0 => Ok(otherwise),
            _ => trun.try_get_u32(),
        };
        let (duration, bytes) = (field(0x100, defaults.duration)?, field(0x200, defaults.bytes)?);
        let own = field(0x400, first_flags.take().unwrap_or(defaults.flags))?;
        let composition_offset = field(0x800, 0)?.cast_signed();
        samples.push(SampleInfo { duration, bytes, sync: own & NON_SYNC == 0, composition_offset });
        if samples.len() > crate::limits::HELD_SAMPLES_MAX * 2 {
            break;
        }
    }
    Ok((offset, samples))
}
