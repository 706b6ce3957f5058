//! The settings of `usher-cloud serve`: a TOML file, then `USHER_CLOUD__…` from the environment; every one has a default.

pub mod mail;
pub mod origins;
pub mod proxies;
mod ranges;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;
use thiserror::Error;
use usher_keys::enrolment::MAX_UPLINKS;
use usher_link::tls_files::{TlsError, TlsFiles};

use crate::master_key::MasterKeySettings;
pub use crate::selling::GatewayKind;
use crate::selling::claimant::HoldBounds;
use crate::store::cells::directory::HOME;
use crate::store::location::{CellName, StoreLocation, StorePlaces, StoreSettings, StoreUrl};
use mail::MailSettings;
use origins::WebOrigin;
use proxies::Network;

/// Prefix of environment variables that override settings; two underscores separate levels.
pub const ENVIRONMENT_PREFIX: &str = "USHER_CLOUD__";

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where HTTP is served; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The certificate that HTTP is served over TLS with, and those between it and a public one, in PEM. Empty: HTTP is plain.
    pub tls_certificate: PathBuf,
    /// The key that goes with it, in PEM.
    pub tls_key: PathBuf,
    /// Where plain HTTP is led to TLS, and nothing else; nowhere when it is missing.
    pub http_redirect: Option<SocketAddr>,
    /// Where hubs and scanners sync, over QUIC; port 0 takes any free one.
    pub uplink_listen: SocketAddr,
    /// Where devices are told to link to, as host:port, best first. Empty: the address that was bound; if that is all
    /// addresses, the host of the public URL with the bound port.
    pub uplink_public: Vec<String>,
    /// The proxies whose word on where a request comes from is taken; nobody's unless given.
    pub trusted_proxies: Vec<Network>,
    /// The other sites from whose pages buyers may be served; none unless given.
    pub cors_origins: Vec<WebOrigin>,
    /// What links in answers begin with. Empty: `http://`, or `https://` over TLS, and the address that was bound.
    pub public_url: String,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    pub store: StoreSettings,
    /// The cells beside the home cell, which `store` names.
    pub cells: BTreeMap<CellName, StoreUrl>,
    /// Where the master key comes from.
    pub keys: MasterKeySettings,
    pub reservations: Reservations,
    pub payments: Payments,
    pub retention: Retention,
    pub webhooks: Webhooks,
    pub mail: MailSettings,
    /// Limits on requests.
    pub limits: RequestLimits,
    pub log: Log,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8080).into(),
            tls_certificate: PathBuf::new(),
            tls_key: PathBuf::new(),
            http_redirect: None,
            uplink_listen: (Ipv4Addr::UNSPECIFIED, 7443).into(),
            uplink_public: Vec::new(),
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            public_url: String::new(),
            data_dir: PathBuf::from("usher-cloud-data"),
            store: StoreSettings::default(),
            cells: BTreeMap::new(),
            keys: MasterKeySettings::default(),
            reservations: Reservations::default(),
            payments: Payments::default(),
            retention: Retention::default(),
            webhooks: Webhooks::default(),
            mail: MailSettings::default(),
            limits: RequestLimits::default(),
            log: Log::default(),
        }
    }
}

/// Settings of reservations.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reservations {
    /// How long one holds unless its event says otherwise, in seconds.
    pub default_seconds: u32,
    /// Most units of one reservation: the largest order.
    pub max_units: u32,
    /// How many of the largest orders one client address may hold at once without paying.
    pub unpaid_orders_per_address: u32,
    /// How many of the largest orders one session may hold at once without paying.
    pub unpaid_orders_per_session: u32,
    /// Which share of an event one network may hold at once without paying, in percent; one of the largest orders in any case.
    pub unpaid_percent_per_network: u32,
    /// For how many minutes of an hour one may hold so much without paying in the end.
    pub minutes_in_vain: u32,
    /// How often expired units are written down as available, in seconds; nothing depends on it.
    pub tidy_every_seconds: u32,
}

impl Default for Reservations {
    fn default() -> Self {
        Self {
            default_seconds: 600,
            max_units: 20,
            unpaid_orders_per_address: 2,
            unpaid_orders_per_session: 2,
            unpaid_percent_per_network: 2,
            minutes_in_vain: 10,
            tidy_every_seconds: 60,
        }
    }
}

impl Reservations {
    /// Returns how many units may be held without being paid for.
    pub fn hold_bounds(&self) -> HoldBounds {
        HoldBounds {
            per_address: self.max_units.saturating_mul(self.unpaid_orders_per_address),
            per_session: self.max_units.saturating_mul(self.unpaid_orders_per_session),
            per_network: self.max_units,
            network_percent: self.unpaid_percent_per_network,
            minutes_in_vain: self.minutes_in_vain,
        }
    }
}

