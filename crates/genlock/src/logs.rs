//! Log lines on standard error.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::config::{LogFormat, Settings};
use crate::server::StartError;
use crate::traces::{self, Traces};

/// What is logged, as configured. Spans for traces never are.
pub(crate) fn filter(settings: &Settings) -> Result<EnvFilter, StartError> {
    let broken = |error| StartError::LogFilter(settings.log_filter.clone(), error);
    let no_traces = format!("{}=off", traces::TARGET).parse().map_err(broken)?;
    let filter = EnvFilter::try_new(&settings.log_filter).map_err(broken)?;
    Ok(filter.add_directive(no_traces))
}

/// What is logged, to change it while the server runs.
pub(crate) struct LiveFilter(reload::Handle<EnvFilter, Registry>);

impl LiveFilter {
    /// Another filter from now on.
    pub(crate) fn change(&self, filter: EnvFilter) {
        if let Err(error) = self.0.reload(filter) {
            tracing::error!(%error, "what is logged cannot be changed");
        }
    }
}

/// Starts logging as configured, and traces if there are any.
pub(crate) fn start(
    settings: &Settings,
    traces: Option<&Traces>,
) -> Result<LiveFilter, StartError> {
    let (filter, handle) = reload::Layer::new(filter(settings)?);
    let colours = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let lines = match settings.log_format {
        LogFormat::Text => lines.with_filter(filter).boxed(),
        LogFormat::Json => lines.json().with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with(lines).with(traces.map(Traces::layer)).init();
    Ok(LiveFilter(handle))
}
