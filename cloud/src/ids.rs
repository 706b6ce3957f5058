//! The ids of things the cloud keeps, typed and sortable by creation; event ids come from `usher_keys`, small numbers from the protocol.
//!
//! Reservations, bookings and tickets are reached by their id alone, so the id is a secret: 144 random bits. It also
//! names its event, so that every look-up begins with the event.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32HEX_NOPAD;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use usher_keys::{EventId, Timestamp};
use usher_protocol::ticket::TicketCode;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an id of this kind: expected {prefix} and {chars} characters of 0-9 and a-v")]
pub struct InvalidId {
    /// What such an id begins with.
    pub prefix: &'static str,
    /// How many characters follow.
    pub chars: usize,
}

/// Length of the part of an id that is unique within its event, in bytes: 6 of time, 18 random.
pub const LOCAL_BYTES: usize = 24;

/// Draws the id of a new event.
pub fn draw_event_id(now: Timestamp) -> EventId {
    EventId(draw_sortable(now))
}

/// Fills an array from the system's random source.
pub fn draw<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system's random source answers");
    bytes
}

/// Draws a ticket code.
pub fn draw_ticket_code() -> TicketCode {
    TicketCode::draw_from(u64::from_le_bytes(draw()))
}

fn draw_sortable(now: Timestamp) -> [u8; 16] {
    *uuid::Builder::from_unix_timestamp_millis(now.0, &draw())
        .into_uuid()
        .as_bytes()
}

fn draw_local(now: Timestamp) -> [u8; LOCAL_BYTES] {
    let mut local = draw::<LOCAL_BYTES>();
    local[..6].copy_from_slice(&now.0.to_be_bytes()[2..]);
    local
}

fn write_text(f: &mut fmt::Formatter<'_>, prefix: &str, bytes: &[u8]) -> fmt::Result {
    write!(
        f,
        "{prefix}{}",
        BASE32HEX_NOPAD.encode(bytes).to_ascii_lowercase()
    )
}

fn parse_text<const N: usize>(text: &str, prefix: &'static str) -> Result<[u8; N], InvalidId> {
    let invalid = InvalidId {
        prefix,
        chars: (N * 8).div_ceil(5),
    };
    let body = text.strip_prefix(prefix).ok_or(invalid)?;
    if body.len() != invalid.chars || body.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(invalid);
    }
    let bytes = BASE32HEX_NOPAD
        .decode(body.to_ascii_uppercase().as_bytes())
        .map_err(|_| invalid)?;
    bytes.try_into().map_err(|_| invalid)
}

macro_rules! as_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

macro_rules! sortable_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// What its text looks like, as a regular expression.
            pub const PATTERN: &str = concat!("^", $prefix, "[0-9a-v]{26}$");

            /// Draws a new id.
            pub fn draw(now: Timestamp) -> Self {
                Self(draw_sortable(now))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_text(f, $prefix, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_text(text, $prefix).map(Self)
            }
        }

        as_text!($name);
    };
}

macro_rules! secret_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        ///
        /// **Shape**: 16 bytes of event id, 6 of time, 18 random; as text a prefix and 64 base32hex characters.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name {
            /// The event it belongs to.
            pub event: EventId,
            /// What is unique within the event.
            pub local: [u8; LOCAL_BYTES],
        }

        impl $name {
            /// What its text looks like, as a regular expression.
            pub const PATTERN: &str = concat!("^", $prefix, "[0-9a-v]{64}$");

            /// Draws a new id.
            pub fn draw(event: EventId, now: Timestamp) -> Self {
                Self { event, local: draw_local(now) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut bytes = [0; 16 + LOCAL_BYTES];
                bytes[..16].copy_from_slice(&self.event.0);
                bytes[16..].copy_from_slice(&self.local);
                write_text(f, $prefix, &bytes)
            }
        }

        // The id is a secret: logs get the first characters of its own part, which are its time and 14 random bits.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_text(f, concat!($prefix, ".."), &self.local[..7])
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let bytes: [u8; 16 + LOCAL_BYTES] = parse_text(text, $prefix)?;
                let mut id = Self { event: EventId([0; 16]), local: [0; LOCAL_BYTES] };
                id.event.0.copy_from_slice(&bytes[..16]);
                id.local.copy_from_slice(&bytes[16..]);
                Ok(id)
            }
        }

        as_text!($name);
    };
}

