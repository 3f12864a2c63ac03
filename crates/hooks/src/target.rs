//! Where a hook goes: an `http` or `https` URL.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

/// A URL that was checked. `Debug` and `Display` show scheme, host and port: the rest may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    secure: bool,
    host: String,
    port: u16,
    path_and_query: String,
}

/// Why a text is no target. Does not quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTarget {
    /// It is not a URL, or not of these two schemes.
    #[error("an http or https URL")]
    Url,
    /// It has a user or a password, which belong into a header or the query.
    #[error("a URL without user and password")]
    Credentials,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it cannot be called.
    pub fn parse(text: &str) -> Result<Self, InvalidTarget> {
        let uri: Uri = text.parse().map_err(|_| InvalidTarget::Url)?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(InvalidTarget::Url),
        };
        let authority = uri.authority().ok_or(InvalidTarget::Url)?;
        if authority.as_str().contains('@') {
            return Err(InvalidTarget::Credentials);
        }
        let port_text = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || (!port_text.is_empty() && authority.port_u16().is_none()) {
            return Err(InvalidTarget::Url);
        }
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { secure, host, port, path_and_query })
    }

    /// Whether it is called over TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Name or address of the host, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port of the host.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The host, where it is an address and needs no look-up.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// What stands in the request line. May hold a secret.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        &self.path_and_query
    }

    /// The request line's part for a call with `fields` behind its query.
    #[must_use]
    pub fn with_query(&self, fields: &str) -> String {
        let joint = if self.path_and_query.contains('?') { '&' } else { '?' };
        format!("{}{joint}{fields}", self.path_and_query)
    }

    /// The `Host` header: the port only where it is not the scheme's.
    #[must_use]
    pub fn host_header(&self) -> String {
        let usual = if self.secure { 443 } else { 80 };
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host_header())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str, port: u16, path: &str) {
        let target = Target::parse(text).unwrap();
        assert_eq!(target.to_string(), shown);
        assert_eq!((target.port(), target.path_and_query()), (port, path));
    }

    #[test]
    fn the_parts_of_a_url_are_told_apart() {
        check(
            "http://localhost:3000/hooks/rtmp?token=x",
            "http://localhost:3000",
            3000,
            "/hooks/rtmp?token=x",
        );
        check("https://live.example", "https://live.example", 443, "/");
        check("http://[::1]:81/a", "http://[::1]:81", 81, "/a");
        assert_eq!(Target::parse("http://[::1]/").unwrap().host(), "::1");
        assert_eq!(Target::parse("http://a/p").unwrap().with_query("x=1"), "/p?x=1");
        assert_eq!(Target::parse("http://a/p?y").unwrap().with_query("x=1"), "/p?y&x=1");
    }

    #[test]
    fn what_cannot_be_called_is_refused() {
        for text in
            ["", "localhost:3000", "/path", "ftp://a/", "http://", "http:///x", "http://a:99999/"]
        {
            assert_eq!(Target::parse(text), Err(InvalidTarget::Url), "{text}");
        }
        assert_eq!(Target::parse("http://me:secret@a/"), Err(InvalidTarget::Credentials));
    }

    #[test]
    fn secrets_in_a_url_do_not_print() {
        let target = Target::parse("http://a/hunter2?t=hunter2").unwrap();
        assert!(!format!("{target} {target:?}").contains("hunter2"));
    }
}
