//! Cameras that push into a writer, and a folder that lives in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use genlock_feed::{Entry as FeedEntry, Epoch, Joint, Position};
use genlock_media::{
    AudioConfig, Dependency, EventTime, Sample, Timescale, TrackConfig, VideoConfig,
};
use genlock_recorder::repair::MediaFiles;
use genlock_recorder::{Output, Rolling, Timeline, Writer};

/// x264, High profile, 320x180.
const AVCC: &str = "0164000cffe1001a6764000cacd941419f9f0110000003001000000303\
    20f142996001000668ebe3cb22c0fdf8f800";
/// x265, Main profile, 320x180.
const HVCC: &str = "0101600000009000000000003cf000fcfdf8f800000f03\
    a00001001840010c01ffff01600000030090000003000003003c959809\
    a10001002b42010101600000030090000003000003003ca00a080b9f796566924caf016808000003000800000300c840\
    a2000100074401c172b46240";

/// The wall time of the event clock's zero in these tests.
pub(crate) const ZERO_UNIX_MICROS: i64 = 1_764_000_000_000_000;
/// One second of 90 kHz.
pub(crate) const SECOND: i64 = 90_000;
/// 25 fps.
pub(crate) const PICTURE: i64 = 3_600;

fn hex(digits: &str) -> Bytes {
    let digit = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(digit).collect()
}

pub(crate) fn avc() -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Video(VideoConfig::from_avcc(&hex(AVCC)).unwrap()))
}

/// The same codec with another picture parameter set.
pub(crate) fn other_avc() -> Arc<TrackConfig> {
    let config = VideoConfig::from_avcc(&hex(AVCC)).unwrap();
    let second = Bytes::from_static(&[0x68, 0x5d, 0x7c, 0x79, 0x64]);
    Arc::new(TrackConfig::Video(config.updated_by(&[second]).unwrap().unwrap()))
}

pub(crate) fn hevc() -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Video(VideoConfig::from_hvcc(&hex(HVCC)).unwrap()))
}

pub(crate) fn aac() -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Audio(AudioConfig::default_aac()))
}

/// A recording in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) index: Vec<u8>,
    pub(crate) files: BTreeMap<u32, Vec<u8>>,
    newest: u32,
}

impl Folder {
    pub(crate) fn drain(&mut self, writer: &mut Writer) {
        while let Some(output) = writer.poll() {
            match output {
                Output::File(number) => {
                    assert!(self.files.insert(number, Vec::new()).is_none());
                    self.newest = number;
                }
                Output::Media(body) => {
                    let file = self.files.get_mut(&self.newest).expect("a file is open");
                    body.iter().for_each(|slice| file.extend_from_slice(slice));
                }
                Output::Index(record) => self.index.extend_from_slice(&record),
            }
        }
    }

    pub(crate) fn timeline(&self) -> Timeline {
        Timeline::read(&self.index)
    }
}

impl MediaFiles for Folder {
    fn bytes(&self, file: u32) -> Option<u64> {
        self.files.get(&file).map(|bytes| bytes.len() as u64)
    }

    fn read(&self, file: u32, offset: u64, length: u32) -> Option<Bytes> {
        let at = usize::try_from(offset).ok()?;
        let bytes = self.files.get(&file)?.get(at..at.checked_add(length as usize)?)?;
        Some(Bytes::copy_from_slice(bytes))
    }

    fn is_elsewhere(&self, _file: u32) -> bool {
        false
    }
}

/// A camera at 25 fps with sound, and the writer that it pushes into.
pub(crate) struct Camera {
    pub(crate) writer: Writer,
    pub(crate) folder: Folder,
    pub(crate) video: Arc<TrackConfig>,
    pub(crate) audio: Option<Arc<TrackConfig>>,
    pub(crate) epoch: u32,
    /// Pictures from one sync sample to the next.
    pub(crate) gop: i64,
    /// Milliseconds that sound comes after the picture of its time.
    pub(crate) audio_lag_ms: i64,
    /// Next picture's place in 90 kHz.
    pub(crate) at: i64,
    picture: i64,
    /// Pictures that were pushed.
    pictures: u32,
    audio_at: i64,
    position: u64,
}

