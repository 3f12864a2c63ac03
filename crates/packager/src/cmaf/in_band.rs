//! Parameter sets in band: what is written before the payload of a sync sample.
//!
//! AVC and HEVC take NAL units with 4-byte lengths, the same length size that the sample entry
//! declares. AV1 takes the configuration OBUs as they are, unless the temporal unit brings a
//! sequence header of its own (AV1-ISOBMFF §2.4: a sync sample starts with one).

use bytes::{BufMut, Bytes, BytesMut};
use genlock_media::{Dependency, Sample, VideoCodec, VideoConfig, nal};

use crate::mux::MuxError;

/// `OBU_SEQUENCE_HEADER` (AV1 §6.2.2).
const OBU_SEQUENCE_HEADER: u8 = 1;

/// The parameter sets that precede one sample; empty for most.
#[derive(Debug, Clone, Copy)]
pub(super) struct InBand<'a> {
    sets: &'a [Bytes],
    length_bytes: usize,
}

impl<'a> InBand<'a> {
    pub(super) const NONE: Self = Self { sets: &[], length_bytes: 0 };

    /// What `config` asks for before `sample`.
    pub(super) fn before(sample: &Sample, config: &'a VideoConfig) -> Self {
        if sample.dependency != Dependency::Sync {
            return Self::NONE;
        }
        let sets = config.parameter_sets.as_slice();
        match config.codec {
            VideoCodec::Avc | VideoCodec::Hevc => Self { sets, length_bytes: nal::LENGTH_SIZE },
            VideoCodec::Av1 if starts_with_sequence_header(&sample.payload) => Self::NONE,
            VideoCodec::Av1 => Self { sets, length_bytes: 0 },
        }
    }

    /// Bytes that [`InBand::write`] writes.
    pub(super) fn len(self) -> usize {
        self.sets.iter().map(|set| self.length_bytes + set.len()).sum()
    }

    /// Appends the sets to `out`.
    ///
    /// # Errors
    /// When a set is longer than its length field can say.
    pub(super) fn write(self, out: &mut BytesMut) -> Result<(), MuxError> {
        for set in self.sets {
            if self.length_bytes == nal::LENGTH_SIZE {
                let length = u32::try_from(set.len()).map_err(|_| {
                    MuxError::too_large("parameter set", u64::from(u32::MAX), set.len())
                })?;
                out.put_u32(length);
            }
            out.put_slice(set);
        }
        Ok(())
    }
}

/// The sequence header is the first OBU of a temporal unit that has one, since the temporal
/// delimiter is not part of a sample (AV1 §7.5).
fn starts_with_sequence_header(temporal_unit: &[u8]) -> bool {
    temporal_unit.first().is_some_and(|header| (header >> 3) & 0x0F == OBU_SEQUENCE_HEADER)
}
