//! MPEG-TS: one program of H.264 and AAC, cut into HLS segments (ISO/IEC 13818-1, RFC 8216 §3.2).
//!
//! ```text
//! segment
//! PAT  PMT                         one packet each
//! PES video                        sync sample: AUD, SPS, PPS, slices; random_access, PCR
//! PES audio                        a run of ADTS frames of at most 90 ms
//! PES video …                      in the order of their decoding times
//! PCR only                         where two access units are further than 90 ms apart
//! ```
//!
//! The clock reference of an access unit is its DTS on the event clock; its time stamps are
//! [`PCR_LEAD_TICKS`] later. So neither can be negative, and a decoder has that long to receive an
//! access unit that starts to arrive at its DTS. All of them wrap at 33 bits (26.5 h).
//!
//! Continuity counters run on from segment to segment, those of PAT and PMT too. HEVC, AV1 and Opus
//! are refused: Apple plays HEVC from fMP4 only, and nothing plays the other two from MPEG-TS.

mod access_unit;
mod packet;
mod pes;
mod psi;

use bytes::Bytes;
use genlock_media::{Dependency, MediaTime, Timescale, TrackKind};

use self::access_unit::{AudioRun, VideoUnit};
use self::packet::{Adaptation, PACKET_BYTES, PAYLOAD_BYTES, Stream};
use self::pes::{PesHeader, STREAM_ID_AUDIO, STREAM_ID_VIDEO, Timestamps};
use self::psi::{Program, Tracks};
use crate::mux::{MuxError, TimedSample};

/// How far time stamps run ahead of the clock reference, in 90 kHz ticks: 200 ms. Audio may be sent
/// that much after the video it accompanies; the decoder's buffers allow one second.
pub const PCR_LEAD_TICKS: u64 = 18_000;
/// Largest distance of two clock references in 90 kHz ticks: 90 ms, below the 100 ms of the standard
/// (§2.7.2) and above four AAC access units at 48 kHz, which then need no packet of their own.
pub const PCR_INTERVAL_MAX_TICKS: i64 = 8_100;
/// Longest run of audio in one PES packet, in 90 kHz ticks.
pub const AUDIO_RUN_MAX_TICKS: i64 = PCR_INTERVAL_MAX_TICKS;
/// How long the clock goes on without an access unit, in 90 kHz ticks: 10 s, the longest target
/// duration. Bounds what a leap in a camera's time can add to a segment to 112 packets.
pub const CLOCK_FILL_MAX_TICKS: i64 = 900_000;

const VIDEO_PID: u16 = 0x100;
const AUDIO_PID: u16 = 0x101;
/// Clock references and time stamps count modulo 2^33.
const TIMESTAMP_MASK: u64 = (1 << 33) - 1;

/// Writes segments that follow each other in one transport stream.
#[derive(Debug, Clone)]
pub struct TsMuxer {
    program: Program,
    video: Stream,
    audio: Stream,
    /// The newest clock reference, in 90 kHz ticks of the event clock.
    reference: i64,
}

impl Default for TsMuxer {
    fn default() -> Self {
        Self::new()
    }
}

impl TsMuxer {
    /// A muxer at the start of a stream.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            program: Program::new(),
            video: Stream::new(VIDEO_PID),
            audio: Stream::new(AUDIO_PID),
            reference: i64::MIN,
        }
    }

    /// Announces that the next segment stands behind an `EXT-X-DISCONTINUITY`: its first packets say
    /// so, and tracks that it does not have are no longer listed.
    pub const fn discontinuity(&mut self) {
        self.program.restart();
        self.video.mark_discontinuity();
        self.audio.mark_discontinuity();
        self.reference = i64::MIN;
    }

    /// Writes one segment: a whole number of 188-byte packets that starts with PAT and PMT.
    ///
    /// # Errors
    /// When there is no sample, a codec is not H.264 or AAC, a decoding time lies before zero, or a
    /// payload is malformed. The muxer is then as it was before the call.
    pub fn segment(
        &mut self,
        video: &[TimedSample],
        audio: &[TimedSample],
    ) -> Result<Bytes, MuxError> {
        if video.is_empty() && audio.is_empty() {
            return Err(MuxError::NoTrack);
        }
        let mut muxer = self.clone();
        muxer.program.list(Tracks { video: !video.is_empty(), audio: !audio.is_empty() });
        let mut out = Vec::with_capacity(size_hint(video, audio));
        muxer.program.write(&mut out);
        let leader = if video.is_empty() { audio } else { video };
        SegmentWriter {
            clock: Clock::new(leader, muxer.reference),
            muxer: &mut muxer,
            out: &mut out,
        }
        .write(video, audio)?;
        *self = muxer;
        // A segment stays in memory for as long as it is listed: the slack of the estimate goes back.
        Ok(out.into_boxed_slice().into())
    }
}

/// A segment's size, estimated so that its buffer hardly ever grows.
fn size_hint(video: &[TimedSample], audio: &[TimedSample]) -> usize {
    /// For PES header, adaptation field, in-band parameter sets and stuffing.
    const UNIT_EXTRA_PACKETS: usize = 3;
    let packets =
        |sample: &TimedSample| sample.sample.payload.len() / PAYLOAD_BYTES + UNIT_EXTRA_PACKETS;
    (2 + video.iter().chain(audio).map(packets).sum::<usize>()) * PACKET_BYTES
}

/// One segment in the making.
struct SegmentWriter<'a> {
    muxer: &'a mut TsMuxer,
    out: &'a mut Vec<u8>,
    clock: Clock,
}

