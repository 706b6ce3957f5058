//! What scanners ask hubs and hubs ask home hubs, and the answers: one request and one answer per stream; syncing is the session's.

use bincode::{Decode, Encode};
use usher_keys::PublicKey;
use usher_keys::codec::{self, CodecError};

use crate::admission::{Direction, Verdict};
use crate::correction::{CorrectionOutcome, PinnedCorrection};
use crate::ident::{GateId, Generation, ScanId, TierId, Unit};
use crate::pin::Pin;
use crate::ticket::{MAX_TEXT_DIGITS, Ticket, TicketCode};

/// Largest request or answer, in bytes.
pub const MAX_REQUEST_BYTES: usize = 2 * 1024;
/// Longest code text in a request, in bytes: longer ones cannot be tickets and are cut by the asker.
pub const MAX_CODE_BYTES: usize = MAX_TEXT_DIGITS + 1;

/// Most hubs told of at once: a full mesh, which fits into an answer.
pub const MAX_HUBS_TOLD: usize = 16;
/// Longest address that is told, in bytes.
pub const MAX_ADDRESS_BYTES: usize = 64;

/// A scan to be judged, with the code as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Scan {
    /// Drawn by the reader; the same for every retry of one reading.
    pub id: ScanId,
    /// The text of the code, at most [`MAX_CODE_BYTES`].
    pub code: Vec<u8>,
    pub gate: GateId,
    pub direction: Direction,
    /// How many people, from 1.
    pub persons: u8,
}

/// A request on a stream of its own.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// A device asks a hub to judge a scan.
    Judge(Scan),
    /// A hub asks a unit's home hub to judge a scan.
    JudgeAsHome(Scan),
    /// A device asks a hub to let people in against the rules.
    Override(Overriding),
    /// A device asks for something that is no verdict.
    Inquire(Inquiry),
    /// A hub asks a unit's home hub to let people in against the rules.
    OverrideAsHome(Overriding),
    /// A scanner that may not override asks a hub to let people in against the rules, by a supervisor's PIN.
    OverrideByPin(PinnedOverriding),
    /// A scanner that may not correct what was written has a hub do so, by a supervisor's PIN.
    CorrectByPin(PinnedCorrection),
}

impl Request {
    /// Tells whether the asker says itself that its answer was heard, by whoever the asker asks for: it ends its half of the stream then,
    /// and resets it if that comes to nothing. Of other requests whoever answers learns that the asker's machine has the answer.
    #[must_use]
    pub fn is_on_behalf(&self) -> bool {
        match self {
            Self::JudgeAsHome(_) | Self::OverrideAsHome(_) => true,
            Self::Judge(_)
            | Self::Override(_)
            | Self::Inquire(_)
            | Self::OverrideByPin(_)
            | Self::CorrectByPin(_) => false,
        }
    }
}

/// A supervisor's word that people go in against the rules.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Overriding {
    /// The scan that was refused.
    pub scan: Scan,
    /// The supervisor.
    pub by: String,
    pub why: String,
}

/// A supervisor's word, with the PIN that proves it at a hub which knows the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PinnedOverriding {
    /// What the supervisor says, under the name that the hub knows.
    pub overriding: Overriding,
    pub pin: Pin,
}

/// What a supervisor says at a scanner: who, why, and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overruling {
    /// The supervisor's name.
    pub by: String,
    /// The reason, in a few words.
    pub why: String,
    /// The supervisor's PIN, for a scanner that may not override by itself.
    pub pin: Option<Pin>,
}

impl Overruling {
    /// Returns what a hub is asked to let the people of a scan in. A PIN that was typed is looked at also where none is needed.
    #[must_use]
    pub fn request(self, scan: Scan) -> Request {
        let Self { by, why, pin } = self;
        let overriding = Overriding { scan, by, why };
        match pin {
            Some(pin) => Request::OverrideByPin(PinnedOverriding { overriding, pin }),
            None => Request::Override(overriding),
        }
    }
}

/// What a hub writes behind the name of a supervisor whose PIN it has seen; no device may say so itself.
pub const BY_PIN: &str = " (PIN)";

