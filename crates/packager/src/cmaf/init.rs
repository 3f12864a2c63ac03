//! The init section: `ftyp` and `moov` (ISO/IEC 14496-12 §4.3, §8.2).

use bytes::Bytes;
use genlock_media::{AudioConfig, VideoConfig};
use mp4_atom::{
    BufMut, Dinf, Dref, Encode, FixedPoint, FourCC, Ftyp, Hdlr, Mdhd, Mvex, Mvhd, Smhd, Stco, Stsc,
    Stsz, Stts, Tkhd, Trex, Url, Vmhd,
};

use super::sample_entry::{SampleEntry, visual_size};
use super::{AUDIO_TRACK_ID, COMPATIBLE_BRANDS, MAJOR_BRAND, VIDEO_TRACK_ID, fragment};
use crate::mux::MuxError;

/// Language of a track whose language nobody stated.
const UNDETERMINED: &str = "und";

/// Writes the init section for the given tracks.
///
/// Equal configurations give equal bytes. The decoder configuration record goes into the sample
/// entry byte for byte, so that a player compares what the encoder said.
///
/// # Errors
/// When no track is given, or a record does not fit its box.
pub fn init_section(
    video: Option<&VideoConfig>,
    audio: Option<&AudioConfig>,
) -> Result<Bytes, MuxError> {
    let tracks: Vec<Track<'_>> =
        video.map(Track::Video).into_iter().chain(audio.map(Track::Audio)).collect();
    if tracks.is_empty() {
        return Err(MuxError::NoTrack);
    }

    let mut out = Vec::new();
    Ftyp {
        major_brand: MAJOR_BRAND,
        minor_version: 0,
        compatible_brands: COMPATIBLE_BRANDS.to_vec(),
    }
    .encode(&mut out)?;
    // mp4-atom would write `mvex` before the tracks that it extends; CMAF lists it after them.
    out.encode_atom(b"moov", |out| {
        movie_header().encode(out)?;
        for track in &tracks {
            track.encode(out)?;
        }
        Mvex { mehd: None, trex: tracks.iter().map(Track::defaults).collect() }.encode(out)
    })?;
    Ok(out.into())
}

fn movie_header() -> Mvhd {
    Mvhd {
        rate: FixedPoint::from(1),
        volume: FixedPoint::from(1),
        next_track_id: AUDIO_TRACK_ID + 1,
        ..Mvhd::default()
    }
}

/// One `trak`.
enum Track<'a> {
    Video(&'a VideoConfig),
    Audio(&'a AudioConfig),
}

impl Track<'_> {
    const fn id(&self) -> u32 {
        match self {
            Self::Video(_) => VIDEO_TRACK_ID,
            Self::Audio(_) => AUDIO_TRACK_ID,
        }
    }

    fn defaults(&self) -> Trex {
        Trex {
            track_id: self.id(),
            default_sample_description_index: 1,
            default_sample_flags: match self {
                Self::Video(_) => fragment::FLAGS_REFERENCE,
                Self::Audio(_) => fragment::FLAGS_SYNC,
            },
            ..Trex::default()
        }
    }

    /// Nested by hand because mp4-atom's `Stsd` only takes records that it has parsed itself.
    fn encode(&self, out: &mut Vec<u8>) -> mp4_atom::Result<()> {
        out.encode_atom(b"trak", |out| {
            self.track_header()?.encode(out)?;
            out.encode_atom(b"mdia", |out| {
                self.media_header().encode(out)?;
                self.handler().encode(out)?;
                out.encode_atom(b"minf", |out| self.encode_media_information(out))
            })
        })
    }

    fn track_header(&self) -> mp4_atom::Result<Tkhd> {
        let mut header =
            Tkhd { track_id: self.id(), enabled: true, in_movie: true, ..Tkhd::default() };
        match self {
            Self::Video(config) => {
                let (width, height) = visual_size(config)?;
                header.width = width.into();
                header.height = height.into();
            }
            Self::Audio(_) => header.volume = FixedPoint::from(1),
        }
        Ok(header)
    }

    fn media_header(&self) -> Mdhd {
        let timescale = match self {
            Self::Video(_) => genlock_media::Timescale::VIDEO,
            Self::Audio(config) => config.timescale,
        };
        Mdhd { timescale: timescale.get(), language: UNDETERMINED.into(), ..Mdhd::default() }
    }

    fn handler(&self) -> Hdlr {
        let (handler, name) = match self {
            Self::Video(_) => (b"vide", "video"),
            Self::Audio(_) => (b"soun", "audio"),
        };
        Hdlr { handler: FourCC::new(handler), name: name.into() }
    }

    fn encode_media_information(&self, out: &mut Vec<u8>) -> mp4_atom::Result<()> {
        match self {
            Self::Video(_) => Vmhd::default().encode(out)?,
            Self::Audio(_) => Smhd::default().encode(out)?,
        }
        Dinf { dref: Dref { entries: vec![Url::default().into()] } }.encode(out)?;
        out.encode_atom(b"stbl", |out| {
            self.encode_sample_description(out)?;
            Stts::default().encode(out)?;
            Stsc::default().encode(out)?;
            Stsz::default().encode(out)?;
            Stco::default().encode(out)
        })
    }

    fn encode_sample_description(&self, out: &mut Vec<u8>) -> mp4_atom::Result<()> {
        out.encode_atom(b"stsd", |out| {
            0u32.encode(out)?; // version and flags
            1u32.encode(out)?; // entry_count
            match self {
                Self::Video(config) => config.encode_sample_entry(out),
                Self::Audio(config) => config.encode_sample_entry(out),
            }
        })
    }
}
