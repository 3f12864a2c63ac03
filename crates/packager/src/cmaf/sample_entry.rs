//! Sample entries: `avc1`, `hvc1`, `av01`, `mp4a`, `Opus`.
//!
//! | entry | configuration box | standard |
//! |---|---|---|
//! | `avc1` | `avcC` | ISO/IEC 14496-15 §5.4.2 |
//! | `hvc1` | `hvcC` | ISO/IEC 14496-15 §8.4.1 |
//! | `av01` | `av1C` | AV1-ISOBMFF §2.2, §2.3 |
//! | `mp4a` | `esds` | ISO/IEC 14496-14 §6.7 |
//! | `Opus` | `dOps` | Encapsulation of Opus in ISOBMFF §4.3 |
//!
//! Video records are copied, not parsed and written again: a High profile's extension, an unusual
//! reserved bit or a trailing byte arrives as the encoder sent it. `colr` and `pasp` are left out,
//! because the parameter sets say the same and nothing else is known.

use genlock_media::{AudioCodec, AudioConfig, VideoCodec, VideoConfig, opus};
use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor};
use mp4_atom::{Audio, BufMut, Encode, Error, Esds, FixedPoint, Result, Visual};

/// Index of the one `dref` entry: the media is in this file.
const DATA_REFERENCE_INDEX: u16 = 1;
/// `objectTypeIndication`: Audio ISO/IEC 14496-3.
const OBJECT_TYPE_AAC: u8 = 0x40;
/// `streamType`: `AudioStream`.
const STREAM_TYPE_AUDIO: u8 = 0x05;
/// `samplesize` of a compressed sound track.
const SAMPLE_SIZE_BITS: u16 = 16;

/// A configuration that has a sample entry.
pub(super) trait SampleEntry {
    /// Appends the sample entry box.
    fn encode_sample_entry(&self, out: &mut Vec<u8>) -> Result<()>;
}

impl SampleEntry for VideoConfig {
    fn encode_sample_entry(&self, out: &mut Vec<u8>) -> Result<()> {
        let (entry, record) = match self.codec {
            VideoCodec::Avc => (b"avc1", b"avcC"),
            VideoCodec::Hevc => (b"hvc1", b"hvcC"),
            VideoCodec::Av1 => (b"av01", b"av1C"),
        };
        let (width, height) = visual_size(self)?;
        let visual = Visual {
            data_reference_index: DATA_REFERENCE_INDEX,
            width,
            height,
            ..Visual::default()
        };
        out.encode_atom(entry, |out| {
            visual.encode(out)?;
            encode_record(out, record, &self.record)
        })
    }
}

impl SampleEntry for AudioConfig {
    fn encode_sample_entry(&self, out: &mut Vec<u8>) -> Result<()> {
        let audio = Audio {
            data_reference_index: DATA_REFERENCE_INDEX,
            channel_count: self.channels.into(),
            sample_size: SAMPLE_SIZE_BITS,
            sample_rate: sample_rate(self),
        };
        match self.codec {
            AudioCodec::Aac => out.encode_atom(b"mp4a", |out| {
                audio.encode(out)?;
                elementary_stream(self).encode(out)
            }),
            AudioCodec::Opus => {
                let dops = opus::dops_from_head(&self.record)
                    .map_err(|_| Error::InvalidCombination("malformed OpusHead"))?;
                out.encode_atom(b"Opus", |out| {
                    audio.encode(out)?;
                    encode_record(out, b"dOps", &dops)
                })
            }
        }
    }
}

/// Width and height as sample entry and track header hold them.
pub(super) fn visual_size(config: &VideoConfig) -> Result<(u16, u16)> {
    let field = |pixels: u32| u16::try_from(pixels).map_err(|_| Error::InvalidSize);
    Ok((field(config.width)?, field(config.height)?))
}

fn encode_record(out: &mut Vec<u8>, kind: &[u8; 4], record: &[u8]) -> Result<()> {
    out.encode_atom(kind, |out| {
        out.append_slice(record);
        Ok(())
    })
}

/// The 16.16 `samplerate`; a rate that does not fit is written as 0 and read from the timescale and
/// the decoder configuration instead.
fn sample_rate(config: &AudioConfig) -> FixedPoint<u16> {
    FixedPoint::from(u16::try_from(config.timescale.get()).unwrap_or(0))
}

fn elementary_stream(config: &AudioConfig) -> Esds {
    let dec_specific =
        DecoderSpecific { raw: config.record.to_vec(), ..DecoderSpecific::default() };
    Esds {
        es_desc: EsDescriptor {
            dec_config: DecoderConfig {
                object_type_indication: OBJECT_TYPE_AAC,
                stream_type: STREAM_TYPE_AUDIO,
                dec_specific: Some(dec_specific),
                ..DecoderConfig::default()
            },
            ..EsDescriptor::default()
        },
    }
}
