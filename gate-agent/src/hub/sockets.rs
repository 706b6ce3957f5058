//! The sockets of a hub: bound before anything starts, so that a hub that cannot be reached as its settings say does not begin; what is said on them is elsewhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::Context;
use tokio::net::TcpListener;
use usher_keys::SecretKey;
use usher_link::Endpoint;

use super::listening::Listening;
use super::pages::PageDoor;
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
    /// HTTP for phones, if it is served.
    pub door: Option<DoorSocket>,
    /// Pages that are scanners, if they are served.
    pub pages: Option<PageDoor>,
}

/// Where phones come in.
pub struct DoorSocket {
    pub listener: TcpListener,
    /// What it is served with, if it is served over TLS.
    pub tls: Option<Tls>,
    /// How phones reach it: scheme, host and port.
    pub url: String,
}

impl DoorSocket {
    /// Binds it. Its certificate is that of HTTP, and without one it is made for this machine's addresses; the app takes such a one
    /// only at an address, not at a name.
    async fn bind(config: &Config, listen: SocketAddr, http: Option<Tls>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen for phones on {listen} (setting: door.listen)"))?;
        let (advertise, bound) = (config.advertise.as_deref(), listener.local_addr()?);
        let is_address = |host: &&str| host.parse::<IpAddr>().is_ok();
        let reached = match &http {
            Some(_) => Listening::reachable(bound, advertise),
            None => Listening::reachable(bound, advertise.filter(is_address)),
        };
        let tls = match (config.door.in_the_clear, http) {
            (true, _) => None,
            (false, Some(tls)) => Some(tls),
            (false, None) => Some(Tls::self_made(names(&reached, advertise))?),
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{reached}");
        Ok(Self { listener, tls, url })
    }
}

/// Returns what this machine is called by others and by itself.
fn names(reached: &str, advertise: Option<&str>) -> Vec<String> {
    let host = reached.rsplit_once(':').map_or(reached, |(host, _)| host);
    let host = host.trim_matches(['[', ']']);
    let itself = Ipv4Addr::LOCALHOST.to_string();
    let mut names = vec![host.to_owned(), itself, "localhost".to_owned()];
    names.extend(advertise.map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

impl Sockets {
    /// Binds them; what pages know the hub by is kept in its folder.
    ///
    /// # Errors
    ///
    /// A port that is taken, or files that make no TLS, with the name of the setting.
    pub async fn bind(config: &Config, key: &SecretKey, folder: &Path) -> anyhow::Result<Self> {
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
        let door = match config.door.listen {
            Some(listen) => Some(DoorSocket::bind(config, listen, tls.clone()).await?),
            None => None,
        };
        Ok(Self {
            endpoint,
            http,
            tls,
            here,
            door,
            pages: PageDoor::bind(config, key, folder)?,
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
    pub fn listening(&self, config: &Config) -> anyhow::Result<Listening> {
        let advertise = config.advertise.as_deref();
        let here = self.here.as_ref().unwrap_or(&self.http).local_addr()?;
        Ok(Listening {
            quic: Listening::reachable(self.endpoint.local_addr(), advertise),
            http: Listening::reachable(self.http.local_addr()?, advertise),
            tls: self.tls.is_some(),
            here: Listening::reachable(here, None),
            enrolments: None,
            door: self.door.as_ref().map(|door| door.url.clone()),
            pages: self.pages.as_ref().map(|pages| pages.listening(config)),
        })
    }
}
