//! Log lines on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};
use crate::server::StartError;

/// What is logged, as configured.
pub(crate) fn filter(settings: &Settings) -> Result<EnvFilter, StartError> {
    EnvFilter::try_new(&settings.log_filter)
        .map_err(|error| StartError::LogFilter(settings.log_filter.clone(), error))
}

/// Starts logging as configured.
pub(crate) fn start(settings: &Settings) -> Result<(), StartError> {
    let filter = filter(settings)?;
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours);
    match settings.log_format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