sortable_id!(
    /// Identifies an organizer.
    OrganizerId,
    "org_"
);
sortable_id!(
    /// Identifies an API key. It opens nothing.
    ApiKeyId,
    "key_"
);
sortable_id!(
    /// Identifies somebody of an organizer's. It opens nothing.
    StaffId,
    "stf_"
);
sortable_id!(
    /// Identifies an invitation to be one of an organizer's people. It opens nothing.
    InvitationId,
    "inv_"
);
sortable_id!(
    /// Identifies somebody's session. It opens nothing.
    StaffSessionId,
    "ses_"
);
sortable_id!(
    /// Identifies a letter with a link. It opens nothing: mail servers see it.
    LinkLetterId,
    "lnk_"
);
sortable_id!(
    /// Identifies a venue.
    VenueId,
    "ven_"
);
secret_id!(
    /// Identifies a reservation; whoever knows it may book or release it.
    ReservationId,
    "rsv_"
);
secret_id!(
    /// Identifies a booking; whoever knows it may see it and its tickets.
    BookingId,
    "bkg_"
);
secret_id!(
    /// Names a charge at the payment gateway. It opens nothing: the gateway's people see it, and a booking's id is a secret.
    ChargeReference,
    "chg_"
);
secret_id!(
    /// Names a refund, to its organizer and at the payment gateway. It opens nothing.
    RefundId,
    "rfd_"
);
secret_id!(
    /// Identifies a program that is told what happens at an event. It opens nothing.
    EndpointId,
    "end_"
);
secret_id!(
    /// Identifies one thing that an endpoint is told. It opens nothing.
    WebhookId,
    "whk_"
);
secret_id!(
    /// Identifies one letter to a buyer. It opens nothing: mail servers see it.
    LetterId,
    "let_"
);
secret_id!(
    /// Names a mailing, to its organizer. It opens nothing.
    MailingId,
    "mlg_"
);
secret_id!(
    /// Names a dispute, to its organizer. It opens nothing.
    DisputeId,
    "dsp_"
);
secret_id!(
    /// Names a voucher, to its organizer. It opens nothing: a buyer has the code.
    VoucherId,
    "vch_"
);
secret_id!(
    /// Names a receipt, to its organizer. It opens nothing.
    ReceiptId,
    "rcp_"
);
secret_id!(
    /// Names a block, to its organizer. It opens nothing.
    BlockId,
    "blk_"
);
secret_id!(
    /// Names a till, to its organizer. It opens nothing.
    TillId,
    "til_"
);
secret_id!(
    /// Identifies somebody on a waiting list; whoever knows it may take what is offered to them.
    WaiterId,
    "wtr_"
);
secret_id!(
    /// Identifies a ticket; whoever knows it may see it.
    TicketId,
    "tkt_"
);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    #[test]
    fn ids_survive_the_way_to_text_and_back() {
        let event = draw_event_id(NOW);
        let ticket = TicketId::draw(event, NOW);
        assert_eq!(ticket.to_string().parse(), Ok(ticket));
        assert_eq!(ticket.to_string().len(), 68);
        let venue = VenueId::draw(NOW);
        assert_eq!(venue.to_string().parse(), Ok(venue));
    }

    #[test]
    fn ids_sort_by_creation() {
        let event = draw_event_id(NOW);
        let earlier = BookingId::draw(event, NOW);
        let later = BookingId::draw(event, NOW.plus_ms(1));
        assert!(earlier < later);
        assert!(earlier.to_string() < later.to_string());
    }

    #[test]
    fn an_id_of_another_kind_or_spelling_is_refused() {
        let id = TicketId::draw(draw_event_id(NOW), NOW).to_string();
        for bad in [
            id.replace("tkt_", "bkg_"),
            id.to_uppercase(),
            format!("{id}0"),
            id[..60].to_owned(),
            String::new(),
        ] {
            assert!(bad.parse::<TicketId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_secret_id_does_not_print_itself() {
        let id = TicketId::draw(draw_event_id(NOW), NOW);
        assert!(format!("{id:?}").len() < 20);
    }
}