/// A question that judges nobody and writes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Inquiry {
    /// A device asks a hub, and a hub the cloud, for the ticket with a ticket code.
    Ticket(TicketCode),
    /// A device asks a hub where the event's other hubs are.
    Hubs,
}

/// What is told in answer to an [`Inquiry`].
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub enum Told {
    /// The text of the ticket's QR code.
    Ticket(Vec<u8>),
    /// No ticket of the event has that ticket code.
    NoTicket,
    /// The cloud, which alone knows, cannot be reached.
    NoCloud,
    /// The asker has asked for too many codes that there are not.
    TooOften,
    /// Where other hubs are, at most [`MAX_HUBS_TOLD`].
    Hubs(Vec<HubNews>),
    /// The asker's role does not allow it, or the question was not understood.
    NotAllowed,
}

// A code opens a gate and stays out of logs.
impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ticket(_) => f.write_str("Ticket(..)"),
            Self::NoTicket => f.write_str("NoTicket"),
            Self::NoCloud => f.write_str("NoCloud"),
            Self::TooOften => f.write_str("TooOften"),
            Self::Hubs(hubs) => f.debug_tuple("Hubs").field(hubs).finish(),
            Self::NotAllowed => f.write_str("NotAllowed"),
        }
    }
}

/// Where a hub is, as another hub sees it, and whether it is heard. Who is there, the hub's certificate says when it is dialled.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HubNews {
    pub hub: PublicKey,
    /// Host and port, at most [`MAX_ADDRESS_BYTES`].
    pub address: String,
    /// How long ago the last link with it ended, in milliseconds; none while it is linked.
    pub silent_ms: Option<u64>,
}

/// Who judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum JudgedBy {
    /// The unit's home hub.
    Home(PublicKey),
    /// A hub in its place, because the home could not be reached.
    Hub(PublicKey),
    /// The scanner alone.
    Alone,
}

/// What a ticket says, for the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct TicketFacts {
    pub unit: Unit,
    pub generation: Generation,
    pub tier: TierId,
    /// How many people it admits.
    pub admits: u8,
    pub flags: u8,
}

impl From<&Ticket> for TicketFacts {
    fn from(ticket: &Ticket) -> Self {
        Self {
            unit: ticket.unit,
            generation: ticket.generation,
            tier: ticket.tier,
            admits: ticket.admits,
            flags: ticket.flags.0,
        }
    }
}

/// The answer to a scan.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Answer {
    pub scan: ScanId,
    pub verdict: Verdict,
    pub by: JudgedBy,
    /// What the ticket says, if it was one.
    pub ticket: Option<TicketFacts>,
    /// The home hub that was asked and has not answered: it may have said yes all the same, which whoever read the code must
    /// withdraw before it says anything else.
    pub silent: Option<PublicKey>,
}

/// Why a request was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum RequestError {
    /// The asker's role, gates or capabilities do not allow it.
    NotAllowed,
    /// We are not that unit's home.
    NotHome,
    /// The request was not understood.
    Malformed,
    /// The answer could not be made durable (disk full, read-only): nothing was decided.
    Unavailable,
    /// Too many requests are waiting.
    Busy,
    /// The hub has no PIN of a supervisor of that name.
    NoPin,
    /// The PIN is wrong. No PIN is taken from this device for so many seconds.
    WrongPin { rest_s: u32 },
    /// Too many PINs were wrong: none is taken from this device for so many seconds more.
    PinsRest { rest_s: u32 },
}

/// What comes of a request.
pub type Response = Result<Answer, RequestError>;

/// What comes back on the stream: signs of life, then the response.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
    /// Still at it: somebody else was asked.
    Working,
    /// This is it.
    Done(Response),
    /// This is the answer to an inquiry.
    Told(Told),
    /// This is what came of a correction.
    Corrected(CorrectionOutcome),
}

/// Writes a request or response.
pub fn to_bytes<T: Encode>(value: &T) -> Vec<u8> {
    codec::encode(value)
}

/// Reads a request or response.
///
/// # Errors
///
/// [`CodecError`].
pub fn from_bytes<T: Encode + Decode<()>>(bytes: &[u8]) -> Result<T, CodecError> {
    codec::decode::<MAX_REQUEST_BYTES, T>(bytes)
}
