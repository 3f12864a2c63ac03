//! A synthetic camera, a served origin and a viewer, in one process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::uri::Scheme;
use ::http::{HeaderMap, Method, Request, Response, StatusCode};
use bytes::Bytes;
use genlock_delivery::{Demand, HttpServer, Origin, OriginLimits, PublicationId, ServerLimits};
use genlock_feed::clock::EventClock;
use genlock_feed::{Feed, FeedLimits, FeedWriter};
use genlock_media::{
    AudioConfig, Dependency, EventTime, Sample, Timescale, TrackConfig, VideoConfig,
};
use genlock_packager::PackagerConfig;
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What the event clock shows when a test starts: later than any backlog.
const START: EventTime = EventTime::from_millis(1_000_000);

/// 320x180, constrained baseline, as x264 writes it.
const AVCC: &[u8] = &[
    0x01, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0x00, 0x17, 0x67, 0x42, 0xc0, 0x0d, 0xda, 0x05, 0x06, 0x7e,
    0x7c, 0x04, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0f, 0x03, 0xc5, 0x0a, 0xa8, 0x01,
    0x00, 0x04, 0x68, 0xce, 0x0f, 0xc8,
];

/// Stereo, 312 samples to skip, 48 kHz (RFC 7845 §5.1).
const OPUS_HEAD: &[u8] = b"OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00";

const FRAME: i64 = 3_000;
const OFFSET: i32 = 9_000;

/// Pushes 30 fps with a sync sample every two seconds, and silent AAC beside it.
pub(crate) struct Camera {
    writer: FeedWriter,
    clock: EventClock,
    video: Arc<TrackConfig>,
    audio: Arc<TrackConfig>,
    silence: Bytes,
    frame_bytes: usize,
    gop_frames: i64,
    zero: EventTime,
    frames: i64,
    access_units: i64,
}

impl Camera {
    /// A camera whose first picture is `before` the present.
    pub(crate) fn starting(feed: &Feed, clock: EventClock, before: Duration) -> Self {
        let audio = AudioConfig::default_aac();
        let silence = audio.silent_access_unit().unwrap();
        let avcc = Bytes::from_static(AVCC);
        Self {
            writer: feed.open(clock.now()),
            clock,
            video: Arc::new(TrackConfig::Video(VideoConfig::from_avcc(&avcc).unwrap())),
            audio: Arc::new(TrackConfig::Audio(audio)),
            silence,
            frame_bytes: 100,
            gop_frames: 60,
            zero: clock.now() - before,
            frames: 0,
            access_units: 0,
        }
    }

    pub(crate) fn frame_bytes(mut self, bytes: usize) -> Self {
        self.frame_bytes = bytes;
        self
    }

    /// With sound that MPEG-TS does not carry.
    pub(crate) fn opus(mut self) -> Self {
        let audio = AudioConfig::from_opus_head(&Bytes::from_static(OPUS_HEAD)).unwrap();
        self.audio = Arc::new(TrackConfig::Audio(audio));
        self
    }

    pub(crate) fn gop_frames(mut self, frames: i64) -> Self {
        self.gop_frames = frames;
        self
    }

    /// Pushes the next `count` pictures and the sound that belongs to them.
    pub(crate) fn push(&mut self, count: i64) {
        for _ in 0..count {
            let sample = self.picture();
            self.frames += 1;
            self.writer.push(self.clock.now(), sample).unwrap();
            while self.access_units * 1024 * 90_000 < self.frames * FRAME * 48_000 {
                let sample = self.sound();
                self.access_units += 1;
                self.writer.push(self.clock.now(), sample).unwrap();
            }
        }
    }

    /// Pushes `seconds` of media.
    pub(crate) fn push_seconds(&mut self, seconds: i64) {
        self.push(seconds * 30);
    }

    fn picture(&self) -> Sample {
        let sync = self.frames % self.gop_frames == 0;
        let mut payload = vec![0u8; self.frame_bytes + 5];
        let length = u32::try_from(self.frame_bytes + 1).unwrap();
        payload[..4].copy_from_slice(&length.to_be_bytes());
        payload[4] = if sync { 0x65 } else { 0x41 };
        payload[5..].fill(0xaa);
        Sample {
            config: Arc::clone(&self.video),
            dts: self.zero.to_media(Timescale::VIDEO).ticks + self.frames * FRAME,
            composition_offset: OFFSET,
            duration: None,
            dependency: if sync { Dependency::Sync } else { Dependency::Reference },
            payload: payload.into(),
        }
    }

    fn sound(&self) -> Sample {
        let shift = i64::from(OFFSET) * 48_000 / 90_000;
        Sample {
            config: Arc::clone(&self.audio),
            dts: self.zero.to_media(self.audio.timescale()).ticks
                + shift
                + self.access_units * 1024,
            composition_offset: 0,
            duration: Some(1024),
            dependency: Dependency::Sync,
            payload: self.silence.clone(),
        }
    }
}

/// A server on a port of its own.
pub(crate) struct Served {
    pub(crate) origin: Origin,
    pub(crate) clock: EventClock,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Served {
    pub(crate) fn start() -> Self {
        Self::with(ServerLimits::default(), OriginLimits::default())
    }

    pub(crate) fn with(server: ServerLimits, limits: OriginLimits) -> Self {
        Self::with_tls(server, limits, None)
    }

    pub(crate) fn with_tls(
        server: ServerLimits,
        limits: OriginLimits,
        tls: Option<genlock_delivery::Tls>,
    ) -> Self {
        let clock = EventClock::starting_at(START);
        let origin = Origin::new(clock, PackagerConfig::new("t", 0, 0), limits);
        let mut server = HttpServer::new(server);
        let address = server.listen(([127, 0, 0, 1], 0).into(), tls).unwrap();
        let stop = CancellationToken::new();
        let behind = tower::service_fn(|request: Request<hyper::body::Incoming>| async move {
            let peer = request.extensions().get::<SocketAddr>().unwrap();
            let scheme = request.extensions().get::<Scheme>().map_or("http", Scheme::as_str);
            let told = format!("behind, for {} by {scheme}", peer.ip());
            Ok(Response::new(Full::new(Bytes::from(told))))
        });
        let task = tokio::spawn(server.run(stop.clone(), origin.clone(), behind));
        Self { origin, clock, address, stop, task }
    }

    /// Publishes a camera that has sent `seconds` already.
    pub(crate) fn publish(&self, name: &str, demand: Demand, seconds: i64) -> Camera {
        let feed = Feed::new(FeedLimits::default());
        let before = Duration::from_secs(seconds.unsigned_abs());
        let mut camera = Camera::starting(&feed, self.clock, before);
        camera.push_seconds(seconds);
        self.origin.publish(id(name), feed, demand);
        camera
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.request(Method::GET, path, &[]).await
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Got {
        let client = Client::builder(TokioExecutor::new()).build_http();
        fetch(client, self.address, method, path, headers).await
    }

    /// Waits until the counters are as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&genlock_delivery::DeliveryStats) -> bool) {
        let poll = async {
            while !wanted(&self.origin.stats()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(10), poll).await;
        assert!(waited.is_ok(), "{:?}", self.origin.stats());
    }
}

pub(crate) fn id(name: &str) -> PublicationId {
    PublicationId::new("wedding", name).unwrap()
}

/// A response that has been read to its end.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) async fn fetch(
    client: Client<HttpConnector, Empty<Bytes>>,
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Got {
    let mut request = Request::builder().method(method).uri(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Empty::new()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Got { status: parts.status, headers: parts.headers, body }
}
