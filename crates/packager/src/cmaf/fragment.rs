//! A fragment: `moof`, the `mdat` header, and the samples' payloads by reference
//! (ISO/IEC 14496-12 §8.8).

use bytes::{BufMut, Bytes, BytesMut};
use genlock_media::{Dependency, TrackKind, VideoConfig};
use mp4_atom::{Encode, Mfhd, Moof, Tfdt, Tfhd, Traf, Trun, TrunEntry};

use super::in_band::InBand;
use super::{AUDIO_TRACK_ID, VIDEO_TRACK_ID};
use crate::chain::ByteChain;
use crate::mux::{MuxError, TimedSample};

/// Payloads below this many bytes are copied next to each other; larger ones are referred to.
///
/// A slice of a vectored write costs about as much as copying a few hundred bytes, and a small
/// payload kept by reference keeps the whole network buffer alive in which it arrived.
pub const COALESCE_BELOW: usize = 2048;

/// `sample_depends_on` 2: decodes without other samples (ISO/IEC 14496-12 §8.8.3.1).
pub(super) const FLAGS_SYNC: u32 = 0x0200_0000;
/// `sample_depends_on` 1, `sample_is_non_sync_sample` 1.
pub(super) const FLAGS_REFERENCE: u32 = 0x0101_0000;
/// As [`FLAGS_REFERENCE`], and `sample_is_depended_on` 2: nothing refers to it.
pub(super) const FLAGS_DISPOSABLE: u32 = FLAGS_REFERENCE | 0x0080_0000;

/// Bytes of the `mdat` header: 32-bit size and type.
const MDAT_HEADER_BYTES: usize = 8;

/// Writes one fragment: a `moof` with a `traf` for each track that has samples, and an `mdat` with
/// the video run, then the audio run.
///
/// The samples of a track must follow each other: each starts where the one before it ends. The
/// fragment's decode time is the first sample's DTS.
///
/// # Errors
/// When both tracks are empty, a track's first DTS lies before zero, a sample belongs to the other
/// track, or the fragment is larger than 4 GiB (its `moof`, with data offsets, 2 GiB).
pub fn fragment(
    sequence_number: u32,
    video: &[TimedSample],
    audio: &[TimedSample],
) -> Result<ByteChain, MuxError> {
    let mut runs = Vec::with_capacity(2);
    if !video.is_empty() {
        runs.push(Run::video(video)?);
    }
    if !audio.is_empty() {
        runs.push(Run::audio(audio)?);
    }
    if runs.is_empty() {
        return Err(MuxError::NoTrack);
    }

    let head = encode_head(sequence_number, &runs)?;
    let copied: usize = runs.iter().map(Run::copied_bytes).sum();
    let mut body = BodyWriter::with_capacity(head.len() + copied);
    body.scratch.put_slice(&head);
    for payload in runs.iter().flat_map(|run| &run.payloads) {
        payload.in_band.write(&mut body.scratch)?;
        body.append(payload.access_unit);
    }
    Ok(body.finish())
}

/// The samples of one track in one fragment.
struct Run<'a> {
    track_id: u32,
    base_media_decode_time: u64,
    default_flags: u32,
    samples: &'a [TimedSample],
    payloads: Vec<Payload<'a>>,
}

/// What the `mdat` holds for one sample.
struct Payload<'a> {
    in_band: InBand<'a>,
    access_unit: &'a Bytes,
}

impl Payload<'_> {
    fn len(&self) -> usize {
        self.in_band.len() + self.access_unit.len()
    }
}

impl<'a> Run<'a> {
    fn video(samples: &'a [TimedSample]) -> Result<Self, MuxError> {
        let payloads = samples
            .iter()
            .map(|TimedSample { sample, .. }| {
                let config: &VideoConfig = sample
                    .config
                    .as_video()
                    .ok_or(MuxError::WrongTrack { expected: TrackKind::Video })?;
                let in_band = InBand::before(sample, config);
                Ok(Payload { in_band, access_unit: &sample.payload })
            })
            .collect::<Result<_, MuxError>>()?;
        Ok(Self {
            track_id: VIDEO_TRACK_ID,
            base_media_decode_time: decode_time(samples, TrackKind::Video)?,
            default_flags: FLAGS_REFERENCE,
            samples,
            payloads,
        })
    }

    fn audio(samples: &'a [TimedSample]) -> Result<Self, MuxError> {
        let payloads = samples
            .iter()
            .map(|TimedSample { sample, .. }| match sample.kind() {
                TrackKind::Audio => {
                    Ok(Payload { in_band: InBand::NONE, access_unit: &sample.payload })
                }
                TrackKind::Video => Err(MuxError::WrongTrack { expected: TrackKind::Audio }),
            })
            .collect::<Result<_, MuxError>>()?;
        Ok(Self {
            track_id: AUDIO_TRACK_ID,
            base_media_decode_time: decode_time(samples, TrackKind::Audio)?,
            default_flags: FLAGS_SYNC,
            samples,
            payloads,
        })
    }

    fn bytes(&self) -> usize {
        self.payloads.iter().map(Payload::len).sum()
    }

