//! Where to listen, or that nobody does.

use std::net::SocketAddr;
use std::str::FromStr;

use serde::Deserialize;

/// An address to listen on, or none: `0.0.0.0:8080`, `[::]:8080`, `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Listen {
    /// The port is closed.
    Off,
    /// Port 0 lets the system choose.
    At(SocketAddr),
}

impl Listen {
    pub(super) const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Off => None,
            Self::At(address) => Some(address),
        }
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let address = text.parse().map(Self::At);
        address.map_err(|_| format!("`{text}` is neither an address such as 0.0.0.0:8080 nor off"))
    }
}

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_off() {
        assert_eq!("off".parse(), Ok(Listen::Off));
        assert_eq!("[::]:0".parse(), Ok(Listen::At("[::]:0".parse().unwrap())));
        for text in ["", "8080", "localhost:8080", "OFF"] {
            assert!(text.parse::<Listen>().unwrap_err().contains("nor off"), "{text}");
        }
    }
}
