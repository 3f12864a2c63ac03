//! The parts that enhanced audio and video headers share: ModEx prefixes and multitrack framing.
//!
//! ```text
//! enhanced header = flags/packet type (1 byte)
//!                   { ModEx: size (1 or 1+2 bytes), data, ModEx type / packet type (1 byte) }*
//!                   [ multitrack: type / packet type (1 byte) ]
//!                   [ FourCC (4 bytes), unless every track has its own ]
//!                   { [ FourCC ] [ track id (1 byte) ] [ size (3 bytes) ] body }+
//! ```

use bytes::{Buf, Bytes};

use super::{FlvError, FourCc, TagTracks};
use crate::limits::{FLV_MOD_EX_MAX, FLV_TRACKS_MAX};

/// Packet type of a ModEx prefix, the same number for audio and video.
pub(super) const MOD_EX: u8 = 7;
/// `VideoPacketModExType.TimestampOffsetNano` and its audio twin.
const MOD_EX_TIMESTAMP_OFFSET_NANO: u8 = 0;

/// `AvMultitrackType` (E-RTMP v2, "Multitrack").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Multitrack {
    OneTrack = 0,
    ManyTracks = 1,
    ManyTracksManyCodecs = 2,
}

impl TryFrom<u8> for Multitrack {
    type Error = FlvError;

    fn try_from(value: u8) -> Result<Self, FlvError> {
        match value {
            0 => Ok(Self::OneTrack),
            1 => Ok(Self::ManyTracks),
            2 => Ok(Self::ManyTracksManyCodecs),
            other => Err(FlvError::MultitrackType(other)),
        }
    }
}

/// What the ModEx prefixes said, and the packet type behind them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Modified {
    pub(super) packet_type: u8,
    pub(super) timestamp_nano_offset: u32,
}

/// Reads ModEx prefixes until another packet type shows up. Unknown modifiers are skipped by their
/// size.
pub(super) fn read_mod_ex(cursor: &mut Bytes, packet_type: u8) -> Result<Modified, FlvError> {
    let mut modified = Modified { packet_type, timestamp_nano_offset: 0 };
    for _ in 0..FLV_MOD_EX_MAX {
        if modified.packet_type != MOD_EX {
            return Ok(modified);
        }
        let data = read_mod_ex_data(cursor)?;
        let next = read_u8(cursor, "ModEx type")?;
        if next >> 4 == MOD_EX_TIMESTAMP_OFFSET_NANO
            && let Some(&[a, b, c]) = data.first_chunk::<3>()
        {
            modified.timestamp_nano_offset = u32::from_be_bytes([0, a, b, c]);
        }
        modified.packet_type = next & 0x0F;
    }
    if modified.packet_type == MOD_EX {
        return Err(FlvError::TooManyModEx(FLV_MOD_EX_MAX));
    }
    Ok(modified)
}

/// "Determine the size of the packet ModEx data (ranging from 1 to 256 bytes) … If maximum 8-bit
/// size is not sufficient, use a 16-bit value": both sizes are stored less one.
fn read_mod_ex_data(cursor: &mut Bytes) -> Result<Bytes, FlvError> {
    let mut size = usize::from(read_u8(cursor, "ModEx size")?).saturating_add(1);
    if size == 256 {
        let long = cursor.try_get_u16().map_err(|_| FlvError::Truncated("ModEx size"))?;
        size = usize::from(long).saturating_add(1);
    }
    read_bytes(cursor, size, "ModEx data")
}

/// One track as the framing delivers it, before the codec-specific header fields.
#[derive(Debug)]
pub(super) struct TrackBody {
    pub(super) four_cc: FourCc,
    pub(super) track: u8,
    pub(super) body: Bytes,
}

/// Splits what follows the packet type into tracks and lets `tag` read each of them.
pub(super) fn read_tracks<T>(
    cursor: &mut Bytes,
    multitrack: Option<Multitrack>,
    tag: impl Fn(TrackBody) -> Result<T, FlvError>,
) -> Result<TagTracks<T>, FlvError> {
    let shared = match multitrack {
        Some(Multitrack::ManyTracksManyCodecs) => None,
        _ => Some(read_four_cc(cursor)?),
    };
    let mut tags = TagTracks::single(tag(read_track(cursor, multitrack, shared)?)?);
    // A track with an explicit size may have a successor; the others ran to the end of the message.
    while cursor.has_remaining() {
        if tags.len() == FLV_TRACKS_MAX {
            return Err(FlvError::TooManyTracks(FLV_TRACKS_MAX));
        }
        tags.push(tag(read_track(cursor, multitrack, shared)?)?);
    }
    Ok(tags)
}

fn read_track(
    cursor: &mut Bytes,
    multitrack: Option<Multitrack>,
    shared: Option<FourCc>,
) -> Result<TrackBody, FlvError> {
    let four_cc = match shared {
        Some(four_cc) => four_cc,
        None => read_four_cc(cursor)?,
    };
    let track = match multitrack {
        Some(_) => read_u8(cursor, "track id")?,
        None => 0,
    };
    let body = match multitrack {
        Some(Multitrack::ManyTracks | Multitrack::ManyTracksManyCodecs) => read_sized(cursor)?,
        Some(Multitrack::OneTrack) | None => cursor.split_off(0),
    };
    Ok(TrackBody { four_cc, track, body })
}

fn read_sized(cursor: &mut Bytes) -> Result<Bytes, FlvError> {
    let size = read_u24(cursor, "track size")?;
    let left = cursor.remaining();
    let too_long = FlvError::TrackTooLong { claimed: size, left };
    let len = usize::try_from(size).map_err(|_| too_long)?;
    if len > left {
        return Err(too_long);
    }
    Ok(cursor.split_to(len))
}

pub(super) fn read_u8(cursor: &mut Bytes, what: &'static str) -> Result<u8, FlvError> {
    cursor.try_get_u8().map_err(|_| FlvError::Truncated(what))
}

fn read_four_cc(cursor: &mut Bytes) -> Result<FourCc, FlvError> {
    let raw = cursor.try_get_u32().map_err(|_| FlvError::Truncated("FourCC"))?;
    Ok(FourCc(raw.to_be_bytes()))
}

fn read_u24(cursor: &mut Bytes, what: &'static str) -> Result<u32, FlvError> {
    let mut raw = [0; 3];
    cursor.try_copy_to_slice(&mut raw).map_err(|_| FlvError::Truncated(what))?;
    let [a, b, c] = raw;
    Ok(u32::from_be_bytes([0, a, b, c]))
}

/// A signed 24-bit number, as composition times are stored.
pub(super) fn read_i24(cursor: &mut Bytes, what: &'static str) -> Result<i32, FlvError> {
    let unsigned = read_u24(cursor, what)?;
    // The sign bit is moved to bit 31 and smeared back.
    Ok((unsigned << 8).cast_signed() >> 8)
}

fn read_bytes(cursor: &mut Bytes, len: usize, what: &'static str) -> Result<Bytes, FlvError> {
    if len > cursor.remaining() {
        return Err(FlvError::Truncated(what));
    }
    Ok(cursor.split_to(len))
}
