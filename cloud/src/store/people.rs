//! The operations about who may do something for an organizer: API keys, access tokens, and people who log in.

use crate::ids::{OrganizerId, StaffId};
use crate::key_hash::KeyHash;
use crate::staff::{
    ChangeStaff, ChangeStaffOutcome, EndSession, EndSessions, FindStaff, Invitation, InviteOutcome,
    NewInvitation, ProveStaff, RemoveStaff, ResealStaff, SessionCounts, StaffMember, StaffSession,
    TakeInvitation, WithdrawInvitation,
};

use super::access_tokens::{AccessToken, NewAccessToken};
use super::api_keys::{ApiKey, NewApiKey, NewKeyOutcome, NoteKeyUse, RevokeKey, RevokeKeyOutcome};
use super::postgres::Concerns;
use super::{Store, StoreError, operations};

operations! {
    writes {
        /// Adds an API key.
        add_api_key(NewApiKey) -> NewKeyOutcome = operations::api_keys::add_api_key;
        /// Revokes an API key.
        revoke_api_key(RevokeKey) -> RevokeKeyOutcome = operations::api_keys::revoke_api_key;
        /// Writes down that an API key was used.
        note_key_use(NoteKeyUse) -> () = operations::api_keys::note_key_use;
        /// Adds an access token.
        add_access_token(NewAccessToken) -> () = operations::access_tokens::add_access_token;
        /// Invites somebody to be one of an organizer's people.
        invite_staff(NewInvitation) -> InviteOutcome = operations::staff::invite_staff;
        /// Takes an invitation back; tells whether there was one.
        withdraw_invitation(WithdrawInvitation) -> bool = operations::staff::withdraw_invitation;
        /// Makes whoever was invited one of the organizer's people; `false` when the invitation opens nothing.
        take_invitation(TakeInvitation) -> bool = operations::staff::take_invitation;
        /// Writes down which code somebody has entered, and what follows from it; tells whether it is right.
        prove_staff(ProveStaff) -> bool = operations::staff::prove_staff;
        /// Gives somebody another role.
        change_staff(ChangeStaff) -> ChangeStaffOutcome = operations::staff::change_staff;
        /// Forgets somebody.
        remove_staff(RemoveStaff) -> ChangeStaffOutcome = operations::staff::remove_staff;
        /// Ends somebody's session; tells whether there was one.
        end_session(EndSession) -> bool = operations::staff_sessions::end_session;
        /// Ends all sessions of somebody; `false` when the organizer has nobody of that id.
        end_sessions(EndSessions) -> bool = operations::staff_sessions::end_sessions;
        /// Puts what somebody's one-time codes are made of, sealed anew, in place of what it was; tells whether there was one.
        reseal_staff(ResealStaff) -> bool = operations::staff::reseal_staff;
    }
    reads {
        /// Finds an access token with its key, good or not.
        access_token(KeyHash) -> Option<AccessToken> = operations::access_tokens::access_token;
        /// Finds an invitation, good or not.
        invitation(KeyHash) -> Option<Invitation> = operations::staff::invitation;
        /// Lists an organizer's invitations that nobody has taken, the first one first.
        invitations(OrganizerId) -> Vec<Invitation> = operations::staff::invitations;
        /// Lists an organizer's people, the first one first.
        staff(OrganizerId) -> Vec<StaffMember> = operations::staff::staff;
        /// Finds whoever of an organizer's people has an address.
        staff_member(FindStaff) -> Option<StaffMember> = operations::staff::staff_member;
        /// Finds a session, good or not.
        staff_session(KeyHash) -> Option<StaffSession> = operations::staff_sessions::staff_session;
        /// Lists somebody's sessions, the newest first.
        sessions_of(StaffId) -> Vec<StaffSession> = operations::staff_sessions::sessions_of;
        /// Counts the good sessions of each of an organizer's people who has one.
        session_counts(SessionCounts) -> Vec<(StaffId, u32)> = operations::staff_sessions::session_counts;
        /// Lists what the one-time codes of all people are made of, sealed.
        staff_secrets(()) -> Vec<(StaffId, Vec<u8>)> = operations::staff::staff_secrets;
        /// Finds an API key, good or not.
        api_key(KeyHash) -> Option<ApiKey> = operations::api_keys::api_key;
        /// Lists an organizer's API keys, oldest first, with those that have ended.
        api_keys(OrganizerId) -> Vec<ApiKey> = operations::api_keys::api_keys;
    }
    gathers {}
}
