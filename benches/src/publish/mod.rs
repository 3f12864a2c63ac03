//! `publish`: N cameras on one thread.

mod camera;
mod connection;
mod pace;
mod stats;

use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::json;

use crate::clip::format::{BitRate, PictureFormat, Rate, Size, StreamFormat};
use crate::clip::{self, Clip, Colour};
use crate::limits;
use crate::outcome::{Distribution, Outcome, round};
use crate::run::{self, Load, Plan, Ramp, RunArgs, Stop, Timeline};
use crate::target::{self, RtmpUrl};

use camera::{Camera, Habits};
use stats::Stats;

/// Options of `publish`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PublishArgs {
    /// Ingest URL, rtmp://host:port/app/key; may be repeated, or be a template with {n} for the camera's number.
    #[arg(long)]
    url: Vec<String>,
    /// File with one ingest URL a line.
    #[arg(long, value_name = "FILE")]
    url_file: Option<PathBuf>,
    /// Cameras; as many as there are URLs if not given.
    #[arg(long, value_name = "N")]
    cameras: Option<usize>,
    /// Number of the first camera, in templates and markers.
    #[arg(long, default_value_t = 1, value_name = "N")]
    first: usize,
    /// Grow to the full number in steps: STEP:SECONDS.
    #[arg(long, value_name = "STEP:SECONDS")]
    ramp: Option<Ramp>,
    /// Start the cameras of a stage spread over this time, in milliseconds.
    #[arg(long, default_value_t = 1000, value_name = "MS")]
    spread_ms: u64,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    run: RunArgs,
}

/// What is published.
#[derive(Clone, Debug, Args)]
struct SourceArgs {
    /// FLV file to send in a loop, instead of a generated stream.
    #[arg(long, value_name = "FILE")]
    flv: Option<PathBuf>,
    /// Picture size of the generated stream.
    #[arg(long, default_value = "1920x1080", value_name = "WxH")]
    size: Size,
    /// Frames per second of the generated stream, also as a fraction such as 30000/1001.
    #[arg(long, default_value = "30")]
    fps: Rate,
    /// Frames from one IDR picture to the next.
    #[arg(long, default_value_t = 60, value_name = "FRAMES")]
    gop: u32,
    /// B frames in a row.
    #[arg(long, default_value_t = 0, value_name = "N")]
    b_frames: u32,
    /// Video bit rate of the generated stream, such as 6M or 500k.
    #[arg(long, default_value = "6M")]
    bitrate: BitRate,
    /// Bit rate of the silent AAC track; 0 for none.
    #[arg(long, default_value = "128k")]
    audio_bitrate: BitRate,
}

/// How badly it is published.
#[derive(Clone, Debug, Args)]
struct NetworkArgs {
    /// Chunk size of RTMP messages in bytes.
    #[arg(long, default_value_t = 4096, value_name = "BYTES")]
    chunk_size: u32,
    /// Delay every message by a random time up to this, in milliseconds; the order stays.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    jitter_ms: u64,
    /// Share of access units that a camera leaves out, in percent, as encoders do when the uplink is full.
    #[arg(long, default_value_t = 0.0, value_name = "PERCENT")]
    lose_percent: f64,
    /// Break every connection without a goodbye, after a random time with this mean, in seconds.
    #[arg(long, value_name = "SECONDS")]
    drop_every: Option<f64>,
    /// Time to wait before a camera connects again, in seconds.
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS")]
    reconnect_after: f64,
    /// Never connect again.
    #[arg(long)]
    no_reconnect: bool,
    /// Start timestamps at zero on every connection, as OBS does; otherwise they continue.
    #[arg(long)]
    restart_timestamps: bool,
}

