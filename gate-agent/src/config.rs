//! The settings of a hub: a TOML file, overridden by the environment, unknown keys refused by name; what they mean is said in usher-gate-agent.example.toml.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use usher_words::hub;

/// Prefix of environment variables that override settings: `USHER_HUB__HTTP` is `http`.
pub const ENV_PREFIX: &str = "USHER_HUB__";
/// Most addresses of peers and uplinks each: every hub of the largest venue.
pub const MAX_ADDRESSES: usize = 64;
/// Most network interfaces that can be named: more than a laptop has.
const MAX_INTERFACES: usize = 16;
/// Longest an event that is over is kept, in days.
const MAX_FORGET_DAYS: u64 = 3_650;
/// Longest a scan may wait for the home hub, in milliseconds: a scanner gives up after 300.
const MAX_HOME_TIMEOUT_MS: u64 = 2_000;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where scanners and other hubs link to (QUIC, UDP).
    pub listen: SocketAddr,
    /// Where turnstiles and the status page come in (HTTP, TCP); other machines only over TLS.
    pub http: SocketAddr,
    /// Where new scanners come with their codes (HTTP, TCP).
    pub enrolments: SocketAddr,
    /// The certificate that HTTP is served with, and those that vouch for it (PEM).
    pub tls_certificate: Option<PathBuf>,
    /// Its key (PEM).
    pub tls_key: Option<PathBuf>,
    /// Whether tokens and tickets may travel unencrypted between machines.
    pub http_in_the_clear: bool,
    /// The host name or address under which others reach this machine; found out when missing.
    pub advertise: Option<String>,
    /// The addresses of the cloud, which is linked at one of them; those of the enrolment when empty.
    pub uplink: Vec<String>,
    /// The other hubs' addresses.
    pub peers: Vec<String>,
    /// How long a scan waits for its home hub, in milliseconds.
    pub home_timeout_ms: u64,
    /// Whether status page and metrics are shown to other machines too.
    pub open_status: bool,
    /// After how many days an event that is over is forgotten, once the cloud holds every record of it; never when 0.
    pub forget_after_days: u64,
    /// Where phones come in that scan with pretixSCAN.
    pub door: DoorConfig,
    /// Where pages come in that are scanners.
    pub web: WebConfig,
    /// Whether hubs and scanners find each other on the local network.
    pub discovery: DiscoveryConfig,
}

/// The settings of finding each other by multicast DNS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiscoveryConfig {
    /// Whether this hub shows others where it is, and looks for them.
    pub enabled: bool,
    /// The names of the network interfaces on which it does; all of them when empty.
    pub interfaces: Vec<String>,
}

/// The settings of the door for pages that are scanners.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebConfig {
    /// Its address (WebTransport, UDP); pages are not served when it is missing.
    pub listen: Option<SocketAddr>,
    /// Where the page is found (URL); no page of another origin comes in.
    pub page: Option<String>,
}

/// The settings of the door for phones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DoorConfig {
    /// Its address (HTTPS, TCP); phones are not served when it is missing.
    pub listen: Option<SocketAddr>,
    /// Whether it speaks plain HTTP, so that tokens and tickets travel unencrypted between machines.
    pub in_the_clear: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 4810)),
            http: SocketAddr::from(([127, 0, 0, 1], 8480)),
            enrolments: SocketAddr::from(([0, 0, 0, 0], 8481)),
            tls_certificate: None,
            tls_key: None,
            http_in_the_clear: false,
            advertise: None,
            uplink: Vec::new(),
            peers: Vec::new(),
            home_timeout_ms: 150,
            open_status: false,
            forget_after_days: 30,
            door: DoorConfig::default(),
            web: WebConfig::default(),
            discovery: DiscoveryConfig::default(),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file that was named is not there.
    #[error("there is no settings file {}", path.display())]
    NoFile { path: PathBuf },
    /// A key is unknown or a value has the wrong type.
    #[error("the settings are refused")]
    Refused(#[source] Box<figment::Error>),
    /// A value is out of its bounds.
    #[error("the setting {key} is refused: {bounds}")]
    OutOfBounds {
        key: &'static str,
        /// What it may be.
        bounds: &'static str,
    },
    /// Tokens and tickets would travel unencrypted.
    #[error(
        "the setting http = \"{http}\" would let other machines send tokens and tickets in the clear: set it to an address \
         of this machine alone (127.0.0.1:8480), or set tls_certificate and tls_key, or set http_in_the_clear = true if \
         everyone who can listen on this network may have them"
    )]
    InTheClear { http: SocketAddr },
}

