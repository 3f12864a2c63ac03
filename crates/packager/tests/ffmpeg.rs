//! Real encodings through the muxers, read and decoded by ffprobe and ffmpeg.
//!
//! ffmpeg encodes a test picture and a tone into an MP4 file; ffprobe says where its access units
//! lie; they go through our muxers as a camera's samples would, and ffmpeg must decode the result
//! without a word. Without ffmpeg on the machine each test says so and passes.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use genlock_media::{
    AudioConfig, Dependency, Sample, TrackConfig, TrackKind, VideoCodec, VideoConfig, av1, avc,
    hevc, nal,
};
use genlock_packager::ts::{PCR_LEAD_TICKS, TsMuxer};
use genlock_packager::{ByteChain, TimedSample, cmaf};
use support::COMPOSITION_OFFSET;

/// The samples start one second after the zero of the event clock.
const START_SECONDS: i64 = 1;
const PICTURES: usize = 100;

/// One encoding to try.
#[derive(Clone, Copy)]
struct Encoding {
    video: &'static [&'static str],
    size: &'static str,
    audio: &'static [&'static str],
    /// The box of the video's configuration record.
    record: &'static [u8; 4],
}

const X264: &[&str] = &["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25"];
const X265: &[&str] = &[
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-tag:v",
    "hvc1",
    "-x265-params",
    "log-level=none:keyint=25:open-gop=0:bframes=2:info=0",
];
const SVT_AV1: &[&str] = &["-c:v", "libsvtav1", "-preset", "12", "-g", "25"];
const AAC: &[&str] = &["-c:a", "aac", "-b:a", "96k"];
const OPUS: &[&str] = &["-c:a", "libopus", "-b:a", "64k"];

const H264_AAC: Encoding = Encoding { video: X264, size: "320x180", audio: AAC, record: b"avcC" };
const H264_AAC_LARGE: Encoding = Encoding { size: "640x360", ..H264_AAC };
const HEVC_OPUS: Encoding = Encoding { video: X265, audio: OPUS, record: b"hvcC", ..H264_AAC };
const AV1_AAC: Encoding = Encoding { video: SVT_AV1, record: b"av1C", ..H264_AAC };

/// A camera's samples.
struct Take {
    video_config: VideoConfig,
    audio_config: AudioConfig,
    video: Vec<TimedSample>,
    audio: Vec<TimedSample>,
}

