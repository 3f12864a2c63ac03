//! The ports: taken at start, before anything runs.

use std::io;
use std::net::SocketAddr;

use genlock_control_api::RtmpPort;
use genlock_delivery::{HttpServer, Tls};
use genlock_ingest::Ingest;
use genlock_tls::{Certificates, TlsAcceptor};
use tokio::net::TcpListener;

use crate::config::Settings;
use crate::server::StartError;

/// Where who can come in.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bound {
    pub(crate) http: Option<SocketAddr>,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) rtmp: Option<SocketAddr>,
    pub(crate) rtmps: Option<SocketAddr>,
}

impl Bound {
    /// The port for cameras that answers of the API name: the plain one, which every encoder can use, if it is open.
    pub(crate) fn for_cameras(&self) -> RtmpPort {
        match (self.rtmp, self.rtmps) {
            (None, Some(secure)) => RtmpPort::Tls(secure.port()),
            (plain, _) => RtmpPort::Plain(plain.map_or(0, |plain| plain.port())),
        }
    }
}

/// All ports of a server.
pub(crate) struct Ports {
    pub(crate) http: HttpServer,
    cameras: Vec<(TcpListener, Option<TlsAcceptor>)>,
    pub(crate) bound: Bound,
}

impl Ports {
    /// Takes what is configured. `certificates` are there if TLS is.
    pub(crate) async fn take(
        settings: &Settings,
        certificates: Option<&Certificates>,
    ) -> Result<Self, StartError> {
        let http = HttpServer::new(settings.limits.server);
        let mut ports = Self { http, cameras: Vec::new(), bound: Bound::default() };
        if let Some(address) = settings.http_listen {
            ports.bound.http = Some(ports.http("http", address, None)?);
        }
        if let Some(address) = settings.rtmp_listen {
            ports.bound.rtmp = Some(ports.rtmp("rtmp", address, None).await?);
        }
        if let Some((tls, certificates)) = settings.tls.as_ref().zip(certificates) {
            if let Some(address) = tls.http {
                let acceptor = certificates.https().map_err(StartError::Tls)?;
                let tls = Tls { acceptor, hsts: tls.hsts };
                ports.bound.https = Some(ports.http("tls.http", address, Some(tls))?);
            }
            if let Some(address) = tls.rtmp {
                let acceptor = certificates.rtmps().map_err(StartError::Tls)?;
                ports.bound.rtmps = Some(ports.rtmp("tls.rtmp", address, Some(acceptor)).await?);
            }
        }
        Ok(ports)
    }

    /// Hands the ports for cameras over, and returns the others.
    pub(crate) fn open(self, ingest: &mut Ingest) -> HttpServer {
        for (listener, tls) in self.cameras {
            ingest.listen(listener, tls);
        }
        self.http
    }

    fn http(
        &mut self,
        what: &'static str,
        address: SocketAddr,
        tls: Option<Tls>,
    ) -> Result<SocketAddr, StartError> {
        self.http.listen(address, tls).map_err(|error| listen(what, address, error))
    }

    async fn rtmp(
        &mut self,
        what: &'static str,
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
    ) -> Result<SocketAddr, StartError> {
        let failed = |error| listen(what, address, error);
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        self.cameras.push((listener, tls));
        Ok(bound)
    }
}

fn listen(what: &'static str, address: SocketAddr, error: io::Error) -> StartError {
    StartError::Listen { what, address, error }
}
