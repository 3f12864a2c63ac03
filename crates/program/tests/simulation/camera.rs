//! A virtual camera: an encoder and a network path that push into a real Feed.
//!
//! Times are microseconds on the event clock and ticks of 90 kHz. What the ingest guarantees holds here:
//! every sync sample's composition offset is 100 ms, decoding times are the sorted presentation times
//! less that, audio steps one access unit.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use genlock_feed::{Feed, FeedLimits, FeedWriter};
use genlock_media::{
    AudioConfig, Dependency, EventTime, MediaTime, Sample, TrackConfig, TrackKind, VideoConfig,
};
use genlock_program::CameraId;

use crate::rng::Rng;

const SHIFT: i64 = 9_000;
/// Room for some seconds of tags.
const PAPER: usize = 16 << 10;

/// How a camera encodes and how its samples travel.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    /// Frames per second as a fraction.
    pub(crate) fps: (i64, i64),
    pub(crate) b_frames: i64,
    /// Frames from one sync sample to the next.
    pub(crate) gop: i64,
    /// Percent chance that a GOP ends early (scene cut).
    pub(crate) scene_cuts: i64,
    /// Sample rate and channels.
    pub(crate) audio: Option<(u32, u8)>,
    /// How much later than the picture the sound is sent, in microseconds.
    pub(crate) audio_lag: i64,
    /// Constant delay of the path in microseconds; negative for a positive sync offset.
    pub(crate) latency: i64,
    /// Largest additional delay of a sample in microseconds.
    pub(crate) jitter: i64,
    /// Percent chance per second of a stall of up to `stall_max` microseconds.
    pub(crate) stalls: i64,
    pub(crate) stall_max: i64,
    /// Percent chance per second of a disconnection of up to 4 s.
    pub(crate) drops: i64,
    /// How much faster the camera's clock runs than the event clock, in parts per million.
    pub(crate) skew: i64,
    /// Whether pictures are 1920x1080, else 1280x720.
    pub(crate) full_hd: bool,
    /// Percent chance per GOP that the encoder begins it with other parameters.
    pub(crate) changes: i64,
}

impl Profile {
    /// Any camera that is in the field.
    pub(crate) fn any(rng: &mut Rng) -> Self {
        let fps = rng.pick(&[(24, 1), (25, 1), (30_000, 1001), (30, 1), (50, 1), (60, 1)]);
        let gop_ms = rng.pick(&[500, 1000, 2000, 2000, 2000, 4000, 8000]);
        Self {
            fps,
            b_frames: rng.between(0, 3),
            gop: (gop_ms * fps.0 / fps.1 / 1000).max(1),
            scene_cuts: rng.pick(&[0, 0, 0, 30]),
            audio: rng.pick(&[
                Some((48_000, 2)),
                Some((48_000, 2)),
                Some((44_100, 2)),
                Some((48_000, 1)),
                None,
            ]),
            audio_lag: rng.between(-40, 300) * 1000,
            latency: rng.between(0, 150) * 1000,
            jitter: rng.between(0, 250) * 1000,
            stalls: 0,
            stall_max: 0,
            drops: 0,
            skew: rng.between(-100, 100),
            full_hd: rng.chance(50),
            changes: rng.pick(&[0, 0, 5]),
        }
    }

    /// The ten unlike cameras of the design's test, from 24 to 60 fps, 0 to 3 B-frames, GOPs of 0.5 to
    /// 10 s, two sizes, two sampling rates, with and without sound, each with its own crystal and line.
    pub(crate) fn ten(rng: &mut Rng) -> Vec<Self> {
        const STEREO: Option<(u32, u8)> = Some((48_000, 2));
        const OTHER: Option<(u32, u8)> = Some((44_100, 2));
        let kinds = [
            ((24, 1), 500, 0, STEREO),
            ((25, 1), 1_000, 1, STEREO),
            ((30_000, 1_001), 1_000, 2, OTHER),
            ((30, 1), 2_000, 3, STEREO),
            ((50, 1), 2_000, 0, STEREO),
            ((60, 1), 2_000, 3, OTHER),
            ((25, 1), 4_000, 2, STEREO),
            ((30_000, 1_001), 10_000, 1, STEREO),
            ((60, 1), 1_000, 0, None),
            ((24, 1), 3_000, 3, OTHER),
        ];
        let camera = |(number, (fps, gop_ms, b_frames, audio)): (usize, _)| Self {
            fps,
            b_frames,
            gop: gop_ms * fps.0 / fps.1 / 1_000,
            audio,
            scene_cuts: if number % 4 == 3 { 30 } else { 0 },
            full_hd: number % 2 == 0,
            changes: if number % 3 == 1 { 5 } else { 0 },
            ..Self::any(rng)
        };
        kinds.into_iter().enumerate().map(camera).collect()
    }