impl Camera {
    pub(crate) fn new(rolling: Rolling) -> Self {
        let start = EventTime::from_millis(3_600_000);
        Self {
            writer: Writer::new(rolling, start, ZERO_UNIX_MICROS),
            folder: Folder::default(),
            video: avc(),
            audio: Some(aac()),
            epoch: 1,
            gop: 50,
            audio_lag_ms: 0,
            at: 3_600 * SECOND,
            picture: 0,
            pictures: 0,
            audio_at: 3_600 * 48_000,
            position: 0,
        }
    }

    /// Pushes pictures and their sound for `millis`.
    pub(crate) fn run(&mut self, millis: i64) {
        let end = self.at + millis * 90;
        while self.at < end {
            self.push_picture();
            let heard = self.at / 90 - self.audio_lag_ms;
            while let Some(config) = self.audio.clone().filter(|_| self.audio_at / 48 < heard) {
                self.push_sound(config);
            }
        }
        let now = self.now();
        self.writer.handle_timeout(now);
        self.folder.drain(&mut self.writer);
    }

    /// Ends the recording and gives what is on the disk.
    pub(crate) fn end(mut self) -> Folder {
        let now = self.now();
        self.writer.end(now);
        self.folder.drain(&mut self.writer);
        self.folder
    }

    /// A time in which nothing is pushed.
    pub(crate) fn pause(&mut self, millis: i64) {
        self.at += millis * 90;
        self.audio_at = (self.at / 90 * 48).max(self.audio_at);
    }

    /// Another publisher's session, which begins with a sync sample.
    pub(crate) fn reconnect(&mut self) {
        self.epoch += 1;
        self.picture = 0;
    }

    /// Begins a GOP with the next picture.
    pub(crate) fn sync_next(&mut self) {
        self.picture = 0;
    }

    pub(crate) fn now(&self) -> EventTime {
        EventTime::from_millis(self.at / 90)
    }

    fn push_picture(&mut self) {
        let is_sync = self.picture % self.gop == 0;
        let (dependency, bytes, header) = match is_sync {
            true => (Dependency::Sync, 3_000, 0x65),
            false => (Dependency::Reference, 700, 0x41),
        };
        let sample = Sample {
            config: Arc::clone(&self.video),
            dts: self.at,
            composition_offset: 9_000,
            duration: None,
            dependency,
            payload: nal_unit(header, self.pictures, bytes),
        };
        self.pictures += 1;
        self.picture += 1;
        self.at += PICTURE;
        self.push(sample);
    }

    fn push_sound(&mut self, config: Arc<TrackConfig>) {
        let dts = self.audio_at;
        self.audio_at += 1_024;
        self.push(Sample {
            config,
            dts,
            composition_offset: 0,
            duration: None,
            dependency: Dependency::Sync,
            payload: std::iter::repeat_n(0x5A, 180).collect(),
        });
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        let (position, epoch) = (Position(self.position), Epoch(self.epoch));
        self.position += 1;
        let arrived = self.now();
        self.writer.push(FeedEntry { position, epoch, arrived, joint: Joint::Continues, sample });
        self.folder.drain(&mut self.writer);
    }
}

/// A NAL unit that tells the number of its picture, behind the length and the header.
fn nal_unit(header: u8, picture: u32, bytes: u32) -> Bytes {
    let mut unit = (bytes - 4).to_be_bytes().to_vec();
    unit.push(header);
    unit.extend_from_slice(&picture.to_be_bytes());
    unit.resize(bytes as usize, 0xA5);
    unit.into()
}

/// Ticks of 90 kHz of an instant.
pub(crate) fn ticks(at: EventTime) -> i64 {
    genlock_media::MediaTime::new(at.as_micros(), Timescale::MICROSECONDS)
        .rescale(Timescale::VIDEO)
        .ticks
}
