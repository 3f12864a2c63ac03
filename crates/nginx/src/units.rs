//! Times, sizes and addresses as nginx writes them.

/// Milliseconds of a time: `5s`, `1m30s`, `500ms`; a number alone is seconds (`ngx_parse_time`).
pub(super) fn millis(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a time");
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, behind) = number(rest).ok_or_else(wrong)?;
        let unit_end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, next) = behind.split_at(unit_end);
        let factor = match unit {
            "ms" => 1,
            "s" | "" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let part = number.checked_mul(factor).ok_or_else(wrong)?;
        total = total.checked_add(part).ok_or_else(wrong)?;
        rest = next;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(total) }
}

/// Bytes of a size: `128K`, `1m`, `2G`, or a number alone (`ngx_parse_offset`).
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size");
    let (number, unit) = number(text).ok_or_else(wrong)?;
    let factor = match unit {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).ok_or_else(wrong)
}

/// A number alone.
pub(super) fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

/// The address that `listen` binds: `1935`, `*:1935`, `192.0.2.1:1935`, `[::]:1935`.
pub(super) fn address(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("*", text));
    let host = if host == "*" { "0.0.0.0" } else { host };
    let address = format!("{host}:{port}");
    let parsed: Result<std::net::SocketAddr, _> = address.parse();
    parsed.map(|_| address).map_err(|_| format!("`{text}` is not an address with a port"))
}

fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_sums_and_seconds_by_default() {
        for (text, expect) in
            [("3", 3_000), ("3s", 3_000), ("500ms", 500), ("1m30s", 90_000), ("2h", 7_200_000)]
        {
            assert_eq!(millis(text), Ok(expect), "{text}");
        }
        for text in ["", "s", "3x", "3 s", "99999999999999999999", "18446744073709551615h"] {
            assert!(millis(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_have_letters() {
        for (text, expect) in [("5", 5), ("1k", 1024), ("2M", 2 << 20), ("1g", 1 << 30)] {
            assert_eq!(bytes(text), Ok(expect), "{text}");
        }
        for text in ["", "k", "1kb", "99999999999999999999g"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_have_a_port() {
        assert_eq!(address("1935").as_deref(), Ok("0.0.0.0:1935"));
        assert_eq!(address("*:1935").as_deref(), Ok("0.0.0.0:1935"));
        assert_eq!(address("[::]:1935").as_deref(), Ok("[::]:1935"));
        assert_eq!(address("192.0.2.1:1935").as_deref(), Ok("192.0.2.1:1935"));
        for text in ["unix:/tmp/x", "live.example:1935", "65536", ""] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
