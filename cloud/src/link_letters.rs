//! Link letters: mail with a link that opens something to whoever reads an address, as plain values. They are of no event, lie sealed until
//! they are sent, and are worth nothing once their link is.

use std::time::Duration;

use usher_keys::Timestamp;

use crate::ids::{LinkLetterId, OrganizerId};
use crate::languages::Language;
use crate::letters::{Delivery, LetterState, ms};
use crate::master_key::{CannotOpen, MasterKey};

/// The pauses after the first failures; then the last one, until the link is over. Whoever asked for one waits for it.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(10),
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(20),
];
/// How long whoever has taken a letter to send has it to themselves: longer than sending takes; after a crash another process sends it.
const TAKEN_FOR: Duration = Duration::from_mins(2);

/// What the link of a letter opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// An invitation to be one of an organizer's people.
    StaffInvited,
    /// All tickets that were bought with the address.
    TicketsAsked,
    /// The same, and the way to hold places without a proof of work: it goes to any address.
    AddressAsked,
}

impl LinkKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::StaffInvited, Self::TicketsAsked, Self::AddressAsked];

    /// Returns the word for it in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::StaffInvited => "staff_invited",
            Self::TicketsAsked => "tickets_asked",
            Self::AddressAsked => "address_asked",
        }
    }

    /// Finds the kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A letter with a link.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkLetter {
    pub id: LinkLetterId,
    pub kind: LinkKind,
    /// Whose people it is about, of an invitation.
    pub organizer: Option<OrganizerId>,
    /// In which language whoever asked for it reads.
    pub language: Language,
    /// Where it goes; empty once it is sent or given up.
    pub recipient: String,
    /// The link's secret, sealed; empty once it is sent or given up.
    pub sealed: Vec<u8>,
    pub state: LetterState,
    /// How often it was not taken.
    pub failures: u32,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// When its link is over.
    pub expires_at: Timestamp,
}

// The address is personal and stays out of logs.
impl std::fmt::Debug for LinkLetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkLetter")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("failures", &self.failures)
            .field("next_at", &self.next_at)
            .finish_non_exhaustive()
    }
}

impl LinkLetter {
    /// Makes a letter that waits to be sent now.
    pub fn new(id: LinkLetterId, kind: LinkKind, now: Timestamp) -> Self {
        Self {
            id,
            kind,
            organizer: None,
            language: Language::English,
            recipient: String::new(),
            sealed: Vec::new(),
            state: LetterState::Waiting,
            failures: 0,
            next_at: now,
            expires_at: now,
        }
    }

    /// Returns what becomes of it after a try.
    pub fn tried(self, delivery: Delivery, now: Timestamp) -> Self {
        let place = usize::try_from(self.failures).unwrap_or(usize::MAX);
        let next_at = now.plus_ms(ms(PAUSES[place.min(PAUSES.len() - 1)]));
        let state = match delivery {
            Delivery::Taken => LetterState::Sent,
            Delivery::Refused(_) | Delivery::NoAddress => LetterState::GivenUp,
            Delivery::PutOff(_) | Delivery::Failed(_) if next_at >= self.expires_at => LetterState::GivenUp,
            Delivery::PutOff(_) | Delivery::Failed(_) => LetterState::Waiting,
        };
        let is_over = state != LetterState::Waiting;
        Self {
            state,
            failures: self.failures + u32::from(delivery != Delivery::Taken),
            next_at,
            recipient: if is_over { String::new() } else { self.recipient },
            sealed: if is_over { Vec::new() } else { self.sealed },
            ..self
        }
    }
}

/// Takes letters that are due, to send them.
#[derive(Debug, Clone, Copy)]
pub struct TakeLinkLetters {
    pub limit: u32,
    pub now: Timestamp,
}

impl TakeLinkLetters {
    /// Returns until when nobody else has them.
    pub fn until(&self) -> Timestamp {
        self.now.plus_ms(ms(TAKEN_FOR))
    }
}

/// Deletes links, sessions and letters whose time is over.
#[derive(Debug, Clone, Copy)]
pub struct ForgetLinks {
    pub limit: u32,
    pub now: Timestamp,
}

/// Seals the secrets of links until their letters are sent: a copy of the store opens none.
#[derive(Debug, Clone)]
pub struct LinkSecrets {
    master: MasterKey,
}

impl LinkSecrets {
    /// Takes the master key.
    pub fn new(master: MasterKey) -> Self {
        Self { master }
    }

    /// Seals the secret of a letter's link.
    pub fn seal(&self, letter: LinkLetterId, secret: &str) -> Vec<u8> {
        self.master.seal(secret.as_bytes(), &context(letter))
    }

    /// Opens the secret of a letter's link.
    ///
    /// # Errors
    ///
    /// [`CannotOpen`].
    pub fn open(&self, letter: LinkLetterId, sealed: &[u8]) -> Result<String, CannotOpen> {
        let opened = self.master.open(sealed, &context(letter))?;
        String::from_utf8(opened.to_vec()).map_err(|_| CannotOpen)
    }
}

/// A sealed secret opens for its letter alone.
fn context(letter: LinkLetterId) -> Vec<u8> {
    [b"usher link secret 1".as_slice(), &letter.0].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_tried_until_its_link_is_over_and_keeps_nothing_then() {
        let now = Timestamp(1_800_000_000_000);
        let letter = LinkLetter {
            recipient: "owl@example.org".into(),
            sealed: vec![1],
            expires_at: now.plus_ms(30_000),
            ..LinkLetter::new(LinkLetterId([1; 16]), LinkKind::TicketsAsked, now)
        };
        let sent = letter.clone().tried(Delivery::Taken, now);
        assert_eq!((sent.state, sent.failures), (LetterState::Sent, 0));
        assert!(sent.recipient.is_empty() && sent.sealed.is_empty());
        let later = letter.clone().tried(Delivery::PutOff(451), now);
        assert_eq!((later.state, later.failures), (LetterState::Waiting, 1));
        assert_eq!((later.next_at, later.sealed.len()), (now.plus_ms(10_000), 1));
        let over = later.tried(Delivery::Failed("no_answer"), now.plus_ms(10_000));
        assert_eq!((over.state, over.sealed.len()), (LetterState::GivenUp, 0));
        let refused = letter.tried(Delivery::Refused(550), now);
        assert_eq!(refused.state, LetterState::GivenUp);
    }
}
