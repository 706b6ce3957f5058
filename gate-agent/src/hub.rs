//! The running hub of one event: keeps its links and serves its peers, each in a task it owns; what they do is in their own modules.

pub mod dialling;
pub mod front;
pub mod listening;
mod mesh;
pub mod pages;
mod sockets;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::discovery::Discovery;
use usher_device::enrol::Issuer;
use usher_device::replica::{Access, Replica};
use usher_keys::Role;
use usher_link::{Connection, Opened, PageEndpoint, drive};
use usher_protocol::sync::Farewell;

use crate::admission::AdmissionPath;
use crate::config::Config;
use crate::doors::Doors;
use crate::http;
use crate::links::{LinkId, Links};
use crate::lookup::CodeLookup;
use crate::responder::HubResponder;
use crate::services::Services;
use crate::services::certificates::{self, CertificateBoard};
use crate::services::status::StatusBoard;
use front::Front;
use listening::Listening;

/// Most peers linked to us at once: every scanner and hub of a large venue, some 20 MiB of memory. Strangers are not among
/// them: the endpoint bounds those.
const MAX_PEERS: usize = 256;
/// How often the replica does what is due with the time: places in a zone are shared among hubs before the lines may be cut.
const TENDED_EVERY: Duration = Duration::from_secs(1);
/// How often it is noted what the cloud holds of us.
const NOTED_EVERY: Duration = Duration::from_secs(10);

/// A running hub.
pub struct Hub {
    services: Arc<Services>,
    listening: Listening,
    doors: Arc<Doors>,
    /// The sockets, where they are this hub's alone.
    front: Option<Front>,
    /// The socket for pages, if they are served.
    pages: Option<PageEndpoint>,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

impl Hub {
    /// Starts the hub of one event with sockets of its own. Call it inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// Whatever keeps a hub from working, with what to do about it.
    pub async fn start(directory: &DataDirectory, config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let replica = Arc::new(directory.open_replica(clock)?);
        // The replica's lock is ours now, so whoever wrote that is gone.
        Listening::forget(&directory.listening_path());
        let started = Self::start_alone(&replica, directory, config).await;
        if started.is_err() {
            replica.close().await;
        }
        started
    }

    async fn start_alone(
        replica: &Arc<Replica>,
        directory: &DataDirectory,
        config: &Config,
    ) -> anyhow::Result<Self> {
        let (key, event) = (directory.read_key()?, replica.certificate().event);
        let mut front = Front::open(config, &key, &directory.listening_path(), &[event]).await?;
        let mut hub = Self::start_on(replica, directory, config, &mut front).await?;
        front.announce()?;
        hub.front = Some(front);
        Ok(hub)
    }

    /// Starts the hub of an event behind sockets that it shares with others.
    ///
    /// # Errors
    ///
    /// Whatever keeps a hub from working, with what to do about it.
    pub async fn start_behind(
        front: &mut Front,
        directory: &DataDirectory,
        config: &Config,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let replica = Arc::new(directory.open_replica(clock)?);
        let started = Self::start_on(&replica, directory, config, front).await;
        if started.is_err() {
            replica.close().await;
        }
        started
    }

    async fn start_on(
        replica: &Arc<Replica>,
        directory: &DataDirectory,
        config: &Config,
        front: &mut Front,
    ) -> anyhow::Result<Self> {
        let key = directory.read_key()?;
        if replica.certificate().capabilities.enrol_scanners {
            front.take_in_scanners(config).await?;
        }
        let (endpoint, pages) = front.for_event(replica.certificate().event, &key)?;
        let listening = front.listening().clone();
        let (links, doors) = (Arc::new(Links::default()), Arc::clone(front.doors()));
        let path = Arc::new(AdmissionPath::new(
            Arc::clone(replica),
            Arc::clone(&links),
            Arc::clone(&doors.neighbours),
            config.home_timeout(),
        ));
        let access = Access::open(&directory.access_path())?;
        let forced: u64 = access.phones()?.iter().map(|phone| phone.forced).sum();
        let lookup = Arc::new(CodeLookup::new(Arc::clone(&links)));
        let responder = Arc::new(HubResponder::new(&path, &lookup, &links, (replica, &access)));
        let services = Arc::new(Services {
            replica: Arc::clone(replica),
            path,
            links,
            lookup,
            access: access.clone(),
            issuer: Issuer {
                replica: Arc::clone(replica),
                key,
                access,
                uplink: vec![listening.quic.clone()],
            },
            board: StatusBoard::default(),
            certificates: CertificateBoard::default(),
            open_status: config.open_status,
            forced: forced.into(),
            warnings: config.warnings(),
            own_address: listening.http_address(),
            door: listening.door.clone(),
            endpoint,
            responder,
        });
        let routes = http::routes(Arc::clone(&services));
        let enrolments = http::enrolment_routes(Arc::clone(&services));
        let peers = doors.open(&services, routes, enrolments);
        let mut hub = Self {
            services,
            listening,
            doors,
            front: None,
            pages,
            cancel: CancellationToken::new(),
            tasks: JoinSet::new(),
        };
        hub.start_tasks(peers, config, directory);
        Ok(hub)
    }