/// Publishes until the run ends.
///
/// # Errors
///
/// If the options contradict each other, a target is not permitted, or not one camera got through.
pub(crate) async fn publish(args: &PublishArgs) -> anyhow::Result<Outcome> {
    let urls = args.urls()?;
    let plan = Plan::new(urls.len(), args.ramp, args.run.length()?)?;
    let load = Publishing::new(args, urls).await?;
    let spread = Duration::from_millis(args.spread_ms);
    let timeline = run::drive(&load, plan, spread, &args.run.pid).await;
    load.outcome(args, timeline)
}

struct Publishing {
    cameras: Vec<Camera>,
    stats: Rc<Stats>,
}

impl Publishing {
    async fn new(args: &PublishArgs, urls: Vec<RtmpUrl>) -> anyhow::Result<Self> {
        let stats = Rc::new(Stats::default());
        let habits = args.network.habits()?;
        let mut clips = Clips::new(&args.source)?;
        let mut cameras = Vec::with_capacity(urls.len());
        for (index, url) in urls.into_iter().enumerate() {
            let number =
                u16::try_from(args.first + index).context("camera numbers end at 65535")?;
            cameras.push(Camera {
                number,
                address: args.run.permit().resolve(&url.host, url.port).await?,
                url,
                clip: clips.of_camera(index)?,
                habits: habits.clone(),
                seed: args.run.seed.wrapping_add(u64::from(number) << 32),
                stats: Rc::clone(&stats),
            });
        }
        Ok(Self { cameras, stats })
    }

    fn outcome(self, args: &PublishArgs, timeline: Timeline) -> anyhow::Result<Outcome> {
        let stats = self.stats;
        let failures = stats.failures.borrow();
        if stats.connects.get() == 0 {
            let why = failures.keys().next().cloned().unwrap_or_default();
            anyhow::bail!("no camera got through: {why}");
        }
        let seconds = timeline.length.as_secs_f64();
        let figures = vec![
            ("cameras", json!(self.cameras.len())),
            ("frames_are_marked", json!(self.cameras.iter().all(|camera| camera.clip.is_marked()))),
            ("connects", json!(stats.connects.get())),
            ("drops_made", json!(stats.drops.get())),
            ("failures", json!(failures.values().sum::<u64>())),
            ("access_units_sent", json!(stats.access_units.get())),
            ("access_units_left_out", json!(stats.left_out.get())),
            ("bytes_sent", json!(stats.bytes.get())),
            ("megabits_per_second", json!(round(stats.bytes.get() as f64 * 8e-6 / seconds, 2))),
        ];
        let distributions = vec![
            Distribution::new(
                "behind_schedule",
                "from when an access unit was due to when the kernel had taken it; grows when the server reads slowly",
                stats.behind.borrow().clone(),
            ),
            Distribution::new(
                "connect_to_publish",
                "from the start of the TCP connection to NetStream.Publish.Start",
                stats.connect_time.borrow().clone(),
            ),
        ];
        Ok(Outcome {
            command: "publish",
            unit: "camera",
            settings: args.settings(),
            figures,
            distributions,
            failures: failures.iter().map(|(text, count)| (text.clone(), *count)).collect(),
            timeline,
            run: args.run.clone(),
        })
    }
}

impl Load for Publishing {
    fn start(&self, index: usize, delay: Duration, stop: Stop) {
        if let Some(camera) = self.cameras.get(index) {
            tokio::task::spawn_local(camera.clone().run(delay, stop));
        }
    }

    fn live(&self) -> usize {
        self.stats.live.get()
    }

    fn progress(&self) -> String {
        let behind = self.stats.behind.borrow();
        format!(
            "cameras  {:.1} Mb/s  behind p99 {} ms  connects {}  drops {}  failures {}",
            self.stats.take_recent_bytes() as f64 * 8e-6,
            crate::outcome::ms(behind.quantile_us(0.99)),
            self.stats.connects.get(),
            self.stats.drops.get(),
            self.stats.failures.borrow().values().sum::<u64>(),
        )
    }

    fn is_done(&self) -> bool {
        self.stats.ended.get() == self.cameras.len()
    }
}

