//! A running cloud: binds, takes up what was left, serves, and on shutdown lets everything in progress finish; what it serves is in `routes`.

mod places;
mod plain_http;
mod serving;

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use usher_keys::private;
use usher_link::Endpoint;
use usher_link::tls_files::{TlsError, TlsFiles, server_config};

use crate::authority::uplink;
use crate::clock::Clock;
use crate::config::Config;
use crate::jobs;
use crate::paused_sale;
use crate::routes;
use crate::state::AppState;
use crate::test_sale;
use places::ConnectionPlaces;
use serving::HttpService;

/// Where the bound addresses are written, in the data directory.
pub const LISTENING_FILE: &str = "listening.json";
/// Most connections at once that are led to TLS: each asks once.
const MOST_REDIRECTED: usize = 512;

/// The addresses a server has bound; what [`LISTENING_FILE`] holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// Where HTTP is served.
    pub http: SocketAddr,
    /// Where hubs and scanners sync, if they can.
    pub uplink: Option<SocketAddr>,
    /// Where plain HTTP is led to TLS, if it is.
    #[serde(default)]
    pub redirect: Option<SocketAddr>,
}

/// A running cloud. It owns its tasks; drop without [`Server::shutdown`] ends them at once.
#[derive(Debug)]
pub struct Server {
    state: Arc<AppState>,
    listening: Listening,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Server {
    /// Opens the data directory, settles what a crash left open, binds and serves.
    ///
    /// # Errors
    ///
    /// When the data directory or an address cannot be used.
    pub async fn start(config: Config, clock: Clock) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("listening on {} (setting `listen`)", config.listen))?;
        let http = listener.local_addr().context("asking for the bound address")?;
        let tls = config.tls_files()?.map(Arc::new);
        let plain = redirect_listener(&config).await?;
        let public_url = if config.public_url.is_empty() {
            format!("{}://{http}", if tls.is_some() { "https" } else { "http" })
        } else {
            config.public_url.clone()
        };
        let state = AppState::open(config, clock, public_url).await?;
        // The authorities first: tickets of bookings that a crash left open are signed with their keys.
        state.authorities.start().await.context("reading the events")?;
        jobs::catch_up(&state).await;

        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let uplink = start_uplink(&state, &stop, &mut tasks)?;
        jobs::start(&state, &state.draining, &mut tasks);
        let service = HttpService {
            router: routes::router(state.clone()),
            tls: tls.clone().map(acceptor).transpose()?,
            stop: stop.clone(),
        };
        let places = ConnectionPlaces::new(serving::most_connections());
        tasks.spawn(serving::serve(listener, service, places));
        if let Some(files) = tls {
            tasks.spawn(files.keep_new(stop.clone()));
        }
        let redirect = start_redirect(plain, &state.public_url, (&stop, &mut tasks))?;
        let listening = Listening {
            http,
            uplink: Some(uplink),
            redirect,
        };
        test_sale::warn_at_start(&state)
            .await
            .context("reading what is on sale")?;
        paused_sale::warn_at_start(&state)
            .await
            .context("reading what is on sale")?;
        // What each cell has is known from then on, should it go away.
        state
            .store
            .published_so_far()
            .await
            .context("reading what is on sale")?;
        write_listening(&state.config.data_dir, &listening)?;
        tracing::info!(%http, %uplink, public_url = state.public_url, "serving");
        Ok(Self {
            state,
            listening,
            stop,
            tasks,
        })
    }

    /// Returns the bound addresses.
    pub fn listening(&self) -> &Listening {
        &self.listening
    }

    /// Returns the parts, for whoever runs in the same process.
    pub fn state(&self) -> &Arc<AppState> {
        &self.state
    }

    /// Sends devices elsewhere and says in `/readyz` that it is about to stop; then stops taking requests, waits for those in
    /// progress and for running payments, and closes the store.
    pub async fn shutdown(mut self) {
        self.state.draining.cancel();
        sleep(self.state.config.drain_time()).await;
        self.stop.cancel();
        let patience = Duration::from_secs(self.state.config.limits.shutdown_seconds.into());
        if timeout(patience, self.finish()).await.is_err() {
            tracing::warn!("gave up waiting for what was in progress; it is settled at the next start");
        }
    }

    async fn finish(&mut self) {
        while self.tasks.join_next().await.is_some() {}
        self.state.close().await;
    }
}

/// Binds where plain HTTP is led to TLS, if it is to be.
async fn redirect_listener(config: &Config) -> anyhow::Result<Option<TcpListener>> {
    let Some(addr) = config.http_redirect else {
        return Ok(None);
    };
    let listener = TcpListener::bind(addr).await;
    let listener = listener.with_context(|| format!("listening on {addr} (setting `http_redirect`)"))?;
    Ok(Some(listener))
}

/// Leads whoever comes there to TLS.
fn start_redirect(
    listener: Option<TcpListener>,
    public_url: &str,
    (stop, tasks): (&CancellationToken, &mut JoinSet<()>),
) -> anyhow::Result<Option<SocketAddr>> {
    let Some(listener) = listener else {
        return Ok(None);
    };
    let bound = listener.local_addr().context("asking for the bound address")?;
    let service = HttpService {
        router: plain_http::router(public_url.to_owned()),
        tls: None,
        stop: stop.clone(),
    };
    let places = ConnectionPlaces::new(MOST_REDIRECTED);
    tasks.spawn(serving::serve(listener, service, places));
    Ok(Some(bound))
}

/// Returns what greets connections.
fn acceptor(files: Arc<TlsFiles>) -> Result<TlsAcceptor, TlsError> {
    Ok(TlsAcceptor::from(Arc::new(server_config(files)?)))
}

/// Binds where devices link to and serves them.
fn start_uplink(
    state: &Arc<AppState>,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<SocketAddr> {
    let wanted = state.config.uplink_listen;
    let endpoint = Endpoint::bind_for_thousands(wanted, state.authorities.link_key())
        .with_context(|| format!("listening on {wanted} (setting `uplink_listen`)"))?;
    let bound = endpoint.local_addr();
    let told = match state.config.uplink_public.as_slice() {
        [] => vec![uplink::reachable_address(bound, &state.public_url)],
        set => set.to_vec(),
    };
    state.uplink.set(told).expect("a server is started once");
    let (authorities, until) = (Arc::clone(&state.authorities), stop.clone());
    tasks.spawn(async move { authorities.follow(until).await });
    tasks.spawn(uplink::serve(
        endpoint,
        Arc::clone(&state.authorities),
        state.draining.clone(),
        stop.clone(),
    ));
    Ok(bound)
}

/// Writes the bound addresses so that a reader sees all of them or none; a power cut may take them, they are of no use then.
fn write_listening(data_dir: &Path, listening: &Listening) -> anyhow::Result<()> {
    let (file, new) = (data_dir.join(LISTENING_FILE), data_dir.join("listening.json.new"));
    let text = serde_json::to_vec(listening)?;
    private::open_file(&new)
        .and_then(|mut opened| opened.set_len(0).and_then(|()| opened.write_all(&text)))
        .and_then(|()| fs::rename(&new, &file))
        .with_context(|| format!("writing {}", file.display()))
}