    fn start_tasks(&mut self, peers: mpsc::Receiver<Connection>, config: &Config, directory: &DataDirectory) {
        let (discovery, services) = (self.discover(config), &self.services);
        let enrolled = &services.replica.enrolment().uplink;
        let uplink = if config.uplink.is_empty() {
            enrolled
        } else {
            &config.uplink
        };
        let cloud = (!uplink.is_empty()).then(|| uplink.clone());
        for addresses in cloud
            .into_iter()
            .chain(config.peers.iter().map(|peer| vec![peer.clone()]))
        {
            let keeping = dialling::keep_linked(Arc::clone(services), addresses, self.cancel.clone());
            self.tasks.spawn(keeping);
        }
        if let Some(discovery) = discovery {
            let keeping = mesh::keep(Arc::clone(services), discovery, self.cancel.clone());
            self.tasks.spawn(keeping);
        }
        let warning = certificates::keep_warning(Arc::clone(services), self.cancel.clone());
        self.tasks.spawn(warning);
        self.tasks
            .spawn(accept_peers(Arc::clone(services), peers, self.cancel.clone()));
        let noting = keep_noting(Arc::clone(&services.links), directory.clone());
        let cancel = self.cancel.clone();
        self.tasks
            .spawn(async move { cancel.run_until_cancelled(noting).await.unwrap_or(()) });
        let (replica, links) = (Arc::clone(&services.replica), Arc::clone(&services.links));
        let cancel = self.cancel.clone();
        self.tasks.spawn(async move {
            cancel
                .run_until_cancelled(tend(replica, links))
                .await
                .unwrap_or(())
        });
    }

    /// Begins to look for the other hubs of the event, and shows them where we are. A network that lets nobody be found is no reason
    /// not to open the gates.
    fn discover(&self, config: &Config) -> Option<Discovery> {
        let settings = &config.discovery;
        if !settings.enabled {
            return None;
        }
        let own = self.services.replica.certificate();
        let bound = self.services.endpoint.local_addr();
        let begun = Discovery::start(own.event, &settings.interfaces).and_then(|discovery| {
            discovery.announce(&own.device, bound.port(), config.announced_at(bound.ip()))?;
            Ok(discovery)
        });
        match begun {
            Ok(discovery) => Some(discovery),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the other hubs are not looked for");
                None
            }
        }
    }

    /// Returns how to reach this hub.
    pub fn listening(&self) -> &Listening {
        &self.listening
    }

    /// Returns what its tasks share.
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// Lets what is under way finish, hands the last records on to whoever is linked, says goodbye, and closes the replica.
    pub async fn shutdown(mut self) {
        let event = self.services.replica.certificate().event;
        if let Some(front) = &mut self.front {
            front.shut().await;
        }
        self.doors.shut(event);
        self.services.path.close().await;
        // From here on nothing is written that linked hubs would have to hear of.
        self.cancel.cancel();
        front::end(&mut self.tasks).await;
        self.services.endpoint.forget_event(event);
        if let Some(pages) = &self.pages {
            pages.forget_event(event);
        }
        if let Some(front) = &self.front {
            front.close().await;
        }
        self.services.replica.close().await;
    }
}

/// Lets the replica do what is due with the time, for ever.
async fn tend(replica: Arc<Replica>, links: Arc<Links>) {
    let mut ticks = tokio::time::interval(TENDED_EVERY);
    loop {
        ticks.tick().await;
        replica.tend(links.hubs()).await;
    }
}

/// Notes down that the cloud holds all that we do, whenever it does, for ever.
async fn keep_noting(links: Arc<Links>, directory: DataDirectory) {
    let mut ticks = tokio::time::interval(NOTED_EVERY);
    loop {
        ticks.tick().await;
        let clouds = links.of_role(Role::Cloud);
        let noted = match clouds.iter().map(Connection::handed_on).max() {
            None => Ok(()),
            Some(0) => directory.doubt_handed_on().map_err(anyhow::Error::from),
            Some(records) => directory.note_handed_on(records).map_err(anyhow::Error::from),
        };
        if let Err(error) = noted {
            tracing::warn!(error = %format!("{error:#}"), "what the cloud holds cannot be noted");
        }
    }
}

/// Serves every peer that links to us, until cancelled.
async fn accept_peers(
    services: Arc<Services>,
    mut peers: mpsc::Receiver<Connection>,
    cancel: CancellationToken,
) {
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = cancel.cancelled() => break,
            Some(_) = sessions.join_next() => continue,
            accepted = peers.recv() => accepted,
        };
        let Some(connection) = accepted else { break };
        sessions.spawn(serve_peer(Arc::clone(&services), connection, cancel.clone()));
    }
    while sessions.join_next().await.is_some() {}
}

async fn serve_peer(services: Arc<Services>, connection: Connection, cancel: CancellationToken) {
    let mut id: Option<LinkId> = None;
    let opened = |opened: Opened| {
        let (now, connection) = (services.replica.clock().now(), opened.connection.clone());
        id = services.links.came(opened, MAX_PEERS, now);
        if id.is_none() {
            tracing::warn!(peer = %connection.peer().id(), most = MAX_PEERS, "too many peers are linked: one more was turned away");
            connection.close(Farewell::Leaving);
        }
    };
    let (replica, responder) = (Arc::clone(&services.replica), Arc::clone(&services.responder));
    let end = drive(connection, replica, responder, opened, cancel).await;
    tracing::debug!(%end, "a peer is gone");
    if let Some(id) = id {
        services.links.closed(id);
    }
}

#[cfg(test)]
mod tests;
