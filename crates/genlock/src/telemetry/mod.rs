//! What is measured: the counters of all parts, put together for `/metrics` and `/stat`.

mod process;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use genlock_control_api::Telemetry;
use genlock_control_api::telemetry::{
    EventsReading, HooksReading, HttpReading, ProcessReading, RtmpReading, ServerReading,
};
use genlock_delivery::Origin;
use genlock_hooks::Notices;
use genlock_ingest::IngestCounters;
use genlock_tls::Certificates;

pub(crate) use self::process::open_files_max;
use crate::engine::Engine;

/// Where the counters are.
pub(crate) struct Instruments {
    pub(crate) engine: Arc<Engine>,
    pub(crate) origin: Origin,
    pub(crate) rtmp: IngestCounters,
    pub(crate) notices: Notices,
    /// Only with TLS.
    pub(crate) certificates: Option<Certificates>,
    pub(crate) started: Started,
}

/// When the server started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Started {
    at: Instant,
    unix: Duration,
}

impl Started {
    pub(crate) fn now() -> Self {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { at: Instant::now(), unix }
    }
}

impl Telemetry for Instruments {
    fn server(&self) -> ServerReading {
        let hooks = self.notices.counts();
        let rtmp = self.rtmp.read();
        ServerReading {
            process: self.process(),
            rtmp: RtmpReading {
                open: rtmp.connections_open as u64,
                accepted: rtmp.connections,
                refused: rtmp.connections_refused,
            },
            http: self.http(),
            hooks: HooksReading { waiting: hooks.waiting, dead: hooks.dead, lost: hooks.lost },
            certificate_expires_at: self.certificates.as_ref().map(|certificates| {
                let end = certificates.shown().validity().until;
                end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
            }),
        }
    }

    fn events(&self) -> EventsReading {
        self.engine.readings()
    }
}

impl Instruments {
    fn process(&self) -> ProcessReading {
        ProcessReading {
            id: std::process::id(),
            uptime: self.started.at.elapsed(),
            started_at: self.started.unix.as_secs(),
            ..process::read()
        }
    }

    fn http(&self) -> HttpReading {
        let stats = self.origin.stats();
        HttpReading {
            open: stats.connections_open as u64,
            accepted: stats.connections,
            refused: stats.connections_refused,
            slow_viewers: stats.slow_viewers,
            bytes_sent: stats.bytes_sent,
            requests: stats.requests,
            client_errors: stats.client_errors,
            server_errors: stats.server_errors,
            held: stats.held as u64,
            held_refused: stats.held_refused,
            packaging: stats.packaging as u64,
            packaging_faults: stats.panics,
        }
    }
}
