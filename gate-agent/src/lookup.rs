//! Finds the ticket of a ticket code that somebody typed: remembered, or asked of the cloud; judging it is the admission path's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use usher_keys::Role;
use usher_link::{Connection, Progress};
use usher_protocol::request::{Inquiry, Told};
use usher_protocol::ticket::TicketCode;
use usher_protocol::ticket::guesses::Guesses;

use crate::links::Links;

/// Ticket codes that there are not, which each asker is forgiven: a person who types what is printed badly needs a few.
const FORGIVEN: u32 = 10;
/// When one more is forgiven, in milliseconds: whoever tries codes at this pace finds one of 100,000 in years.
const ONE_MORE_MS: u64 = 30_000;
/// Ticket codes that are remembered: an evening's at one hub, 3 MiB.
const MAX_REMEMBERED: usize = 10_000;
/// How long the cloud has to answer, at least: it is further away than a hub, and nobody judges in its place.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who asks for a ticket.
#[derive(Debug, Clone, Copy)]
pub struct LookupAsker {
    /// What its wrong codes are counted by: its key, or the hash of its token.
    pub id: [u8; 32],
    /// Whether other hubs may be asked in its name: a hub that asks has found no cloud itself.
    pub is_hub: bool,
}

/// The tickets that were asked for by their codes.
pub struct CodeLookup {
    links: Arc<Links>,
    began: Instant,
    /// Guards what is remembered; never held across an await.
    memory: Mutex<Memory>,
}

struct Memory {
    tickets: BTreeMap<TicketCode, Vec<u8>>,
    guesses: Guesses,
}

impl CodeLookup {
    /// Begins with nothing remembered.
    pub fn new(links: Arc<Links>) -> Self {
        Self {
            links,
            began: Instant::now(),
            memory: Mutex::new(Memory {
                tickets: BTreeMap::new(),
                guesses: Guesses::new(FORGIVEN, ONE_MORE_MS),
            }),
        }
    }

    /// Finds the text of a ticket's QR code.
    pub async fn find(&self, code: TicketCode, asker: LookupAsker, progress: &Progress) -> Told {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let remembered = {
            let mut memory = self.memory();
            if !memory.guesses.begin(asker.id, now_ms) {
                return Told::TooOften;
            }
            memory.tickets.get(&code).cloned()
        };
        let told = match remembered {
            Some(text) => Told::Ticket(text),
            None => progress.asking(self.ask(code, asker)).await,
        };
        let mut memory = self.memory();
        if told != Told::NoTicket {
            memory.guesses.was_right(asker.id);
        }
        if let Told::Ticket(text) = &told {
            memory.remember(code, text);
        }
        told
    }

    /// Asks the cloud, or hubs that may reach it.
    async fn ask(&self, code: TicketCode, asker: LookupAsker) -> Told {
        let mut others = self.links.of_role(Role::Cloud);
        if !asker.is_hub {
            others.extend(self.links.of_role(Role::Hub));
        }
        let mut last = Told::NoCloud;
        for connection in others {
            match inquire(&connection, code).await {
                Some(told @ (Told::Ticket(_) | Told::NoTicket)) => return told,
                Some(Told::TooOften) => last = Told::TooOften,
                Some(Told::NoCloud | Told::NotAllowed | Told::Hubs(_)) | None => {}
            }
        }
        last
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("nothing panics while it holds this")
    }
}

async fn inquire(connection: &Connection, code: TicketCode) -> Option<Told> {
    let patience = connection.patience(PATIENCE);
    let told = connection.inquire(Inquiry::Ticket(code), patience).await;
    told.inspect_err(
        |error| tracing::info!(peer = %connection.peer().id(), %error, "a ticket code was not looked up"),
    )
    .ok()
}

impl Memory {
    /// What a code stands for never changes, so that what is forgotten is only asked for again.
    fn remember(&mut self, code: TicketCode, text: &[u8]) {
        if self.tickets.len() >= MAX_REMEMBERED && !self.tickets.contains_key(&code) {
            self.tickets.pop_first();
        }
        self.tickets.insert(code, text.to_vec());
    }
}
