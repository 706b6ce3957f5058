//! Which addresses webhooks may be sent to: a request that an organizer makes us send must not reach what only our network reaches.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::proxies::Network;

/// Tells whether an address may be told: one of the public Internet, or of a network that the settings name.
pub fn may_be_told(address: IpAddr, named: &[Network]) -> bool {
    let is_public = match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    };
    is_public || is_named(address, named)
}

/// Tells whether the settings name an address.
pub fn is_named(address: IpAddr, named: &[Network]) -> bool {
    named.iter().any(|network| network.contains(address))
}

/// **Source**: the IANA registry of special-purpose IPv4 addresses.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_for_protocols = (a, b, c) == (192, 0, 0);
    let is_relay = (a, b, c) == (192, 88, 99);
    let is_for_benchmarks = a == 198 && (18..20).contains(&b);
    // Multicast, and what nobody has.
    let is_beyond = a >= 224;
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || is_shared
        || is_for_protocols
        || is_relay
        || is_for_benchmarks
        || is_beyond)
}

/// **Source**: the IANA registry of special-purpose IPv6 addresses. What holds an IPv4 address (6to4, Teredo, NAT64) may lead anywhere.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_global = (0x2000..0x4000).contains(&a);
    let is_special = (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    is_global && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(addresses: &[&str], named: &[Network], expected: bool) {
        for address in addresses {
            let found = may_be_told(address.parse().unwrap(), named);
            assert_eq!(found, expected, "{address}");
        }
    }

    #[test]
    fn only_addresses_of_the_public_internet_are_told() {
        check(
            &["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"],
            &[],
            true,
        );
        let inside = [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
        ];
        check(&inside, &[], false);
        let inside_v6 = [
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        check(&inside_v6, &[], false);
    }

    #[test]
    fn a_network_that_the_settings_name_is_told() {
        let named = ["10.1.0.0/16".parse().unwrap()];
        check(&["10.1.2.3", "::ffff:10.1.2.3"], &named, true);
        check(&["10.2.0.1", "127.0.0.1"], &named, false);
    }
}
