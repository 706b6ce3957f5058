//! Under which addresses others reach a running hub, written where other programs on this machine find it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use usher_keys::EventId;
use usher_keys::file::{PRIVATE_MODE, read_file, replace_file};
use usher_words::hub;

/// Largest such file, in bytes.
const MAX_FILE_BYTES: u64 = 4 * 1024;
/// An address on the other side of any router, from the block for documentation; nothing is ever sent to it.
const FAR_AWAY: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// How to reach a running hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// For links, as `host:port`.
    pub quic: String,
    /// For HTTP, as `host:port`.
    pub http: String,
    /// Whether that is HTTP over TLS.
    pub tls: bool,
    /// For HTTP from this machine, never over TLS, as `host:port`.
    pub here: String,
    /// For new scanners with a code, as `host:port`; missing where the hub enrols none.
    pub enrolments: Option<String>,
    /// For phones, as scheme, host and port; missing where none are served.
    pub door: Option<String>,
    /// For pages that are scanners; missing where none are served.
    #[serde(default)]
    pub pages: Option<PageListening>,
}

/// How pages that are scanners reach a running hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageListening {
    /// Its socket for pages, as `host:port`.
    pub hub: String,
    /// Where the page is found (URL).
    pub page: String,
}

impl Listening {
    /// Finds out how others reach a socket bound to that address, as `host:port`. One on the loopback is reached by nobody
    /// else, whatever is advertised.
    pub fn reachable(bound: SocketAddr, advertise: Option<&str>) -> String {
        if let Some(host) = advertise
            && !bound.ip().to_canonical().is_loopback()
        {
            let host = if host.contains(':') {
                format!("[{host}]")
            } else {
                host.to_owned()
            };
            return format!("{host}:{}", bound.port());
        }
        if !bound.ip().is_unspecified() {
            return bound.to_string();
        }
        SocketAddr::new(outgoing_address(), bound.port()).to_string()
    }

    /// Returns where people and turnstiles go.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.http)
    }

    /// Returns where people and turnstiles find an event's hub.
    pub fn url_of(&self, event: EventId) -> String {
        format!("{}/events/{event}", self.url())
    }

    /// Returns where programs of this machine find an event's hub.
    pub fn here_of(&self, event: EventId) -> String {
        format!("http://{}/events/{event}", self.here)
    }

    /// Returns where new scanners find an event's hub; a hub that enrols nobody says so when it is asked for a code.
    pub fn enrolments_of(&self, event: EventId) -> String {
        let socket = self.enrolments.as_ref().unwrap_or(&self.http);
        format!("http://{socket}/events/{event}")
    }

    /// Returns the address HTTP is reached at, if it is known as one.
    pub fn http_address(&self) -> Option<IpAddr> {
        self.http.parse::<SocketAddr>().ok().map(|address| address.ip())
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(self).context("addresses have a JSON form")?;
        Ok(replace_file(path, &text, PRIVATE_MODE)?)
    }

    /// Removes the file.
    pub fn forget(path: &Path) {
        // It is usually not there; one that stays is overwritten by the next start.
        let _ = std::fs::remove_file(path);
    }

    /// Reads the file of a running hub.
    ///
    /// # Errors
    ///
    /// There is none, because no hub is running.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = read_file::<MAX_FILE_BYTES>(path).context(hub::NOT_RUNNING)?;
        serde_json::from_slice(&bytes).with_context(|| hub::damaged(path))
    }
}

/// Asks the system which of its addresses it would send from; without a network there is only this machine.
fn outgoing_address() -> IpAddr {
    let asked = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect(FAR_AWAY)?;
        socket.local_addr()
    });
    asked.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bound: &str, advertise: Option<&str>, expected: &str) {
        assert_eq!(Listening::reachable(bound.parse().unwrap(), advertise), expected);
    }

    #[test]
    fn others_are_told_an_address_they_can_reach() {
        check("127.0.0.1:4810", None, "127.0.0.1:4810");
        check("0.0.0.0:4810", Some("gate-a.local"), "gate-a.local:4810");
        check("0.0.0.0:4810", Some("fe80::1"), "[fe80::1]:4810");
        check("127.0.0.1:8480", Some("gate-a.local"), "127.0.0.1:8480");
        check("[::1]:8480", Some("gate-a.local"), "[::1]:8480");
        let found = Listening::reachable("0.0.0.0:4810".parse().unwrap(), None);
        assert!(
            !found.starts_with("0.0.0.0") && found.ends_with(":4810"),
            "{found}"
        );
    }
}