    /// 30 fps, no B-frames, a GOP of 1 s, AAC at 48 kHz, a good line.
    pub(crate) const fn plain() -> Self {
        Self {
            fps: (30, 1),
            b_frames: 0,
            gop: 30,
            scene_cuts: 0,
            audio: Some((48_000, 2)),
            audio_lag: 20_000,
            latency: 10_000,
            jitter: 10_000,
            stalls: 0,
            stall_max: 0,
            drops: 0,
            skew: 0,
            full_hd: false,
            changes: 0,
        }
    }

    pub(crate) const fn frame_ticks(&self) -> i64 {
        self.skewed(90_000 * self.fps.1 / self.fps.0)
    }

    /// A span of the camera's clock on the event clock.
    const fn skewed(&self, ticks: i64) -> i64 {
        ticks - ticks * self.skew / 1_000_000
    }
}

/// A sample on its way.
#[derive(Debug)]
struct InFlight {
    /// TCP keeps this order.
    encoded: i64,
    sent: i64,
    sample: Sample,
}

/// A sync sample that has arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SyncSample {
    /// In microseconds.
    pub(crate) arrived: i64,
    /// In ticks.
    pub(crate) pts: i64,
}

/// What is written into a payload, so that the checker knows where a sample comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) camera: u8,
    pub(crate) session: u32,
    /// Number in presentation order within the session; of the access unit for audio.
    pub(crate) index: i64,
    /// The camera's own presentation time in ticks.
    pub(crate) pts: i64,
}

impl Tag {
    /// Written behind what `paper` holds, which few allocations are needed for.
    fn write(self, paper: &mut BytesMut) -> Bytes {
        let mut bytes = [0xA5; 22];
        bytes[1] = self.camera;
        bytes[2..6].copy_from_slice(&self.session.to_be_bytes());
        bytes[6..14].copy_from_slice(&self.index.to_be_bytes());
        bytes[14..].copy_from_slice(&self.pts.to_be_bytes());
        if paper.capacity() < bytes.len() {
            *paper = BytesMut::with_capacity(PAPER);
        }
        paper.extend_from_slice(&bytes);
        paper.split().freeze()
    }

    /// `None` for silence that the programme made.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let (head, rest) = payload.split_at_checked(2)?;
        let (session, rest) = rest.split_at_checked(4)?;
        let (index, pts) = rest.split_at_checked(8)?;
        (head[0] == 0xA5).then_some(Self {
            camera: head[1],
            session: u32::from_be_bytes(session.try_into().ok()?),
            index: i64::from_be_bytes(index.try_into().ok()?),
            pts: i64::from_be_bytes(pts.try_into().ok()?),
        })
    }
}

/// A camera in operation.
#[derive(Debug)]
pub(crate) struct VirtualCamera {
    pub(crate) number: u8,
    pub(crate) id: CameraId,
    pub(crate) profile: Profile,
    pub(crate) feed: Feed,
    writer: Option<FeedWriter>,
    rng: Rng,
    video_config: Arc<TrackConfig>,
    /// How often the parameters have changed.
    version: u8,
    audio_config: Option<Arc<TrackConfig>>,
    session: u32,
    /// First presentation time of the session in ticks.
    origin: i64,
    frame: i64,
    /// When that is shown, in microseconds.
    encoded_until: i64,
    unit: i64,
    /// Room for tags.
    paper: BytesMut,
    flight: VecDeque<InFlight>,
    last_arrival: i64,
    stalled_until: i64,
    /// When the next second begins, in which chance may strike.
    fate_at: i64,
    /// When the publisher comes back.
    returns_at: Option<i64>,
    /// Sync samples delivered.
    pub(crate) syncs: Vec<SyncSample>,
    /// When the pictures arrived, by session and number; 0 for one that has not.
    arrivals: Vec<Vec<i64>>,
}

impl VirtualCamera {
    pub(crate) fn new(number: u8, profile: Profile, seed: u64, starts_at: i64) -> Self {
        let audio_config = profile.audio.map(|(rate, channels)| audio_config(rate, channels));
        let profile_is_full_hd = profile.full_hd;
        Self {
            number,
            id: CameraId::from(format!("cam-{number}")),
            profile,
            feed: Feed::new(FeedLimits::default()),
            writer: None,
            rng: Rng::new(seed),
            video_config: video_config(number, 0, profile_is_full_hd),
            version: 0,
            audio_config,
            session: 0,
            origin: 0,
            frame: 0,
            encoded_until: 0,
            unit: 0,
            paper: BytesMut::new(),
            flight: VecDeque::new(),
            last_arrival: 0,
            stalled_until: 0,
            fate_at: 0,
            returns_at: Some(starts_at),
            syncs: Vec::new(),
            arrivals: Vec::new(),
        }
    }

