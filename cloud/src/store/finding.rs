//! What can be wrong with what is stored, named so that a person can act on it; looking for it is the audit's.

use std::fmt;

use usher_disk::{FileFinding, LogFinding};
use usher_keys::EventId;
use usher_protocol::Unit;

use crate::ids::{BookingId, OrganizerId, RefundId, ReservationId, TicketId};

/// Something wrong with what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The database file.
    File(FileFinding),
    /// A row refers to one that is not there.
    Dangling {
        /// The row's table.
        table: String,
    },
    /// The trust bundle of an event is not signed by the roots beside it.
    Trust {
        /// The event.
        event: EventId,
    },
    /// The checkpoint of an event is not signed by its authority.
    Checkpoint {
        /// The event.
        event: EventId,
    },
    /// A record or head of a log.
    Log {
        /// The event.
        event: EventId,
        /// Where, and what.
        found: LogFinding,
    },
    /// A line of an organizer's acts is not what was written down, or is gone.
    Act {
        /// The organizer.
        organizer: OrganizerId,
        /// Its number.
        seq: u64,
    },
    /// The terms or tiers of an event are not those that were sealed.
    Terms {
        /// The event.
        event: EventId,
    },
    /// The units of an event are not those that went on sale.
    Layout {
        /// The event.
        event: EventId,
    },
    /// Something else of how an event is sold is not what was sealed.
    Sealed {
        /// The event.
        event: EventId,
        /// What of it.
        part: SealedPart,
    },
    /// Blocks or receipts.
    Counts(CountsFinding),
    /// A ticket's payload is not signed, or says something else than its row.
    Ticket(TicketId),
    /// What is written of a unit does not fit its tickets or reservation.
    Unit {
        /// The event.
        event: EventId,
        /// The unit.
        unit: Unit,
    },
    /// The amount of a reservation is not the sum of its lines.
    Reservation(ReservationId),
    /// What is written of a booking does not fit its reservation, its tickets or its amount.
    Booking(BookingId),
    /// A secret key of the cloud.
    SecretKey,
    /// The payment of a booking is open and no job settles it, or a job is to settle one that is not open.
    Job(BookingId),
    /// A refund does not fit its booking, its tickets or its job.
    Refund(RefundId),
    /// An event is canceled and no job refunds its bookings, or a job is to refund those of one that is not.
    Cancellation {
        /// The event.
        event: EventId,
    },
    /// The journal of an event does not hold what its bookings and refunds come to.
    Journal {
        /// The event.
        event: EventId,
    },
}

/// What is sealed of how an event is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedPart {
    /// Windows, limits, fees, taxes, and what one client may hold.
    Sale,
    /// Its vouchers: one was altered, is gone or was added by another program.
    Vouchers,
    /// Its blocks, likewise.
    Blocks,
}

impl SealedPart {
    fn fmt_of(self, event: EventId, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Sale => "the sale, limits, fees or taxes",
            Self::Vouchers => "the vouchers",
            Self::Blocks => "the blocks",
        };
        write!(f, "{what} of event {event} were altered")
    }
}

/// What must come to a whole, or follow without gaps, and does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountsFinding {
    /// The blocks of an event do not fit its units, or sold, free, held and blocked units are not all that it has.
    Blocks {
        /// The event.
        event: EventId,
    },
    /// What should have been in a till when it was closed is not what its sales and refunds come to.
    Tills {
        /// The event.
        event: EventId,
    },
    /// The numbers of an organizer's receipts have gaps, or one was never given out.
    Receipts {
        /// The organizer.
        organizer: OrganizerId,
    },
    /// A receipt of an event says something else than its booking or refund.
    ReceiptAmounts {
        /// The event.
        event: EventId,
    },
}

impl fmt::Display for CountsFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocks { event } => write!(
                f,
                "the units of event {event} that are sold, free, held and blocked are not all that it has"
            ),
            Self::Tills { event } => write!(
                f,
                "a closed till of event {event} does not hold what was sold and given back at it"
            ),
            Self::Receipts { organizer } => write!(
                f,
                "the numbers of the receipts of {organizer} have gaps, or one was never given out"
            ),
            Self::ReceiptAmounts { event } => write!(
                f,
                "a receipt of event {event} says something else than its booking or refund"
            ),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(lost @ FileFinding::Lost { .. }) => write!(
                f,
                "{lost} (to go on from it, knowing that it has forgotten sales and revocations, remove the file .commits \
                 beside it: its events are halted then, as after a restore, until `usher-cloud resume`)"
            ),
            Self::File(found) => found.fmt(f),
            Self::Dangling { table } => write!(f, "a row of {table:?} refers to one that is not there"),
            Self::Trust { event } => {
                write!(f, "the trust bundle of event {event} is not signed by its roots")
            }
            Self::Checkpoint { event } => write!(f, "the checkpoint of event {event} is not its authority's"),
            Self::Log { event, found } => {
                let LogFinding { origin, seq, fault } = found;
                write!(f, "record {seq} of log {origin} of event {event} {fault}")
            }
            Self::Act { organizer, seq } => {
                write!(f, "line {seq} of the acts of {organizer} was altered or is gone")
            }
            Self::Terms { event } => write!(
                f,
                "the days, policy, tiers or prices of event {event} were altered"
            ),
            Self::Layout { event } => write!(f, "the seats and slots of event {event} were altered"),
            Self::Sealed { event, part } => part.fmt_of(*event, f),
            Self::Counts(found) => found.fmt(f),
            Self::Ticket(ticket) => write!(f, "ticket {ticket} is not what was signed"),
            Self::Unit { event, unit } => {
                write!(
                    f,
                    "unit {} of event {event} does not fit its tickets or reservation",
                    unit.0
                )
            }
            Self::Reservation(reservation) => {
                write!(
                    f,
                    "the amount of reservation {reservation} is not the sum of its lines"
                )
            }
            Self::Booking(booking) => {
                write!(
                    f,
                    "booking {booking} does not fit its reservation, tickets or amount"
                )
            }
            Self::SecretKey => f.write_str("a secret key of the cloud was altered"),
            Self::Journal { event } => write!(
                f,
                "the journal of event {event} does not hold what its bookings and refunds come to"
            ),
            Self::Cancellation { event } => write!(f, "the canceling of event {event} does not fit its job"),
            Self::Refund(refund) => write!(
                f,
                "refund {refund} does not fit its booking, its tickets or its job"
            ),
            Self::Job(booking) => write!(f, "booking {booking} and the job that settles it do not fit"),
        }
    }
}