    fn copied_bytes(&self) -> usize {
        let small = |payload: &Payload<'_>| match payload.access_unit.len() {
            len if len < COALESCE_BELOW => len,
            _ => 0,
        };
        self.payloads.iter().map(|payload| payload.in_band.len() + small(payload)).sum()
    }

    fn traf(&self) -> Result<Traf, MuxError> {
        Ok(Traf {
            tfhd: Tfhd {
                track_id: self.track_id,
                default_base_is_moof: true,
                default_sample_duration: self.common_duration(),
                default_sample_flags: Some(self.default_flags),
                ..Tfhd::default()
            },
            tfdt: Some(Tfdt { base_media_decode_time: self.base_media_decode_time }),
            trun: vec![Trun { data_offset: Some(0), samples: self.entries()?.into() }],
            ..Traf::default()
        })
    }

    /// The duration that all samples share, if they do.
    fn common_duration(&self) -> Option<u32> {
        let first = self.samples.first()?.duration;
        self.samples.iter().all(|sample| sample.duration == first).then_some(first)
    }

    /// Sizes always; duration, flags and composition offset where the defaults do not say them.
    ///
    /// mp4-atom writes a field for every entry as soon as one has it, except flags on the first
    /// entry alone, which become `first_sample_flags`.
    fn entries(&self) -> Result<Vec<TrunEntry>, MuxError> {
        let own_durations = self.common_duration().is_none();
        let own_flags = self.flags().skip(1).any(|flags| flags != self.default_flags);
        let offsets = self.samples.iter().any(|sample| sample.sample.composition_offset != 0);
        let entry = |((sample, payload), flags): ((&TimedSample, &Payload<'_>), u32)| {
            Ok(TrunEntry {
                duration: own_durations.then_some(sample.duration),
                size: Some(field_u32("sample", payload.len())?),
                flags: (own_flags || flags != self.default_flags).then_some(flags),
                cts: offsets.then_some(sample.sample.composition_offset.into()),
            })
        };
        self.samples.iter().zip(&self.payloads).zip(self.flags()).map(entry).collect()
    }

    fn flags(&self) -> impl Iterator<Item = u32> {
        self.samples.iter().map(|sample| match sample.sample.dependency {
            Dependency::Sync => FLAGS_SYNC,
            Dependency::Reference => FLAGS_REFERENCE,
            Dependency::Disposable => FLAGS_DISPOSABLE,
        })
    }
}

fn decode_time(samples: &[TimedSample], track: TrackKind) -> Result<u64, MuxError> {
    let dts = samples.first().map_or(0, |first| first.sample.dts);
    u64::try_from(dts).map_err(|_| MuxError::BeforeZero { track, dts })
}

/// `moof` and the header of the `mdat`. Encoded twice: the data offsets count from the start of
/// the `moof`, whose size they do not change.
fn encode_head(sequence_number: u32, runs: &[Run<'_>]) -> Result<Vec<u8>, MuxError> {
    let traf = runs.iter().map(Run::traf).collect::<Result<_, _>>()?;
    let mut moof = Moof { mfhd: Mfhd { sequence_number }, traf };
    let mut head = Vec::new();
    moof.encode(&mut head)?;

    let mut offset = head.len() + MDAT_HEADER_BYTES;
    for (traf, run) in moof.traf.iter_mut().zip(runs) {
        for trun in &mut traf.trun {
            trun.data_offset = Some(data_offset(offset)?);
        }
        offset += run.bytes();
    }
    head.clear();
    moof.encode(&mut head)?;

    let mdat_bytes = MDAT_HEADER_BYTES + runs.iter().map(Run::bytes).sum::<usize>();
    head.put_u32(field_u32("mdat", mdat_bytes)?);
    head.put_slice(b"mdat");
    Ok(head)
}

fn data_offset(offset: usize) -> Result<i32, MuxError> {
    const LIMIT: u64 = i32::MAX as u64;
    i32::try_from(offset).map_err(|_| MuxError::too_large("data offset", LIMIT, offset))
}

fn field_u32(what: &'static str, value: usize) -> Result<u32, MuxError> {
    u32::try_from(value).map_err(|_| MuxError::too_large(what, u32::MAX.into(), value))
}

/// Gathers small pieces in one buffer and large payloads by reference.
struct BodyWriter {
    chain: ByteChain,
    /// What was copied since the last payload that was referred to.
    scratch: BytesMut,
}

impl BodyWriter {
    fn with_capacity(copied_bytes: usize) -> Self {
        Self { chain: ByteChain::new(), scratch: BytesMut::with_capacity(copied_bytes) }
    }

    fn append(&mut self, payload: &Bytes) {
        if payload.len() < COALESCE_BELOW {
            self.scratch.put_slice(payload);
        } else {
            self.flush();
            self.chain.push(payload.clone());
        }
    }

    fn flush(&mut self) {
        self.chain.push(self.scratch.split().freeze());
    }

    fn finish(mut self) -> ByteChain {
        self.flush();
        self.chain
    }
}