/// Settings of payments.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Payments {
    /// Which gateway takes the money.
    pub gateway: GatewayKind,
    /// How long it may take to answer, in seconds.
    pub timeout_seconds: u32,
    /// Where Stripe's API is, without a slash at the end.
    pub stripe_api: String,
    /// The file that holds the secret key for it, and nothing else.
    pub stripe_key_file: PathBuf,
    /// The file that holds the secret of the endpoint `/v1/webhooks/stripe`, if Stripe has been told of it.
    pub stripe_webhook_secret_file: PathBuf,
    /// From how much on somebody who is logged in needs a fresh one-time code to give money back, in whole units of the currency.
    pub large_refund: u32,
    /// Lets the sandbox's token `tok_crash_after_charge` abort the process. For tests only.
    pub sandbox_crash: bool,
}

impl Default for Payments {
    fn default() -> Self {
        Self {
            gateway: GatewayKind::Sandbox,
            timeout_seconds: 30,
            stripe_api: "https://api.stripe.com".into(),
            stripe_key_file: PathBuf::new(),
            stripe_webhook_secret_file: PathBuf::new(),
            // Some tickets are less.
            large_refund: 500,
            sandbox_crash: false,
        }
    }
}

/// Settings of how long things are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// How long after an event's end it is known who bought, in days.
    pub personal_data_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            // Five years, with the one leap day that each five have at least.
            personal_data_days: 5 * 365 + 1,
        }
    }
}

/// Settings of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// The networks of ours whose programs may be told what happens, also without encryption; none unless given.
    pub private_networks: Vec<Network>,
}