    pub(crate) fn name(&self) -> String {
        self.id.as_str().to_owned()
    }

    /// How late a picture can be.
    pub(crate) const fn lateness_max(&self) -> i64 {
        self.profile.latency + self.profile.jitter + 100_000
    }

    /// When the camera does something next.
    pub(crate) fn next_at(&mut self) -> i64 {
        if let Some(returns_at) = self.returns_at {
            return returns_at;
        }
        self.encode_ahead();
        let sent = self.flight.front().map_or(i64::MAX, |next| next.sent);
        sent.max(self.last_arrival).max(self.stalled_until)
    }

    /// Does what is due at `now`, which [`Self::next_at`] named.
    pub(crate) fn step(&mut self, now: i64) {
        if self.returns_at.take().is_some() {
            self.connect(now);
            return;
        }
        self.last_arrival = now;
        if now >= self.fate_at {
            self.fate_at = now + 1_000_000;
            if self.rng.chance(self.profile.stalls) {
                self.stalled_until = now + self.rng.between(10_000, self.profile.stall_max);
                return;
            }
            if self.rng.chance(self.profile.drops) {
                self.disconnect(now);
                return;
            }
        }
        let Some(InFlight { sample, .. }) = self.flight.pop_front() else {
            return;
        };
        if sample.is_video_sync() {
            self.syncs.push(SyncSample { arrived: now, pts: sample.pts() });
        }
        if sample.kind() == TrackKind::Video {
            let tag = Tag::read(&sample.payload).expect("a camera tags its samples");
            self.note_arrival(tag, now);
        }
        let writer = self.writer.as_mut().expect("a connected camera has a writer");
        writer.push(EventTime::from_micros(now), sample).expect("nobody else writes");
    }

    fn connect(&mut self, now: i64) {
        self.writer = Some(self.feed.open(EventTime::from_micros(now)));
        self.session += 1;
        self.origin = ticks(now - self.profile.latency) + SHIFT;
        self.frame = 0;
        self.unit = 0;
        self.last_arrival = now;
        self.fate_at = now + 1_000_000;
        self.encode_gop();
    }

    fn disconnect(&mut self, now: i64) {
        let away = self.rng.between(100_000, 4_000_000);
        self.disconnect_for(now, away);
    }

    /// The connection breaks; the publisher comes back after `away` microseconds.
    pub(crate) fn disconnect_for(&mut self, now: i64, away: i64) {
        let writer = self.writer.take().expect("a connected camera has a writer");
        writer.close(EventTime::from_micros(now));
        self.flight.clear();
        self.returns_at = Some(now.saturating_add(away));
    }

    /// Nothing arrives for `span` microseconds, then all of it.
    pub(crate) const fn stall_for(&mut self, now: i64, span: i64) {
        self.stalled_until = now + span;
    }

    /// Keeps more encoded than the longest lag, so that the heap's first is really the next.
    fn encode_ahead(&mut self) {
        let horizon = self.last_arrival + 2_000_000;
        while self.encoded_until < horizon {
            self.encode_gop();
        }
    }

    fn frame_pts(&self, index: i64) -> i64 {
        let own = index * 90_000 * self.profile.fps.1 / self.profile.fps.0;
        self.origin + self.profile.skewed(own)
    }

    /// The encoder may come back with another quantiser, or at the other size.
    fn change_parameters(&mut self) {
        if self.rng.chance(self.profile.changes) {
            self.version = self.version.wrapping_add(1);
            let full_hd = self.profile.full_hd ^ (self.version % 4 == 3);
            self.video_config = video_config(self.number, self.version, full_hd);
        }
    }

    /// When a picture arrived.
    pub(crate) fn arrival(&self, tag: Tag) -> Option<i64> {
        let session = self.arrivals.get(usize::try_from(tag.session).ok()?)?;
        session.get(usize::try_from(tag.index).ok()?).copied().filter(|at| *at > 0)
    }

    fn note_arrival(&mut self, tag: Tag, now: i64) {
        let session = usize::try_from(tag.session).expect("a small number");
        let index = usize::try_from(tag.index).expect("not negative");
        self.arrivals.resize_with(self.arrivals.len().max(session + 1), Vec::new);
        let arrivals = &mut self.arrivals[session];
        arrivals.resize(arrivals.len().max(index + 1), 0);
        arrivals[index] = now;
    }

    /// Forgets the sync samples that arrived before `instant`.
    pub(crate) fn forget_before(&mut self, instant: i64) {
        self.syncs.retain(|sync| sync.arrived >= instant);
    }

