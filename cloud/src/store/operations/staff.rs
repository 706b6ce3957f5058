//! The rows of organizers' people, their invitations and their recovery codes.

use usher_keys::Timestamp;

use crate::ids::{InvitationId, OrganizerId, StaffId};
use crate::letters::LetterState;
use crate::rights::StaffRole;
use crate::staff::{
    ChangeStaff, ChangeStaffOutcome, EnteredCode, FindStaff, Invitation, InviteOutcome, MAX_STAFF,
    NewInvitation, ProofUse, ProveStaff, RemoveStaff, ResealStaff, StaffMember, TakeInvitation, WAITS_FOR,
    WRONG_CODES, WithdrawInvitation, millis,
};
use crate::store::StoreError;
use crate::store::organizing::KeyHash;
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::column::{count, moment, ms, narrow, staff_role};
use super::organizer_lock::lock;
use super::{Effect, link_letters, staff_sessions};

/// The columns [`read_member`] reads.
const MEMBER: &str = "SELECT staff_id, organizer_id, name, email, role, password, totp_secret, last_step, waits_until, created_at FROM staff";
/// The columns [`read_invitation`] reads.
const INVITATION: &str = "SELECT invitation_id, invitations.organizer_id, name, email, role, invitations.created_at, invitations.expires_at, state
     FROM invitations LEFT JOIN link_letters ON letter_id = invitation_id";

fn read_member(row: &Row<'_>) -> Result<StaffMember, StoreError> {
    Ok(StaffMember {
        id: StaffId(row.get(0)?),
        organizer: OrganizerId(row.get(1)?),
        name: row.get(2)?,
        email: row.get(3)?,
        role: staff_role(row.column(4)?.as_str()?)?,
        password: row.get(5)?,
        sealed: row.get(6)?,
        last_step: narrow(row.get(7)?, "step of a one-time code")?,
        waits_until: row.get::<Option<i64>>(8)?.map(moment),
        created_at: moment(row.get(9)?),
    })
}

fn read_invitation(row: &Row<'_>) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: InvitationId(row.get(0)?),
        organizer: OrganizerId(row.get(1)?),
        name: row.get(2)?,
        email: row.get(3)?,
        role: staff_role(row.column(4)?.as_str()?)?,
        created_at: moment(row.get(5)?),
        expires_at: moment(row.get(6)?),
        letter: row.column(7)?.as_str_or_null()?.and_then(LetterState::from_word),
    })
}

/// Invites somebody, unless they are one of the organizer's people; an earlier invitation of theirs ends, and so do those whose time is over.
pub fn invite_staff(
    connection: &Sql<'_>,
    request: &NewInvitation,
) -> Result<Effect<InviteOutcome>, StoreError> {
    let NewInvitation { invitation, hash, .. } = request;
    let organizer = invitation.organizer;
    lock(connection, &organizer)?;
    let wanted = FindStaff {
        organizer,
        email: invitation.email.clone(),
    };
    if staff_member(connection, &wanted)?.is_some() {
        return Ok(Effect::Undo(InviteOutcome::IsMember));
    }
    connection
        .prepare_cached(
            "DELETE FROM invitations WHERE organizer_id = ?1 AND (email = ?2 OR expires_at <= ?3)",
        )?
        .execute(params![organizer.0, invitation.email, ms(invitation.created_at)])?;
    let people: i64 = connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM staff WHERE organizer_id = ?1)
                  + (SELECT count(*) FROM invitations WHERE organizer_id = ?1)",
        )?
        .query_row([organizer.0], |row| row.get(0))?;
    if people >= i64::from(MAX_STAFF) {
        return Ok(Effect::Undo(InviteOutcome::TooMany));
    }
    connection
        .prepare_cached(
            "INSERT INTO invitations (invitation_id, token_hash, organizer_id, name, email, role, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            invitation.id.0,
            hash.0,
            organizer.0,
            invitation.name,
            invitation.email,
            invitation.role.word(),
            ms(invitation.created_at),
            ms(invitation.expires_at)
        ])?;
    link_letters::drop_orphans(connection, organizer)?;
    if let Some(letter) = &request.letter {
        link_letters::write(connection, letter)?;
    }
    Ok(Effect::Keep(InviteOutcome::Invited))
}

/// Takes an invitation back; tells whether there was one.
pub fn withdraw_invitation(
    connection: &Sql<'_>,
    request: &WithdrawInvitation,
) -> Result<Effect<bool>, StoreError> {
    let gone = connection
        .prepare_cached("DELETE FROM invitations WHERE organizer_id = ?1 AND invitation_id = ?2")?
        .execute(params![request.organizer.0, request.id.0])?;
    link_letters::drop_orphans(connection, request.organizer)?;
    Ok(Effect::Keep(gone == 1))
}

