//! What the cloud's API says of a problem beyond the words of its kind.

use std::borrow::Cow;

use usher_keys::Purpose;

use super::ProblemKind;

/// A problem of which more is known than its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemDetail<'a> {
    /// A text has a character that no table can hold.
    NulCharacter,
    /// No key of the event for this purpose may sign now.
    NoKey { purpose: Purpose },
    /// Tickets would be believed until this moment and no longer.
    KeyEndsEarly { until: &'a str },
    /// A device would have nothing left to scan.
    CertificatesEnded,
    /// The event is over before it is on sale.
    OverUnsold,
    /// A webhook is not signed by who should have sent it, or was signed long ago.
    StaleSignature,
    /// A key would allow what the one that makes it does not.
    KeyTooWide,
    /// A key or token is for some operations of its role only.
    NotInScope { operation: &'a str },
    /// The caller's role does not do it; these do.
    NotOfRole {
        role: &'a str,
        operation: &'a str,
        roles: &'a [&'a str],
    },
    /// Somebody else was faster.
    ChangedMeanwhile,
    /// The server stops.
    ShuttingDown,
    /// Nothing can be written.
    NoWrites,
    /// The database of the event does not answer; others do.
    CellAway,
    /// The request ran out of its time.
    TookTooLong,
    /// The payment service did not answer, and has charged nothing.
    GatewaySilent,
    /// The bank that the sandbox plays does not answer.
    BankSilent,
    /// A form was sent again, and the first is not done.
    FormRunning,
}

impl ProblemDetail<'_> {
    /// Returns what sort of problem it is.
    pub fn kind(&self) -> ProblemKind {
        match self {
            Self::NulCharacter | Self::StaleSignature => ProblemKind::Unreadable,
            Self::NoKey { .. } => ProblemKind::NoKeyInForce,
            Self::KeyEndsEarly { .. } => ProblemKind::KeyEndsEarly,
            Self::CertificatesEnded | Self::OverUnsold => ProblemKind::EventOver,
            Self::KeyTooWide | Self::NotInScope { .. } | Self::NotOfRole { .. } => ProblemKind::NotAllowed,
            Self::ChangedMeanwhile
            | Self::ShuttingDown
            | Self::NoWrites
            | Self::CellAway
            | Self::TookTooLong
            | Self::GatewaySilent
            | Self::BankSilent => ProblemKind::Unavailable,
            Self::FormRunning => ProblemKind::RequestRunning,
        }
    }

    /// Returns what is wrong and what to do.
    pub fn words(&self) -> Cow<'static, str> {
        match self {
            Self::NulCharacter => {
                "A text of the request has a NUL character (code 0) in it: leave it out.".into()
            }
            Self::NoKey { purpose } => format!(
                "No {purpose} key of the event may sign now: ask for its key-request, have it signed and upload the next bundle."
            )
            .into(),
            Self::KeyEndsEarly { until } => format!(
                "The event's ticket key ends before the event does, so its tickets would be refused at the end. Have the keys prolonged \
                 offline with `usher-keys extend --root root.pem --bundle bundle.json --until {until} --out next.json`, and upload the bundle."
            )
            .into(),
            Self::CertificatesEnded => {
                "The event ended more than six hours ago, and certificates last no longer: change its ends_at first, or ask for a code with certificate_days.".into()
            }
            Self::OverUnsold => "The event is over before it is on sale: change its days first.".into(),
            Self::StaleSignature => {
                "The signature was not made with this endpoint's secret, or is older than five minutes.".into()
            }
            Self::KeyTooWide => {
                "The new key would allow more than the key that makes it: give it fewer scopes, or use a key that allows as much.".into()
            }
            Self::NotInScope { operation } => format!(
                "This API key or token allows only some operations of its role, and {operation} is not one of them: use another one."
            )
            .into(),
            Self::NotOfRole { role, operation, roles } => {
                let roles = roles.join(", ");
                format!("Your role is {role}, and {operation} is for {roles} only: ask one of them to do it.").into()
            }
            Self::ChangedMeanwhile => "It was changed by someone else just now. Try again.".into(),
            Self::ShuttingDown => "The server is shutting down. Try again in a moment.".into(),
            Self::NoWrites => "The store cannot be written at the moment. Nothing was changed.".into(),
            Self::CellAway => {
                "The database of this event does not answer; other events are not concerned. Nothing was changed. Try again in a moment.".into()
            }
            Self::TookTooLong => {
                "The request took too long. Ask again; for a booking, use the same idempotency key.".into()
            }
            Self::GatewaySilent => {
                "The payment service did not answer; nothing was charged. Try again in a moment.".into()
            }
            Self::BankSilent => "The bank does not answer. Try again in a moment.".into(),
            Self::FormRunning => {
                "What you sent is still being done, or was broken off. Look whether it is there before you send it again.".into()
            }
        }
    }
}
