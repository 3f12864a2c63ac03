//! Handshakes over a pipe while the files change.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::server::TlsStream as Accepted;

use super::*;
use crate::pair::tests::pem;
use crate::self_signed;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn write(folder: &Path, pem: &Pem) -> PairFiles {
    let files = PairFiles { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificate, &pem.certificate).unwrap();
    std::fs::write(&files.key, &pem.key).unwrap();
    files
}

/// A client that trusts `pem` alone and offers `protocols`.
fn client(pem: &Pem, protocols: &[&[u8]]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem.certificate).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

type Connected = (TlsStream<DuplexStream>, Accepted<DuplexStream>);

async fn connect(acceptor: &TlsAcceptor, connector: TlsConnector) -> std::io::Result<Connected> {
    let (near, far) = tokio::io::duplex(64 << 10);
    let name = ServerName::try_from("live.example").unwrap();
    let (client, server) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
    Ok((client?, server?))
}

#[tokio::test]
async fn a_new_pair_is_for_new_connections_and_leaves_open_ones_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (pem("live.example"), pem("live.example"));
    let certificates = Certificates::open(write(folder.path(), &first)).unwrap();
    let acceptor = certificates.https().unwrap();
    let (mut near, mut far) = connect(&acceptor, client(&first, &[])).await.unwrap();
    assert!(matches!(certificates.look(NOW), Look::Same));

    write(folder.path(), &second);
    assert!(matches!(certificates.look(NOW), Look::Changed(_)));
    assert!(matches!(certificates.look(NOW), Look::Same));
    connect(&acceptor, client(&second, &[])).await.unwrap();
    assert!(connect(&acceptor, client(&first, &[])).await.is_err());

    near.write_all(b"still here").await.unwrap();
    near.flush().await.unwrap();
    let mut heard = [0; 10];
    far.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"still here");
}

#[tokio::test]
async fn a_pair_that_cannot_be_used_is_told_once_and_the_old_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let first = pem("live.example");
    let files = write(folder.path(), &first);
    let certificates = Certificates::open(files.clone()).unwrap();
    let acceptor = certificates.rtmps().unwrap();
    // A tool writes one file after the other.
    let second = pem("live.example");
    write(folder.path(), &Pem { certificate: second.certificate.clone(), ..first.clone() });
    let Look::Refused(refusal) = certificates.look(NOW) else { panic!("it is shown") };
    assert!(refusal.to_string().contains("belong"), "{refusal}");
    assert!(matches!(certificates.look(NOW), Look::Same));
    connect(&acceptor, client(&first, &[])).await.unwrap();

    std::fs::remove_file(&files.key).unwrap();
    assert!(matches!(certificates.look(NOW), Look::Refused(_)));
    assert!(matches!(certificates.look(NOW), Look::Same));
    connect(&acceptor, client(&first, &[])).await.unwrap();

    write(folder.path(), &second);
    assert!(matches!(certificates.look(NOW), Look::Changed(_)));
    connect(&acceptor, client(&second, &[])).await.unwrap();
}

#[tokio::test]
async fn protocols_of_http_are_agreed_upon() {
    let folder = tempfile::tempdir().unwrap();
    let pem = pem("live.example");
    let certificates = Certificates::open(write(folder.path(), &pem)).unwrap();
    let https = certificates.https().unwrap();
    for (offered, agreed) in [
        (&[b"http/1.1".as_slice(), b"h2"] as &[&[u8]], Some(b"h2".as_slice())),
        (&[b"http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let (_, far) = connect(&https, client(&pem, offered)).await.unwrap();
        assert_eq!(far.get_ref().1.alpn_protocol(), agreed);
    }
    assert!(connect(&https, client(&pem, &[b"gopher"])).await.is_err());
    // Nobody has to offer anything to publish.
    connect(&certificates.rtmps().unwrap(), client(&pem, &[])).await.unwrap();
}

#[test]
fn a_pair_that_is_over_takes_no_good_ones_place() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let day = Duration::from_secs(24 * 3600);
    let now = SystemTime::UNIX_EPOCH + day * 20_000;
    let names = ["live.example".to_owned()];
    let made = |begun| {
        let files = self_signed(other.path(), &names, begun).unwrap();
        files.read().unwrap()
    };
    let (good, over) = (made(now), made(now - day * 1000));
    let certificates = Certificates::open(write(folder.path(), &good)).unwrap();
    write(folder.path(), &over);
    assert!(matches!(certificates.look(now), Look::Refused(Refusal::Over)));
    assert_eq!(certificates.shown().validity(), Pair::new(&good).unwrap().validity());
    // When both are over it makes no difference, and the newer file is what the operator means.
    write(folder.path(), &good);
    certificates.look(now + day * 400);
    write(folder.path(), &over);
    assert!(matches!(certificates.look(now + day * 400), Look::Changed(_)));
}

#[test]
fn other_files_are_looked_at_only_if_there_is_a_pair_in_them() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (pem("live.example"), pem("live.example"));
    let files = write(folder.path(), &first);
    let certificates = Certificates::open(files.clone()).unwrap();
    let elsewhere = PairFiles { certificate: other.path().join("none"), ..files };
    assert!(matches!(certificates.look_elsewhere(elsewhere, NOW), Look::Refused(_)));
    write(folder.path(), &second);
    assert!(matches!(certificates.look(NOW), Look::Changed(_)), "the old files are forgotten");
    let elsewhere = write(other.path(), &first);
    assert!(matches!(certificates.look_elsewhere(elsewhere.clone(), NOW), Look::Changed(_)));
    assert!(matches!(certificates.look_elsewhere(elsewhere, NOW), Look::Same));
}