/// Settings that bound what one request can cost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestLimits {
    /// How long a request may take, in seconds; more than the payment's.
    pub request_seconds: u32,
    /// Biggest body of a public request, in KiB.
    pub public_body_kib: u32,
    /// Biggest body of an organizer's request, in KiB.
    pub organizer_body_kib: u32,
    /// How long requests are still taken after the order to stop where another process may serve, in seconds.
    pub drain_seconds: u32,
    /// How long a shutdown waits for requests and bookings in progress, in seconds.
    pub shutdown_seconds: u32,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            request_seconds: 90,
            public_body_kib: 64,
            organizer_body_kib: 1024,
            drain_seconds: 5,
            shutdown_seconds: 20,
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Settings of logs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// What to log, in the words of `RUST_LOG`.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info,refinery_core=warn".into(),
            format: LogFormat::Text,
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file is not there or cannot be read.
    #[error("the configuration file {} cannot be read", file.display())]
    Unreadable {
        file: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A setting is unknown or has a wrong type.
    #[error("the configuration is not valid")]
    Invalid(#[source] Box<figment::Error>),
    /// A setting is out of its range.
    #[error("the configuration is not valid: {key} must be {expected}")]
    OutOfRange {
        key: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl Config {
    /// Reads the file, then the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], with the name of the setting that is wrong.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        Self::from_sources(&text, Env::prefixed(ENVIRONMENT_PREFIX).split("__"))
    }

    fn from_sources(text: &str, environment: impl figment::Provider) -> Result<Self, ConfigError> {
        let config: Self = Figment::from(Toml::string(text))
            .merge(environment)
            .extract()
            .map_err(|error| ConfigError::Invalid(Box::new(error)))?;
        config.check()
    }

    fn check(self) -> Result<Self, ConfigError> {
        ranges::check(&self)?;
        self.mail.check()?;
        if self.tls_certificate.as_os_str().is_empty() != self.tls_key.as_os_str().is_empty() {
            return Err(ConfigError::OutOfRange {
                key: "tls_certificate",
                expected: "set together with tls_key, or both left empty",
            });
        }
        let is_plain = self.tls_certificate.as_os_str().is_empty() || self.public_url.starts_with("http://");
        if self.http_redirect.is_some() && is_plain {
            return Err(ConfigError::OutOfRange {
                key: "http_redirect",
                expected: "set with tls_certificate, tls_key and a public_url that begins with https://, or left out",
            });
        }
        if !self.uplink_public.iter().all(|place| is_place(place)) || self.uplink_public.len() > MAX_UPLINKS {
            let expected = "a list of at most 64 addresses as host:port";
            return Err(ConfigError::OutOfRange {
                key: "uplink_public",
                expected,
            });
        }
        let api = &self.payments.stripe_api;
        if !(api.starts_with("https://") || is_loopback(api)) || api.ends_with('/') {
            let expected =
                "an address that begins with https:// (or http://127.0.0.1) and does not end with a slash";
            return Err(ConfigError::OutOfRange {
                key: "payments.stripe_api",
                expected,
            });
        }
        let is_on_servers = |url: &StoreUrl| match url {
            StoreUrl::Postgres(_) => true,
            StoreUrl::DataDir | StoreUrl::Sqlite(_) => false,
        };
        let is_home = |name: &CellName| name.as_str() == HOME;
        if !self.cells.values().all(is_on_servers) || self.cells.keys().any(is_home) {
            let expected = "names other than home, each with the address of a PostgreSQL database: \
                            postgres://USER@HOST/DATABASE";
            return Err(ConfigError::OutOfRange {
                key: "cells",
                expected,
            });
        }
        let url = &self.public_url;
        if !(url.is_empty() || url.starts_with("http://") || url.starts_with("https://"))
            || url.ends_with('/')
        {
            let expected =
                "empty, or an address that begins with http:// or https:// and does not end with a slash";
            return Err(ConfigError::OutOfRange {
                key: "public_url",
                expected,
            });
        }
        Ok(self)
    }

    /// Reads the certificate and key that HTTP is served with; none where it is plain.
    ///
    /// # Errors
    ///
    /// [`TlsError`].
    pub fn tls_files(&self) -> Result<Option<TlsFiles>, TlsError> {
        let is_set = !self.tls_certificate.as_os_str().is_empty();
        is_set
            .then(|| TlsFiles::read(&self.tls_certificate, &self.tls_key))
            .transpose()
    }

    /// Says where the store is.
    pub fn store_location(&self) -> StoreLocation {
        self.store.location(&self.data_dir)
    }

    /// Says where the store and its cells are.
    pub fn store_places(&self) -> StorePlaces {
        let place =
            |(name, url): (&CellName, &StoreUrl)| (name.clone(), self.store.location_of(url, &self.data_dir));
        StorePlaces {
            home: self.store_location(),
            cells: self.cells.iter().map(place).collect(),
        }
    }

    /// Returns how long requests are still taken after the order to stop: not at all where nobody else could serve instead.
    pub fn drain_time(&self) -> Duration {
        match self.store_location() {
            StoreLocation::File(_) => Duration::ZERO,
            StoreLocation::Servers { .. } => Duration::from_secs(self.limits.drain_seconds.into()),
        }
    }

    /// Returns how long the payment gateway may take.
    pub fn payment_timeout(&self) -> Duration {
        Duration::from_secs(self.payments.timeout_seconds.into())
    }
}

/// Tells whether what is sent there leaves this machine at no time, so that a key may go there in the clear.
fn is_loopback(url: &str) -> bool {
    let host = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split([':', '/']).next());
    host == Some("127.0.0.1")
}

fn is_place(text: &str) -> bool {
    let parts = text.rsplit_once(':');
    parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../usher-cloud.example.toml");

    fn load(text: &str) -> Result<Config, ConfigError> {
        Config::from_sources(text, Toml::string(""))
    }

    #[track_caller]
    fn check_refused(text: &str, parts: &[&str]) {
        let error = format!("{:#}", anyhow::Error::from(load(text).unwrap_err()));
        for part in parts {
            assert!(error.contains(part), "{error:?} does not say {part:?}");
        }
    }

    #[test]
    fn the_example_file_shows_every_default() {
        assert_eq!(load(EXAMPLE).unwrap(), Config::default());
    }

    #[test]
    fn an_unknown_key_is_named_with_the_ones_there_are() {
        check_refused("lisen = \"127.0.0.1:1\"", &["lisen", "`listen`", "`data_dir`"]);
        check_refused(
            "[payments]\nsandbox_crsh = true",
            &["sandbox_crsh", "`sandbox_crash`"],
        );
    }

    #[test]
    fn a_wrong_type_names_its_key() {
        check_refused("listen = 8080", &["listen"]);
        check_refused(
            "[reservations]\ndefault_seconds = \"ten\"",
            &["default_seconds", "u32"],
        );
        check_refused(
            "[reservations]\ndefault_seconds = 0",
            &["reservations.default_seconds", "1 to 86400"],
        );
        check_refused(
            "[limits]\nrequest_seconds = 30",
            &["limits.request_seconds", "payments.timeout_seconds"],
        );
        check_refused(
            "trusted_proxies = [\"10.0.0.0/33\"]",
            &["trusted_proxies", "10.0.0.0/8"],
        );
        check_refused(
            "cors_origins = [\"*\"]",
            &["cors_origins", "https://owls.example"],
        );
        check_refused("public_url = \"tickets.example\"", &["public_url", "http://"]);
        check_refused("tls_certificate = \"a.pem\"", &["tls_certificate", "tls_key"]);
        check_refused("http_redirect = \"0.0.0.0:80\"", &["http_redirect", "tls_key"]);
        for clear in [
            "http://api.stripe.example",
            "http://127.0.0.1.example",
            "https://api.stripe.com/",
        ] {
            let text = format!("[payments]\nstripe_api = \"{clear}\"");
            check_refused(&text, &["payments.stripe_api", "https://"]);
        }
        check_refused(
            "[cells]\nNorth = \"sqlite:/tmp/n.db\"",
            &["name of a cell", "a-z"],
        );
        check_refused("[cells]\nnorth = \"sqlite:/tmp/n.db\"", &["cells", "PostgreSQL"]);
        check_refused(
            "[cells]\nhome = \"postgres://owl@db/u\"",
            &["cells", "other than home"],
        );
        check_refused(
            "uplink_public = [\"tickets.example\"]",
            &["uplink_public", "host:port"],
        );
    }

    #[test]
    fn the_environment_outranks_the_file() {
        let file = "[reservations]\nmax_units = 4\ndefault_seconds = 30";
        let environment = Toml::string("[reservations]\nmax_units = 8");
        let config = Config::from_sources(file, environment).unwrap();
        assert_eq!(
            (config.reservations.max_units, config.reservations.default_seconds),
            (8, 30)
        );
    }
}
