//! The listener behind TLS.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use genlock_ingest::{IngestConfig, TakeoverPolicy};
use genlock_tls::{Certificates, self_signed};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::log::Log;
use crate::shell::{KEY, PATIENCE, Publisher, Server};

/// A server with a certificate for its address, and a client that trusts it.
struct Secured {
    server: Server,
    connector: TlsConnector,
    _folder: TempDir,
}

impl Secured {
    #[expect(
        clippy::disallowed_methods,
        reason = "the client holds the certificate against the clock"
    )]
    async fn start(config: IngestConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names = ["127.0.0.1".to_owned()];
        let files = self_signed(folder.path(), &names, SystemTime::now()).unwrap();
        let acceptor = Certificates::open(files.clone()).unwrap().rtmps().unwrap();
        let server = Server::start_with(TakeoverPolicy::Reject, config, Some(acceptor)).await;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&files.certificate).unwrap()).unwrap();
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { server, connector: TlsConnector::from(Arc::new(client)), _folder: folder }
    }

    async fn plain() -> Self {
        Self::start(IngestConfig::default()).await
    }

    async fn socket(&self) -> TcpStream {
        TcpStream::connect(self.server.addr).await.unwrap()
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let name = ServerName::from(self.server.addr.ip());
        self.connector.connect(name, self.socket().await).await.unwrap()
    }
}

#[tokio::test]
async fn a_publish_reaches_the_feed_and_a_peer_that_leaves_without_a_word_has_ended_it() {
    let log = Log::capture();
    let secured = Secured::plain().await;
    let mut publisher = Publisher::over(secured.connect().await, KEY);
    publisher.start().await;
    publisher.send_media().await;
    secured.server.live(true).await;
    // The socket is closed without TLS's own good-bye.
    drop(publisher);
    secured.server.live(false).await;
    let text = log.lines().join("\n");
    assert!(text.contains("publish ended, closed by peer"), "{text}");
    assert!(!text.contains("WARN"), "{text}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up_and_disturbs_nobody() {
    let handshake_timeout = Duration::from_millis(200);
    let secured = Secured::start(IngestConfig { handshake_timeout, ..Default::default() }).await;
    let mut silent = secured.socket().await;
    let mut publisher = Publisher::over(secured.connect().await, KEY);
    publisher.start().await;
    let closed = timeout(PATIENCE, silent.read(&mut [0; 16])).await.expect("in time");
    assert_eq!(closed.unwrap_or(0), 0);
    publisher.send_media().await;
    secured.server.live(true).await;
}

#[tokio::test]
async fn rtmp_without_tls_is_sent_away_with_one_log_line() {
    let log = Log::capture();
    let secured = Secured::plain().await;
    let mut plain = secured.socket().await;
    plain.write_all(&[3; 1537]).await.unwrap();
    let _ = timeout(PATIENCE, plain.read_to_end(&mut Vec::new())).await.expect("in time");
    let text = log.lines().join("\n");
    assert_eq!(text.matches("connection ended in its TLS handshake").count(), 1, "{text}");
}
