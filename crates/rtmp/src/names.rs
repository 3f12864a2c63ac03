//! Identifiers, and the names a publisher sends: app, stream key, query, `tcUrl`.
//!
//! A stream key and everything in a query are secrets: their `Debug` output shows `***`.

use std::fmt;

/// A chunk stream id, 2 to 65,599 (RTMP 1.0 §5.3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChunkStreamId(u32);

impl ChunkStreamId {
    /// The chunk stream of protocol control messages.
    pub const CONTROL: Self = Self(2);
    /// The chunk stream that this crate sends commands on.
    pub const COMMAND: Self = Self(3);
    /// The largest id that a basic header can carry.
    pub const MAX: u32 = 65_599;

    /// The id, if it is in range.
    #[must_use]
    pub const fn new(id: u32) -> Option<Self> {
        if id >= 2 && id <= Self::MAX { Some(Self(id)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// A message stream id; 0 is the connection itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MessageStreamId(pub u32);

impl MessageStreamId {
    /// The stream of commands that concern the connection.
    pub const CONNECTION: Self = Self(0);
}

/// One publish of one session. Ids are not reused within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublishId(pub(crate) u32);

impl fmt::Display for PublishId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The secret name that a publisher publishes under.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StreamKey(String);

impl StreamKey {
    /// Wraps a key. Every text is legal; whether it is known is the application's question.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The secret itself. Not for logs, metrics or URLs that a viewer sees.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Parameters behind the `?` of a stream name, an app or a `tcUrl`, percent-decoded.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// The first parameter of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// All parameters in order; those of the stream name come first. The values are secrets.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is no parameter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name), percent_decode(value))
        });
        Self(pairs.collect())
    }

    pub(crate) fn followed_by(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().cloned());
        self
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, _)| (name, "***"))).finish()
    }
}

/// A URL that a publisher says it connected to, or comes from. Untrusted; may be empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TcUrl(String);

impl TcUrl {
    /// The URL as the peer sent it, quotes around it removed. May contain secrets.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn new(text: &str) -> Self {
        Self(unquote(text).to_owned())
    }

    /// The path without its leading slash: app and perhaps query.
    pub(crate) fn path(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("://")?;
        let (_, path) = rest.split_once('/')?;
        Some(path)
    }
}

/// Scheme, host and path, without credentials and query.
impl fmt::Debug for TcUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, query) = match self.0.split_once('?') {
            Some((url, _)) => (url, "?***"),
            None => (self.0.as_str(), ""),
        };
        match url.split_once("://") {
            Some((scheme, rest)) => {
                let authority_end = rest.find('/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(authority_end).unwrap_or((rest, ""));
                let host = authority.rsplit('@').next().unwrap_or_default();
                write!(f, "{scheme}://{host}{path}{query}")
            }
            None => write!(f, "{url}{query}"),
        }
    }
}

/// Splits `name?query`, removes quotes and slashes around the name, and percent-decodes both.
pub(crate) fn split_name(text: &str) -> (String, Query) {
    let text = unquote(text);
    let (name, query) = text.split_once('?').unwrap_or((text, ""));
    (percent_decode(name.trim_matches('/')), Query::parse(query))
}

fn unquote(text: &str) -> &str {
    text.trim().trim_matches(['\'', '"'])
}

/// Decodes `%41`; an escape that is none stays as it is.
fn percent_decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%'
            && let Some((&[high, low], tail)) = tail.split_first_chunk::<2>()
            && let (Some(high), Some(low)) = (hex_digit(high), hex_digit(low))
        {
            out.push((high << 4) | low);
            rest = tail;
        } else {
            out.push(byte);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_query_quotes_slashes_and_escapes() {
        let check = |text: &str, expect: &str, token: Option<&str>| {
            let (name, query) = split_name(text);
            assert_eq!((name.as_str(), query.get("token")), (expect, token), "{text}");
        };
        check("key", "key", None);
        check("key?token=a%2Fb&vhost=x", "key", Some("a/b"));
        check("/a/b/?token", "a/b", Some(""));
        check("'live'", "live", None);
        check("cam%2D1", "cam-1", None);
        check("100%", "100%", None);
        check("%zz%4", "%zz%4", None);
        check("", "", None);
        check("?token=1", "", Some("1"));
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let (_, query) = split_name("key?token=hunter2");
        assert_eq!(format!("{query:?}"), r#"{"token": "***"}"#);
        assert_eq!(format!("{:?}", StreamKey::new("hunter2")), "***");
        let url = TcUrl::new("'rtmp://user:hunter2@host:1935/live?token=hunter2'");
        assert_eq!(format!("{url:?}"), "rtmp://host:1935/live?***");
        assert_eq!(format!("{:?}", TcUrl::new("no url?x")), "no url?***");
    }

    #[test]
    fn chunk_stream_ids_have_a_range() {
        assert_eq!(ChunkStreamId::new(1), None);
        assert_eq!(ChunkStreamId::new(65_599).map(ChunkStreamId::get), Some(65_599));
        assert_eq!(ChunkStreamId::new(65_600), None);
    }
}
