//! Enrolment codes, each good for one device, and when each device was last linked.

use usher_keys::{
    Capabilities, DeviceIdentity, EnrolmentId, EnrolmentKey, EventId, PublicKey, Role, Timestamp, codec,
};

use crate::selling::jobs::LeaseHolder;
use crate::store::StoreError;
use crate::store::authority::{
    Code, CodeId, Contact, EnrolmentTerms, HeldLink, NewCodeOutcome, NewEnrolmentCode, NoteContact, UsedCode,
};
use crate::store::operations::Effect;
use crate::store::operations::column::{event_id, moment, ms};
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::{count, read_count};

/// Largest stored certificate with its issuer's, in bytes: each at its limits takes half a kilobyte.
const MAX_IDENTITY_BYTES: usize = 4 * 1024;
/// The columns [`contact`] reads.
const CONTACT: &str = "device, seen_at, record_count, clock_ahead_ms, linked_to, linked_until";
/// What stands in place of a certificate's life that follows from the event's end, which can still move.
const AS_LONG_AS_THE_EVENT: i64 = i64::MAX;

/// Adds an enrolment code, and forgets those that ran out unused.
pub fn add_code(
    connection: &Sql<'_>,
    request: &NewEnrolmentCode,
) -> Result<Effect<NewCodeOutcome>, StoreError> {
    let event = request.id.event.0;
    connection
        .prepare_cached(
            "DELETE FROM enrolment_codes WHERE event_id = ?1 AND used_by IS NULL AND expires_at <= ?2",
        )?
        .execute(params![event, ms(request.now)])?;
    let open: u32 = connection
        .prepare_cached("SELECT count(*) FROM enrolment_codes WHERE event_id = ?1 AND used_by IS NULL")?
        .query_row([event], |row| row.get(0))?;
    if !request.fits(open) {
        return Ok(Effect::Keep(NewCodeOutcome::TooMany));
    }
    let terms = &request.terms;
    connection
        .prepare_cached(
            "INSERT INTO enrolment_codes (event_id, code_id, code_key, role, name, gates, enrol_scanners,
                                          override_refusals, certificate_ms, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            event,
            request.id.code.0,
            request.key.0,
            role_word(terms.role),
            terms.name,
            serde_json::to_string(&terms.gates).expect("gates are plain numbers"),
            terms.capabilities.enrol_scanners,
            terms.capabilities.override_refusals,
            terms.certificate_ms.map_or(AS_LONG_AS_THE_EVENT, count),
            ms(request.now),
            ms(request.expires_at),
        ])?;
    Ok(Effect::Keep(NewCodeOutcome::Added))
}

/// Finds the event of an enrolment code.
pub fn code_event(connection: &Sql<'_>, code: &EnrolmentId) -> Result<Option<EventId>, StoreError> {
    let found = connection
        .prepare_cached("SELECT event_id FROM enrolment_codes WHERE code_id = ?1")?
        .query_row([code.0], |row| row.get(0).map(event_id))
        .optional()?;
    Ok(found)
}

/// Finds an enrolment code.
pub fn code(connection: &Sql<'_>, id: &CodeId) -> Result<Option<Code>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT role, name, gates, enrol_scanners, override_refusals, certificate_ms, expires_at, certificate,
                code_key
         FROM enrolment_codes WHERE event_id = ?1 AND code_id = ?2",
    )?;
    let mut found = select.query_and_then(params![id.event.0, id.code.0], read_code)?;
    found.next().transpose()
}

fn read_code(row: &Row<'_>) -> Result<Code, StoreError> {
    let certificate: Option<Vec<u8>> = row.get(7)?;
    let used = certificate
        .map(|bytes| codec::decode::<MAX_IDENTITY_BYTES, DeviceIdentity>(&bytes))
        .transpose()
        .map_err(|_| StoreError::Unreadable { what: "certificate" })?;
    Ok(Code {
        key: EnrolmentKey(row.get(8)?),
        terms: EnrolmentTerms {
            role: role(row.column(0)?.as_str()?)?,
            name: row.get(1)?,
            gates: serde_json::from_str(row.column(2)?.as_str()?).map_err(|_| StoreError::Unreadable {
                what: "list of gates",
            })?,
            capabilities: Capabilities {
                enrol_scanners: row.get(3)?,
                override_refusals: row.get(4)?,
            },
            certificate_ms: match row.get(5)? {
                AS_LONG_AS_THE_EVENT => None,
                ms => Some(read_count(ms)?),
            },
        },
        expires_at: moment(row.get(6)?),
        used,
    })
}

