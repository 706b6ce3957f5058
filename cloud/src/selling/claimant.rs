//! Who asks for units, as far as it bounds how many they may hold without paying: an address and a session, never a person.

use std::net::IpAddr;

use usher_keys::Timestamp;

/// Where a client is on the network: an IPv4 address, or of IPv6 the 64 bits that one household or office has to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientAddress {
    /// All of it.
    V4([u8; 4]),
    /// The first half of it.
    V6([u8; 8]),
}

impl ClientAddress {
    /// Returns its bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        // An IPv4 client of a socket that takes both has an IPv6 address around its own.
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

/// Names a session: the first half of the BLAKE3 hash of what its client keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionHash(pub [u8; 16]);

/// Who asks for units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimant {
    /// Where they are.
    pub address: ClientAddress,
    /// Which of those there.
    pub session: SessionHash,
}

/// How many units may be held at once without being paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldBounds {
    /// From one address.
    pub per_address: u32,
    pub per_session: u32,
}

/// Which bound a claim would go beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundBy {
    /// The address's.
    Address,
    /// The session's.
    Session,
}

/// A claim that would go beyond a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyHeld {
    pub by: BoundBy,
    /// How many units are held now.
    pub held: u32,
    /// How many may be.
    pub most: u32,
    /// When so many of them will have expired that the same claim fits.
    pub fits_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: ClientAddress) {
        assert_eq!(ClientAddress::from(address.parse::<IpAddr>().unwrap()), expected);
    }

    #[test]
    fn an_ipv6_client_is_its_network_and_an_ipv4_client_its_address() {
        let v6 = ClientAddress::V6([0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2]);
        check("192.0.2.7", ClientAddress::V4([192, 0, 2, 7]));
        check("::ffff:192.0.2.7", ClientAddress::V4([192, 0, 2, 7]));
        check("2001:db8:1:2::1", v6);
        check("2001:db8:1:2:ffff:ffff:ffff:ffff", v6);
    }
}
