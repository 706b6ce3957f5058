//! Why a code is no verified ticket; what people read of it is in the words.

use bincode::{Decode, Encode};
use serde::Serialize;
use thiserror::Error;

/// Why a code does not give a verified ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Error)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// Not a ticket of ours at all, or not its one canonical text.
    #[error("not an Usher ticket")]
    NotATicket,
    /// A payload of a version this build does not know.
    #[error("a ticket of version {version}, which this build does not know: update it")]
    UnknownVersion { version: u8 },
    /// Signed by a key this event does not know: another event's ticket, or a forgery.
    #[error("signed by a key this event does not know")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the signature does not verify")]
    FalseSignature,
    /// The key was struck out.
    #[error("signed by a key that was struck out")]
    StruckKey,
    /// The key is not believed at this moment.
    #[error("signed by a key outside its window")]
    KeyOutOfWindow,
    /// A live ticket without its phone's fresh signature: a picture of it, or one that is too old.
    #[error("a live ticket that is not shown live")]
    NotLive,
    /// Another seller's genuine ticket that the authority has not listed: sold since the list was made. Nobody is denied for that,
    /// they are sent to a person.
    #[error("another seller's ticket that is not on the list yet")]
    NotListed,
}

impl Rejection {
    /// Tells whether another seller may have made a code rejected like this.
    pub fn is_of_none_of_ours(self) -> bool {
        matches!(
            self,
            Self::NotATicket | Self::UnknownVersion { .. } | Self::UnknownKey
        )
    }

    /// Tells whether a ticket of another event is rejected like this: its key is unknown here, or happens to be called like one
    /// of ours.
    pub fn may_be_foreign(self) -> bool {
        matches!(self, Self::UnknownKey | Self::FalseSignature)
    }
}
