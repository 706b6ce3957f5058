//! The sockets of a hub: bound before anything starts, so that a hub that cannot be reached as its settings say does not begin; what is said on them is elsewhere.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use tokio::net::TcpListener;
use usher_keys::SecretKey;
use usher_link::Endpoint;

use super::listening::Listening;
use crate::config::Config;
use crate::http::tls::Tls;

/// The sockets of a hub.
pub struct Sockets {
    /// Links.
    pub endpoint: Endpoint,
    pub http: TcpListener,
    /// What HTTP is served with, if it is served over TLS.
    pub tls: Option<Tls>,
    /// HTTP for programs of this machine, where the other one speaks TLS.
    pub here: Option<TcpListener>,
}

impl Sockets {
    /// Binds them.
    ///
    /// # Errors
    ///
    /// A port that is taken, or files that make no TLS, with the name of the setting.
    pub async fn bind(config: &Config, key: &SecretKey) -> anyhow::Result<Self> {
        config.check()?;
        let tls = match (&config.tls_certificate, &config.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::read(certificate, key)?),
            (Some(_) | None, _) => None,
        };
        let endpoint = Endpoint::bind(config.listen, key)
            .with_context(|| format!("cannot listen for links on {} (setting: listen)", config.listen))?;
        let http = TcpListener::bind(config.http)
            .await
            .with_context(|| format!("cannot listen for HTTP on {} (setting: http)", config.http))?;
        let here = match &tls {
            Some(_) => Some(TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?),
            None => None,
        };
        Ok(Self {
            endpoint,
            http,
            tls,
            here,
        })
    }

    /// Binds the one for new scanners, which only hubs need that enrol some.
    ///
    /// # Errors
    ///
    /// The port is taken.
    pub async fn bind_enrolments(config: &Config) -> anyhow::Result<TcpListener> {
        TcpListener::bind(config.enrolments).await.with_context(|| {
            format!(
                "cannot listen for new scanners on {} (setting: enrolments)",
                config.enrolments
            )
        })
    }

    /// Finds out how others reach them.
    ///
    /// # Errors
    ///
    /// The system does not say what was bound.
    pub fn listening(&self, advertise: Option<&str>) -> anyhow::Result<Listening> {
        let here = self.here.as_ref().unwrap_or(&self.http).local_addr()?;
        Ok(Listening {
            quic: Listening::reachable(self.endpoint.local_addr(), advertise),
            http: Listening::reachable(self.http.local_addr()?, advertise),
            tls: self.tls.is_some(),
            here: Listening::reachable(here, None),
            enrolments: None,
        })
    }
}