impl SegmentWriter<'_> {
    /// Video and audio in the order of their decoding times; the first access unit of the video
    /// before any audio, so that the segment starts with its sync sample.
    fn write(mut self, video: &[TimedSample], audio: &[TimedSample]) -> Result<(), MuxError> {
        let mut audio = AudioRun::split(audio).peekable();
        for (index, sample) in video.iter().enumerate() {
            let unit = VideoUnit::new(&sample.sample)?;
            while let Some(run) = audio.next_if(|run| index > 0 && run.start() < unit.dts()) {
                self.audio(&run)?;
            }
            self.video(&unit)?;
        }
        for run in audio {
            self.audio(&run)?;
        }
        self.fill_clock(i64::MAX);
        self.muxer.reference = self.clock.written;
        Ok(())
    }

    fn video(&mut self, unit: &VideoUnit<'_>) -> Result<(), MuxError> {
        let dts = stamp(TrackKind::Video, unit.dts())?;
        // A PTS before its DTS cannot be written; the decoder shows such a picture when it has it.
        let pts = stamp(TrackKind::Video, unit.pts().max(unit.dts()))?;
        self.fill_clock(unit.dts());

        let adaptation = Adaptation {
            random_access: unit.dependency() == Dependency::Sync,
            ..self.reference(VIDEO_PID, unit.dts())
        };
        let header = PesHeader::new(STREAM_ID_VIDEO, Timestamps { pts, dts }, unit.bytes());
        let bytes = header.as_bytes().len() + unit.bytes();
        let mut writer = self.muxer.video.unit(self.out, bytes, adaptation);
        writer.write(header.as_bytes());
        unit.write(&mut writer)
    }

    fn audio(&mut self, run: &AudioRun<'_>) -> Result<(), MuxError> {
        let pts = stamp(TrackKind::Audio, run.start())?;
        self.fill_clock(run.start());

        let adaptation = self.reference(AUDIO_PID, run.start());
        let payload_bytes = run.bytes()?;
        let header = PesHeader::new(STREAM_ID_AUDIO, Timestamps { pts, dts: pts }, payload_bytes);
        let bytes = header.as_bytes().len() + payload_bytes;
        let mut writer = self.muxer.audio.unit(self.out, bytes, adaptation);
        writer.write(header.as_bytes());
        run.write(&mut writer)
    }

    /// The adaptation field of a unit on `pid` that starts at `ticks`.
    fn reference(&mut self, pid: u16, ticks: i64) -> Adaptation {
        self.clock.unit = ticks;
        if pid != self.muxer.program.pcr_pid() {
            return Adaptation::default();
        }
        Adaptation {
            // Where audio is alone a decoder can start at every unit.
            random_access: pid == AUDIO_PID,
            pcr: self.clock.advance(ticks),
            ..Adaptation::default()
        }
    }

    /// Writes the clock references that are due before `ticks`, and none at or after it.
    fn fill_clock(&mut self, ticks: i64) {
        while let Some(due) = self.clock.due_before(ticks) {
            let Some(pcr) = self.clock.advance(due) else {
                continue;
            };
            let stream = match self.muxer.program.pcr_pid() {
                VIDEO_PID => &mut self.muxer.video,
                _ => &mut self.muxer.audio,
            };
            stream.adaptation_only(self.out, Adaptation::with_pcr(pcr));
        }
    }
}

/// Where the clock reference stands, in 90 kHz ticks of the event clock.
#[derive(Debug)]
struct Clock {
    /// Where the next interval is counted from.
    last: i64,
    /// The newest reference that was written.
    written: i64,
    /// Time of the newest access unit.
    unit: i64,
    /// End of the track that the clock follows: the next segment's first reference.
    end: i64,
}

impl Clock {
    fn new(leader: &[TimedSample], written: i64) -> Self {
        let start = leader.first().map_or(0, |first| ticks_90k(first, 0));
        let end = leader.last().map_or(0, |last| ticks_90k(last, last.duration));
        Self {
            // One interval early: the first reference is due at the start.
            last: start.saturating_sub(PCR_INTERVAL_MAX_TICKS),
            written,
            unit: start,
            end,
        }
    }

    /// The reference to write at `ticks`; none if the clock has been there before, which happens
    /// when video sets in again behind a segment that had audio alone: a clock never goes back.
    fn advance(&mut self, ticks: i64) -> Option<u64> {
        self.last = ticks;
        if ticks <= self.written {
            return None;
        }
        self.written = ticks;
        u64::try_from(ticks).ok()
    }

    fn due_before(&self, ticks: i64) -> Option<i64> {
        let due = self.last.saturating_add(PCR_INTERVAL_MAX_TICKS);
        let limit = self.unit.saturating_add(CLOCK_FILL_MAX_TICKS);
        (due < ticks.min(self.end).min(limit)).then_some(due)
    }
}

/// The instant `plus` ticks of its track after the DTS of `sample`, in 90 kHz ticks.
fn ticks_90k(sample: &TimedSample, plus: u32) -> i64 {
    let TimedSample { sample, .. } = sample;
    MediaTime::new(sample.dts.saturating_add(plus.into()), sample.timescale())
        .rescale(Timescale::VIDEO)
        .ticks
}

/// The time stamp of an instant of the event clock.
fn stamp(track: TrackKind, ticks: i64) -> Result<u64, MuxError> {
    u64::try_from(ticks)
        .map(|ticks| ticks.saturating_add(PCR_LEAD_TICKS))
        .map_err(|_| MuxError::BeforeZero { track, dts: ticks })
}
