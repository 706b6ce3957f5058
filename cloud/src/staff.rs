//! People of an organizer who log in: how they are invited, what proves that it is them, and how long that is believed. Rows are the
//! store's, cookies and forms are at the rim.

pub mod one_time;
pub mod password;

use std::time::Duration;

use usher_keys::Timestamp;

use crate::ids::{InvitationId, OrganizerId, StaffId, StaffSessionId};
use crate::key_hash::KeyHash;
use crate::letters::LetterState;
use crate::link_letters::LinkLetter;
use crate::rights::StaffRole;

/// How long an invitation can be taken: a week, with its holidays.
pub const INVITED_FOR: Duration = Duration::from_hours(7 * 24);
/// People of one organizer, with those who are invited: more than a large house has.
pub const MAX_STAFF: u32 = 500;
/// How long somebody stays logged in: a long day.
pub const SESSION_FOR: Duration = Duration::from_hours(14);
/// Sessions of one person; further ones end the oldest.
pub const MAX_SESSIONS: u32 = 10;
/// How long a one-time code counts as fresh, for what takes one.
pub const FRESH_FOR: Duration = Duration::from_mins(5);
/// Recovery codes that somebody gets, each for one time without the device that shows one-time codes.
pub const RECOVERY_CODES: usize = 10;
/// Wrong codes with the right password after which the account waits: nobody finds one of a million by trying.
pub const WRONG_CODES: u32 = 10;
/// How long it waits then.
pub const WAITS_FOR: Duration = Duration::from_mins(15);

/// Somebody of an organizer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// Their id.
    pub id: StaffId,
    /// Whose they are.
    pub organizer: OrganizerId,
    /// Their name.
    pub name: String,
    /// Their address, in lower case: unique among the people of their organizer.
    pub email: String,
    /// What they may do.
    pub role: StaffRole,
    /// What their password is checked against.
    pub password: Vec<u8>,
    /// What their one-time codes are made of, sealed under the master key.
    pub sealed: Vec<u8>,
    /// The step of the last one-time code that was taken: it is not taken again.
    pub last_step: u64,
    /// Until when no code is taken, after too many wrong ones.
    pub waits_until: Option<Timestamp>,
    /// When they took their invitation.
    pub created_at: Timestamp,
}

/// Somebody who may become one of an organizer's people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id, which opens nothing.
    pub id: InvitationId,
    /// Whose people they would be.
    pub organizer: OrganizerId,
    /// Their name.
    pub name: String,
    /// Their address, in lower case.
    pub email: String,
    /// What they would be.
    pub role: StaffRole,
    /// When they were invited.
    pub created_at: Timestamp,
    /// When the invitation ends.
    pub expires_at: Timestamp,
    /// What became of its letter, if it was mailed.
    pub letter: Option<LetterState>,
}

/// Somebody who is logged in, in one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffSession {
    /// Its id, which opens nothing.
    pub id: StaffSessionId,
    /// Who it is.
    pub staff: StaffId,
    /// Whose they are.
    pub organizer: OrganizerId,
    /// Their name.
    pub name: String,
    /// What they may do, as it stands now.
    pub role: StaffRole,
    /// The network they logged in from.
    pub from: String,
    /// When they logged in.
    pub created_at: Timestamp,
    /// When they have to do so again.
    pub expires_at: Timestamp,
    /// When they last entered a one-time code; not if they came in with a recovery code.
    pub proven_at: Option<Timestamp>,
}

impl StaffSession {
    /// Tells whether it still counts.
    pub fn is_good(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Tells whether a one-time code was entered just now.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.proven_at
            .is_some_and(|proven| now < proven.plus_ms(millis(FRESH_FOR)))
    }
}

/// Returns a duration in milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What a code that somebody has entered comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnteredCode {
    /// Nothing is looked at for now.
    Waits,
    /// It is none.
    Wrong,
    /// It is the one-time code of a step that was not taken yet.
    OfStep(u64),
    /// It may be a recovery code: the store knows.
    Recovery(KeyHash),
}