/// A folder that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    /// `None`, with a line saying so, where there is no ffmpeg.
    #[expect(clippy::print_stderr, reason = "a test that does nothing has to say so")]
    fn new(name: &str) -> Option<Self> {
        for tool in ["ffmpeg", "ffprobe"] {
            if Command::new(tool).arg("-version").output().is_err() {
                eprintln!("skipped {name}: there is no {tool} on this machine");
                return None;
            }
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Some(Self(folder))
    }

    fn file(&self, name: &str, body: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, body).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies in the build folder and harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Encodes and demultiplexes.
fn encode(scratch: &Scratch, encoding: Encoding) -> Take {
    let path = scratch.0.join("source.mp4");
    let picture = format!("testsrc2=size={}:rate=25", encoding.size);
    run(Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", &picture])
        .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-ac", "2"])
        .args(["-frames:v", &PICTURES.to_string(), "-t", "4", "-pix_fmt", "yuv420p"])
        .args(encoding.video)
        .args(encoding.audio)
        .args(["-video_track_timescale", "90000"])
        .arg(&path)
        .env("SVT_LOG", "1"));
    let file = Bytes::from(std::fs::read(&path).unwrap());
    let record = record(&file, encoding.record);
    let video_config = match encoding.record {
        b"avcC" => VideoConfig::from_avcc(&record),
        b"hvcC" => VideoConfig::from_hvcc(&record),
        _ => VideoConfig::from_av1c(&record),
    }
    .unwrap();
    let audio_config = if encoding.audio == OPUS { support::opus() } else { support::aac() };
    let packets = packets(&path);
    let video_config = as_sent(video_config, &packets, &file);
    let take = |kind: TrackKind, config: TrackConfig| -> Vec<TimedSample> {
        let packets: Vec<&Packet> = packets.iter().filter(|packet| packet.kind == kind).collect();
        samples(&packets, &Arc::new(config), &file)
    };
    Take {
        video: take(TrackKind::Video, TrackConfig::Video(video_config.clone())),
        audio: take(TrackKind::Audio, TrackConfig::Audio(audio_config.clone())),
        video_config,
        audio_config,
    }
}

/// The body of the one box of type `kind`.
fn record(file: &Bytes, kind: &[u8; 4]) -> Bytes {
    let at = file.windows(4).position(|window| window == kind).unwrap();
    let size = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
    file.slice(at + 4..at - 4 + size)
}

/// A line of `ffprobe -show_packets`, times in the track's timescale.
#[derive(Debug)]
struct Packet {
    kind: TrackKind,
    pts: i64,
    dts: i64,
    duration: u32,
    bytes: std::ops::Range<usize>,
    key: bool,
}

fn packets(path: &Path) -> Vec<Packet> {
    let entries = "packet=codec_type,pts,dts,duration,size,pos,flags";
    let text = run(Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", entries, "-of", "csv=p=0"])
        .arg(path));
    // A packet with side data is followed by an empty line.
    text.lines().filter(|line| !line.is_empty()).map(packet).collect()
}

fn packet(line: &str) -> Packet {
    let fields: Vec<&str> = line.split(',').collect();
    let number = |at: usize| fields[at].parse::<i64>().unwrap_or_default();
    let start = usize::try_from(number(5)).unwrap();
    Packet {
        kind: if fields[0] == "video" { TrackKind::Video } else { TrackKind::Audio },
        pts: number(1),
        dts: number(2),
        duration: u32::try_from(number(3)).unwrap(),
        bytes: start..start + usize::try_from(number(4)).unwrap(),
        key: fields[6].starts_with('K'),
    }
}

/// Packets as samples on the event clock, composition offsets shifted as ingest does it.
fn samples(packets: &[&Packet], config: &Arc<TrackConfig>, file: &Bytes) -> Vec<TimedSample> {
    let first = packets[0];
    let start = START_SECONDS * i64::from(config.timescale().get());
    let wanted = match config.kind() {
        TrackKind::Video => i64::from(COMPOSITION_OFFSET),
        TrackKind::Audio => 0,
    };
    let delay = first.pts - first.dts - wanted;
    packets
        .iter()
        .enumerate()
        .map(|(index, packet)| {
            let unit = split(config, &file.slice(packet.bytes.clone()));
            assert_eq!(unit.dependency == Dependency::Sync, packet.key, "{packet:?}");
            let sample = Sample {
                config: Arc::clone(config),
                dts: packet.dts + delay + start,
                composition_offset: i32::try_from(packet.pts - packet.dts - delay).unwrap(),
                duration: None,
                dependency: unit.dependency,
                payload: unit.payload,
            };
            let duration = packets
                .get(index + 1)
                .map_or(packet.duration, |next| u32::try_from(next.dts - packet.dts).unwrap());
            TimedSample { sample, duration }
        })
        .collect()
}

/// SVT-AV1 writes another sequence header into the stream than into its `av1C`: as ingest does, the
/// configuration follows what is in band.
fn as_sent(config: VideoConfig, packets: &[Packet], file: &Bytes) -> VideoConfig {
    let first = packets.iter().find(|packet| packet.kind == TrackKind::Video).unwrap();
    let bytes = file.slice(first.bytes.clone());
    let unit = split(&TrackConfig::Video(config.clone()), &bytes);
    config.updated_by(&unit.parameter_sets).unwrap().unwrap_or(config)
}

/// What ingest makes of an access unit.
struct Unit {
    payload: Bytes,
    dependency: Dependency,
    parameter_sets: Vec<Bytes>,
}

fn split(config: &TrackConfig, bytes: &Bytes) -> Unit {
    let (payload, dependency, parameter_sets) = match config.as_video().map(|video| video.codec) {
        Some(VideoCodec::Avc) => {
            let unit = avc::access_unit(bytes, nal::LENGTH_SIZE).unwrap();
            (unit.payload, unit.dependency, unit.parameter_sets)
        }
        Some(VideoCodec::Hevc) => {
            let unit = hevc::access_unit(bytes, nal::LENGTH_SIZE).unwrap();
            (unit.payload, unit.dependency, unit.parameter_sets)
        }
        Some(VideoCodec::Av1) => {
            let unit = av1::temporal_unit(bytes).unwrap();
            (unit.payload, unit.dependency, unit.parameter_sets)
        }
        None => (bytes.clone(), Dependency::Sync, Vec::new()),
    };
    Unit { payload, dependency, parameter_sets }
}

/// Pieces of `pictures` pictures, each with the audio of its time.
fn pieces(take: &Take, pictures: usize) -> Vec<(&[TimedSample], &[TimedSample])> {
    let mut audio = take.audio.as_slice();
    let last = take.video.len().div_ceil(pictures) - 1;
    take.video
        .chunks(pictures)
        .enumerate()
        .map(|(index, video)| {
            let end = video.last().unwrap().sample.pts_event();
            let count = match index == last {
                true => audio.len(),
                false => audio.partition_point(|timed| timed.sample.pts_event() < end),
            };
            let (now, later) = audio.split_at(count);
            audio = later;
            (video, now)
        })
        .collect()
}

fn fragments(take: &Take, sequence_number: u32) -> ByteChain {
    let mut chain = ByteChain::new();
    for ((video, audio), number) in pieces(take, 12).into_iter().zip(sequence_number..) {
        chain.extend(&cmaf::fragment(number, video, audio).unwrap());
    }
    chain
}

/// Decodes everything, and asserts that ffmpeg has nothing to say and finds every picture.
fn check_decodes(path: &Path, pictures: usize) {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-xerror", "-i"])
        .arg(path)
        .args(["-f", "null", "-"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", path.display());
    assert!(output.status.success());
    let counted = run(Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0"])
        .args(["-show_entries", "stream=nb_read_frames", "-of", "default=nk=1:nw=1"])
        .arg(path));
    let counts: Vec<usize> = counted.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(counts.first(), Some(&pictures), "{}", path.display());
}

fn times(packets: &[Packet], kind: TrackKind) -> Vec<(i64, i64)> {
    let of_kind = packets.iter().filter(|packet| packet.kind == kind);
    of_kind.map(|packet| (packet.pts, packet.dts)).collect()
}

fn expected_times(samples: &[TimedSample], shift: i64) -> Vec<(i64, i64)> {
    let time = |timed: &TimedSample| (timed.sample.pts() + shift, timed.sample.dts + shift);
    samples.iter().map(time).collect()
}

#[track_caller]
fn check_cmaf(scratch: &Scratch, encoding: Encoding) {
    let take = encode(scratch, encoding);
    let init = cmaf::init_section(Some(&take.video_config), Some(&take.audio_config)).unwrap();
    let mut file = ByteChain::from(init);
    file.extend(&fragments(&take, 1));
    let path = scratch.file("out.mp4", &file.to_bytes());

    let packets = packets(&path);
    assert_eq!(times(&packets, TrackKind::Video), expected_times(&take.video, 0));
    assert_eq!(times(&packets, TrackKind::Audio), expected_times(&take.audio, 0));
    let sync = |timed: &TimedSample| timed.sample.dependency == Dependency::Sync;
    let keys: Vec<bool> = packets
        .iter()
        .filter(|packet| packet.kind == TrackKind::Video)
        .map(|packet| packet.key)
        .collect();
    assert_eq!(keys, take.video.iter().map(sync).collect::<Vec<_>>());
    check_decodes(&path, PICTURES);
}

#[test]
fn h264_and_aac_in_fmp4() {
    let Some(scratch) = Scratch::new("h264_and_aac_in_fmp4") else { return };
    check_cmaf(&scratch, H264_AAC);
}

#[test]
fn hevc_and_opus_in_fmp4() {
    let Some(scratch) = Scratch::new("hevc_and_opus_in_fmp4") else { return };
    check_cmaf(&scratch, HEVC_OPUS);
}

#[test]
fn av1_and_aac_in_fmp4() {
    let Some(scratch) = Scratch::new("av1_and_aac_in_fmp4") else { return };
    check_cmaf(&scratch, AV1_AAC);
}

/// In-band parameter sets let a decoder follow a splice that brings other ones, init section or not.
#[test]
fn another_picture_size_decodes_behind_the_first_init_section() {
    let name = "another_picture_size_decodes_behind_the_first_init_section";
    let Some(scratch) = Scratch::new(name) else { return };
    let first = encode(&scratch, H264_AAC);
    let mut second = encode(&scratch, H264_AAC_LARGE);
    for (before, after) in [(&first.video, &mut second.video), (&first.audio, &mut second.audio)] {
        let last = before.last().unwrap();
        let shift = last.sample.dts + i64::from(last.duration) - after[0].sample.dts;
        after.iter_mut().for_each(|timed| timed.sample.dts += shift);
    }
    let init = cmaf::init_section(Some(&first.video_config), Some(&first.audio_config)).unwrap();
    let mut file = ByteChain::from(init);
    file.extend(&fragments(&first, 1));
    file.extend(&fragments(&second, 100));
    let path = scratch.file("out.mp4", &file.to_bytes());
    check_decodes(&path, 2 * PICTURES);
}

#[test]
fn h264_and_aac_in_mpeg_ts() {
    let Some(scratch) = Scratch::new("h264_and_aac_in_mpeg_ts") else { return };
    let take = encode(&scratch, H264_AAC);
    let mut muxer = TsMuxer::new();
    let segments: Vec<Bytes> = pieces(&take, 25)
        .into_iter()
        .map(|(video, audio)| muxer.segment(video, audio).unwrap())
        .collect();
    // A player may start at any segment.
    for (index, segment) in segments.iter().enumerate() {
        check_decodes(&scratch.file(&format!("{index}.ts"), segment), 25);
    }
    let path = scratch.file("out.ts", &segments.concat());

    let packets = packets(&path);
    let shift = i64::try_from(PCR_LEAD_TICKS).unwrap();
    assert_eq!(times(&packets, TrackKind::Video), expected_times(&take.video, shift));
    let sound = times(&packets, TrackKind::Audio);
    assert_eq!(sound.len(), take.audio.len());
    for (read, timed) in sound.iter().zip(&take.audio) {
        assert_eq!(read.0, timed.sample.dts * 90_000 / 48_000 + shift);
    }
    check_decodes(&path, PICTURES);
}