/// Clips made so far: one per colour, or one file for all.
struct Clips {
    file: Option<Rc<Clip>>,
    format: StreamFormat,
    generated: Vec<Rc<Clip>>,
}

/// Different pictures; more cameras share them.
const COLOURS: usize = 8;

impl Clips {
    fn new(source: &SourceArgs) -> anyhow::Result<Self> {
        let file = source.flv.as_deref().map(clip::read_flv_file).transpose()?;
        Ok(Self { file: file.map(Rc::new), format: source.format(), generated: Vec::new() })
    }

    fn of_camera(&mut self, index: usize) -> anyhow::Result<Rc<Clip>> {
        if let Some(clip) = &self.file {
            return Ok(Rc::clone(clip));
        }
        let colour = index % COLOURS;
        if let Some(clip) = self.generated.get(colour) {
            return Ok(Rc::clone(clip));
        }
        let clip = Rc::new(clip::generate(&self.format, Colour::of_camera(index))?);
        self.generated.push(Rc::clone(&clip));
        Ok(clip)
    }
}

impl PublishArgs {
    fn urls(&self) -> anyhow::Result<Vec<RtmpUrl>> {
        let mut urls = self.url.clone();
        if let Some(path) = &self.url_file {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            urls.extend(
                text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned),
            );
        }
        let urls = target::expand(&urls, self.cameras, self.first)?;
        ensure!(
            (1..=limits::CAMERAS_MAX).contains(&urls.len()),
            "{} cameras are out of range",
            urls.len()
        );
        Ok(urls)
    }

    /// What the figures depend on; URLs stay out because keys are secrets.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let source = &self.source;
        let mut settings = match &source.flv {
            Some(path) => vec![("source", path.display().to_string())],
            None => vec![
                ("source", "generated".to_owned()),
                ("size", format!("{}x{}", source.size.width, source.size.height)),
                ("fps", source.fps.to_string()),
                ("gop_frames", source.gop.to_string()),
                ("b_frames", source.b_frames.to_string()),
                ("video_bits_per_second", source.bitrate.0.to_string()),
                ("audio_bits_per_second", source.audio_bitrate.0.to_string()),
            ],
        };
        let network = &self.network;
        settings.extend([
            ("chunk_size", network.chunk_size.to_string()),
            ("jitter_ms", network.jitter_ms.to_string()),
            ("lose_percent", network.lose_percent.to_string()),
            (
                "drop_every_s",
                network.drop_every.map_or_else(|| "never".to_owned(), |s| s.to_string()),
            ),
            ("seed", self.run.seed.to_string()),
        ]);
        settings
    }
}

impl SourceArgs {
    fn format(&self) -> StreamFormat {
        StreamFormat {
            picture: PictureFormat {
                width: self.size.width,
                height: self.size.height,
                rate: self.fps,
                gop: self.gop,
                b_frames: self.b_frames,
            },
            video: self.bitrate,
            audio: (self.audio_bitrate.0 > 0).then_some(self.audio_bitrate),
        }
    }
}

impl NetworkArgs {
    fn habits(&self) -> anyhow::Result<Habits> {
        ensure!((0.0..=100.0).contains(&self.lose_percent), "--lose-percent is out of range");
        ensure!((128..=65_536).contains(&self.chunk_size), "--chunk-size is out of range");
        ensure!(self.drop_every.is_none_or(|mean| mean > 0.0), "--drop-every must be positive");
        let reconnect_after = Duration::try_from_secs_f64(self.reconnect_after)?;
        Ok(Habits {
            chunk_size: self.chunk_size,
            jitter: Duration::from_millis(self.jitter_ms),
            lose_share: self.lose_percent / 100.0,
            drop_every_s: self.drop_every,
            reconnect_after: (!self.no_reconnect).then_some(reconnect_after),
            restart_timestamps: self.restart_timestamps,
        })
    }
}
