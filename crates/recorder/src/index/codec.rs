//! Records as bytes. Reading never panics and never believes a length beyond its limit.

use bytes::{Buf, BufMut, Bytes, BytesMut, TryGetError};
use genlock_media::EventTime;

use super::entry::{
    AudioTrack, Borrowed, ClipMark, Entry, Fragment, Gap, GapReason, Init, Origin, Repaired,
    TrackSpan, VideoTrack,
};
use crate::limits::RECORD_BYTES_MAX;
use crate::name::RecordingId;

/// The first bytes of every index: what it is, and its version.
pub const MAGIC: &[u8; 8] = b"GLKREC01";

/// Bytes in front of a record's body: length and checksum.
const FRAME_BYTES: usize = 6;

const BEGAN: u8 = 1;
const FILE: u8 = 2;
const INIT: u8 = 3;
const FRAGMENT: u8 = 4;
const GAP: u8 = 5;
const REPAIRED: u8 = 6;
const ENDED: u8 = 7;
const TITLE: u8 = 8;
const ORIGIN: u8 = 9;
const BORROWED: u8 = 10;
const CLIP: u8 = 11;

/// Bytes of a title or a clip's name, so that its record stays below [`RECORD_BYTES_MAX`].
const LONG_TEXT_MAX: usize = 800;

const SYNC: u8 = 1;
const VIDEO: u8 = 2;
const AUDIO: u8 = 4;

/// Appends the record of `entry` to `out`.
pub fn encode(entry: &Entry, out: &mut BytesMut) {
    let mut body = BytesMut::with_capacity(64);
    put(entry, &mut body);
    // Longer codec strings than any standard has are the only way to come here: the record is left out,
    // and a reader finds the same in the file itself.
    let Ok(length) = u16::try_from(body.len()) else { return };
    if body.len() > RECORD_BYTES_MAX {
        return;
    }
    out.put_u16(length);
    out.put_u32(crc32fast::hash(&body));
    out.put_slice(&body);
}

/// The records of an index, in order, until its end or the first that is torn.
#[derive(Debug)]
pub struct Records<'a> {
    index: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    /// The records of `index`; none if it is no index.
    #[must_use]
    pub fn new(index: &'a [u8]) -> Self {
        Self { index, at: if index.starts_with(MAGIC) { MAGIC.len() } else { 0 } }
    }

    /// Bytes of the index up to the end of the newest record that was whole.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// The next body whose checksum is right.
    fn body(&self) -> Option<&'a [u8]> {
        if self.at == 0 {
            return None;
        }
        let mut rest = self.index.get(self.at..)?;
        let length = usize::from(rest.try_get_u16().ok()?);
        let crc = rest.try_get_u32().ok()?;
        let body = rest.get(..length).filter(|_| length <= RECORD_BYTES_MAX)?;
        (crc32fast::hash(body) == crc).then_some(body)
    }
}

impl Iterator for Records<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            let body = self.body()?;
            self.at += FRAME_BYTES + body.len();
            if let Ok(Some(entry)) = get(body) {
                return Some(entry);
            }
        }
    }
}

fn put(entry: &Entry, out: &mut BytesMut) {
    match entry {
        Entry::Began { at, zero_unix_micros } => {
            out.put_u8(BEGAN);
            out.put_i64(at.as_micros());
            out.put_i64(*zero_unix_micros);
        }
        Entry::File { number } => {
            out.put_u8(FILE);
            out.put_u32(*number);
        }
        Entry::Init(init) => put_init(init, out),
        Entry::Fragment(fragment) => put_fragment(fragment, out),
        Entry::Gap(gap) => {
            out.put_u8(GAP);
            out.put_i64(gap.at.as_micros());
            out.put_u8(reason_code(gap.reason));
            out.put_u64(gap.lost);
        }
        Entry::Repaired(repaired) => {
            out.put_u8(REPAIRED);
            out.put_i64(repaired.at.as_micros());
            out.put_u32(repaired.file);
            out.put_u64(repaired.cut);
        }
        Entry::Ended { at } => {
            out.put_u8(ENDED);
            out.put_i64(at.as_micros());
        }
        Entry::Title(title) => {
            out.put_u8(TITLE);
            put_long_text(title, out);
        }
        Entry::Origin(origin) => {
            out.put_u8(ORIGIN);
            out.put_u32(origin.number);
            put_recording(&origin.recording, out);
            out.put_u32(origin.file);
        }
        Entry::Borrowed(borrowed) => {
            out.put_u8(BORROWED);
            out.put_u64(borrowed.offset);
            out.put_u32(borrowed.file);
            out.put_u64(borrowed.from);
            out.put_u64(borrowed.bytes);
        }
        Entry::Clip(clip) => put_clip(clip, out),
    }
}

