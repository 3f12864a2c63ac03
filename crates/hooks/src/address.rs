//! Which addresses may be connected to.
//!
//! Refused: link-local networks and the metadata services of clouds, which hand credentials to whoever asks from
//! inside; and what is no host at all (unspecified, multicast, broadcast). An IPv6 address that carries an IPv4
//! one is judged by that. Loopback and private networks are where back ends live: they are permitted, because a
//! target comes from the operator's own configuration, or from an administrator.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Metadata services outside of the link-local networks: Azure's, Alibaba's, Oracle's; Amazon's and Google's
/// over IPv6.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254)),
];

/// The addresses that may be connected to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Networks that may be connected to whatever they are.
    allowed: Vec<Network>,
}

impl AddressPolicy {
    /// The default, and beyond it whatever lies in `allowed`.
    #[must_use]
    pub const fn allowing(allowed: Vec<Network>) -> Self {
        Self { allowed }
    }

    /// Whether `address` may be connected to.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        let address = canonical(address);
        !is_refused(address) || self.allowed.iter().any(|network| network.contains(address))
    }
}

fn is_refused(address: IpAddr) -> bool {
    METADATA.contains(&address)
        || match address {
            IpAddr::V4(v4) => {
                v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || v4.octets()[0] == 0
            }
            IpAddr::V6(v6) => {
                v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified()
            }
        }
}

/// The IPv4 address that an IPv6 one stands for, if it does: mapped and compatible (RFC 4291 §2.5.5), NAT64
/// (RFC 6052 §2.1), 6to4 (RFC 3056 §2).
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => address,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        _ => address,
    }
}

/// A network in CIDR notation, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether `address` lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let shift = |width: u8| u32::from(width - self.prefix);
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(shift(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(shift(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address such as 169.254.7.1, or a network such as 169.254.7.0/24")]
pub struct InvalidNetwork;

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix =
            prefix.map_or(Ok(width), |prefix| prefix.parse().map_err(|_| InvalidNetwork))?;
        if prefix > width {
            return Err(InvalidNetwork);
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(address: &str, allowed: &[&str]) -> bool {
        let allowed = allowed.iter().map(|network| network.parse().unwrap()).collect();
        AddressPolicy::allowing(allowed).permits(address.parse().unwrap())
    }

    #[test]
    fn back_ends_are_reached_wherever_they_live() {
        for address in
            ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "192.0.2.1", "2001:db8::1", "fd12::1"]
        {
            assert!(permits(address, &[]), "{address}");
        }
    }

    #[test]
    fn metadata_and_link_local_addresses_are_refused() {
        for address in [
            "169.254.169.254",
            "169.254.1.1",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fe80::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
        ] {
            assert!(!permits(address, &[]), "{address}");
        }
    }

    #[test]
    fn an_ipv4_address_in_ipv6_clothes_is_seen() {
        for address in [
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(!permits(address, &[]), "{address}");
        }
    }

    #[test]
    fn what_the_operator_allows_is_permitted_and_no_more() {
        assert!(permits("169.254.7.9", &["169.254.7.0/24"]));
        assert!(permits("::ffff:169.254.7.9", &["169.254.7.0/24"]));
        assert!(!permits("169.254.8.9", &["169.254.7.0/24"]));
        assert!(permits("fe80::5", &["fe80::5"]));
        assert!(permits("169.254.169.254", &["0.0.0.0/0"]));
        assert!(!permits("fe80::5", &["0.0.0.0/0"]));
    }

    #[test]
    fn a_text_that_is_no_network_is_refused() {
        for text in ["", "host", "1.2.3.4/33", "::/129", "1.2.3.4/", "1.2.3.4/x", "1.2.3.4/-1"] {
            assert_eq!(text.parse::<Network>(), Err(InvalidNetwork), "{text}");
        }
    }
}
