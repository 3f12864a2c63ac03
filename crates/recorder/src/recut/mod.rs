//! A re-cut: clips of recordings, one behind the other, as a recording that is made of references.
//!
//! ```text
//! altar      ├──S────S────S────│S────┤        S: sync samples
//! aisle      ├────S────S────S──│─S───┤
//! re-cut          ╘═════════╡╞═╧═╛            whole fragments: the files as they are
//!                           seams             new heads, over payloads that stay where they are
//! ```
//!
//! **In-point.** A clip begins with the sync sample nearest to what was asked for. **Out-point.** It ends with the last
//! picture before its end that leaves no hole: the longest prefix in decoding order none of whose pictures is shown after
//! one that is left out. Where a clip ends when the next one begins, both move to the sync sample of the next: what the
//! programme does at a `clean` cut, so that the switch log gives the programme's own pictures. As there, the first picture
//! behind a cut is shown from the end of the one before it on, at most `SEAM_HOLE_90K` early.
//!
//! Otherwise a clip is shown directly behind the one before, whatever the times in its recording; the index tells by how
//! much it is shifted. Sound goes with its pictures; an access unit is heard on the side where it begins.
//!
//! Only the fragments at the seams get heads of their own. No payload is copied, nothing is decoded. Sound that came so
//! late that it is in a fragment behind the out-point is left out.

mod build;
mod plan;
mod seam;

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use genlock_media::EventTime;

use crate::media::FragmentSamples;
use crate::name::RecordingId;
use crate::timeline::{Placed, Timeline};

/// Distance of the end of one clip and the begin of the next up to which they are one cut. Default 100 ms: times that were
/// rounded to frames or milliseconds meet.
const JOIN_MICROS: i64 = 100_000;

/// How far a clip may reach beyond its recording. Default 100 ms, for rounded times.
const BEYOND_MICROS: i64 = 100_000;

/// The longest hole at a cut that the next picture fills, in ticks of 90 kHz. Default 250 ms, as in the programme.
const SEAM_HOLE_90K: i64 = 22_500;

/// A clip that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedClip {
    /// What it is called.
    pub name: String,
    /// The recording that it is of.
    pub recording: RecordingId,
    /// Where it begins, on the event clock.
    pub from: EventTime,
    /// Where it ends, on the event clock.
    pub to: EventTime,
}

/// What is wrong with a clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its place in the list.
    pub clip: usize,
    /// What of it is wrong.
    pub field: Field,
    /// Why, for people.
    pub why: String,
}

/// A field of an [`AskedClip`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The recording.
    Recording,
    /// Where it begins.
    From,
    /// Where it ends.
    To,
}

/// Why there is no re-cut.
#[derive(Debug)]
pub enum RecutError {
    /// A clip is no good.
    Clip(Fault),
    /// The event has as many as it may have.
    TooMany(usize),
    /// The disk refuses.
    Disk(io::Error),
}

impl From<Fault> for RecutError {
    fn from(fault: Fault) -> Self {
        Self::Clip(fault)
    }
}

impl From<io::Error> for RecutError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// A re-cut, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its index.
    pub index: Bytes,
    /// Its own file: the heads of fragments.
    pub heads: Bytes,
}

/// Reads the samples of a fragment of a recording.
pub type ReadSamples<'a> = dyn FnMut(&RecordingId, &Placed) -> io::Result<FragmentSamples> + 'a;

/// Makes a re-cut of `clips`, called `title`, of what `sources` tell. `now` is when it was made.
///
/// # Errors
/// When a clip cannot be had, or a recording cannot be read.
pub fn make(
    title: &str,
    clips: &[AskedClip],
    sources: &BTreeMap<RecordingId, Timeline>,
    now: EventTime,
    read: &mut ReadSamples<'_>,
) -> Result<Made, RecutError> {
    let planned = plan::plan(clips, sources)?;
    build::build(title, clips, &planned, now, read)
}