/// Finds an invitation whose time is not over.
pub fn invitation(connection: &Sql<'_>, hash: &KeyHash) -> Result<Option<Invitation>, StoreError> {
    let mut query = connection.prepare_cached(&format!("{INVITATION} WHERE token_hash = ?1"))?;
    query
        .query_and_then([hash.0], read_invitation)?
        .next()
        .transpose()
}

/// Lists the invitations of an organizer that nobody has taken, the first one first.
pub fn invitations(connection: &Sql<'_>, organizer: &OrganizerId) -> Result<Vec<Invitation>, StoreError> {
    connection
        .prepare_cached(&format!(
            "{INVITATION} WHERE invitations.organizer_id = ?1 ORDER BY invitations.created_at, invitation_id"
        ))?
        .query_and_then([organizer.0], read_invitation)?
        .collect()
}

/// Makes whoever was invited one of the organizer's people, and logs them in; `false` when the invitation was taken or its time is over.
pub fn take_invitation(connection: &Sql<'_>, request: &TakeInvitation) -> Result<Effect<bool>, StoreError> {
    let member = &request.member;
    lock(connection, &member.organizer)?;
    let taken = connection
        .prepare_cached("DELETE FROM invitations WHERE token_hash = ?1 AND expires_at > ?2")?
        .execute(params![request.hash.0, ms(request.now)])?;
    if taken != 1 {
        return Ok(Effect::Undo(false));
    }
    connection
        .prepare_cached(
            "INSERT INTO staff (staff_id, organizer_id, name, email, role, password, totp_secret, last_step, wrong_codes, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9)",
        )?
        .execute(params![
            member.id.0,
            member.organizer.0,
            member.name,
            member.email,
            member.role.word(),
            member.password,
            member.sealed,
            count(member.last_step),
            ms(member.created_at)
        ])?;
    let mut add =
        connection.prepare_cached("INSERT INTO recovery_codes (staff_id, code_hash) VALUES (?1, ?2)")?;
    for code in &request.recovery {
        add.run(params![member.id.0, code.0])?;
    }
    link_letters::drop_orphans(connection, member.organizer)?;
    staff_sessions::begin(
        connection,
        member.id,
        &request.session,
        (request.now, Some(request.now)),
    )?;
    Ok(Effect::Keep(true))
}

/// Lists an organizer's people, the first one first.
pub fn staff(connection: &Sql<'_>, organizer: &OrganizerId) -> Result<Vec<StaffMember>, StoreError> {
    connection
        .prepare_cached(&format!(
            "{MEMBER} WHERE organizer_id = ?1 ORDER BY created_at, staff_id"
        ))?
        .query_and_then([organizer.0], read_member)?
        .collect()
}

/// Finds whoever of an organizer's people has an address.
pub fn staff_member(connection: &Sql<'_>, request: &FindStaff) -> Result<Option<StaffMember>, StoreError> {
    let mut query = connection.prepare_cached(&format!("{MEMBER} WHERE organizer_id = ?1 AND email = ?2"))?;
    let mut found = query.query_and_then(params![request.organizer.0, request.email], read_member)?;
    found.next().transpose()
}

/// Writes down which code somebody has entered, and what follows from it if it is right; tells whether it is.
pub fn prove_staff(connection: &Sql<'_>, request: &ProveStaff) -> Result<Effect<bool>, StoreError> {
    let (staff, now) = (request.staff, request.now);
    let (is_right, proven_at) = match request.code {
        EnteredCode::Waits => return Ok(Effect::Undo(false)),
        EnteredCode::Wrong => (false, None),
        EnteredCode::OfStep(step) => {
            let taken = connection
                .prepare_cached(
                    "UPDATE staff SET last_step = ?2, wrong_codes = 0 WHERE staff_id = ?1 AND last_step < ?2",
                )?
                .execute(params![staff.0, count(step)])?;
            (taken == 1, Some(now))
        }
        EnteredCode::Recovery(code) => {
            let used = connection
                .prepare_cached("DELETE FROM recovery_codes WHERE staff_id = ?1 AND code_hash = ?2")?
                .execute(params![staff.0, code.0])?;
            (used == 1, None)
        }
    };
    if !is_right {
        count_wrong(connection, staff, now)?;
        return Ok(Effect::Keep(false));
    }
    match &request.used_for {
        ProofUse::Begin(session) => staff_sessions::begin(connection, staff, session, (now, proven_at))?,
        ProofUse::Refresh(session) => staff_sessions::refresh(connection, (staff, *session), proven_at)?,
        ProofUse::ChangePassword { password, session } => {
            connection
                .prepare_cached("UPDATE staff SET password = ?2 WHERE staff_id = ?1")?
                .execute(params![staff.0, password])?;
            staff_sessions::end_others(connection, staff, *session)?;
            staff_sessions::refresh(connection, (staff, *session), proven_at)?;
        }
    }
    Ok(Effect::Keep(true))
}