/// Lists the devices that used a code which says no time of its own.
pub fn lasting_devices(connection: &Sql<'_>, event: &EventId) -> Result<Vec<PublicKey>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT DISTINCT used_by FROM enrolment_codes
         WHERE event_id = ?1 AND used_by IS NOT NULL AND certificate_ms = ?2",
    )?;
    let found = select.query_map(params![event.0, AS_LONG_AS_THE_EVENT], |row| {
        row.get(0).map(PublicKey)
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Uses a code up; `false` when it is gone, was used or has run out.
pub fn use_code(connection: &Sql<'_>, used: &UsedCode, now: Timestamp) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE enrolment_codes SET used_by = ?3, used_at = ?4, certificate = ?5
             WHERE event_id = ?1 AND code_id = ?2 AND used_by IS NULL AND expires_at > ?4",
        )?
        .execute(params![
            used.id.event.0,
            used.id.code.0,
            used.identity.unverified().device.0,
            ms(now),
            codec::encode(&used.identity),
        ])?;
    Ok(changed == 1)
}

/// Writes down when a device was last linked.
pub fn note_contact(connection: &Sql<'_>, request: &NoteContact) -> Result<Effect<()>, StoreError> {
    let was = connection
        .prepare_cached(&format!(
            "SELECT {CONTACT} FROM device_contacts WHERE event_id = ?1 AND device = ?2"
        ))?
        .query_and_then(params![request.event.0, request.contact.device.0], contact)?
        .next()
        .transpose()?;
    let contact = request.after(was.as_ref());
    connection
        .prepare_cached(
            "INSERT INTO device_contacts
                 (event_id, device, seen_at, record_count, clock_ahead_ms, linked_to, linked_until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (event_id, device) DO UPDATE
                 SET seen_at = excluded.seen_at, record_count = excluded.record_count,
                     clock_ahead_ms = excluded.clock_ahead_ms, linked_to = excluded.linked_to,
                     linked_until = excluded.linked_until",
        )?
        .execute(params![
            request.event.0,
            contact.device.0,
            ms(contact.seen_at),
            count(contact.record_count),
            contact.clock_ahead_ms,
            contact.link.map(|link| link.holder.0),
            contact.link.map(|link| ms(link.until)),
        ])?;
    Ok(Effect::Keep(()))
}

/// Lists when each device of an event was last linked.
pub fn contacts(connection: &Sql<'_>, event: &EventId) -> Result<Vec<Contact>, StoreError> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {CONTACT} FROM device_contacts WHERE event_id = ?1 ORDER BY device"
    ))?;
    select.query_and_then([event.0], contact)?.collect()
}

fn contact(row: &Row<'_>) -> Result<Contact, StoreError> {
    let holder = row.get::<Option<[u8; 16]>>(4)?.map(LeaseHolder);
    let until = row.get::<Option<i64>>(5)?.map(moment);
    Ok(Contact {
        device: PublicKey(row.get(0)?),
        seen_at: moment(row.get(1)?),
        record_count: read_count(row.get(2)?)?,
        clock_ahead_ms: row.get(3)?,
        link: holder
            .zip(until)
            .map(|(holder, until)| HeldLink { holder, until }),
    })
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Cloud => "cloud",
        Role::Hub => "hub",
        Role::Scanner => "scanner",
    }
}

fn role(word: &str) -> Result<Role, StoreError> {
    match word {
        "hub" => Ok(Role::Hub),
        "scanner" => Ok(Role::Scanner),
        _ => Err(StoreError::Unreadable { what: "role" }),
    }
}
