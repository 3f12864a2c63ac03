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
    let mut rest = body;
    while !rest.is_empty() {
        let mut cursor = Cursor::new(rest);
        let header = Header::decode(&mut cursor).expect("a box header");
        let size = header.size.expect("a sized box");
        let start = usize::try_from(cursor.position()).unwrap();
        let (this, next) = rest[start..].split_at(size);
        if header.kind == Moof::KIND {
            let moof = Moof::decode_body(&mut Cursor::new(this)).expect("a moof");
            for traf in &moof.traf {
                let track = &mut tracks[usize::try_from(traf.tfhd.track_id).unwrap() - 1];
                append(track, run(traf));
            }
        }
        rest = next;
    }
    tracks
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
