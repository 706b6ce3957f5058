//! The settings of a hub: a TOML file, overridden by the environment, unknown keys refused by name; what they mean is said in usher-gate-agent.example.toml.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use usher_words::hub;

/// What environment variables that override settings begin with: `USHER_HUB__HTTP` is `http`.
pub const ENV_PREFIX: &str = "USHER_HUB__";
/// Most addresses of peers and uplinks each: every hub of the largest venue.
pub const MAX_ADDRESSES: usize = 64;
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
    /// The cloud's addresses; those of the enrolment when empty.
    pub uplink: Vec<String>,
    /// The other hubs' addresses.
    pub peers: Vec<String>,
    /// How long a scan waits for its home hub, in milliseconds.
    pub home_timeout_ms: u64,
    /// Whether status page and metrics are shown to other machines too.
    pub open_status: bool,
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
        in_the_clear.into_iter().collect()
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
        if self.advertise.as_deref().is_some_and(|host| !is_host(host)) {
            return out("advertise", "a host name or address without a port");
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            return out("tls_certificate", "it goes with tls_key: set both or none");
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

    /// Returns how long a scan waits for its home hub.
    pub fn home_timeout(&self) -> Duration {
        Duration::from_millis(self.home_timeout_ms)
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
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../usher-gate-agent.example.toml");

    fn parse(toml: &str) -> Result<Config, ConfigError> {
        Config::from_figment(Figment::from(Serialized::defaults(Config::default())).merge(Toml::string(toml)))
    }

    #[track_caller]
    fn check_refused(toml: &str, says: &str) {
        let refused = format!("{:#}", anyhow::Error::from(parse(toml).unwrap_err()));
        assert!(refused.contains(says), "{refused}");
    }

    #[test]
    fn the_example_gives_every_setting_with_its_default() {
        assert_eq!(parse(EXAMPLE).unwrap(), Config::default());
        let shown: String = EXAMPLE
            .lines()
            .map(|line| format!("{}\n", line.trim_start_matches("# ")))
            .collect();
        let settings = serde_json::to_value(Config::default()).unwrap();
        for key in settings.as_object().unwrap().keys() {
            assert!(
                shown.lines().any(|line| line.starts_with(&format!("{key} = "))),
                "{key}"
            );
        }
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        check_refused("lisen = \"127.0.0.1:1\"", "lisen");
    }

    #[test]
    fn wrong_types_and_values_are_refused_by_name() {
        check_refused("listen = 4810", "listen");
        check_refused("listen = \"localhost\"", "listen");
        check_refused("peers = [\"gate-b\"]", "peers");
        check_refused("peers = [\"gate b:4810\"]", "peers");
        check_refused("peers = [\"gate-b:0\"]", "peers");
        check_refused("home_timeout_ms = 0", "home_timeout_ms");
        check_refused("home_timeout_ms = -1", "home_timeout_ms");
        check_refused("advertise = \"a b\"", "advertise");
        check_refused("advertise = \"gate-a:80\"", "advertise");
        check_refused("open_status = \"maybe\"", "open_status");
    }

    #[test]
    fn http_for_other_machines_speaks_tls_or_is_allowed_by_name() {
        let tls = "tls_certificate = \"a.pem\"\ntls_key = \"b.pem\"";
        for (http, more, in_the_clear) in [
            ("127.0.0.1:8480", "", false),
            ("127.9.9.9:0", "", false),
            ("[::1]:8480", "", false),
            ("[::ffff:127.0.0.1]:8480", "", false),
            ("127.0.0.1:8480", "http_in_the_clear = true", false),
            ("0.0.0.0:8480", tls, false),
            ("0.0.0.0:8480", "http_in_the_clear = true", true),
        ] {
            let config = parse(&format!("http = \"{http}\"\n{more}")).unwrap();
            assert_eq!(config.is_in_the_clear(), in_the_clear, "{http} {more}");
        }
        for http in [
            "0.0.0.0:8480",
            "[::]:8480",
            "192.168.1.20:8480",
            "[::ffff:10.0.0.1]:1",
        ] {
            for way_out in [
                "127.0.0.1",
                "tls_certificate and tls_key",
                "http_in_the_clear = true",
            ] {
                check_refused(&format!("http = \"{http}\""), way_out);
            }
        }
        check_refused("tls_certificate = \"a.pem\"", "it goes with tls_key");
        check_refused("tls_key = \"a.pem\"", "it goes with tls_key");
        check_refused("http_in_the_clear = \"yes\"", "http_in_the_clear");
    }

    #[test]
    fn paths_are_relative_to_the_settings_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("hub.toml");
        std::fs::write(
            &file,
            "tls_certificate = \"hub.pem\"\ntls_key = \"/keys/hub.pem\"",
        )
        .unwrap();
        let config = Config::read(Some(&file), &file).unwrap();
        assert_eq!(config.tls_certificate, Some(directory.path().join("hub.pem")));
        assert_eq!(config.tls_key, Some("/keys/hub.pem".into()));
    }

    #[test]
    fn a_named_file_that_is_not_there_is_an_error_and_the_usual_one_may_be_missing() {
        let directory = tempfile::tempdir().unwrap();
        let absent = directory.path().join("absent.toml");
        assert!(matches!(
            Config::read(Some(&absent), &absent),
            Err(ConfigError::NoFile { .. })
        ));
        assert_eq!(Config::read(None, &absent).unwrap(), Config::default());
    }
}
