//! What a crash leaves behind, made whole: pure over the bytes of index and files.
//!
//! ```text
//! index   B F I f f f f f│torn          records that are whole, and whose media is
//! file    ftyp moov [moof mdat]*│[moof mdat]│[moof mda
//!                               told ─┘     └ found  └ cut off
//! ```
//!
//! 1. The index is kept up to its first torn record, or the first whose bytes in the file are missing or
//!    differ (only the newest [`VERIFIED_MAX`] are compared; what is older was made durable long ago).
//! 2. What the file holds whole beyond that is found again by reading its boxes, and told in new records.
//! 3. The rest is cut off, and told: also what has other bytes than were written, however whole it looks.

use bytes::Bytes;
use genlock_media::EventTime;

use crate::index::{AudioTrack, Entry, Fragment, Init, MAGIC, Records, Repaired, VideoTrack};
use crate::limits::{FRAGMENT_BYTES_MAX, INIT_BYTES_MAX, VERIFIED_MAX};
use crate::media::{BoxHeader, header, read_fragment, read_init};

/// The media files of a recording, as the repair wants to read them.
pub trait MediaFiles {
    /// Length of the file with this number, `None` if there is none.
    fn bytes(&self, file: u32) -> Option<u64>;

    /// `length` bytes of a file from `offset` on, `None` if it does not have them all.
    fn read(&self, file: u32, offset: u64, length: u32) -> Option<Bytes>;

    /// Whether it was whole, and was taken over by an object store: then the index is believed.
    fn is_elsewhere(&self, file: u32) -> bool;
}

/// What is to be done so that index and files agree again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repair {
    /// Bytes of the index that stay. 0: it has to be written anew, beginning with [`MAGIC`].
    pub keep_index: u64,
    /// Records to be appended then.
    pub append: Vec<Entry>,
    /// Files that are longer than what can be read of them: number, and bytes that stay.
    pub truncate: Vec<(u32, u64)>,
}

impl Repair {
    /// Whether everything was whole.
    #[must_use]
    pub fn is_nothing(&self, index_bytes: u64) -> bool {
        self.keep_index == index_bytes && self.append.is_empty() && self.truncate.is_empty()
    }
}

/// Finds what is to be done. `now` and `zero_unix_micros` are written where the index has lost them.
#[must_use]
pub fn repair(
    index: &[u8],
    files: &dyn MediaFiles,
    now: EventTime,
    zero_unix_micros: i64,
) -> Repair {
    let told = Some(told(index, files)).filter(|told| told.began);
    let mut repair = Repair::default();
    // Of an index that does not tell when it began nothing is kept: then the files are read from their beginning.
    if told.is_none() {
        repair.append.push(Entry::Began { at: now, zero_unix_micros });
    }
    let told = told.unwrap_or_default();
    repair.keep_index = told.keep;
    let (mut file, mut offset, mut damaged) = (told.file, told.offset, told.damaged);
    loop {
        if file > 0
            && let Some(bytes) = files.bytes(file)
        {
            let found = if damaged { Found::nothing(offset) } else { found(files, file, offset) };
            repair.append.extend(found.entries);
            if found.end < bytes {
                let cut = bytes - found.end;
                repair.append.push(Entry::Repaired(Repaired { at: now, file, cut }));
                repair.truncate.push((file, found.end));
            }
        }
        // The newest files may be there without the index having come to them.
        let Some(next) = file.checked_add(1) else { return repair };
        (file, offset, damaged) = (next, 0, false);
        match files.bytes(file) {
            Some(_) => repair.append.push(Entry::File { number: file }),
            None => return repair,
        }
    }
}

/// How far an index can be believed.
#[derive(Default)]
struct Told {
    keep: u64,
    began: bool,
    file: u32,
    offset: u64,
    /// What follows in this file has another checksum than it was written with: its boxes may look whole.
    damaged: bool,
}

/// A record, where it ends in the index, and which media it tells of.
struct Claim {
    ends: u64,
    file: u32,
    /// Offset, length, checksum.
    media: Option<(u64, u32, u32)>,
    began: bool,
}

