//! Bounds of one call.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use genlock_hooks::client::Call;
use genlock_hooks::{AddressPolicy, CallError, Client, Target};
use http::{HeaderMap, Method};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::server::{BackEnd, serve, status};

const TIME: Duration = Duration::from_secs(10);

fn client() -> Client {
    Client::new(AddressPolicy::default(), None).unwrap()
}

fn call() -> Call {
    let (path, headers, body) = ("/hook".to_owned(), HeaderMap::new(), Bytes::from("x=1"));
    Call { method: Method::POST, path, headers, body }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let other = BackEnd::start(|_| status("200 OK", "")).await;
    let location = format!("location: {}\r\n", other.url);
    let back_end = BackEnd::start(move |_| status("307 Temporary Redirect", &location)).await;
    let target = Target::parse(&back_end.url).unwrap();
    let answer = client().call(&target, call(), TIME).await.unwrap();
    assert_eq!((answer.status, answer.location), (307, Some(other.url.clone())));
    assert!(other.asked().is_empty());
    let asked = &back_end.asked()[0];
    assert_eq!((asked.path(), asked.body.as_str()), ("/hook", "x=1"));
    assert_eq!(format!("http://{}/hook", asked.header("host")), back_end.url);
}

#[tokio::test]
async fn silence_ends_in_time() {
    let back_end = BackEnd::start(|_| None).await;
    let target = Target::parse(&back_end.url).unwrap();
    let answer = client().call(&target, call(), Duration::from_millis(200)).await;
    assert!(matches!(answer, Err(CallError::TimedOut)), "{answer:?}");
}

#[tokio::test]
async fn an_endless_head_is_an_error_and_an_endless_body_is_cut_off() {
    let head =
        BackEnd::start(|_| status("200 OK", &format!("x: {}\r\n", "y".repeat(100_000)))).await;
    let target = Target::parse(&head.url).unwrap();
    let answer = client().call(&target, call(), TIME).await;
    assert!(matches!(answer, Err(CallError::Http(_))), "{answer:?}");
    let body =
        BackEnd::start(|_| Some(format!("HTTP/1.1 200 OK\r\n\r\n{}", "y".repeat(5_000_000)))).await;
    let target = Target::parse(&body.url).unwrap();
    assert_eq!(client().call(&target, call(), TIME).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_metadata_address_is_not_called() {
    let target = Target::parse("http://169.254.169.254/latest/meta-data/").unwrap();
    let answer = client().call(&target, call(), TIME).await;
    assert!(matches!(answer, Err(CallError::Forbidden(_))), "{answer:?}");
}

#[tokio::test]
async fn a_name_is_looked_up_and_what_it_means_is_called() {
    let back_end = BackEnd::start(|_| status("204 No Content", "")).await;
    let target = Target::parse(&back_end.url.replace("127.0.0.1", "localhost")).unwrap();
    assert_eq!(client().call(&target, call(), TIME).await.unwrap().status, 204);
}

#[tokio::test]
async fn tls_is_spoken_to_who_has_a_certificate_that_is_trusted() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // A client that does not trust us breaks off: that is the other half of the test.
            if let Ok(socket) = acceptor.accept(socket).await {
                serve(socket, &Mutex::default(), &|_| status("200 OK", "")).await;
            }
        }
    });
    let target = Target::parse(&format!("https://localhost:{port}/hook")).unwrap();
    let stranger = client().call(&target, call(), TIME).await;
    assert!(matches!(stranger, Err(CallError::Tls(_))), "{stranger:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authorities.pem");
    std::fs::write(&file, cert.pem()).unwrap();
    let friend = Client::new(AddressPolicy::default(), Some(&file)).unwrap();
    assert_eq!(friend.call(&target, call(), TIME).await.unwrap().status, 200);
    std::fs::write(&file, "").unwrap();
    assert!(Client::new(AddressPolicy::default(), Some(&file)).is_err());
}