/// Counts a wrong code; after too many no code is taken for a while.
fn count_wrong(connection: &Sql<'_>, staff: StaffId, now: Timestamp) -> Result<(), StoreError> {
    let wrong: Option<i64> = connection
        .prepare_cached("SELECT wrong_codes FROM staff WHERE staff_id = ?1")?
        .query_row([staff.0], |row| row.get(0))
        .optional()?;
    let wrong = wrong.unwrap_or(0) + 1;
    let waits = wrong >= i64::from(WRONG_CODES);
    connection
        .prepare_cached(
            "UPDATE staff SET wrong_codes = ?2, waits_until = coalesce(?3, waits_until) WHERE staff_id = ?1",
        )?
        .execute(params![
            staff.0,
            if waits { 0 } else { wrong },
            waits.then(|| ms(now.plus_ms(millis(WAITS_FOR))))
        ])?;
    Ok(())
}

/// Gives somebody another role, unless they are the last owner, who is to stay one.
pub fn change_staff(
    connection: &Sql<'_>,
    request: &ChangeStaff,
) -> Result<Effect<ChangeStaffOutcome>, StoreError> {
    let whose = (request.organizer, request.id);
    let keeps_owner = request.keeps_owner && request.role != StaffRole::Owner;
    if let Some(refused) = refused(connection, whose, keeps_owner)? {
        return Ok(Effect::Undo(refused));
    }
    connection
        .prepare_cached("UPDATE staff SET role = ?2 WHERE staff_id = ?1")?
        .execute(params![request.id.0, request.role.word()])?;
    Ok(Effect::Keep(ChangeStaffOutcome::Changed))
}

/// Tells why somebody is not changed or forgotten: there is nobody, or they are the last owner, who is to stay. Two owners who change each other
/// wait for each other.
fn refused(
    connection: &Sql<'_>,
    (organizer, id): (OrganizerId, StaffId),
    keeps_owner: bool,
) -> Result<Option<ChangeStaffOutcome>, StoreError> {
    lock(connection, &organizer)?;
    let is_own = connection
        .prepare_cached("SELECT 1 FROM staff WHERE organizer_id = ?1 AND staff_id = ?2")?
        .exists(params![organizer.0, id.0])?;
    if !is_own {
        return Ok(Some(ChangeStaffOutcome::NotFound));
    }
    let mut owners =
        connection.prepare_cached("SELECT staff_id FROM staff WHERE organizer_id = ?1 AND role = ?2")?;
    let owners: Vec<[u8; 16]> = owners
        .query_map(params![organizer.0, StaffRole::Owner.word()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let is_last = keeps_owner && owners == [id.0];
    Ok(is_last.then_some(ChangeStaffOutcome::LastOwner))
}

/// Forgets somebody, with their sessions and recovery codes, unless they are the last owner, who is to stay.
pub fn remove_staff(
    connection: &Sql<'_>,
    request: &RemoveStaff,
) -> Result<Effect<ChangeStaffOutcome>, StoreError> {
    let whose = (request.organizer, request.id);
    if let Some(refused) = refused(connection, whose, request.keeps_owner)? {
        return Ok(Effect::Undo(refused));
    }
    for sql in [
        "DELETE FROM staff_sessions WHERE staff_id = ?1",
        "DELETE FROM recovery_codes WHERE staff_id = ?1",
        "DELETE FROM staff WHERE staff_id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([request.id.0])?;
    }
    Ok(Effect::Keep(ChangeStaffOutcome::Changed))
}

/// Lists what the one-time codes of all people are made of, sealed.
pub fn staff_secrets(connection: &Sql<'_>, (): &()) -> Result<Vec<(StaffId, Vec<u8>)>, StoreError> {
    let mut query = connection.prepare_cached("SELECT staff_id, totp_secret FROM staff ORDER BY staff_id")?;
    let found = query.query_map([], |row| Ok((StaffId(row.get(0)?), row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Puts a secret that is sealed anew in place of what it was; tells whether there was one.
pub fn reseal_staff(connection: &Sql<'_>, request: &ResealStaff) -> Result<Effect<bool>, StoreError> {
    let changed = connection
        .prepare_cached("UPDATE staff SET totp_secret = ?3 WHERE staff_id = ?1 AND totp_secret = ?2")?
        .execute(params![request.id.0, request.was, request.sealed])?;
    Ok(Effect::Keep(changed == 1))
}
