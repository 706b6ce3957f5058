//! What a service shows to others: its sockets, served, whatever number of events stand behind them; leading to their hubs is the doors'.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_keys::{EventId, SecretKey};
use usher_link::{Endpoint, LinkError, PageEndpoint};

use super::listening::Listening;
use super::pages::{self, PageDoor};
use super::sockets::Sockets;
use crate::config::Config;
use crate::doors::{self, Doors};
use crate::http;
use crate::http::tls::Tls;

/// How long what is under way may take to end once it is told to.
pub(super) const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(5);

/// The sockets, and the tasks that serve them.
pub struct Front {
    endpoint: Endpoint,
    page_endpoint: Option<PageEndpoint>,
    listening: Listening,
    listening_path: PathBuf,
    /// Whether other programs on this machine were told where we are.
    is_announced: bool,
    doors: Arc<Doors>,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

impl Front {
    /// Binds the sockets for the hubs of these events. Peers that name no event that is served are shown `key`.
    ///
    /// # Errors
    ///
    /// Settings that are refused, an address that cannot be bound, files that make no TLS.
    pub async fn open(
        config: &Config,
        key: &SecretKey,
        listening_path: &Path,
        events: &[EventId],
    ) -> anyhow::Result<Self> {
        let folder = listening_path.parent().unwrap_or(Path::new(""));
        let sockets = Sockets::bind(config, key, folder).await?;
        let listening = sockets.listening(config)?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        let endpoint = sockets.endpoint;
        let (doors, cancel) = (Arc::<Doors>::default(), CancellationToken::new());
        for event in events {
            doors.expect(*event);
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(doors::lead_peers(
            endpoint.clone(),
            Arc::clone(&doors),
            cancel.clone(),
        ));
        if let Some(files) = sockets.tls.as_ref().and_then(Tls::files) {
            tasks.spawn(files.keep_new(cancel.clone()));
        }
        tasks.spawn(http::serve(
            sockets.http,
            sockets.tls,
            Arc::clone(&doors),
            cancel.clone(),
        ));
        if let Some(here) = sockets.here {
            tasks.spawn(http::serve(here, None, Arc::clone(&doors), cancel.clone()));
        }
        if let Some(door) = sockets.door {
            tasks.spawn(http::serve_phones(
                door.listener,
                door.tls,
                Arc::clone(&doors),
                cancel.clone(),
            ));
        }
        let serve_pages = |pages| serve_pages(pages, &mut tasks, &doors, &cancel);
        let page_endpoint = sockets.pages.map(serve_pages);
        Ok(Self {
            endpoint,
            page_endpoint,
            listening,
            listening_path: listening_path.to_owned(),
            is_announced: false,
            doors,
            cancel,
            tasks,
        })
    }

    /// Returns the sockets for one event with a key of its own: for links, and for pages if they are served.
    ///
    /// # Errors
    ///
    /// The key makes no TLS.
    pub fn for_event(
        &self,
        event: EventId,
        key: &SecretKey,
    ) -> Result<(Endpoint, Option<PageEndpoint>), LinkError> {
        let pages = self.page_endpoint.clone();
        if let Some(pages) = &pages {
            pages.serve_event(event, key);
        }
        Ok((self.endpoint.for_event(event, key)?, pages))
    }

    /// Tells other programs on this machine where we are.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn announce(&mut self) -> anyhow::Result<()> {
        self.listening.write(&self.listening_path)?;
        self.is_announced = true;
        Ok(())
    }

    /// Listens for new scanners too, from the first hub on that enrols some.
    ///
    /// # Errors
    ///
    /// The address cannot be bound, or other programs on this machine not be told.
    pub async fn take_in_scanners(&mut self, config: &Config) -> anyhow::Result<()> {
        if self.listening.enrolments.is_some() {
            return Ok(());
        }
        let listener = Sockets::bind_enrolments(config).await?;
        let reached = Listening::reachable(listener.local_addr()?, config.advertise.as_deref());
        self.listening.enrolments = Some(reached);
        let (doors, cancel) = (Arc::clone(&self.doors), self.cancel.clone());
        self.tasks.spawn(http::serve_enrolments(listener, doors, cancel));
        match self.is_announced {
            true => self.announce(),
            false => Ok(()),
        }
    }

    /// Returns how to reach it.
    pub fn listening(&self) -> &Listening {
        &self.listening
    }

    /// Returns the ways from here to the hubs.
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
        if let Some(endpoint) = &self.page_endpoint {
            endpoint.close().await;
        }
    }
}

/// Serves pages, and returns their socket.
fn serve_pages(
    pages: PageDoor,
    tasks: &mut JoinSet<()>,
    doors: &Arc<Doors>,
    cancel: &CancellationToken,
) -> PageEndpoint {
    let endpoint = pages.endpoint.clone();
    tasks.spawn(pages::lead(endpoint.clone(), Arc::clone(doors), cancel.clone()));
    tasks.spawn(pages.keep_certificate(cancel.clone()));
    endpoint
}

/// Waits until tasks that were told to end have ended, but not for ever.
pub(super) async fn end(tasks: &mut JoinSet<()>) {
    let ending = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(SHUTDOWN_PATIENCE, ending).await.is_err() {
        tracing::warn!("some connections did not end in time");
        tasks.shutdown().await;
    }
}
