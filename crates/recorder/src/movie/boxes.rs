//! The boxes of a progressive file's head (ISO/IEC 14496-12 §8).

use bytes::{BufMut, BytesMut};
use genlock_media::{EventTime, MediaTime, Timescale, TrackKind};

use super::handler;
use super::tables::{Repeated, TrackTables};
use crate::media::boxed;

/// Unit of durations that are not of one track.
const MOVIE_TIMESCALE: Timescale = Timescale::VIDEO;

/// The unity matrix of `mvhd` and `tkhd`.
const MATRIX: [u32; 9] = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];

/// Language of a track whose language nobody stated: `und`.
const UNDETERMINED: u16 = 0x55c4;

/// Version 1: times have 64 bits.
const VERSION_1: u32 = 0x0100_0000;

pub(super) fn file_type(out: &mut BytesMut) {
    boxed(out, b"ftyp", |out| {
        out.put_slice(b"isom");
        out.put_u32(0x200);
        out.put_slice(b"isomiso6mp41");
    });
}

/// The `moov` of `tracks`, whose media begins at `base`. `begin` is what is shown at zero.
pub(super) fn movie(out: &mut BytesMut, tracks: &[TrackTables], begin: EventTime, base: u64) {
    let whole = tracks.iter().map(|track| lead(track, begin) + shown(track)).max().unwrap_or(0);
    boxed(out, b"moov", |out| {
        boxed(out, b"mvhd", |out| {
            out.put_u32(VERSION_1);
            out.put_bytes(0, 16);
            out.put_u32(MOVIE_TIMESCALE.get());
            out.put_u64(whole);
            out.put_u32(0x0001_0000);
            out.put_u16(0x0100);
            out.put_bytes(0, 10);
            MATRIX.iter().for_each(|&value| out.put_u32(value));
            out.put_bytes(0, 24);
            out.put_u32(number(tracks.len()) + 1);
        });
        for (index, track) in tracks.iter().enumerate() {
            boxed(out, b"trak", |out| trak(out, track, number(index) + 1, begin, base));
        }
    });
}

fn trak(out: &mut BytesMut, track: &TrackTables, id: u32, begin: EventTime, base: u64) {
    let (lead, shown) = (lead(track, begin), shown(track));
    boxed(out, b"tkhd", |out| {
        // Enabled, and in the movie.
        out.put_u32(VERSION_1 | 3);
        out.put_bytes(0, 16);
        out.put_u32(id);
        out.put_u32(0);
        out.put_u64(lead + shown);
        out.put_bytes(0, 12);
        out.put_u16(if track.kind == TrackKind::Audio { 0x0100 } else { 0 });
        out.put_u16(0);
        MATRIX.iter().for_each(|&value| out.put_u32(value));
        out.put_u32(track.width << 16);
        out.put_u32(track.height << 16);
    });
    boxed(out, b"edts", |out| boxed(out, b"elst", |out| edits(out, track, lead, shown)));
    boxed(out, b"mdia", |out| {
        boxed(out, b"mdhd", |out| {
            out.put_u32(VERSION_1);
            out.put_bytes(0, 16);
            out.put_u32(track.timescale.get());
            out.put_u64(track.ticks());
            out.put_u16(UNDETERMINED);
            out.put_u16(0);
        });
        let (handler, name) = handler(track.kind);
        boxed(out, b"hdlr", |out| {
            out.put_bytes(0, 8);
            out.put_slice(handler);
            out.put_bytes(0, 12);
            out.put_slice(name);
        });
        boxed(out, b"minf", |out| media_information(out, track, base));
    });
}

/// Nothing until the track begins, then the track from the first sample's presentation on.
fn edits(out: &mut BytesMut, track: &TrackTables, lead: u64, shown: u64) {
    out.put_u32(VERSION_1);
    out.put_u32(1 + u32::from(lead > 0));
    if lead > 0 {
        out.put_u64(lead);
        out.put_i64(-1);
        out.put_u32(0x0001_0000);
    }
    out.put_u64(shown);
    out.put_i64(track.first_offset);
    out.put_u32(0x0001_0000);
}

fn media_information(out: &mut BytesMut, track: &TrackTables, base: u64) {
    match track.kind {
        TrackKind::Video => boxed(out, b"vmhd", |out| {
            out.put_u32(1);
            out.put_bytes(0, 8);
        }),
        TrackKind::Audio => boxed(out, b"smhd", |out| out.put_bytes(0, 8)),
    }
    boxed(out, b"dinf", |out| {
        boxed(out, b"dref", |out| {
            out.put_u32(0);
            out.put_u32(1);
            // The media is in this file.
            boxed(out, b"url ", |out| out.put_u32(1));
        });
    });
    boxed(out, b"stbl", |out| sample_table(out, track, base));
}

fn sample_table(out: &mut BytesMut, track: &TrackTables, base: u64) {
    table(out, b"stsd", track.entries.len(), |out| {
        track.entries.iter().for_each(|entry| out.put_slice(entry));
    });
    repeated(out, b"stts", &track.durations);
    if track.offsets.iter().any(|entry| entry.value != 0) {
        repeated(out, b"ctts", &track.offsets);
    }
    if track.syncs.len() < track.sizes.len() {
        table(out, b"stss", track.syncs.len(), |out| {
            track.syncs.iter().for_each(|&sample| out.put_u32(sample));
        });
    }
    let mut runs = track.chunks.clone();
    runs.dedup_by_key(|chunk| (chunk.samples, chunk.description));
    table(out, b"stsc", runs.len(), |out| {
        let mut before = None;
        for (index, chunk) in track.chunks.iter().enumerate() {
            let key = (chunk.samples, chunk.description);
            if before != Some(key) {
                out.put_u32(number(index) + 1);
                out.put_u32(chunk.samples);
                out.put_u32(chunk.description);
                before = Some(key);
            }
        }
    });
    boxed(out, b"stsz", |out| {
        out.put_u64(0);
        out.put_u32(number(track.sizes.len()));
        track.sizes.iter().for_each(|&bytes| out.put_u32(bytes));
    });
    table(out, b"co64", track.chunks.len(), |out| {
        track.chunks.iter().for_each(|chunk| out.put_u64(base + chunk.offset));
    });
}

fn repeated(out: &mut BytesMut, kind: &[u8; 4], entries: &[Repeated]) {
    table(out, kind, entries.len(), |out| {
        for entry in entries {
            out.put_u32(entry.count);
            out.put_i32(entry.value);
        }
    });
}

/// A full box whose entries are counted.
fn table(out: &mut BytesMut, kind: &[u8; 4], entries: usize, body: impl FnOnce(&mut BytesMut)) {
    boxed(out, kind, |out| {
        out.put_u32(0);
        out.put_u32(number(entries));
        body(out);
    });
}

/// How long after the movie's begin a track begins, in the movie's ticks.
fn lead(track: &TrackTables, begin: EventTime) -> u64 {
    let micros = track.begin().as_micros().saturating_sub(begin.as_micros());
    movie_ticks(MediaTime::new(micros, Timescale::MICROSECONDS))
}

/// How long a track lasts, in the movie's ticks.
fn shown(track: &TrackTables) -> u64 {
    let ticks = i64::try_from(track.ticks()).unwrap_or(i64::MAX);
    movie_ticks(MediaTime::new(ticks, track.timescale))
}

fn movie_ticks(span: MediaTime) -> u64 {
    u64::try_from(span.rescale(MOVIE_TIMESCALE).ticks).unwrap_or(0)
}

/// Tables are bounded by the limits of a recording, far below 2^32.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