    fn encode_gop(&mut self) {
        self.change_parameters();
        let mut length = self.profile.gop;
        if self.rng.chance(self.profile.scene_cuts) {
            length = self.rng.between(1, length);
        }
        let group = self.profile.b_frames + 1;
        let mut decoded = 0;
        self.encode_frame(decoded, 0, Dependency::Sync);
        decoded += 1;
        while decoded < length {
            let shown_from = decoded;
            let shown_last = (decoded + group - 1).min(length - 1);
            self.encode_frame(decoded, shown_last, Dependency::Reference);
            decoded += 1;
            for shown in shown_from..shown_last {
                self.encode_frame(decoded, shown, Dependency::Disposable);
                decoded += 1;
            }
        }
        self.frame += length;
        self.encoded_until = micros(self.frame_pts(self.frame));
        self.encode_audio();
        // Stable: what is encoded at one time leaves in the order of encoding.
        self.flight.make_contiguous().sort_by_key(|sample| sample.encoded);
    }

    /// `decoded` and `shown` are places within the GOP in decode and in presentation order.
    fn encode_frame(&mut self, decoded: i64, shown: i64, dependency: Dependency) {
        let pts = self.frame_pts(self.frame + shown);
        let dts = self.frame_pts(self.frame + decoded) - SHIFT;
        let reorder = self.profile.b_frames.min(2) * self.profile.frame_ticks();
        let encoded = micros(dts + SHIFT - reorder);
        let tag =
            Tag { camera: self.number, session: self.session, index: self.frame + shown, pts };
        let sample = Sample {
            config: Arc::clone(&self.video_config),
            dts,
            composition_offset: i32::try_from(pts - dts).expect("small offset"),
            duration: None,
            dependency,
            payload: tag.write(&mut self.paper),
        };
        self.send(encoded, sample);
    }

    /// All access units up to the end of the pictures encoded so far.
    fn encode_audio(&mut self) {
        let Some(config) = self.audio_config.clone() else {
            return;
        };
        let until = self.frame_pts(self.frame);
        let rate = config.timescale();
        let origin =
            MediaTime::new(self.origin, genlock_media::Timescale::VIDEO).rescale(rate).ticks;
        loop {
            let dts = origin + self.profile.skewed(self.unit * 1024);
            let time = MediaTime::new(dts, rate).to_event().as_micros();
            if time >= micros(until) {
                return;
            }
            let tag =
                Tag { camera: self.number, session: self.session, index: self.unit, pts: dts };
            let sample = Sample {
                config: Arc::clone(&config),
                dts,
                composition_offset: 0,
                duration: Some(1024),
                dependency: Dependency::Sync,
                payload: tag.write(&mut self.paper),
            };
            self.unit += 1;
            self.send(time + self.profile.audio_lag, sample);
        }
    }

    fn send(&mut self, encoded: i64, sample: Sample) {
        let jitter = self.rng.between(0, self.profile.jitter);
        // Most samples are quick; one in eight meets the whole jitter.
        let jitter = if self.rng.chance(12) { jitter } else { jitter / 8 };
        let sent = encoded + self.profile.latency + jitter;
        self.flight.push_back(InFlight { encoded, sent, sample });
    }
}

/// H.264 High; cameras and their versions differ in bytes of the PPS.
fn video_config(number: u8, version: u8, full_hd: bool) -> Arc<TrackConfig> {
    const HD: &[u8] = &[
        0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03,
        0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60,
    ];
    const FULL_HD: &[u8] = &[
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00,
        0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc6, 0x58,
    ];
    let sps = if full_hd { FULL_HD } else { HD };
    let pps = [0x68, 0xeb, 0xe3, 0xcb, 0x22, version, number];
    let length = u8::try_from(sps.len()).expect("a short SPS");
    let mut record = vec![1, 0x64, 0x00, sps[3], 0xff, 0xe1, 0, length];
    record.extend(sps);
    record.extend([1, 0, 7]);
    record.extend(pps);
    let config = VideoConfig::from_avcc(&Bytes::from(record));
    Arc::new(TrackConfig::Video(config.expect("a plain High configuration")))
}

fn audio_config(rate: u32, channels: u8) -> Arc<TrackConfig> {
    let index: u16 = if rate == 44_100 { 4 } else { 3 };
    let asc = (2_u16 << 11) | (index << 7) | (u16::from(channels) << 3);
    let config = AudioConfig::from_asc(&Bytes::copy_from_slice(&asc.to_be_bytes()));
    Arc::new(TrackConfig::Audio(config.expect("a plain AAC LC configuration")))
}

pub(crate) const fn ticks(micros: i64) -> i64 {
    micros * 9 / 100
}

pub(crate) const fn micros(ticks: i64) -> i64 {
    ticks * 100 / 9
}
