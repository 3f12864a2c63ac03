//! Elementary streams: H.264 in Annex B form, AAC in ADTS.
//!
//! Both are written straight from the samples' payloads; their sizes are known before, because a
//! packet's stuffing depends on what follows.

use bytes::Bytes;
use genlock_media::{AudioCodec, Dependency, Sample, TrackKind, VideoCodec, aac, nal};

use super::packet::UnitWriter;
use super::{AUDIO_RUN_MAX_TICKS, ticks_90k};
use crate::mux::{MuxError, TimedSample};

/// `Start code prefix` with its leading zero byte (ISO/IEC 14496-10 §B.1).
const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// Access unit delimiter for any picture type; first in every access unit (RFC 8216 §3.2 leaves it
/// to ISO/IEC 13818-1 §2.14.1, which demands it).
const ACCESS_UNIT_DELIMITER: [u8; 6] = [0, 0, 0, 1, 0x09, 0xF0];
/// `aac_frame_length` has 13 bits and counts the header (ISO/IEC 14496-3 §1.A.2.2).
const ADTS_PAYLOAD_BYTES_MAX: u64 = (1 << 13) - 1 - aac::ADTS_HEADER as u64;
/// ADTS knows frames of 1024 samples only.
const ADTS_FRAME_SAMPLES: u32 = 1024;
/// Access units in one audio PES packet, so that its length always fits its 16 bits.
const AUDIO_RUN_ACCESS_UNITS_MAX: usize = 7;

/// One access unit of H.264.
#[derive(Debug)]
pub(super) struct VideoUnit<'a> {
    sample: &'a Sample,
    /// Empty unless the sample is a sync sample.
    parameter_sets: &'a [Bytes],
    bytes: usize,
}

impl<'a> VideoUnit<'a> {
    pub(super) fn new(sample: &'a Sample) -> Result<Self, MuxError> {
        let config =
            sample.config.as_video().ok_or(MuxError::WrongTrack { expected: TrackKind::Video })?;
        if config.codec != VideoCodec::Avc {
            return Err(MuxError::Unsupported {
                what: "video codec in MPEG-TS",
                value: config.codec_string.clone(),
            });
        }
        let parameter_sets = match sample.dependency {
            Dependency::Sync => config.parameter_sets.as_slice(),
            Dependency::Reference | Dependency::Disposable => &[],
        };
        let mut bytes = ACCESS_UNIT_DELIMITER.len();
        bytes += parameter_sets.iter().map(|set| START_CODE.len() + set.len()).sum::<usize>();
        for nal_unit in nal::length_prefixed(&sample.payload, nal::LENGTH_SIZE) {
            bytes += START_CODE.len() + nal_unit?.len();
        }
        Ok(Self { sample, parameter_sets, bytes })
    }

    /// Bytes that [`VideoUnit::write`] writes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) const fn dts(&self) -> i64 {
        self.sample.dts
    }

    pub(super) fn pts(&self) -> i64 {
        self.sample.pts()
    }

    pub(super) const fn dependency(&self) -> Dependency {
        self.sample.dependency
    }

    pub(super) fn write(&self, out: &mut UnitWriter<'_>) -> Result<(), MuxError> {
        out.write(&ACCESS_UNIT_DELIMITER);
        for set in self.parameter_sets {
            out.write(&START_CODE);
            out.write(set);
        }
        for nal_unit in nal::length_prefixed(&self.sample.payload, nal::LENGTH_SIZE) {
            out.write(&START_CODE);
            out.write(&nal_unit?);
        }
        Ok(())
    }
}

/// Access units of AAC that share a PES packet: each follows the one before it without a gap, since
/// a decoder knows the time of the first only.
#[derive(Debug)]
pub(super) struct AudioRun<'a> {
    samples: &'a [TimedSample],
}

impl<'a> AudioRun<'a> {
    /// Splits the samples of a segment into runs.
    pub(super) fn split(mut samples: &'a [TimedSample]) -> impl Iterator<Item = Self> {
        std::iter::from_fn(move || {
            let first = samples.first()?;
            let limit = ticks_90k(first, 0).saturating_add(AUDIO_RUN_MAX_TICKS);
            let more = samples
                .windows(2)
                .take(AUDIO_RUN_ACCESS_UNITS_MAX - 1)
                .take_while(|pair| continues(pair, limit))
                .count();
            let (run, rest) = samples.split_at(1 + more);
            samples = rest;
            Some(Self { samples: run })
        })
    }

    /// Time of the first access unit in 90 kHz ticks.
    pub(super) fn start(&self) -> i64 {
        self.samples.first().map_or(0, |first| ticks_90k(first, 0))
    }

    /// Bytes that [`AudioRun::write`] writes.
    pub(super) fn bytes(&self) -> Result<usize, MuxError> {
        let frame = |sample: &Sample| Ok(adts_header(sample)?.len() + sample.payload.len());
        self.samples.iter().map(|timed| frame(&timed.sample)).sum()
    }

    pub(super) fn write(&self, out: &mut UnitWriter<'_>) -> Result<(), MuxError> {
        for TimedSample { sample, .. } in self.samples {
            out.write(&adts_header(sample)?);
            out.write(&sample.payload);
        }
        Ok(())
    }
}

/// The second sample of `pair` starts where the first ends, and ends within `limit`.
fn continues(pair: &[TimedSample], limit: i64) -> bool {
    let [previous, next] = pair else { return false };
    let end = previous.sample.dts.saturating_add(previous.duration.into());
    next.sample.dts == end && ticks_90k(next, next.duration) <= limit
}

fn adts_header(sample: &Sample) -> Result<[u8; aac::ADTS_HEADER], MuxError> {
    let config =
        sample.config.as_audio().ok_or(MuxError::WrongTrack { expected: TrackKind::Audio })?;
    if config.codec != AudioCodec::Aac || config.samples_per_access_unit != ADTS_FRAME_SAMPLES {
        return Err(MuxError::Unsupported {
            what: "audio codec in MPEG-TS",
            value: config.codec_string.clone(),
        });
    }
    let bytes = sample.payload.len();
    aac::adts_header(config, bytes)
        .ok_or_else(|| MuxError::too_large("ADTS frame", ADTS_PAYLOAD_BYTES_MAX, bytes))
}
