//! What nginx-rtmp's notify module sends, field for field (`ngx_rtmp_notify_module.c`,
//! `ngx_rtmp_netcall_module.c`): `application/x-www-form-urlencoded`, the session first, then the call, then what
//! the publisher put behind its key.
//!
//! Beyond nginx-rtmp: `event_id` and `camera_id`, which name the camera without its key; and what the publisher
//! sends never repeats one of our fields, because many back ends read the last of two.

use std::fmt;
use std::net::IpAddr;

/// A publisher as a back end is told of it. `Debug` shows no value that may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Publisher {
    /// The application.
    pub app: String,
    /// What it calls itself.
    pub flash_version: String,
    /// The URL of the player that it says it is.
    pub swf_url: String,
    /// The URL that it says it connected to.
    pub tc_url: String,
    /// The page that it says it is on.
    pub page_url: String,
    /// Its address.
    pub address: IpAddr,
    /// Number of its connection.
    pub client: u64,
    /// `live`, `record` or `append`.
    pub publish_type: &'static str,
    /// The parameters behind its key.
    pub args: Vec<(String, String)>,
    /// What it publishes under: its key, or the camera's id.
    pub name: String,
    /// The event, where it is known.
    pub event: Option<String>,
    /// The camera, where it is known.
    pub camera: Option<String>,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("address", &self.address)
            .field("client", &self.client)
            .field("camera", &self.camera)
            .finish_non_exhaustive()
    }
}

/// Why the back end is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// It wants to publish.
    Publish,
    /// It has ended.
    PublishDone,
    /// It publishes still.
    Update {
        /// Seconds since it began.
        seconds: u64,
        /// Newest RTMP timestamp, in milliseconds.
        timestamp: u32,
    },
}

impl Call {
    const fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::PublishDone => "publish_done",
            Self::Update { .. } => "update_publish",
        }
    }
}

/// The body of a call about `publisher`, or its query.
#[must_use]
pub fn encode(publisher: &Publisher, call: Call) -> String {
    let mut form = Form::default();
    form.field("app", &publisher.app);
    form.field("flashver", &publisher.flash_version);
    form.field("swfurl", &publisher.swf_url);
    form.field("tcurl", &publisher.tc_url);
    form.field("pageurl", &publisher.page_url);
    form.field("addr", &publisher.address.to_string());
    form.field("clientid", &publisher.client.to_string());
    form.field("call", call.name());
    if let Call::Update { seconds, timestamp } = call {
        form.field("time", &seconds.to_string());
        form.field("timestamp", &timestamp.to_string());
    }
    form.field("name", &publisher.name);
    if call == Call::Publish {
        form.field("type", publisher.publish_type);
    }
    for (name, value) in [("event_id", &publisher.event), ("camera_id", &publisher.camera)] {
        if let Some(value) = value {
            form.field(name, value);
        }
    }
    for (name, value) in &publisher.args {
        if !RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            form.field(name, value);
        }
    }
    form.text
}

/// Our own fields.
const RESERVED: [&str; 14] = [
    "app",
    "flashver",
    "swfurl",
    "tcurl",
    "pageurl",
    "addr",
    "clientid",
    "call",
    "time",
    "timestamp",
    "name",
    "type",
    "event_id",
    "camera_id",
];

#[derive(Default)]
struct Form {
    text: String,
}

impl Form {
    fn field(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.escape(name);
        self.text.push('=');
        self.escape(value);
    }

    /// Leaves RFC 3986's unreserved characters and escapes every other byte, a space too, as nginx does.
    fn escape(&mut self, value: &str) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                self.text.push(char::from(byte));
            } else {
                let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
                self.text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publisher() -> Publisher {
        Publisher {
            app: "live".to_owned(),
            flash_version: "FMLE/3.0 (compatible)".to_owned(),
            swf_url: String::new(),
            tc_url: "rtmp://a:1935/live".to_owned(),
            page_url: String::new(),
            address: [192, 0, 2, 7].into(),
            client: 5,
            publish_type: "live",
            args: vec![("token".to_owned(), "a b&c".to_owned())],
            name: "key".to_owned(),
            event: Some("ev".to_owned()),
            camera: Some("cam".to_owned()),
        }
    }

    const SESSION: &str = "app=live&flashver=FMLE%2F3.0%20%28compatible%29&swfurl=&\
        tcurl=rtmp%3A%2F%2Fa%3A1935%2Flive&pageurl=&addr=192.0.2.7&clientid=5";

    #[test]
    fn publish_has_the_fields_of_nginx_rtmp() {
        let expect = format!(
            "{SESSION}&call=publish&name=key&type=live&event_id=ev&camera_id=cam&token=a%20b%26c"
        );
        assert_eq!(encode(&publisher(), Call::Publish), expect);
    }

    #[test]
    fn done_and_update_have_theirs() {
        let plain = Publisher { args: Vec::new(), event: None, camera: None, ..publisher() };
        assert_eq!(
            encode(&plain, Call::PublishDone),
            format!("{SESSION}&call=publish_done&name=key")
        );
        let update = Call::Update { seconds: 30, timestamp: 30_040 };
        let expect = format!("{SESSION}&call=update_publish&time=30&timestamp=30040&name=key");
        assert_eq!(encode(&plain, update), expect);
    }

    #[test]
    fn a_publisher_cannot_say_our_fields_again() {
        let args = vec![
            ("name".to_owned(), "other".to_owned()),
            ("ADDR".to_owned(), "10.0.0.1".to_owned()),
        ];
        let body = encode(&Publisher { args, ..publisher() }, Call::Publish);
        assert!(!body.contains("other") && !body.contains("10.0.0.1"), "{body}");
    }

    #[test]
    fn a_publisher_prints_without_secrets() {
        let secret =
            Publisher { name: "hunter2".to_owned(), tc_url: "hunter2".to_owned(), ..publisher() };
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
