//! What the fragments of a body hold, as mp4-atom reads them.

use std::io::Cursor;

use mp4_atom::{Atom, Decode, Header, Moof};

/// The samples of one track, in ticks of its timescale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) samples: usize,
    /// The first sample is a sync sample.
    pub(crate) sync: bool,
    pub(crate) longest: u64,
}

/// Video and audio of a body that is one fragment after the other.
pub(crate) fn runs(body: &[u8]) -> [Option<Run>; 2] {
    let mut tracks = [None, None];
    for moof in moofs(body) {
        for traf in &moof.traf {
            let track = &mut tracks[usize::try_from(traf.tfhd.track_id).unwrap() - 1];
            append(track, run(traf));
        }
    }
    tracks
}

/// When the pictures of a body are shown, in decoding order.
pub(crate) fn presentation_times(body: &[u8]) -> Vec<i64> {
    let moofs = moofs(body);
    let video = moofs.iter().flat_map(|moof| &moof.traf).filter(|traf| traf.tfhd.track_id == 1);
    video.flat_map(times).collect()
}

fn times(traf: &mp4_atom::Traf) -> Vec<i64> {
    let start = traf.tfdt.as_ref().expect("tfdt").base_media_decode_time;
    let mut decoded = i64::try_from(start).expect("a time");
    let entries = traf.trun.iter().flat_map(|trun| trun.samples.iter());
    let shown = entries.map(|entry| {
        let at = decoded + entry.cts.unwrap_or(0);
        let duration = entry.duration.or(traf.tfhd.default_sample_duration).expect("a duration");
        decoded += i64::from(duration);
        at
    });
    shown.collect()
}

fn moofs(body: &[u8]) -> Vec<Moof> {
    let mut moofs = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let mut cursor = Cursor::new(rest);
        let header = Header::decode(&mut cursor).expect("a box header");
        let size = header.size.expect("a sized box");
        let start = usize::try_from(cursor.position()).unwrap();
        let (this, next) = rest[start..].split_at(size);
        if header.kind == Moof::KIND {
            moofs.push(Moof::decode_body(&mut Cursor::new(this)).expect("a moof"));
        }
        rest = next;
    }
    moofs
}

fn append(track: &mut Option<Run>, next: Run) {
    *track = Some(match *track {
        None => next,
        Some(before) => {
            assert_eq!(before.end, next.start, "tfdt is where the last fragment ended");
            Run {
                start: before.start,
                sync: before.sync,
                samples: before.samples + next.samples,
                longest: before.longest.max(next.longest),
                ..next
            }
        }
    });
}

fn run(traf: &mp4_atom::Traf) -> Run {
    let start = traf.tfdt.as_ref().expect("tfdt").base_media_decode_time;
    let mut run = Run { start, end: start, samples: 0, sync: false, longest: 0 };
    for entry in traf.trun.iter().flat_map(|trun| trun.samples.iter()) {
        let duration = entry.duration.or(traf.tfhd.default_sample_duration).expect("a duration");
        let flags = entry.flags.or(traf.tfhd.default_sample_flags).expect("flags");
        assert!(duration > 0, "no sample lasts nothing");
        if run.samples == 0 {
            run.sync = flags & SAMPLE_IS_NON_SYNC == 0;
        }
        run.samples += 1;
        run.end += u64::from(duration);
        run.longest = run.longest.max(duration.into());
    }
    run
}

const SAMPLE_IS_NON_SYNC: u32 = 0x0001_0000;
