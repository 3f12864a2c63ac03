//! Log lines on standard error.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::config::{LogFormat, Settings};
use crate::server::StartError;

/// What is logged, as configured.
pub(crate) fn filter(settings: &Settings) -> Result<EnvFilter, StartError> {
    EnvFilter::try_new(&settings.log_filter)
        .map_err(|error| StartError::LogFilter(settings.log_filter.clone(), error))
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

/// Starts logging as configured.
pub(crate) fn start(settings: &Settings) -> Result<LiveFilter, StartError> {
    let (filter, handle) = reload::Layer::new(filter(settings)?);
    let colours = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let registry = tracing_subscriber::registry().with(filter);
    match settings.log_format {
        LogFormat::Text => registry.with(lines).init(),
        LogFormat::Json => registry.with(lines.json()).init(),
    }
    Ok(LiveFilter(handle))
}
