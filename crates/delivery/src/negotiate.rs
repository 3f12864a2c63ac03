//! Whether a client takes gzip (RFC 9110 §12.5.3).

/// Whether the values of a request's `Accept-Encoding` admit gzip. `*` stands for it unless it is named.
pub(crate) fn takes_gzip<'a>(values: impl Iterator<Item = &'a str>) -> bool {
    let mut wildcard = false;
    for item in values.flat_map(|value| value.split(',')) {
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

    fn takes(value: &str) -> bool {
        takes_gzip([value].into_iter())
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
        assert!(takes_gzip(["br", "gzip"].into_iter()));
        assert!(!takes_gzip([].into_iter()));
    }
}
