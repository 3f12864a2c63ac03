//! `[traces]`: where traces are sent (OpenTelemetry, OTLP over HTTP), if anywhere.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;

use http::{HeaderName, HeaderValue, Uri};
use serde::Deserialize;

use super::{ConfigError, range};

/// Path of the collector where the URL has none.
const DEFAULT_PATH: &str = "/v1/traces";

/// Attributes of the resource that the file may name. Default 64: collectors index each.
const RESOURCE_MAX: usize = 64;

/// Traces as the file says them. Without an endpoint there are none.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Traces {
    /// `http://…` or `https://…` of a collector; `/v1/traces` if it has no path.
    endpoint: Option<String>,
    /// File with headers for the collector, `name: value` a line: what lets in there stands in no configuration.
    headers_file: Option<PathBuf>,
    /// `service.name` of all traces. Default `genlock`.
    service_name: Option<String>,
    /// More attributes of whoever sends, such as `deployment.environment.name`.
    resource: BTreeMap<String, String>,
    /// Of so many traces one is sent. Default 1: all.
    one_in: Option<u32>,
}

impl fmt::Debug for Traces {
    /// Without the endpoint, which may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").field("headers_file", &self.headers_file).finish_non_exhaustive()
    }
}

/// Traces in flags and environment variables.
#[derive(Clone, Default, clap::Args)]
pub(crate) struct TraceFlags {
    /// Sends traces to an OpenTelemetry collector (OTLP over HTTP), such as `http://127.0.0.1:4318` [default: nowhere]
    #[arg(long, value_name = "URL", env = "GENLOCK_TRACES_ENDPOINT", hide_env_values = true)]
    traces_endpoint: Option<String>,
    /// Headers for the collector: `name=value,name=value`
    #[arg(long, value_name = "HEADERS", env = "GENLOCK_TRACES_HEADERS", hide_env_values = true)]
    traces_headers: Option<String>,
}

/// Traces, checked and complete.
#[derive(Clone)]
pub(crate) struct TraceSettings {
    pub(crate) endpoint: Uri,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) service_name: String,
    pub(crate) resource: BTreeMap<String, String>,
    pub(crate) one_in: u32,
}

impl TraceSettings {
    /// Scheme, host and port of the collector; the rest may hold a secret.
    pub(crate) fn origin(&self) -> String {
        let scheme = self.endpoint.scheme_str().unwrap_or_default();
        let host = self.endpoint.authority().map_or("", |authority| authority.as_str());
        format!("{scheme}://{host}")
    }
}

impl fmt::Debug for TraceSettings {
    /// Without headers and path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceSettings").field("origin", &self.origin()).finish_non_exhaustive()
    }
}

impl Traces {
    pub(super) fn check(self, flags: &TraceFlags) -> Result<Option<TraceSettings>, ConfigError> {
        let configured = self != Self::default() || flags.traces_headers.is_some();
        let one_in = self.one_in.unwrap_or(1);
        range("traces.one_in", one_in, 1..=1_000_000, "1 to 1000000")?;
        if self.resource.len() > RESOURCE_MAX {
            let got = self.resource.len().to_string();
            return Err(wrong("traces.resource", "64 attributes or fewer", got));
        }
        let Some(endpoint) = flags.traces_endpoint.clone().or(self.endpoint) else {
            let nothing = || wrong("traces.endpoint", COLLECTOR, "nothing".to_owned());
            return if configured { Err(nothing()) } else { Ok(None) };
        };
        let mut headers = match &self.headers_file {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| ConfigError::Unreadable { path: path.clone(), error })?;
                read_headers("traces.headers_file", text.lines(), ':')?
            }
            None => HashMap::new(),
        };
        let given = flags.traces_headers.as_deref().unwrap_or_default();
        headers.extend(read_headers("GENLOCK_TRACES_HEADERS", given.split(','), '=')?);
        Ok(Some(TraceSettings {
            endpoint: collector(&endpoint)
                .ok_or_else(|| wrong("traces.endpoint", COLLECTOR, "something else".to_owned()))?,
            headers,
            service_name: self.service_name.unwrap_or_else(|| "genlock".to_owned()),
            resource: self.resource,
            one_in,
        }))
    }
}

const COLLECTOR: &str = "an http or https URL without user and password";

