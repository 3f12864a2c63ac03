//! Writing the head of a fragment whose payloads are elsewhere: `moof`, and the header of the `mdat`.

use bytes::{BufMut, Bytes, BytesMut};

use super::boxes::{HEADER_BYTES, boxed};
use super::fragment::{FragmentSamples, NON_SYNC, Run};
use super::{AUDIO, VIDEO};

/// `sample_depends_on` 2: decodes without other samples (ISO/IEC 14496-12 §8.8.3.1).
const SYNC_FLAGS: u32 = 0x0200_0000;
/// `sample_depends_on` 1, `sample_is_non_sync_sample` 1.
const OTHER_FLAGS: u32 = 0x0100_0000 | NON_SYNC;

/// `default-base-is-moof`.
const TFHD_FLAGS: u32 = 0x0002_0000;
/// Version 1 (signed composition offsets); data offset, and duration, size, flags and composition offset of each sample.
const TRUN_FLAGS: u32 = 0x0100_0f01;

/// The head of a fragment that holds `samples`, whose pictures follow it, and the sound behind them. The runs' own
/// offsets are not looked at.
#[must_use]
pub fn fragment_head(sequence: u32, samples: &FragmentSamples) -> Bytes {
    // The data offsets have one length, so the head is as long with those that are right.
    let length = head(sequence, samples, 0).len();
    head(sequence, samples, length)
}

fn head(sequence: u32, samples: &FragmentSamples, length: usize) -> Bytes {
    let mut out = BytesMut::new();
    let video_bytes = samples.video.as_ref().map_or(0, Run::payload_bytes);
    let audio_bytes = samples.audio.as_ref().map_or(0, Run::payload_bytes);
    let begin = number(length);
    boxed(&mut out, b"moof", |out| {
        boxed(out, b"mfhd", |out| {
            out.put_u32(0);
            out.put_u32(sequence);
        });
        if let Some(run) = &samples.video {
            traf(out, VIDEO, run, begin);
        }
        if let Some(run) = &samples.audio {
            traf(out, AUDIO, run, begin.saturating_add(video_bytes));
        }
    });
    out.put_u32(video_bytes.saturating_add(audio_bytes).saturating_add(number(HEADER_BYTES)));
    out.put_slice(b"mdat");
    out.freeze()
}

fn traf(out: &mut BytesMut, track: u32, run: &Run, data_offset: u32) {
    boxed(out, b"traf", |out| {
        boxed(out, b"tfhd", |out| {
            out.put_u32(TFHD_FLAGS);
            out.put_u32(track);
        });
        boxed(out, b"tfdt", |out| {
            out.put_u32(0x0100_0000);
            out.put_i64(run.dts);
        });
        boxed(out, b"trun", |out| {
            out.put_u32(TRUN_FLAGS);
            out.put_u32(number(run.samples.len()));
            out.put_u32(data_offset);
            for sample in &run.samples {
                out.put_u32(sample.duration);
                out.put_u32(sample.bytes);
                out.put_u32(if sample.sync { SYNC_FLAGS } else { OTHER_FLAGS });
                out.put_i32(sample.composition_offset);
            }
        });
    });
}

/// Counts and lengths of one fragment, which is far below 2^32 bytes.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::fragment::{SampleInfo, read_fragment};
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let sample = |bytes, sync, composition_offset| SampleInfo {
            duration: 3_000,
            bytes,
            sync,
            composition_offset,
        };
        let video =
            vec![sample(900, true, 9_000), sample(30, false, -7), sample(31, false, 12_000)];
        let video = Run { dts: 1 << 33, offset: 0, samples: video };
        let audio = Run { dts: 5, offset: 0, samples: vec![sample(180, true, 0); 2] };
        let mut samples = FragmentSamples { video: Some(video), audio: Some(audio) };
        let head = fragment_head(7, &samples);
        let length = u32::try_from(head.len()).unwrap();
        let runs = (samples.video.as_mut().unwrap(), samples.audio.as_mut().unwrap());
        (runs.0.offset, runs.1.offset) = (length, length + 961);
        assert_eq!(read_fragment(&head).unwrap(), samples);
        assert_eq!(head[head.len() - 8..], [0, 0, 5, 49, b'm', b'd', b'a', b't']);
    }
}
