//! Who may be loaded: URLs, and the rule that only this machine is a target unless the user says otherwise.
//!
//! Names are resolved here and nowhere else, and connections go to the very addresses that were checked.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, bail, ensure};

const RTMP_PORT: u16 = 1935;
const HTTP_PORT: u16 = 80;

/// Which hosts may be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permit {
    /// Only loopback addresses.
    Loopback,
    /// Any host: the user vouches for it.
    AnyHost,
}

impl Permit {
    /// The first address of a host, if all of its addresses are permitted.
    ///
    /// # Errors
    ///
    /// If the name does not resolve, or an address is not permitted.
    pub(crate) async fn resolve(self, host: &str, port: u16) -> anyhow::Result<SocketAddr> {
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((name, port)).await;
        let addresses: Vec<SocketAddr> = found.with_context(|| format!("{host}:{port}"))?.collect();
        for address in &addresses {
            self.check(host, address.ip())?;
        }
        addresses.first().copied().with_context(|| format!("{host} has no address"))
    }

    fn check(self, host: &str, address: IpAddr) -> anyhow::Result<()> {
        match self {
            Self::AnyHost => Ok(()),
            Self::Loopback if address.to_canonical().is_loopback() => Ok(()),
            Self::Loopback => bail!(
                "{host} ({address}) is not this machine; loading somebody else's server is an attack: \
                 say --i-own-this-host if it is yours"
            ),
        }
    }
}

/// An ingest URL, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RtmpUrl {
    /// Host as written.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// Application: the path up to its last slash.
    pub(crate) app: String,
    /// Stream key, query included.
    pub(crate) key: String,
}

impl RtmpUrl {
    /// Reads `rtmp://host[:port]/app/key`.
    ///
    /// # Errors
    ///
    /// If it is anything else.
    pub(crate) fn parse(url: &str) -> anyhow::Result<Self> {
        let rest = url.trim().strip_prefix("rtmp://").context("expected rtmp://host/app/key")?;
        let (authority, path) = rest.split_once('/').context("the URL has no app")?;
        // Keys may carry a query with slashes in it.
        let name_end = path.find('?').unwrap_or(path.len());
        let slash = path.get(..name_end).and_then(|name| name.rfind('/'));
        let (app, key) =
            slash.and_then(|at| path.split_at_checked(at)).context("the URL has no key")?;
        let (host, port) = split_port(authority, RTMP_PORT)?;
        let key = key.trim_start_matches('/').to_owned();
        ensure!(!app.is_empty() && !key.is_empty(), "app or key is empty");
        Ok(Self { host, port, app: app.to_owned(), key })
    }

    /// What the client announces as `tcUrl`.
    pub(crate) fn tc_url(&self) -> String {
        format!("rtmp://{}:{}/{}", self.host, self.port, self.app)
    }
}