/// Decides what a code comes to that a member has entered, whose one-time codes are made of a secret.
pub fn entered(member: &StaffMember, secret: &[u8], text: &str, now: Timestamp) -> EnteredCode {
    if member.waits_until.is_some_and(|until| now < until) {
        return EnteredCode::Waits;
    }
    let text: String = text
        .chars()
        .filter(|char| !char.is_whitespace() && *char != '-')
        .collect();
    if let Some(step) = one_time::step_of(secret, &text, now) {
        return if step > member.last_step {
            EnteredCode::OfStep(step)
        } else {
            EnteredCode::Wrong
        };
    }
    if text.len() == RECOVERY_CHARS {
        EnteredCode::Recovery(recovery_hash(member.id, &text.to_ascii_lowercase()))
    } else {
        EnteredCode::Wrong
    }
}

/// Characters of a recovery code, without the dash in its middle: 80 random bits.
const RECOVERY_CHARS: usize = 16;

/// Draws a recovery code of a member: its text, and what is kept of it.
pub fn draw_recovery_code(member: StaffId) -> (String, KeyHash) {
    let bytes = crate::ids::draw::<10>();
    let text = data_encoding::BASE32HEX_NOPAD.encode(&bytes).to_ascii_lowercase();
    let hash = recovery_hash(member, &text);
    (format!("{}-{}", &text[..8], &text[8..]), hash)
}

fn recovery_hash(member: StaffId, text: &str) -> KeyHash {
    KeyHash::of(&format!("{member} {text}"))
}

/// Asks to invite somebody.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// What opens it.
    pub hash: KeyHash,
    /// The letter with its link, if it is mailed.
    pub letter: Option<LinkLetter>,
}

/// What became of inviting somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteOutcome {
    /// They are invited; an earlier invitation of the same address has ended.
    Invited,
    /// One of the organizer's people has this address already.
    IsMember,
    /// The organizer has as many people as it can.
    TooMany,
}

/// Takes an invitation back.
#[derive(Debug, Clone, Copy)]
pub struct WithdrawInvitation {
    /// Whose it is.
    pub organizer: OrganizerId,
    /// The invitation.
    pub id: InvitationId,
}

/// Makes somebody who was invited one of the organizer's people, and logs them in.
#[derive(Debug, Clone)]
pub struct TakeInvitation {
    /// What opens the invitation.
    pub hash: KeyHash,
    /// Who they are from now on.
    pub member: StaffMember,
    /// Their recovery codes.
    pub recovery: Vec<KeyHash>,
    /// The session that begins.
    pub session: NewSession,
    /// The time.
    pub now: Timestamp,
}

/// A session that begins.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// What opens.
    pub hash: KeyHash,
    /// Its id.
    pub id: StaffSessionId,
    /// The network of the client.
    pub from: String,
}

/// What follows from a code that is right.
#[derive(Debug, Clone)]
pub enum ProofUse {
    /// A session begins.
    Begin(NewSession),
    /// A session is proven anew.
    Refresh(StaffSessionId),
    /// Another password takes the place of the old one, and all sessions end but this one.
    ChangePassword {
        /// What the new one is checked against.
        password: Vec<u8>,
        /// The session in which it is changed.
        session: StaffSessionId,
    },
}

/// Says which code a member has entered with their password, or in a session.
#[derive(Debug, Clone)]
pub struct ProveStaff {
    /// Who.
    pub staff: StaffId,
    /// What came of the code.
    pub code: EnteredCode,
    /// What for.
    pub used_for: ProofUse,
    /// The time.
    pub now: Timestamp,
}

/// Gives somebody another role.
#[derive(Debug, Clone, Copy)]
pub struct ChangeStaff {
    /// Whose they are.
    pub organizer: OrganizerId,
    /// Who.
    pub id: StaffId,
    /// What they are from now on.
    pub role: StaffRole,
    /// Whether the last owner stays one.
    pub keeps_owner: bool,
}

