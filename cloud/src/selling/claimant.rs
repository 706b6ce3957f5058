//! Who asks for units, as far as it bounds how many they may hold without paying: an address and a session, never a person.

use core::net::IpAddr;

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

    /// Reads its bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let v4 = bytes.try_into().map(Self::V4);
        v4.or_else(|_| bytes.try_into().map(Self::V6)).ok()
    }

    /// Returns the bytes of the first and the last address of its network: of IPv4 the /24, of IPv6 the /56. Whoever has one address
    /// there easily has all of them.
    pub fn network(&self) -> [Vec<u8>; 2] {
        [u8::MIN, u8::MAX].map(|last| {
            let mut bytes = self.bytes().to_vec();
            if let Some(byte) = bytes.last_mut() {
                *byte = last;
            }
            bytes
        })
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

/// How many units of an event may be held at once without being paid for, and how long without being paid for in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldBounds {
    pub per_session: u32,
    /// From one address.
    pub per_address: u32,
    /// From one network, however small the event is.
    pub per_network: u32,
    /// From one network, in percent of the event's units, if that is more.
    pub network_percent: u32,
    /// How many minutes of an hour that much may be held in vain; 60 means always.
    pub minutes_in_vain: u32,
}

impl HoldBounds {
    /// Returns those of an event of so many units, whose organizer may have set others.
    pub fn of_event(self, units: u32, own: OwnBounds) -> Self {
        let share = u64::from(units) * u64::from(self.network_percent) / 100;
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        Self {
            per_session: own.per_session.unwrap_or(self.per_session),
            per_address: own.per_address.unwrap_or(self.per_address),
            per_network: own.per_network.unwrap_or(self.per_network.max(share)),
            network_percent: 0,
            minutes_in_vain: own.minutes_in_vain.unwrap_or(self.minutes_in_vain),
        }
    }

    /// Returns how many units may be held from somewhere.
    pub fn most(&self, by: BoundBy) -> u32 {
        match by {
            BoundBy::Session => self.per_session,
            BoundBy::Address => self.per_address,
            BoundBy::Network => self.per_network,
        }
    }
}

/// The bounds that the organizer of an event has set; the others are the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnBounds {
    pub per_session: Option<u32>,
    pub per_address: Option<u32>,
    pub per_network: Option<u32>,
    pub minutes_in_vain: Option<u32>,
    /// Whether whoever holds places shows a proof of work first.
    pub proof_of_work: bool,
}

/// Which bound a claim would go beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundBy {
    /// The session's.
    Session,
    /// The address's.
    Address,
    /// That of its network.
    Network,
}

impl BoundBy {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Session, Self::Address, Self::Network];
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

/// A claim of somebody who has held units in vain for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldInVain {
    pub by: BoundBy,
    /// For how many minutes units were held in vain within the last hour: each unit by itself.
    pub minutes: u32,
    /// For how many they may be.
    pub most: u32,
    /// When so much of it will be forgotten that the same claim fits.
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

    #[test]
    fn a_network_is_what_one_machine_may_have_all_addresses_of() {
        let network = |address: &str| ClientAddress::from(address.parse::<IpAddr>().unwrap()).network();
        assert_eq!(network("192.0.2.7"), [vec![192, 0, 2, 0], vec![192, 0, 2, 255]]);
        let of_v6 = network("2001:db8:1:2::1");
        assert_eq!(of_v6[0], [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0]);
        assert_eq!(of_v6[1], [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 255]);
    }

    #[test]
    fn the_network_of_a_large_event_has_a_share_and_the_organizer_has_the_last_word() {
        let server = HoldBounds {
            per_session: 4,
            per_address: 4,
            per_network: 20,
            network_percent: 2,
            minutes_in_vain: 10,
        };
        let none = OwnBounds::default();
        assert_eq!(server.of_event(400, none).per_network, 20);
        assert_eq!(server.of_event(50_000, none).per_network, 1_000);
        assert_eq!(server.of_event(u32::MAX, none).per_network, 85_899_345);
        let own = OwnBounds {
            per_network: Some(6),
            minutes_in_vain: Some(60),
            ..none
        };
        let set = server.of_event(50_000, own);
        assert_eq!(
            (set.per_session, set.per_network, set.minutes_in_vain),
            (4, 6, 60)
        );
        assert_eq!(set.of_event(50_000, none), set);
    }
}
