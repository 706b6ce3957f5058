//! The sockets of a service: one for links and one for HTTP, whatever number of events stand behind them; leading to their hubs is the doors'.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_keys::SecretKey;
use usher_link::Endpoint;

use super::doors::{self, Doors};
use super::listening::Listening;
use crate::config::Config;
use crate::http;

/// How long what is under way may take to end once it is told to.
pub(super) const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5);

/// The sockets, and the tasks that serve them.
pub struct Front {
    endpoint: Endpoint,
    listening: Listening,
    listening_path: PathBuf,
    doors: Arc<Doors>,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

impl Front {
    /// Binds the sockets. Peers that name no event that is served are shown `key`.
    ///
    /// **Errors**: an address cannot be bound.
    pub async fn open(config: &Config, key: &SecretKey, listening_path: &Path) -> anyhow::Result<Self> {
        let endpoint = Endpoint::bind(config.listen, key)
            .with_context(|| format!("cannot listen for links on {} (setting: listen)", config.listen))?;
        let listener = TcpListener::bind(config.http)
            .await
            .with_context(|| format!("cannot listen for HTTP on {} (setting: http)", config.http))?;
        let http: SocketAddr = listener.local_addr()?;
        let listening = Listening::of(endpoint.local_addr(), http, config.advertise.as_deref());
        let (doors, cancel) = (Arc::<Doors>::default(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(doors::lead_peers(
            endpoint.clone(),
            Arc::clone(&doors),
            cancel.clone(),
        ));
        tasks.spawn(http::serve(listener, Arc::clone(&doors), cancel.clone()));
        Ok(Self {
            endpoint,
            listening,
            listening_path: listening_path.to_owned(),
            doors,
            cancel,
            tasks,
        })
    }

    /// Tells other programs on this machine where we are.
    ///
    /// **Errors**: the file cannot be written.
    pub fn announce(&self) -> anyhow::Result<()> {
        self.listening.write(&self.listening_path)
    }

    /// Gives how to reach it.
    pub fn listening(&self) -> &Listening {
        &self.listening
    }

    /// Gives the socket for links.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Gives the ways from here to the hubs.
    pub fn doors(&self) -> &Arc<Doors> {
        &self.doors
    }

    /// Takes nobody in any more; requests under way are finished.
    pub async fn shut(&mut self) {
        Listening::forget(&self.listening_path);
        self.cancel.cancel();
        end(&mut self.tasks).await;
    }

    /// Closes the sockets.
    pub async fn close(&self) {
        self.endpoint.close().await;
    }
}

/// Waits until tasks that were told to end have ended, but not for ever.
pub(super) async fn end(tasks: &mut JoinSet<()>) {
    let ending = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(SHUTDOWN_PATIENCE, ending).await.is_err() {
        tracing::warn!("some connections did not end in time");
        tasks.shutdown().await;
    }
}