impl Config {
    /// Says what is set up so that it should not stay.
    pub fn warnings(&self) -> Vec<&'static str> {
        let in_the_clear = self.is_in_the_clear().then_some(hub::IN_THE_CLEAR);
        let door = self.door.is_in_the_clear().then_some(hub::DOOR_IN_THE_CLEAR);
        in_the_clear.into_iter().chain(door).collect()
    }

    /// Reads the settings: the named file, or the one in the data directory if there is one, then the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn read(named: Option<&Path>, usual: &Path) -> Result<Self, ConfigError> {
        let path = named.unwrap_or(usual);
        if named.is_some() && !path.is_file() {
            return Err(ConfigError::NoFile {
                path: path.to_owned(),
            });
        }
        let defaults = Figment::from(Serialized::defaults(Self::default()));
        let mut config = Self::from_figment(if path.is_file() {
            defaults.merge(Toml::file_exact(path))
        } else {
            defaults
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for file in [&mut config.tls_certificate, &mut config.tls_key] {
            *file = file.as_deref().map(|file| folder.join(file));
        }
        Ok(config)
    }

    fn from_figment(figment: Figment) -> Result<Self, ConfigError> {
        let read = figment.merge(Env::prefixed(ENV_PREFIX).split("__")).extract();
        let config: Self = read.map_err(|error| ConfigError::Refused(Box::new(error)))?;
        config.check()?;
        Ok(config)
    }

    /// Checks what no single value says.
    ///
    /// # Errors
    ///
    /// [`ConfigError::OutOfBounds`], [`ConfigError::InTheClear`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let out = |key, bounds| Err(ConfigError::OutOfBounds { key, bounds });
        if !(1..=MAX_HOME_TIMEOUT_MS).contains(&self.home_timeout_ms) {
            return out("home_timeout_ms", "1 to 2000 milliseconds");
        }
        for (key, addresses) in [("uplink", &self.uplink), ("peers", &self.peers)] {
            if addresses.len() > MAX_ADDRESSES || !addresses.iter().all(|address| is_address(address)) {
                return out(
                    key,
                    "at most 64 addresses, each as host:port, like 192.168.1.20:4810",
                );
            }
        }
        if self.discovery.interfaces.len() > MAX_INTERFACES {
            return out("discovery.interfaces", "at most 16 names, like eth0");
        }
        if self.forget_after_days > MAX_FORGET_DAYS {
            return out("forget_after_days", "0 to 3650 days");
        }
        if self.advertise.as_deref().is_some_and(|host| !is_host(host)) {
            return out("advertise", "a host name or address without a port");
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            return out("tls_certificate", "it goes with tls_key: set both or none");
        }
        if self.web.listen.is_some() && self.web.origin().is_none() {
            return out(
                "web.page",
                "the address of the page that scans, like https://tickets.example/gate",
            );
        }
        if self.is_in_the_clear() && !self.http_in_the_clear {
            return Err(ConfigError::InTheClear { http: self.http });
        }
        Ok(())
    }

    /// Tells whether other machines would send tokens and tickets unencrypted.
    pub fn is_in_the_clear(&self) -> bool {
        !self.http.ip().to_canonical().is_loopback() && self.tls_certificate.is_none()
    }

    /// Returns the one address to announce to the local network: where the hub is bound or, where it is bound everywhere, what
    /// it is to advertise. `None` means the addresses of the interfaces.
    pub fn announced_at(&self, bound: IpAddr) -> Option<IpAddr> {
        if bound.is_unspecified() {
            self.advertise.as_deref()?.parse().ok()
        } else {
            Some(bound)
        }
    }

    /// Returns how long a scan waits for its home hub.
    pub fn home_timeout(&self) -> Duration {
        Duration::from_millis(self.home_timeout_ms)
    }
}

impl WebConfig {
    /// Returns the origin of the page, as browsers write it.
    pub fn origin(&self) -> Option<String> {
        let page: Url = self.page.as_deref()?.parse().ok()?;
        let is_web = matches!(page.scheme(), "http" | "https") && page.fragment().is_none();
        is_web.then(|| page.origin().ascii_serialization())
    }
}

impl DoorConfig {
    /// Tells whether phones would send tokens and tickets unencrypted.
    pub fn is_in_the_clear(&self) -> bool {
        self.in_the_clear
            && self
                .listen
                .is_some_and(|listen| !listen.ip().to_canonical().is_loopback())
    }
}

fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_host(text: &str) -> bool {
    if text.contains(':') {
        // Only an IPv6 address has colons; what follows one in anything else is a port.
        return text.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !text.is_empty() && text.len() <= 253 && text.bytes().all(plain)
}

#[cfg(test)]
mod tests;
