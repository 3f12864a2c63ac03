//! Whether a client takes gzip (RFC 9110 §12.5.3).

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// Whether the `Accept-Encoding` of a request admits gzip. `*` stands for it unless it is named.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let mut wildcard = false;
    let values = headers.get_all(ACCEPT_ENCODING);
    for item in values.iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(',')) {
        let mut fields = item.split(';');
        let coding = fields.next().unwrap_or("").trim();
        let admitted = !fields.any(is_zero_weight);
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            return admitted;
        }
        wildcard |= coding == "*" && admitted;
    }
    wildcard
}

fn is_zero_weight(field: &str) -> bool {
    field.trim().split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("q")
            && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn takes(value: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
        takes_gzip(&headers)
    }

    #[test]
    fn gzip_is_used_only_when_asked_for() {
        assert!(takes("gzip"));
        assert!(takes("br, GZIP;q=0.5"));
        assert!(takes("*"));
        assert!(!takes("br"));
        assert!(!takes("gzip;q=0, *"));
        assert!(!takes("gzip; q=0.000"));
        assert!(!takes("identity"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
