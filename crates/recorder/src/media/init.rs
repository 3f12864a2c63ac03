//! The tracks of an init section.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use genlock_media::{AudioConfig, VideoConfig};

use super::boxes::{HEADER_BYTES, children, find, header};

/// Bytes of a sample entry in front of its boxes (ISO/IEC 14496-12 §12.1.3, §12.2.3).
const VISUAL_BYTES: usize = 78;
const SOUND_BYTES: usize = 28;

/// What an init section describes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tracks {
    /// Its pictures.
    pub video: Option<VideoConfig>,
    /// Its sound.
    pub audio: Option<AudioConfig>,
}

/// Reads `ftyp` and `moov`; `None` if they are not whole, or hold no track of ours.
#[must_use]
pub fn read_init(data: &[u8]) -> Option<Tracks> {
    let mut tracks = Tracks::default();
    for entry in sample_entries(data) {
        let kind = header(entry)?.kind;
        match &kind {
            b"avc1" => {
                tracks.video = VideoConfig::from_avcc(&record(entry, VISUAL_BYTES, b"avcC")?).ok()
            }
            b"hvc1" => {
                tracks.video = VideoConfig::from_hvcc(&record(entry, VISUAL_BYTES, b"hvcC")?).ok()
            }
            b"av01" => {
                tracks.video = VideoConfig::from_av1c(&record(entry, VISUAL_BYTES, b"av1C")?).ok()
            }
            b"mp4a" => {
                let asc = decoder_specific(&record(entry, SOUND_BYTES, b"esds")?)?;
                tracks.audio = AudioConfig::from_asc(&asc).ok();
            }
            b"Opus" => {
                let head = opus_head(&record(entry, SOUND_BYTES, b"dOps")?)?;
                tracks.audio = AudioConfig::from_opus_head(&head).ok();
            }
            _ => {}
        }
    }
    (tracks.video.is_some() || tracks.audio.is_some()).then_some(tracks)
}

/// The sample entries of an init section's tracks, each a whole box, in the order of the tracks.
#[must_use]
pub fn sample_entries(data: &[u8]) -> Vec<&[u8]> {
    let Some(moov) = find(data, &[b"moov"]) else { return Vec::new() };
    let tracks = children(moov).filter(|(kind, _)| kind == b"trak");
    tracks
        .filter_map(|(_, trak)| {
            let stsd = find(trak, &[b"mdia", b"minf", b"stbl", b"stsd"])?;
            // Version, flags and the number of entries, of which there is one.
            let entry = stsd.get(8..)?;
            entry.get(..header(entry)?.bytes as usize)
        })
        .collect()
}

/// The body of the box `kind` in a sample entry that has `fields` bytes of its own.
fn record(entry: &[u8], fields: usize, kind: &[u8; 4]) -> Option<Bytes> {
    let body = find(entry.get(HEADER_BYTES + fields..)?, &[kind])?;
    Some(Bytes::copy_from_slice(body))
}

/// The `AudioSpecificConfig` in an `esds` (ISO/IEC 14496-14 §6.7.2): the descriptor with tag 5 inside of 4
/// inside of 3.
fn decoder_specific(esds: &[u8]) -> Option<Bytes> {
    let stream = descriptor(esds.get(4..)?, 3)?;
    // ES_ID and flags, none of which is set; then object type, stream type, buffer size and bit rates.
    let decoder = descriptor(stream.get(3..)?, 4)?;
    descriptor(decoder.get(13..)?, 5).map(Bytes::copy_from_slice)
}

/// The body of the first descriptor, if it has `tag`.
fn descriptor(mut data: &[u8], tag: u8) -> Option<&[u8]> {
    (data.try_get_u8().ok()? == tag).then_some(())?;
    let mut length = 0usize;
    for _ in 0..4 {
        let byte = data.try_get_u8().ok()?;
        length = (length << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return data.get(..length);
        }
    }
    None
}

/// The identification header (RFC 7845 §5.1, little-endian) of a `dOps` (big-endian).
fn opus_head(mut dops: &[u8]) -> Option<Bytes> {
    let mut head = BytesMut::from(b"OpusHead\x01".as_slice());
    let _version = dops.try_get_u8().ok()?;
    head.put_u8(dops.try_get_u8().ok()?);
    head.put_u16_le(dops.try_get_u16().ok()?);
    head.put_u32_le(dops.try_get_u32().ok()?);
    head.put_u16_le(dops.try_get_u16().ok()?);
    head.put_slice(dops);
    Some(head.freeze())
}

#[cfg(test)]
mod tests {
    use genlock_packager::cmaf;

    use super::*;

    #[test]
    fn the_sound_of_an_init_section_is_read_back() {
        let head = Bytes::from_static(b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0");
        for audio in [AudioConfig::default_aac(), AudioConfig::from_opus_head(&head).unwrap()] {
            let init = cmaf::init_section(None, Some(&audio)).unwrap();
            let tracks = read_init(&init).unwrap();
            assert_eq!(tracks, Tracks { video: None, audio: Some(audio) });
            assert_eq!(read_init(&init[..init.len() - 1]), None);
        }
    }
}
