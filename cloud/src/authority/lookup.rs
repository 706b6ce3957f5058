//! Finds the ticket of a ticket code for a hub, and lets no hub try codes out; who may ask at all is the responder's.

use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use usher_keys::{EventId, PublicKey};
use usher_protocol::request::Told;
use usher_protocol::ticket::TicketCode;
use usher_protocol::ticket::guesses::Guesses;

use crate::selling::CodeQuery;
use crate::store::Store;

/// Ticket codes that there are not, which each hub is forgiven: those of ten scanners.
const FORGIVEN: u32 = 100;
/// When one more is forgiven, in milliseconds.
const ONE_MORE_MS: u64 = 1_000;

/// Looks ticket codes up.
pub struct CodeLookup {
    store: Store,
    began: Instant,
    /// Guards the counts; never held across an await.
    guesses: Mutex<Guesses>,
}

impl CodeLookup {
    /// Begins with every hub trusted to type well.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            began: Instant::now(),
            guesses: Mutex::new(Guesses::new(FORGIVEN, ONE_MORE_MS)),
        }
    }

    /// Finds the text of a ticket's QR code, be the ticket valid or not: gates say why one is not.
    pub async fn find(&self, event: EventId, code: TicketCode, asker: PublicKey) -> Told {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !self.guesses().begin(asker.0, now_ms) {
            tracing::warn!(event = %event, hub = %asker.id(), "a hub asks for many ticket codes that there are not");
            return Told::TooOften;
        }
        let told = match self.store.payload_of_code(CodeQuery { event, code }).await {
            Ok(Some(payload)) => Told::Ticket(payload.into_bytes()),
            Ok(None) => return Told::NoTicket,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "a ticket code could not be looked up");
                Told::NoCloud
            }
        };
        self.guesses().was_right(asker.0);
        told
    }

    fn guesses(&self) -> MutexGuard<'_, Guesses> {
        self.guesses.lock().expect("nothing panics while it holds this")
    }
}
