//! The links of a scanner to its hubs, kept in the background; what is asked over them is the scan judge's.

mod learning;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use usher_keys::{Certificate, PublicKey, Role, SecretKey};
use usher_link::{Connection, Endpoint, LinkError, LinkState, Opened, Responder};
use usher_protocol::request::{Request, RequestError, Response};
use usher_protocol::sync::Farewell;

use crate::handover::Handover;
use learning::{Dialling, Learning, News};

/// Most hub addresses: a venue's hubs, as many as a grant of enrolment names.
pub const MAX_HUBS: usize = usher_keys::enrolment::MAX_UPLINKS;

/// How long a scanner still listens at its end: hubs tell of what they write in steps of a tenth of a second, and whoever starts again
/// where no hub is in reach is to know whom it let in last.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// A hub a session stands with.
#[derive(Debug, Clone)]
pub struct LinkedHub {
    /// The connection, for requests.
    pub connection: Connection,
    /// How people call the hub.
    pub name: String,
    /// The last request went unanswered.
    silent: Arc<AtomicBool>,
}

impl LinkedHub {
    /// Takes note of whether a request was answered.
    pub fn answered(&self, answered: bool) {
        self.silent.store(!answered, Ordering::Relaxed);
    }

    /// Tells whether the last request was answered, or none was made.
    pub fn is_answering(&self) -> bool {
        !self.silent.load(Ordering::Relaxed)
    }
}

/// What became of one address.
#[derive(Debug, Clone)]
enum AddressState {
    /// Nothing yet.
    Dialing,
    /// A session stands.
    Linked(LinkedHub),
    /// The last try failed, for this reason.
    Away(String),
    /// Whoever holds this key has refused us, and no session has opened since.
    Refused { by: PublicKey, why: String },
    /// It is dialled no more: its hub is dialled at another address.
    Dropped,
}

/// An address that is dialled.
#[derive(Debug, Clone)]
struct Address {
    /// Host and port.
    address: String,
    /// Who was there last, or is said to be.
    hub: Option<PublicKey>,
    /// Whether a hub has told us of it.
    is_learnt: bool,
    /// What became of it.
    state: AddressState,
}

/// Where a scanner begins to look for hubs.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The addresses to dial, at most [`MAX_HUBS`].
    pub addresses: &'a [String],
    /// Whether hubs are asked for the others, and looked for on the local network.
    pub learns: bool,
    /// Where what was learnt is kept for the next start.
    pub memory: Option<&'a Path>,
}

/// What becomes of all addresses.
type Lines = watch::Sender<Vec<Address>>;

/// Who is linked at the moment; clones look at the same links.
#[derive(Clone)]
pub struct Hubs {
    lines: watch::Receiver<Vec<Address>>,
    news: News,
}

impl Hubs {
    /// Returns the hubs a session stands with, in the order of their addresses. The cloud, which may be linked too, is
    /// none of them.
    #[must_use]
    pub fn linked(&self) -> Vec<LinkedHub> {
        self.lines.borrow().iter().filter_map(linked_hub).collect()
    }

    /// Tells whether there is no address at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.borrow().is_empty()
    }

    /// Returns the addresses without a session that were tried, and why there is none.
    #[must_use]
    pub fn away(&self) -> Vec<(String, String)> {
        let lines = self.lines.borrow();
        lines
            .iter()
            .filter_map(|at| match &at.state {
                AddressState::Away(why) | AddressState::Refused { why, .. } => {
                    Some((at.address.clone(), why.clone()))
                }
                AddressState::Dialing | AddressState::Linked(_) | AddressState::Dropped => None,
            })
            .collect()
    }

    /// Returns who has refused this scanner and not changed its mind; whether they are hubs of the event is the replica's
    /// to know.
    #[must_use]
    pub fn refused_by(&self) -> Vec<PublicKey> {
        let lines = self.lines.borrow();
        let refused = lines.iter().filter_map(|at| match &at.state {
            AddressState::Refused { by, .. } => Some(*by),
            AddressState::Dialing
            | AddressState::Linked(_)
            | AddressState::Away(_)
            | AddressState::Dropped => None,
        });
        refused.collect()
    }

    /// Returns the hubs that nobody here is linked with any more, by the word of those that are, and for how many milliseconds.
    #[must_use]
    pub fn silent(&self) -> BTreeMap<PublicKey, u64> {
        let mut silent = self.news.silent();
        for hub in self.linked().iter().filter(|hub| hub.is_answering()) {
            silent.remove(&hub.connection.peer());
        }
        silent
    }

    /// Waits until a hub is linked, every address was tried in vain, or the time is over; tells whether one is linked.
    pub async fn first(&self, limit: Duration) -> bool {
        let mut lines = self.lines.clone();
        let settled = |lines: &Vec<Address>| {
            lines.iter().any(|at| linked_hub(at).is_some())
                || lines.iter().all(|at| {
                    matches!(
                        at.state,
                        AddressState::Away(_) | AddressState::Refused { .. } | AddressState::Dropped
                    )
                })
        };
        // Neither the end of the time nor of the links is worth more than what is known by then.
        let _ = timeout(limit, lines.wait_for(settled)).await;
        !self.linked().is_empty()
    }
}

