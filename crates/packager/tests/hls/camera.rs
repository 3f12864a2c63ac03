//! Simulated Feeds: samples with the times at which they arrive.

use std::sync::Arc;
use std::time::Duration;

use genlock_media::{AudioConfig, Dependency, EventTime, Sample, TrackConfig};
use genlock_packager::{Packager, PackagerConfig, Splice};

use crate::support::{AVCC, COMPOSITION_OFFSET, aac, avc, hex, picture};
use crate::viewer::{Viewer, WALL_CLOCK_AT_ZERO_MS};

/// A sample and when it arrives.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) at: EventTime,
    pub(crate) sample: Sample,
    /// Of a splice: when its camera is back on the event clock.
    pub(crate) splice: Option<Splice>,
}

/// What one camera sends.
#[derive(Debug, Clone)]
pub(crate) struct Camera {
    pub(crate) video: Arc<TrackConfig>,
    pub(crate) audio: Option<Arc<TrackConfig>>,
    /// Frames in 1001 seconds, so that 29.97 is exact.
    pub(crate) frames_per_1001_s: u64,
    pub(crate) frames_per_gop: u64,
    pub(crate) b_frames: u64,
    /// Times are rounded to this many ticks of 90 kHz, as RTMP rounds to milliseconds.
    pub(crate) rounding: i64,
    pub(crate) audio_lag: Duration,
    /// Largest delay of an arrival.
    pub(crate) jitter: Duration,
    pub(crate) seed: u64,
}

impl Camera {
    /// 30 fps, a sync sample every 2 s, AAC that is on time, exact timestamps.
    pub(crate) fn plain() -> Self {
        Self {
            video: Arc::new(TrackConfig::Video(avc())),
            audio: Some(Arc::new(TrackConfig::Audio(aac()))),
            frames_per_1001_s: 30_030,
            frames_per_gop: 60,
            b_frames: 0,
            rounding: 1,
            audio_lag: Duration::ZERO,
            jitter: Duration::ZERO,
            seed: 1,
        }
    }

    /// The same with other parameter sets.
    pub(crate) fn unlike() -> Self {
        Self { video: other_avc(), ..Self::plain() }
    }

    /// Samples of `[from, to)`, in order of arrival; the first picture is a sync sample.
    pub(crate) fn samples(&self, from: Duration, to: Duration) -> Vec<Arrival> {
        let mut arrivals = self.pictures(from, to);
        arrivals.extend(self.access_units(from, to));
        arrivals.sort_by_key(|arrival| arrival.at);
        let mut random = self.seed | 1;
        let mut latest = EventTime::ZERO;
        for arrival in &mut arrivals {
            let jitter = xorshift(&mut random) % (micros(self.jitter) + 1);
            latest = latest.max(arrival.at + Duration::from_micros(jitter));
            arrival.at = latest;
        }
        arrivals
    }

    fn pictures(&self, from: Duration, to: Duration) -> Vec<Arrival> {
        let start = ticks(from);
        let mut arrivals = Vec::new();
        for index in 0.. {
            let exact = index * 90_000 * 1001 / self.frames_per_1001_s;
            let dts = start + i64::try_from(exact).unwrap();
            if dts >= ticks(to) {
                break;
            }
            let dts = (dts + self.rounding / 2) / self.rounding * self.rounding;
            let in_gop = index % self.frames_per_gop;
            // The last picture of a mini-GOP comes first, and moves the others back by one.
            let last = (self.frames_per_gop - 1 - in_gop).min(self.b_frames);
            let (dependency, reorder) =
                match in_gop.checked_sub(1).map(|at| at % (self.b_frames + 1)) {
                    None => (Dependency::Sync, 0),
                    Some(0) => (Dependency::Reference, i32::try_from(last).unwrap()),
                    Some(_) => (Dependency::Disposable, -1),
                };
            let frame = i32::try_from(90_000 * 1001 / self.frames_per_1001_s).unwrap();
            let offset = reorder * frame + COMPOSITION_OFFSET;
            let bytes = if in_gop == 0 { 1_500 } else { 100 + usize::try_from(index % 7).unwrap() };
            let sample = Sample {
                config: Arc::clone(&self.video),
                dts,
                composition_offset: offset,
                duration: None,
                dependency,
                payload: picture(dependency, bytes),
            };
            let at = sample.dts_time().to_event() + PICTURE_DELAY;
            arrivals.push(Arrival { at, sample, splice: None });
        }
        arrivals
    }