const fn wrong(key: &'static str, expected: &'static str, got: String) -> ConfigError {
    ConfigError::Value { key, expected, got }
}

fn collector(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    match uri.path_and_query().map_or("/", |path| path.as_str()) {
        "/" => format!("{scheme}://{host}{DEFAULT_PATH}").parse().ok(),
        _ => Some(uri),
    }
}

/// `name`, separator, `value`, over and over; what is empty is passed over. An error names the place and no value.
fn read_headers<'a>(
    key: &'static str,
    lines: impl Iterator<Item = &'a str>,
    separator: char,
) -> Result<HashMap<String, String>, ConfigError> {
    let mut headers = HashMap::new();
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let pair = line.split_once(separator).map(|(name, value)| (name.trim(), value.trim()));
        let legal = pair.filter(|(name, value)| {
            name.parse::<HeaderName>().is_ok() && value.parse::<HeaderValue>().is_ok()
        });
        let Some((name, value)) = legal else {
            let got = format!("something else at place {}", number + 1);
            return Err(wrong(key, "headers", got));
        };
        headers.insert(name.to_owned(), value.to_owned());
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, flags: &TraceFlags) -> Result<Option<TraceSettings>, String> {
        let traces: Traces = toml::from_str(text).map_err(|error| error.to_string())?;
        traces.check(flags).map_err(|error| error.to_string())
    }

    fn of_text(text: &str) -> Result<Option<TraceSettings>, String> {
        check(text, &TraceFlags::default())
    }

    #[test]
    fn without_an_endpoint_there_are_none() {
        assert!(of_text("").unwrap().is_none());
        let error = of_text("one_in = 3").unwrap_err();
        assert!(error.starts_with("traces.endpoint must be"), "{error}");
    }

    #[test]
    fn a_collector_has_a_default_path() {
        let endpoint = |url: &str| {
            let traces = of_text(&format!("endpoint = \"{url}\"")).unwrap().unwrap();
            traces.endpoint.to_string()
        };
        assert_eq!(endpoint("http://127.0.0.1:4318"), "http://127.0.0.1:4318/v1/traces");
        assert_eq!(endpoint("http://127.0.0.1:4318/"), "http://127.0.0.1:4318/v1/traces");
        assert_eq!(endpoint("https://o.example/otlp?k=1"), "https://o.example/otlp?k=1");
    }

    #[test]
    fn what_cannot_be_meant_is_named_and_not_quoted() {
        let check = |text: &str, key: &str| {
            let error = of_text(text).unwrap_err();
            assert!(error.contains(key) && !error.contains("hunter2"), "{error}");
        };
        check("endpoint = \"http://me:hunter2@collector\"", "traces.endpoint");
        check("endpoint = \"ftp://collector/hunter2\"", "traces.endpoint");
        check("endpoint = \"http://c\"\none_in = 0", "traces.one_in");
        check("endpoint = \"http://c\"\nheaders_file = \"/nowhere/at-all\"", "/nowhere/at-all");
    }

    #[test]
    fn headers_come_from_a_file_and_from_the_environment_and_are_not_printed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "x-key: hunter2:a\n\nx-other: b\n").unwrap();
        let text = format!("endpoint = \"http://c/?t=hunter2\"\nheaders_file = {:?}", file.path());
        let headers = Some("x-other=c, x-more=d".to_owned());
        let flags = TraceFlags { traces_headers: headers, ..TraceFlags::default() };
        let traces = check(&text, &flags).unwrap().unwrap();
        let headers: BTreeMap<_, _> = traces.headers.iter().map(|(n, v)| (&**n, &**v)).collect();
        let expected = [("x-key", "hunter2:a"), ("x-more", "d"), ("x-other", "c")];
        assert_eq!(headers, BTreeMap::from(expected));
        let configured: Traces = toml::from_str(&text).unwrap();
        let printed = format!("{traces:?} {configured:?}");
        assert!(!printed.contains("hunter2"), "{printed}");
        let flags = TraceFlags {
            traces_headers: Some("x-key=a,hunter2".to_owned()),
            ..TraceFlags::default()
        };
        let error = check(&text, &flags).unwrap_err();
        assert!(error.contains("place 2") && !error.contains("hunter2"), "{error}");
    }
}
