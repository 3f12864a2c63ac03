//! Attribute lists: `NAME=value,NAME="value, quoted"` (RFC 8216 §4.2).

/// The value of an attribute, quotes removed.
pub(super) fn attribute<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = list;
    while !rest.is_empty() {
        let (key, behind) = rest.split_once('=')?;
        let (value, next) = value(behind);
        if key.trim() == name {
            return Some(value);
        }
        rest = next;
    }
    None
}

/// A value and what follows its comma.
fn value(text: &str) -> (&str, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, rest) = quoted.split_once('"').unwrap_or((quoted, ""));
        return (value, rest.trim_start_matches(','));
    }
    text.split_once(',').unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_equal_signs_may_be_quoted() {
        let list = r#"BANDWIDTH=1,CODECS="avc1,mp4a",URI="a?b=c",LAST=YES"#;
        let check = |name, expect| assert_eq!(attribute(list, name), expect, "{name}");
        check("BANDWIDTH", Some("1"));
        check("CODECS", Some("avc1,mp4a"));
        check("URI", Some("a?b=c"));
        check("LAST", Some("YES"));
        check("WIDTH", None);
        check("mp4a", None);
    }

    #[test]
    fn broken_lists_end_early() {
        for list in ["", "A", "A=\"x", "=,", "A=1,,B=2"] {
            assert_eq!(attribute(list, "C"), None, "{list}");
        }
    }
}