fn told(index: &[u8], files: &dyn MediaFiles) -> Told {
    let claims = claims(index);
    let verified = claims
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, claim)| claim.media.is_some())
        .nth(VERIFIED_MAX - 1)
        .map_or(0, |(at, _)| at);
    let sound = |claim: &Claim| {
        claim.media.is_none_or(|(offset, bytes, crc)| {
            let media = || files.read(claim.file, offset, bytes);
            files.is_elsewhere(claim.file)
                || media().is_some_and(|media| crc32fast::hash(&media) == crc)
        })
    };
    let mut told = Told::default();
    for (at, claim) in claims.iter().enumerate() {
        if claim.file != told.file {
            (told.file, told.offset) = (claim.file, 0);
        }
        if at >= verified && !sound(claim) {
            told.damaged = true;
            break;
        }
        told.keep = claim.ends;
        told.began |= claim.began;
        if let Some((offset, bytes, _)) = claim.media {
            told.offset = offset.saturating_add(bytes.into());
        }
    }
    told
}

fn claims(index: &[u8]) -> Vec<Claim> {
    let mut records = Records::new(index);
    let (mut claims, mut file) = (Vec::new(), 0);
    while let Some(entry) = records.next() {
        let media = match &entry {
            Entry::File { number } => {
                file = *number;
                None
            }
            Entry::Init(init) => Some((init.offset, init.bytes, init.crc)),
            Entry::Fragment(fragment) => Some((fragment.offset, fragment.bytes, fragment.crc)),
            _ => None,
        };
        let began = matches!(entry, Entry::Began { .. });
        claims.push(Claim { ends: records.position() as u64, file, media, began });
    }
    claims
}

/// What a file holds whole from a place on, and where that ends.
struct Found {
    entries: Vec<Entry>,
    end: u64,
}

impl Found {
    const fn nothing(end: u64) -> Self {
        Self { entries: Vec::new(), end }
    }
}

fn found(files: &dyn MediaFiles, file: u32, from: u64) -> Found {
    let mut found = Found::nothing(from);
    while let Some((entry, bytes)) = entry_at(files, file, found.end) {
        found.entries.push(entry);
        found.end += u64::from(bytes);
    }
    found
}

/// The init section or the fragment at `offset`, and its length.
fn entry_at(files: &dyn MediaFiles, file: u32, offset: u64) -> Option<(Entry, u32)> {
    let first = header_at(files, file, offset)?;
    let second = header_at(files, file, offset.checked_add(first.bytes.into())?)?;
    let bytes = first.bytes.checked_add(second.bytes)?;
    match (&first.kind, &second.kind) {
        (b"ftyp", b"moov") if bytes <= INIT_BYTES_MAX => {
            let body = files.read(file, offset, bytes)?;
            let tracks = read_init(&body)?;
            let init = Init {
                offset,
                bytes,
                crc: crc32fast::hash(&body),
                video: tracks.video.as_ref().map(VideoTrack::of),
                audio: tracks.audio.as_ref().map(AudioTrack::of),
            };
            Some((Entry::Init(init), bytes))
        }
        (b"moof", b"mdat") if bytes <= FRAGMENT_BYTES_MAX => {
            let body = files.read(file, offset, bytes)?;
            let samples = read_fragment(&body)?;
            let sync = samples.video.as_ref().and_then(|run| run.samples.first());
            let fragment = Fragment {
                offset,
                bytes,
                crc: crc32fast::hash(&body),
                sync: sync.is_none_or(|first| first.sync),
                video: samples.video.as_ref().map(|run| run.span()),
                audio: samples.audio.as_ref().map(|run| run.span()),
            };
            Some((Entry::Fragment(fragment), bytes))
        }
        _ => None,
    }
}

fn header_at(files: &dyn MediaFiles, file: u32, offset: u64) -> Option<BoxHeader> {
    header(&files.read(file, offset, 8)?)
}

/// An index as a repair leaves it.
#[must_use]
pub fn repaired_index(index: &[u8], repair: &Repair) -> Vec<u8> {
    let kept = usize::try_from(repair.keep_index).ok().and_then(|keep| index.get(..keep));
    let mut whole = match kept {
        Some(kept) if !kept.is_empty() => kept.to_vec(),
        _ => MAGIC.to_vec(),
    };
    whole.extend_from_slice(&crate::index::encode_all(&repair.append));
    whole
}