fn put_clip(clip: &ClipMark, out: &mut BytesMut) {
    out.put_u8(CLIP);
    put_long_text(&clip.name, out);
    put_recording(&clip.recording, out);
    out.put_i64(clip.shift_90k);
    for at in [clip.asked.0, clip.asked.1, clip.got.0, clip.got.1] {
        out.put_i64(at.as_micros());
    }
}

fn put_recording(id: &RecordingId, out: &mut BytesMut) {
    out.put_u64(id.began());
    put_text(id.name(), out);
}

/// As much of `text` as fits into a record.
fn put_long_text(text: &str, out: &mut BytesMut) {
    let text = text.get(..text.floor_char_boundary(LONG_TEXT_MAX)).unwrap_or_default();
    out.put_u16(u16::try_from(text.len()).unwrap_or(0));
    out.put_slice(text.as_bytes());
}

fn put_init(init: &Init, out: &mut BytesMut) {
    out.put_u8(INIT);
    out.put_u64(init.offset);
    out.put_u32(init.bytes);
    out.put_u32(init.crc);
    let has_video = if init.video.is_some() { VIDEO } else { 0 };
    let has_audio = if init.audio.is_some() { AUDIO } else { 0 };
    out.put_u8(has_video | has_audio);
    if let Some(video) = &init.video {
        put_text(&video.codec, out);
        out.put_u32(video.width);
        out.put_u32(video.height);
    }
    if let Some(audio) = &init.audio {
        put_text(&audio.codec, out);
        out.put_u32(audio.timescale);
        out.put_u8(audio.channels);
    }
}

fn put_fragment(fragment: &Fragment, out: &mut BytesMut) {
    out.put_u8(FRAGMENT);
    out.put_u64(fragment.offset);
    out.put_u32(fragment.bytes);
    out.put_u32(fragment.crc);
    let sync = if fragment.sync { SYNC } else { 0 };
    let video = if fragment.video.is_some() { VIDEO } else { 0 };
    let audio = if fragment.audio.is_some() { AUDIO } else { 0 };
    out.put_u8(sync | video | audio);
    for span in fragment.video.iter().chain(&fragment.audio) {
        out.put_i64(span.dts);
        out.put_u32(span.duration);
        out.put_i32(span.composition_offset);
    }
}