fn linked_hub(at: &Address) -> Option<LinkedHub> {
    match &at.state {
        AddressState::Linked(hub) => Some(hub.clone()),
        AddressState::Dialing
        | AddressState::Away(_)
        | AddressState::Refused { .. }
        | AddressState::Dropped => None,
    }
}

/// Owns the links: the socket, and the task that keeps a dialer for each address.
pub struct HubLinks {
    endpoint: Endpoint,
    handover: Arc<Handover>,
    hubs: Hubs,
    cancel: CancellationToken,
    tasks: JoinSet<()>,
}

impl HubLinks {
    /// Starts to dial every address, and those of further hubs that the linked ones tell of. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// No socket can be bound.
    pub fn start(key: &SecretKey, handover: Arc<Handover>, start: Start<'_>) -> Result<Self, LinkError> {
        let endpoint = bind(key)?;
        let (lines, cancel, news) = (
            Arc::new(Lines::default()),
            CancellationToken::new(),
            News::default(),
        );
        let hubs = Hubs {
            lines: lines.subscribe(),
            news: news.clone(),
        };
        let dialling = Dialling {
            endpoint: endpoint.clone(),
            handover: Arc::clone(&handover),
            lines,
            cancel: cancel.clone(),
        };
        let mut learning = Learning::new(dialling, news);
        for address in start.addresses.iter().take(MAX_HUBS) {
            learning.dial(vec![address.clone()], (None, None));
        }
        if let Some(memory) = start.memory.filter(|_| start.learns) {
            learning.remember(memory);
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(learning.run(hubs.clone(), start.learns));
        Ok(Self {
            endpoint,
            handover,
            hubs,
            cancel,
            tasks,
        })
    }

    /// Returns who is linked.
    #[must_use]
    pub fn hubs(&self) -> Hubs {
        self.hubs.clone()
    }

    /// Ends the links, each once its hub has what it lacks or has had time enough: what is not taken then is taken at the next start.
    /// Returns the number of records the last linked hub lacks, as far as we can tell.
    pub async fn end(mut self) -> u64 {
        if self.hubs.linked().iter().any(LinkedHub::is_answering) {
            sleep(LAST_WORDS).await;
        }
        self.cancel.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.endpoint.close().await;
        self.handover.kept()
    }
}

/// Binds a socket for both address families, or for IPv4 where the system has no IPv6.
fn bind(key: &SecretKey) -> Result<Endpoint, LinkError> {
    let both = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let only_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    Endpoint::bind(both, key).or_else(|_| Endpoint::bind(only_v4, key))
}

fn observe(lines: &Lines, at: usize, handover: &Handover, state: LinkState) {
    let (hub, line) = match state {
        // A second try is not worth forgetting why the first one failed.
        LinkState::Connecting => return,
        LinkState::Opened(opened) => {
            handover.opened();
            (Some(opened.connection.peer()), state_of(opened))
        }
        LinkState::Closed { peer, end } if end.their_farewell() == Some(Farewell::NotWelcome) => {
            let why = end.to_string();
            (Some(peer), AddressState::Refused { by: peer, why })
        }
        LinkState::Closed { end, .. } => (None, AddressState::Away(end.to_string())),
        LinkState::Failed(error) => (None, AddressState::Away(error.to_string())),
    };
    lines.send_modify(|lines| {
        let address = &mut lines[at];
        address.hub = hub.or(address.hub);
        // Whoever has refused us does not take it back by being out of reach.
        let stays = matches!(
            (&address.state, &line),
            (AddressState::Refused { .. }, AddressState::Away(_)) | (AddressState::Dropped, _)
        );
        if !stays {
            address.state = line;
        }
    });
}

fn state_of(opened: Opened) -> AddressState {
    let Certificate { role, name, .. } = opened.certificate;
    if role != Role::Hub {
        return AddressState::Away(format!("{name} is no hub, it only syncs"));
    }
    AddressState::Linked(LinkedHub {
        connection: opened.connection,
        name,
        silent: Arc::default(),
    })
}

/// A scanner answers nobody's requests.
struct Mute;

impl Responder for Mute {
    async fn respond(
        &self,
        _peer: &Certificate,
        _request: Request,
        _progress: &usher_link::Progress,
    ) -> Response {
        Err(RequestError::NotAllowed)
    }
}
