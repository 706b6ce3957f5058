//! Which proxies are believed when they say where a request comes from, and what they say.

use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

/// One address, or all that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an address such as 192.0.2.7 or a network such as 10.0.0.0/8 or fd00::/8")]
pub struct NotANetwork;

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().map_err(|_| NotANetwork)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits)
            .then_some(Self { address, prefix })
            .ok_or(NotANetwork)
    }
}

impl TryFrom<String> for Network {
    type Error = NotANetwork;

    fn try_from(text: String) -> Result<Self, NotANetwork> {
        text.parse()
    }
}

impl Network {
    /// Tells whether an address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differ = u32::from(ours) ^ u32::from(theirs);
                differ.checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differ = u128::from(ours) ^ u128::from(theirs);
                differ.checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Returns where a request comes from: the nearest machine that is not a trusted proxy. `forwarded` is what
/// `X-Forwarded-For` says, the nearest hop last; of what an untrusted machine has written in it nothing counts.
pub fn client_address<'a>(
    trusted: &[Network],
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
) -> IpAddr {
    let mut client = peer;
    for hop in forwarded.rev() {
        if !trusted.iter().any(|network| network.contains(client)) {
            break;
        }
        let Some(before) = address_of(hop.trim()) else {
            break;
        };
        client = before;
    }
    client
}

/// Reads an address; some proxies write the port behind it.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let with_port = || hop.parse().ok().map(|socket: std::net::SocketAddr| socket.ip());
    bare.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<Network> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[track_caller]
    fn check(trusted: &[&str], peer: &str, forwarded: &str, expected: &str) {
        let client = client_address(
            &networks(trusted),
            peer.parse().unwrap(),
            forwarded.split(',').filter(|hop| !hop.is_empty()),
        );
        assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{forwarded}");
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        check(&[], "192.0.2.7", "198.51.100.1", "192.0.2.7");
        check(&["10.0.0.0/8"], "192.0.2.7", "198.51.100.1", "192.0.2.7");
    }

    #[test]
    fn a_trusted_proxy_says_who_asked_it_and_what_came_before_counts_for_nothing() {
        let trusted = ["10.0.0.0/8", "::1"];
        check(&trusted, "10.1.2.3", "", "10.1.2.3");
        check(&trusted, "10.1.2.3", "203.0.113.9, 198.51.100.1", "198.51.100.1");
        check(
            &trusted,
            "::1",
            "203.0.113.9, 198.51.100.1, 10.9.9.9",
            "198.51.100.1",
        );
        check(&trusted, "10.1.2.3", "198.51.100.1:4711", "198.51.100.1");
        check(&trusted, "10.1.2.3", "[2001:db8::1]:4711", "2001:db8::1");
        check(&trusted, "10.1.2.3", "198.51.100.1, unknown", "10.1.2.3");
        check(&trusted, "::ffff:10.1.2.3", "198.51.100.1", "198.51.100.1");
    }

    #[test]
    fn a_network_is_an_address_or_a_prefix_of_one() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "192.0.2.7", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                expected,
                "{network:?}"
            );
        }
        for bad in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/-1",
            "proxy.example",
            "10.0.0.1:80",
        ] {
            assert_eq!(bad.parse::<Network>(), Err(NotANetwork), "{bad}");
        }
    }
}