/// The URL without its key: keys are secrets.
impl std::fmt::Debug for RtmpUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/***", self.tc_url())
    }
}

/// The URLs of `cameras` cameras: listed ones as they are, templates with `{n}` expanded from `first` on.
///
/// # Errors
///
/// If a URL does not parse, or there are fewer URLs than cameras.
pub(crate) fn expand(
    urls: &[String],
    cameras: Option<usize>,
    first: usize,
) -> anyhow::Result<Vec<RtmpUrl>> {
    ensure!(!urls.is_empty(), "no URL: say --url or --url-file");
    let template = urls.iter().find(|url| url.contains("{n}"));
    let wanted = cameras.unwrap_or(urls.len());
    if let Some(template) = template {
        ensure!(urls.len() == 1, "a URL with {{n}} must be the only one");
        let numbers = (first..).take(wanted);
        return numbers.map(|n| RtmpUrl::parse(&template.replace("{n}", &n.to_string()))).collect();
    }
    ensure!(wanted <= urls.len(), "{wanted} cameras but {} URLs", urls.len());
    urls.iter().take(wanted).map(|url| RtmpUrl::parse(url)).collect()
}

/// An HTTP URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct HttpUrl {
    /// Host as written.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// Path and query, with its leading slash.
    pub(crate) path: String,
}

impl HttpUrl {
    /// Reads `http://host[:port]/path?query`.
    ///
    /// # Errors
    ///
    /// If it is anything else; `https` is not spoken here.
    pub(crate) fn parse(url: &str) -> anyhow::Result<Self> {
        let rest = url.trim().strip_prefix("http://").context("expected http://host/path")?;
        let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(path_at).unwrap_or((rest, ""));
        let (host, port) = split_port(authority, HTTP_PORT)?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { host, port, path })
    }

    /// The URL that a reference found at this one means (RFC 3986 §5.2, what playlists need of it).
    ///
    /// # Errors
    ///
    /// If the reference is an absolute URL of another scheme.
    pub(crate) fn join(&self, reference: &str) -> anyhow::Result<Self> {
        if reference.contains("://") {
            return Self::parse(reference);
        }
        if reference.starts_with('/') {
            return Ok(Self { path: reference.to_owned(), ..self.clone() });
        }
        let path = self.path.split('?').next().unwrap_or("/");
        let mut segments: Vec<&str> = path.split('/').collect();
        segments.pop();
        let (name, query) = reference
            .split_at_checked(reference.find('?').unwrap_or(reference.len()))
            .unwrap_or((reference, ""));
        for segment in name.split('/') {
            match segment {
                "." => {}
                ".." if segments.len() > 1 => drop(segments.pop()),
                ".." => {}
                segment => segments.push(segment),
            }
        }
        Ok(Self { path: segments.join("/") + query, ..self.clone() })
    }

    /// The URL with more query parameters.
    pub(crate) fn with_query(&self, query: &str) -> Self {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        Self { path: format!("{}{separator}{query}", self.path), ..self.clone() }
    }

    /// Host and port, as the `Host` header says them.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl std::fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}:{}{}", self.host, self.port, self.path)
    }
}

fn split_port(authority: &str, default: u16) -> anyhow::Result<(String, u16)> {
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':') {
        // A colon inside brackets belongs to an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, port.parse().context("bad port")?),
        _ => (authority, default),
    };
    ensure!(!host.is_empty(), "the URL has no host");
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_a_target_by_default() {
        let check =
            |address: &str| Permit::Loopback.check("host", address.parse().unwrap()).is_ok();
        assert!(check("127.0.0.1"));
        assert!(check("127.9.9.9"));
        assert!(check("::1"));
        assert!(check("::ffff:127.0.0.1"));
        assert!(!check("192.168.1.1"));
        assert!(!check("0.0.0.0"));
        assert!(!check("::ffff:8.8.8.8"));
        assert!(Permit::AnyHost.check("host", "8.8.8.8".parse().unwrap()).is_ok());
    }

    #[test]
    fn ingest_urls_come_apart() {
        let url = RtmpUrl::parse("rtmp://[::1]:1936/a/b/key?token=x/y").unwrap();
        assert_eq!((url.host.as_str(), url.port), ("[::1]", 1936));
        assert_eq!((url.app.as_str(), url.key.as_str()), ("a/b", "key?token=x/y"));
        assert_eq!(RtmpUrl::parse("rtmp://h/live/k").unwrap().port, 1935);
        for bad in
            ["http://h/live/k", "rtmp://h", "rtmp://h/live", "rtmp:///live/k", "rtmp://h/live/"]
        {
            assert!(RtmpUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_debug_print_hides_the_key() {
        let url = RtmpUrl::parse("rtmp://h/live/secret").unwrap();
        assert_eq!(format!("{url:?}"), "rtmp://h:1935/live/***");
    }

    #[test]
    fn templates_are_numbered_and_lists_are_taken_in_order() {
        let keys = |urls: &[&str], cameras, first| -> Vec<String> {
            let urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
            expand(&urls, cameras, first).unwrap().into_iter().map(|url| url.key).collect()
        };
        assert_eq!(keys(&["rtmp://h/live/c{n}"], Some(2), 5), ["c5", "c6"]);
        assert_eq!(keys(&["rtmp://h/live/a", "rtmp://h/live/b"], None, 1), ["a", "b"]);
        assert!(expand(&["rtmp://h/live/a".to_owned()], Some(2), 1).is_err());
        assert!(expand(&[], Some(2), 1).is_err());
    }

    #[test]
    fn references_in_playlists_resolve() {
        let base = HttpUrl::parse("http://h:8080/hls/e/index.m3u8?a=1").unwrap();
        let check =
            |reference, expect: &str| assert_eq!(base.join(reference).unwrap().path, expect);
        check("s1.m4s", "/hls/e/s1.m4s");
        check("../x/s1.m4s?t=../1", "/hls/x/s1.m4s?t=../1");
        check("/root.ts", "/root.ts");
        check("http://other/p", "/p");
        assert_eq!(base.with_query("_HLS_msn=1").path, "/hls/e/index.m3u8?a=1&_HLS_msn=1");
        assert!(base.join("https://other/p").is_err());
        assert_eq!(HttpUrl::parse("http://h").unwrap().path, "/");
    }
}