/// Forgets one of an organizer's people: their sessions end.
#[derive(Debug, Clone, Copy)]
pub struct RemoveStaff {
    /// Whose they are.
    pub organizer: OrganizerId,
    /// Who.
    pub id: StaffId,
    /// Whether the last owner stays.
    pub keeps_owner: bool,
}

/// What became of changing or forgetting somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeStaffOutcome {
    /// It is done.
    Changed,
    /// The organizer has nobody of that id.
    NotFound,
    /// They are the last owner, who is to stay.
    LastOwner,
}

/// Ends all sessions of one of an organizer's people.
#[derive(Debug, Clone, Copy)]
pub struct EndSessions {
    /// Whose they are.
    pub organizer: OrganizerId,
    /// Who.
    pub id: StaffId,
}

/// Asks in how many browsers each of an organizer's people is logged in.
#[derive(Debug, Clone, Copy)]
pub struct SessionCounts {
    /// Whose they are.
    pub organizer: OrganizerId,
    /// The time.
    pub now: Timestamp,
}

/// Ends a session.
#[derive(Debug, Clone, Copy)]
pub struct EndSession {
    /// Whose it is.
    pub staff: StaffId,
    /// The session.
    pub id: StaffSessionId,
}

/// Asks for whoever of an organizer's people has an address.
#[derive(Debug, Clone)]
pub struct FindStaff {
    /// Whose they are.
    pub organizer: OrganizerId,
    /// The address, in lower case.
    pub email: String,
}

/// Puts what somebody's one-time codes are made of, sealed anew, in place of what it was.
#[derive(Debug, Clone)]
pub struct ResealStaff {
    /// Who.
    pub id: StaffId,
    /// What it was.
    pub was: Vec<u8>,
    /// What it is from now on.
    pub sealed: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const SECRET: &[u8] = b"12345678901234567890";

    fn member() -> StaffMember {
        StaffMember {
            id: StaffId([1; 16]),
            organizer: OrganizerId([2; 16]),
            name: "Ada".into(),
            email: "ada@owls.example".into(),
            role: StaffRole::Manager,
            password: Vec::new(),
            sealed: Vec::new(),
            last_step: 0,
            waits_until: None,
            created_at: NOW,
        }
    }

    #[test]
    fn a_one_time_code_is_taken_once_and_none_while_the_account_waits() {
        let step = one_time::step_at(NOW);
        let code = one_time::code(SECRET, step);
        assert_eq!(entered(&member(), SECRET, &code, NOW), EnteredCode::OfStep(step));
        let spaced = format!(" {} {}", &code[..3], &code[3..]);
        assert_eq!(
            entered(&member(), SECRET, &spaced, NOW),
            EnteredCode::OfStep(step)
        );
        let taken = StaffMember {
            last_step: step,
            ..member()
        };
        assert_eq!(entered(&taken, SECRET, &code, NOW), EnteredCode::Wrong);
        let waiting = StaffMember {
            waits_until: Some(NOW.plus_ms(1)),
            ..member()
        };
        assert_eq!(entered(&waiting, SECRET, &code, NOW), EnteredCode::Waits);
        assert_eq!(
            entered(&waiting, SECRET, &code, NOW.plus_ms(1)),
            EnteredCode::OfStep(step)
        );
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed_and_only_for_its_member() {
        let member = member();
        let (text, hash) = draw_recovery_code(member.id);
        for typed in [text.clone(), text.to_uppercase(), text.replace('-', " ")] {
            assert_eq!(entered(&member, SECRET, &typed, NOW), EnteredCode::Recovery(hash));
        }
        let other = StaffMember {
            id: StaffId([9; 16]),
            ..member
        };
        assert_ne!(entered(&other, SECRET, &text, NOW), EnteredCode::Recovery(hash));
        assert_eq!(entered(&other, SECRET, "", NOW), EnteredCode::Wrong);
    }
}