fn put_text(text: &str, out: &mut BytesMut) {
    let bytes = text.as_bytes().get(..255).unwrap_or(text.as_bytes());
    out.put_u8(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.put_slice(bytes);
}

/// `None` for a kind that is not known.
fn get(mut body: &[u8]) -> Result<Option<Entry>, TryGetError> {
    let body = &mut body;
    Ok(Some(match body.try_get_u8()? {
        BEGAN => Entry::Began { at: get_time(body)?, zero_unix_micros: body.try_get_i64()? },
        FILE => Entry::File { number: body.try_get_u32()? },
        INIT => Entry::Init(get_init(body)?),
        FRAGMENT => Entry::Fragment(get_fragment(body)?),
        GAP => {
            let (at, code) = (get_time(body)?, body.try_get_u8()?);
            Entry::Gap(Gap { at, reason: reason_of(code), lost: body.try_get_u64()? })
        }
        REPAIRED => Entry::Repaired(Repaired {
            at: get_time(body)?,
            file: body.try_get_u32()?,
            cut: body.try_get_u64()?,
        }),
        ENDED => Entry::Ended { at: get_time(body)? },
        TITLE => Entry::Title(get_long_text(body)?),
        ORIGIN => {
            let (number, recording) = (body.try_get_u32()?, get_recording(body)?);
            let Some(recording) = recording else { return Ok(None) };
            Entry::Origin(Origin { number, recording, file: body.try_get_u32()? })
        }
        BORROWED => Entry::Borrowed(Borrowed {
            offset: body.try_get_u64()?,
            file: body.try_get_u32()?,
            from: body.try_get_u64()?,
            bytes: body.try_get_u64()?,
        }),
        CLIP => return get_clip(body),
        _ => return Ok(None),
    }))
}

/// `None` if its recording has a name that is none.
fn get_clip(body: &mut &[u8]) -> Result<Option<Entry>, TryGetError> {
    let (name, recording) = (get_long_text(body)?, get_recording(body)?);
    let shift_90k = body.try_get_i64()?;
    let asked = (get_time(body)?, get_time(body)?);
    let got = (get_time(body)?, get_time(body)?);
    Ok(recording.map(|recording| Entry::Clip(ClipMark { name, recording, shift_90k, asked, got })))
}

fn get_recording(body: &mut &[u8]) -> Result<Option<RecordingId>, TryGetError> {
    let began = body.try_get_u64()?;
    Ok(RecordingId::new(began, &get_text(body)?))
}

fn get_init(body: &mut &[u8]) -> Result<Init, TryGetError> {
    let (offset, bytes, crc) = (body.try_get_u64()?, body.try_get_u32()?, body.try_get_u32()?);
    let flags = body.try_get_u8()?;
    let mut init = Init { offset, bytes, crc, video: None, audio: None };
    if flags & VIDEO != 0 {
        let codec = get_text(body)?;
        let (width, height) = (body.try_get_u32()?, body.try_get_u32()?);
        init.video = Some(VideoTrack { codec, width, height });
    }
    if flags & AUDIO != 0 {
        let codec = get_text(body)?;
        let (timescale, channels) = (body.try_get_u32()?, body.try_get_u8()?);
        init.audio = Some(AudioTrack { codec, timescale, channels });
    }
    Ok(init)
}

fn get_fragment(body: &mut &[u8]) -> Result<Fragment, TryGetError> {
    let (offset, bytes, crc) = (body.try_get_u64()?, body.try_get_u32()?, body.try_get_u32()?);
    let flags = body.try_get_u8()?;
    let video = (flags & VIDEO != 0).then(|| get_span(body)).transpose()?;
    let audio = (flags & AUDIO != 0).then(|| get_span(body)).transpose()?;
    Ok(Fragment { offset, bytes, crc, sync: flags & SYNC != 0, video, audio })
}

fn get_span(body: &mut &[u8]) -> Result<TrackSpan, TryGetError> {
    Ok(TrackSpan {
        dts: body.try_get_i64()?,
        duration: body.try_get_u32()?,
        composition_offset: body.try_get_i32()?,
    })
}

fn get_time(body: &mut &[u8]) -> Result<EventTime, TryGetError> {
    body.try_get_i64().map(EventTime::from_micros)
}

fn get_text(body: &mut &[u8]) -> Result<String, TryGetError> {
    let length = usize::from(body.try_get_u8()?);
    get_letters(body, length)
}

fn get_long_text(body: &mut &[u8]) -> Result<String, TryGetError> {
    let length = usize::from(body.try_get_u16()?);
    get_letters(body, length)
}

fn get_letters(body: &mut &[u8], length: usize) -> Result<String, TryGetError> {
    // A record holds no longer one.
    let mut text = vec![0; length.min(RECORD_BYTES_MAX)];
    body.try_copy_to_slice(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

const fn reason_code(reason: GapReason) -> u8 {
    match reason {
        GapReason::Reconnect => 0,
        GapReason::Overrun => 1,
        GapReason::Refused => 2,
        GapReason::Paused => 3,
        GapReason::Restart => 4,
    }
}

/// A reason that a later build has is a pause to this one.
const fn reason_of(code: u8) -> GapReason {
    match code {
        0 => GapReason::Reconnect,
        1 => GapReason::Overrun,
        2 => GapReason::Refused,
        4 => GapReason::Restart,
        _ => GapReason::Paused,
    }
}

/// An index that holds `entries`.
#[must_use]
pub(crate) fn encode_all<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Bytes {
    let mut out = BytesMut::new();
    for entry in entries {
        encode(entry, &mut out);
    }
    out.freeze()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> Vec<Entry> {
        let at = EventTime::from_millis(3_600_000);
        let span = TrackSpan { dts: 1 << 33, duration: 90_000, composition_offset: -9 };
        let camera = RecordingId::new(1_764_000_000, "cam").unwrap();
        let video = VideoTrack { codec: "avc1.64001f".into(), width: 1920, height: 1080 };
        let audio = AudioTrack { codec: "mp4a.40.2".into(), timescale: 48_000, channels: 2 };
        let fragment = Fragment {
            offset: 1 << 40,
            bytes: 7,
            crc: 9,
            sync: true,
            video: Some(span),
            audio: None,
        };
        vec![
            Entry::Began { at, zero_unix_micros: -5 },
            Entry::File { number: 1 },
            Entry::Init(Init {
                offset: 0,
                bytes: 1200,
                crc: 3,
                video: Some(video),
                audio: Some(audio),
            }),
            Entry::Fragment(fragment),
            Entry::Fragment(Fragment { sync: false, video: None, audio: Some(span), ..fragment }),
            Entry::Gap(Gap { at, reason: GapReason::Overrun, lost: 12 }),
            Entry::Repaired(Repaired { at, file: 2, cut: 77 }),
            Entry::Ended { at },
            Entry::Title("Anna & Béla".into()),
            Entry::Origin(Origin { number: 2, recording: camera.clone(), file: 7 }),
            Entry::Borrowed(Borrowed { offset: 900, file: 2, from: 1 << 40, bytes: 5 }),
            Entry::Clip(ClipMark {
                name: "Altar".into(),
                recording: camera,
                shift_90k: -90_000,
                asked: (at, EventTime::from_millis(3_700_000)),
                got: (EventTime::from_millis(-1), at),
            }),
        ]
    }

    fn index(entries: &[Entry]) -> Vec<u8> {
        [MAGIC.as_slice(), &encode_all(entries)].concat()
    }

    #[test]
    fn what_was_written_is_read() {
        let entries = entries();
        let index = index(&entries);
        let mut records = Records::new(&index);
        assert_eq!(records.by_ref().collect::<Vec<_>>(), entries);
        assert_eq!(records.position(), index.len());
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_between_letters() {
        let title = |letters: usize| Entry::Title("é".repeat(letters));
        let index = index(&[title(900), title(1)]);
        assert_eq!(Records::new(&index).collect::<Vec<_>>(), [title(400), title(1)]);
    }

    #[test]
    fn every_reason_survives() {
        use GapReason::{Overrun, Paused, Reconnect, Refused, Restart};
        for reason in [Reconnect, Overrun, Refused, Paused, Restart] {
            assert_eq!(reason_of(reason_code(reason)), reason);
        }
    }

    #[test]
    fn a_cut_at_any_byte_leaves_the_records_before_it() {
        let entries = entries();
        let whole = index(&entries);
        for cut in 0..whole.len() {
            let mut records = Records::new(&whole[..cut]);
            let read: Vec<Entry> = records.by_ref().collect();
            assert!(entries.starts_with(&read));
            assert!(records.position() <= cut);
            assert_eq!(index(&read).len(), records.position().max(MAGIC.len()));
        }
    }

    #[test]
    fn a_kind_of_a_later_build_is_passed_over() {
        let mut index = MAGIC.to_vec();
        let body = [200, 1, 2, 3];
        index.extend_from_slice(&[0, 4]);
        index.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
        index.extend_from_slice(&body);
        let file = Entry::File { number: 1 };
        index.extend_from_slice(&encode_all([&file]));
        assert_eq!(Records::new(&index).collect::<Vec<_>>(), [file]);
    }

    proptest! {
        #[test]
        fn a_flipped_byte_ends_the_index_there(at in 0usize..1000, flip in 1u8..) {
            let entries = entries();
            let mut index = index(&entries);
            let at = at % index.len();
            index[at] ^= flip;
            let read: Vec<Entry> = Records::new(&index).collect();
            prop_assert!(entries.starts_with(&read) && read.len() < entries.len());
        }

        #[test]
        fn noise_is_read_without_panic(mut noise in proptest::collection::vec(any::<u8>(), 0..400)) {
            noise.splice(0..0, MAGIC.iter().copied());
            let _ = Records::new(&noise).count();
        }
    }
}
