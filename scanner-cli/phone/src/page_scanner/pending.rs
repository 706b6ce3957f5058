//! What a hub was asked that is no scan, and what it replies: a ticket code to be looked up, or an undo by a PIN; what follows is the scanner's.

use usher_protocol::ScanSecret;
use usher_protocol::request::{self, MAX_REQUEST_BYTES, Reply, TicketFacts};
use usher_protocol::routing::{Line, patience_ms};

use crate::frames::Frames;

/// A question that a hub was asked.
pub struct PendingRequest {
    number: u32,
    about: About,
    frames: Frames,
    patience_ms: u64,
    ends_up_ms: u64,
}

/// What it was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Which ticket a ticket code is of, to be scanned then.
    TicketCode {
        secret: ScanSecret,
        /// The ticket code, as it was read.
        read: Vec<u8>,
    },
    /// The last scan of a code is to be taken back.
    Undo {
        code: Vec<u8>,
        ticket: Option<TicketFacts>,
    },
}

impl PendingRequest {
    /// Begins to wait for at least so many milliseconds for an answer or a sign of life; times are of the machine's run.
    #[must_use]
    pub fn new(number: u32, about: About, (line, least_ms): (&Line, u64), up_ms: u64) -> Self {
        let patience_ms = patience_ms(least_ms, line.round_trip_ms);
        Self {
            number,
            about,
            frames: Frames::default(),
            patience_ms,
            ends_up_ms: up_ms + patience_ms,
        }
    }

    /// Returns the number of the request.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Until when it is waited for, by the machine's run.
    #[must_use]
    pub fn ends_up_ms(&self) -> u64 {
        self.ends_up_ms
    }

    /// Returns what it was about.
    #[must_use]
    pub fn into_about(self) -> About {
        self.about
    }

    /// Takes bytes of the answer, and returns the answer once it is whole; inside, nothing where it is no answer.
    pub fn heard(&mut self, bytes: &[u8], up_ms: u64) -> Option<Option<Reply>> {
        self.frames.push(bytes);
        loop {
            let reply = match self.frames.next(MAX_REQUEST_BYTES) {
                Ok(None) => return None,
                Ok(Some(body)) => request::from_bytes::<Reply>(&body).ok(),
                Err(_) => None,
            };
            if reply != Some(Reply::Working) {
                return Some(reply);
            }
            self.ends_up_ms = up_ms + self.patience_ms;
        }
    }
}
