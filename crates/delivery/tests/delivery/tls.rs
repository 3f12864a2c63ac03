//! The same server behind TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::http::{Request, Response, Version};
use bytes::Bytes;
use genlock_delivery::{Demand, OriginLimits, ServerLimits, Tls};
use genlock_tls::{Certificates, PairFiles, self_signed};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::Served;

const YEAR: Duration = Duration::from_secs(31_536_000);

/// A server with a certificate for its address.
struct Secured {
    served: Served,
    files: PairFiles,
    _folder: TempDir,
}

impl Secured {
    fn start(limits: ServerLimits, hsts: Option<Duration>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names = ["127.0.0.1".to_owned()];
        let files = self_signed(folder.path(), &names, SystemTime::now()).unwrap();
        let acceptor = Certificates::open(files.clone()).unwrap().https().unwrap();
        let tls = Tls { acceptor, hsts };
        let served = Served::with_tls(limits, OriginLimits::default(), Some(tls));
        Self { served, files, _folder: folder }
    }

    async fn handshake(&self, socket: TcpStream, protocol: &[u8]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.files.certificate).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let name = ServerName::from(self.served.address.ip());
        TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
    }

    async fn connect(&self, protocol: &[u8]) -> TlsStream<TcpStream> {
        let socket = TcpStream::connect(self.served.address).await.unwrap();
        self.handshake(socket, protocol).await
    }

    async fn get(&self, version: Version, path: &str) -> (Response<()>, Bytes) {
        let request = |host: SocketAddr| match version {
            Version::HTTP_2 => format!("https://{host}{path}"),
            _ => path.to_owned(),
        };
        let request = Request::get(request(self.served.address)).header("host", "genlock");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let response: Response<Incoming> = if version == Version::HTTP_2 {
            let io = TokioIo::new(self.connect(b"h2").await);
            let (mut sender, connection) =
                http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        } else {
            let io = TokioIo::new(self.connect(b"http/1.1").await);
            let (mut sender, connection) = http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        };
        let (parts, body) = response.into_parts();
        (Response::from_parts(parts, ()), body.collect().await.unwrap().to_bytes())
    }
}

#[tokio::test]
async fn both_protocols_of_http_are_spoken_and_who_stands_behind_knows() {
    let secured = Secured::start(ServerLimits::default(), Some(YEAR));
    let mut camera = secured.served.publish("program", Demand::Always, 0);
    camera.push_seconds(4);
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let (response, body) = secured.get(version, "/").await;
        assert_eq!(response.version(), version);
        assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
        assert_eq!(body, "behind, for 127.0.0.1 by https");
        let (response, body) = secured.get(version, "/hls/wedding/program/media.m3u8").await;
        assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
        assert!(body.starts_with(b"#EXTM3U"), "{body:?}");
    }
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_tls_only_where_that_is_wanted() {
    let secured = Secured::start(ServerLimits::default(), None);
    let (response, _) = secured.get(Version::HTTP_11, "/").await;
    assert!(!response.headers().contains_key("strict-transport-security"));
    let plain = Served::start();
    assert_eq!(plain.get("/").await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up() {
    let limits = ServerLimits {
        tls_handshake_timeout: Duration::from_millis(100),
        ..ServerLimits::default()
    };
    let secured = Secured::start(limits, None);
    let mut silent = TcpStream::connect(secured.served.address).await.unwrap();
    let mut half = TcpStream::connect(secured.served.address).await.unwrap();
    // A record of 512 bytes of handshake that do not follow.
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await.unwrap();
    for socket in [&mut silent, &mut half] {
        let closed = tokio::time::timeout(Duration::from_secs(10), socket.read_u8()).await;
        assert!(closed.unwrap().is_err());
    }
    secured.served.until(|stats| stats.connections_open == 0).await;
}

#[tokio::test]
async fn who_speaks_no_tls_is_sent_away() {
    let secured = Secured::start(ServerLimits::default(), None);
    let mut plain = TcpStream::connect(secured.served.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: genlock\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    secured.served.until(|stats| stats.connections_open == 0).await;
}

#[tokio::test]
async fn a_viewer_that_stops_reading_is_dropped_behind_tls_too() {
    let brief = Duration::from_millis(300);
    let limits = ServerLimits { write_timeout: brief, ..ServerLimits::default() };
    let secured = Secured::start(limits, None);
    let mut camera = secured.served.publish("program", Demand::Always, 0).frame_bytes(400_000);
    camera.push_seconds(4);
    let (_, playlist) = secured.get(Version::HTTP_11, "/hls/wedding/program/media.m3u8").await;
    let playlist = String::from_utf8(playlist.to_vec()).unwrap();
    let uri = playlist.lines().find(|line| line.ends_with(".m4s")).unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let socket = socket.connect(secured.served.address).await.unwrap();
    let mut slow = secured.handshake(socket, b"http/1.1").await;
    let request = format!("GET /hls/wedding/program/{uri} HTTP/1.1\r\nhost: genlock\r\n\r\n");
    slow.write_all(request.as_bytes()).await.unwrap();
    slow.flush().await.unwrap();
    secured.served.until(|stats| stats.slow_viewers == 1).await;
}

#[tokio::test]
async fn a_stop_waits_for_no_handshake() {
    let secured = Secured::start(ServerLimits::default(), None);
    let _silent = TcpStream::connect(secured.served.address).await.unwrap();
    secured.served.until(|stats| stats.connections_open == 1).await;
    secured.served.stop.cancel();
    let stopped = tokio::time::timeout(Duration::from_secs(5), secured.served.task).await;
    stopped.unwrap().unwrap();
}