    fn access_units(&self, from: Duration, to: Duration) -> Vec<Arrival> {
        let Some(config) = &self.audio else { return Vec::new() };
        let audio = config.as_audio().unwrap();
        let (rate, length) = (audio.timescale.get(), audio.samples_per_access_unit);
        // The grid runs through from zero; sound lies at its presentation time.
        let shift = Duration::from_millis(100);
        let grid = |at: Duration| {
            let samples = (at + shift).as_micros() * u128::from(rate) / 1_000_000;
            i64::try_from(samples / u128::from(length)).unwrap()
        };
        let unit = |index: i64| {
            let sample = Sample {
                config: Arc::clone(config),
                dts: index * i64::from(length),
                composition_offset: 0,
                duration: Some(length),
                dependency: Dependency::Sync,
                payload: vec![0x5A; 90].into(),
            };
            let at = sample.dts_time().to_event() + self.audio_lag;
            Arrival { at, sample, splice: None }
        };
        (grid(from)..grid(to)).map(unit).collect()
    }
}

/// Another camera's parameter sets: one byte of the SPS' level differs.
pub(crate) fn other_avc() -> Arc<TrackConfig> {
    let other = AVCC.replacen("64000c", "64000d", 2);
    Arc::new(TrackConfig::Video(genlock_media::VideoConfig::from_avcc(&hex(&other)).unwrap()))
}

/// An HEVC configuration.
pub(crate) fn hevc() -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Video(crate::support::hevc()))
}

/// AAC LC, 44.1 kHz, stereo.
pub(crate) fn other_aac() -> Arc<TrackConfig> {
    aac_at(44_100)
}

/// AAC LC, stereo.
pub(crate) fn aac_at(rate: u32) -> Arc<TrackConfig> {
    let asc = match rate {
        48_000 => "1190",
        44_100 => "1210",
        32_000 => "1290",
        _ => panic!("not in the tests' table: {rate} Hz"),
    };
    Arc::new(TrackConfig::Audio(AudioConfig::from_asc(&hex(asc)).unwrap()))
}

/// Pushes everything at its time, timers in between, and shows every snapshot to a viewer.
pub(crate) fn play(config: PackagerConfig, arrivals: &[Arrival]) -> (Packager, Viewer) {
    let mut viewer = Viewer::new(&config);
    let mut packager = Packager::new(config, EventTime::ZERO);
    play_on(&mut packager, &mut viewer, arrivals);
    (packager, viewer)
}

/// The same with a packager that exists.
pub(crate) fn play_on(packager: &mut Packager, viewer: &mut Viewer, arrivals: &[Arrival]) {
    for arrival in arrivals {
        wait(packager, viewer, arrival.at);
        match arrival.splice.clone() {
            None => packager.push(arrival.at, arrival.sample.clone()),
            Some(splice) => packager.splice(arrival.at, arrival.sample.clone(), splice),
        }
        viewer.look(arrival.at, packager);
    }
}

/// Lets time pass without samples.
pub(crate) fn wait(packager: &mut Packager, viewer: &mut Viewer, until: EventTime) {
    while let Some(wake) = packager.poll_timeout().filter(|wake| *wake <= until) {
        packager.handle_timeout(wake);
        viewer.look(wake, packager);
        assert!(
            packager.poll_timeout().is_none_or(|next| next > wake),
            "the timer spins at {wake:?}"
        );
    }
}

pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// A configuration for tests that read whole playlists.
pub(crate) fn config() -> PackagerConfig {
    PackagerConfig::new("t", 100, WALL_CLOCK_AT_ZERO_MS)
}

fn ticks(at: Duration) -> i64 {
    i64::try_from(at.as_micros() * 9 / 100).unwrap()
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap()
}

/// Deterministic noise.
pub(crate) fn xorshift(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// From the encoder to the server, with the reordering of two B-frames.
const PICTURE_DELAY: Duration = Duration::from_millis(40);
