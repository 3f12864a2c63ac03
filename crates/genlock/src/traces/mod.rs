//! Traces for an OpenTelemetry collector: requests of the API, takes, publish sessions.
//!
//! Spans that are sent have a target of their own, [`TARGET`], and name each attribute where they are made. So nothing that is
//! written into a log line is ever sent, and nothing of them is written into the log. Without `[traces]` nothing
//! listens to that target and no such span is made.
//!
//! Architecture Invariant: nothing waits for the collector. Spans that are over go into a queue of
//! [`QUEUE_MAX`]; a thread of its own empties it; what finds it full is dropped.

pub(crate) mod requests;
mod sender;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanLimits,
};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

pub(crate) use self::sender::probe;
use self::sender::{SEND_TIME_MAX, Sender};
use crate::config::TraceSettings;
use crate::server::StartError;

/// Target of the spans that are sent.
pub(crate) const TARGET: &str = "genlock_trace";

/// Spans that wait to be sent. Default 2048, which is 2 MB: a minute of a busy console.
const QUEUE_MAX: usize = 2048;

/// Spans in a request. Default 512.
const BATCH_MAX: usize = 512;

/// How long a span waits for others. Default 2 s.
const BATCH_EVERY: Duration = Duration::from_secs(2);

/// Attributes and events of a span; more are dropped. Default 32, twice what any here has.
const PER_SPAN_MAX: u32 = 32;

/// How long the last spans may take to be sent when the server stops. Default 2 s.
const LAST_SEND_MAX: Duration = Duration::from_secs(2);

/// What makes spans out of what [`TARGET`] tells, and sends them.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Starts the thread that sends.
    ///
    /// # Errors
    /// When the OTEL_* variables of the environment ask for what cannot be done.
    pub(crate) fn new(settings: &TraceSettings) -> Result<Self, StartError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender::new())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(settings.endpoint.to_string())
            .with_headers(settings.headers.clone())
            .with_timeout(SEND_TIME_MAX)
            .build()
            .map_err(|error| StartError::Traces(error.to_string()))?;
        let queue = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_MAX)
            .with_max_export_batch_size(BATCH_MAX)
            .with_scheduled_delay(BATCH_EVERY)
            .build();
        let attributes =
            settings.resource.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let resource = Resource::builder()
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attributes(attributes)
            .with_service_name(settings.service_name.clone())
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(
                BatchSpanProcessor::builder(exporter).with_batch_config(queue).build(),
            )
            .with_sampler(Sampler::TraceIdRatioBased(1.0 / f64::from(settings.one_in)))
            .with_span_limits(SpanLimits {
                max_attributes_per_span: PER_SPAN_MAX,
                max_events_per_span: PER_SPAN_MAX,
                ..SpanLimits::default()
            })
            .with_resource(resource)
            .build();
        Ok(Self { provider })
    }

    /// Hears what is told under [`TARGET`], and nothing else.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let ours = filter_fn(|metadata| metadata.target() == TARGET);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("genlock"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_level(false)
            .with_target(false)
            .with_filter(ours.with_max_level_hint(LevelFilter::INFO))
    }

    /// Sends what is over, within [`LAST_SEND_MAX`].
    pub(crate) async fn finish(self) {
        let sent =
            tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(LAST_SEND_MAX));
        // What could not be sent has been told by the sender.
        let _ = tokio::time::timeout(LAST_SEND_MAX, sent).await;
    }
}
