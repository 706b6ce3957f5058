//! The links of a scanner to its hubs, kept in the background; what is asked over them is the desk's.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use usher_keys::{Certificate, PublicKey, Role, SecretKey};
use usher_link::{Connection, Dialer, Endpoint, LinkError, LinkState, Opened, Responder};
use usher_protocol::request::{Request, RequestError, Response};
use usher_protocol::sync::Farewell;

use crate::handover::Handover;

/// Most hub addresses: a venue's hubs, as many as a grant of enrolment names.
pub const MAX_HUBS: usize = usher_keys::enrolment::MAX_UPLINKS;

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
enum Line {
    /// Nothing yet.
    Dialing,
    /// A session stands.
    Linked(LinkedHub),
    /// The last try failed, for this reason.
    Away(String),
    /// Whoever holds this key has refused us, and no session has opened since.
    Refused { by: PublicKey, why: String },
}

/// Who is linked at the moment; clones look at the same links.
#[derive(Clone)]
pub struct Hubs {
    lines: watch::Receiver<Vec<(String, Line)>>,
}

impl Hubs {
    /// Gives the hubs a session stands with, in the order of their addresses. The cloud, which may be linked too, is
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

    /// Gives the addresses without a session that were tried, and why there is none.
    #[must_use]
    pub fn away(&self) -> Vec<(String, String)> {
        let lines = self.lines.borrow();
        lines
            .iter()
            .filter_map(|(addr, line)| match line {
                Line::Away(why) | Line::Refused { why, .. } => Some((addr.clone(), why.clone())),
                Line::Dialing | Line::Linked(_) => None,
            })
            .collect()
    }

    /// Gives who has refused this scanner and not changed its mind; whether they are hubs of the event is the replica's
    /// to know.
    #[must_use]
    pub fn refused_by(&self) -> Vec<PublicKey> {
        let lines = self.lines.borrow();
        let refused = lines.iter().filter_map(|(_, line)| match line {
            Line::Refused { by, .. } => Some(*by),
            Line::Dialing | Line::Linked(_) | Line::Away(_) => None,
        });
        refused.collect()
    }

    /// Waits until a hub is linked, every address was tried in vain, or the time is over; tells whether one is linked.
    pub async fn first(&self, limit: Duration) -> bool {
        let mut lines = self.lines.clone();
        let settled = |lines: &Vec<(String, Line)>| {
            lines.iter().any(|line| linked_hub(line).is_some())
                || lines
                    .iter()
                    .all(|(_, line)| matches!(line, Line::Away(_) | Line::Refused { .. }))
        };
        // Neither the end of the time nor of the links is worth more than what is known by then.
        let _ = timeout(limit, lines.wait_for(settled)).await;
        !self.linked().is_empty()
    }
}

fn linked_hub((_, line): &(String, Line)) -> Option<LinkedHub> {
    match line {
        Line::Linked(hub) => Some(hub.clone()),
        Line::Dialing | Line::Away(_) | Line::Refused { .. } => None,
    }
}

/// Owns the links: the socket and a dialer for each address.
pub struct Links {
    endpoint: Endpoint,
    handover: Arc<Handover>,
    hubs: Hubs,
    cancel: CancellationToken,
    dialers: JoinSet<()>,
}

impl Links {
    /// Starts to dial every address, at most [`MAX_HUBS`]. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// No socket can be bound.
    pub fn start(key: &SecretKey, handover: Arc<Handover>, addresses: &[String]) -> Result<Self, LinkError> {
        let endpoint = bind(key)?;
        let addresses = &addresses[..addresses.len().min(MAX_HUBS)];
        let lines = addresses.iter().map(|addr| (addr.clone(), Line::Dialing));
        let lines = Arc::new(watch::Sender::new(lines.collect::<Vec<_>>()));
        let hubs = Hubs {
            lines: lines.subscribe(),
        };
        let cancel = CancellationToken::new();
        let mut dialers = JoinSet::new();
        for (at, addr) in addresses.iter().enumerate() {
            let dialer = Dialer {
                endpoint: endpoint.clone(),
                addr: addr.clone(),
                replica: Arc::clone(&handover),
                responder: Arc::new(Mute),
            };
            let (lines, handover) = (Arc::clone(&lines), Arc::clone(&handover));
            let observer = move |state| observe(&lines, at, &handover, state);
            dialers.spawn(dialer.keep_linked(observer, cancel.clone()));
        }
        Ok(Self {
            endpoint,
            handover,
            hubs,
            cancel,
            dialers,
        })
    }

    /// Gives who is linked.
    #[must_use]
    pub fn hubs(&self) -> Hubs {
        self.hubs.clone()
    }

    /// Lets a linked hub that answers take what it lacks of our log, for at most so long, and ends the links. Gives the number of
    /// records the last linked hub lacks, as far as we can tell.
    pub async fn end(mut self, limit: Duration) -> u64 {
        if self.hubs.linked().iter().any(LinkedHub::is_answering) {
            // What is not taken in time is taken at the next start.
            let _ = timeout(limit, self.handover.finished()).await;
        }
        let kept = self.handover.kept();
        self.cancel.cancel();
        while self.dialers.join_next().await.is_some() {}
        self.endpoint.close().await;
        kept
    }
}

/// Binds a socket for both address families, or for IPv4 where the system has no IPv6.
fn bind(key: &SecretKey) -> Result<Endpoint, LinkError> {
    let both = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let only_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    Endpoint::bind(both, key).or_else(|_| Endpoint::bind(only_v4, key))
}

fn observe(lines: &watch::Sender<Vec<(String, Line)>>, at: usize, handover: &Handover, state: LinkState) {
    let line = match state {
        // A second try is not worth forgetting why the first one failed.
        LinkState::Connecting => return,
        LinkState::Opened(opened) => {
            handover.opened();
            line_of(opened)
        }
        LinkState::Closed { peer, end } if end.their_farewell() == Some(Farewell::NotWelcome) => {
            Line::Refused {
                by: peer,
                why: end.to_string(),
            }
        }
        LinkState::Closed { end, .. } => Line::Away(end.to_string()),
        LinkState::Failed(error) => Line::Away(error.to_string()),
    };
    lines.send_modify(|lines| {
        // Whoever has refused us does not take it back by being out of reach.
        let stays = matches!((&lines[at].1, &line), (Line::Refused { .. }, Line::Away(_)));
        if !stays {
            lines[at].1 = line;
        }
    });
}

fn line_of(opened: Opened) -> Line {
    let Certificate { role, name, .. } = opened.certificate;
    if role != Role::Hub {
        return Line::Away(format!("{name} is no hub, it only syncs"));
    }
    Line::Linked(LinkedHub {
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
