//! Checking everything the store keeps against everything else it keeps, and naming what is wrong; repairing is a person's decision.

mod acts;
mod inventory;
mod logs;
mod receipts;
mod sales;

pub use acts::AuditedOrganizer;
use usher_keys::EventId;
use usher_protocol::trust::Trust;

use super::StoreError;
use super::finding::Finding;
use super::operations::authority::trust;
use super::operations::column::event_id;
use super::operations::{seals, secret_keys};
use super::sql::Sql;

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// The organizers, with what was looked at.
    pub organizers: Vec<AuditedOrganizer>,
    /// The events, with what was looked at.
    pub events: Vec<AuditedEvent>,
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
}

/// What was looked at of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditedEvent {
    /// The event.
    pub event: EventId,
    /// Records of all logs.
    pub records: u64,
    /// Tickets ever issued.
    pub tickets: u64,
    /// Confirmed bookings.
    pub bookings: u64,
}

impl Audit {
    /// Goes on after something that is wrong.
    ///
    /// # Errors
    ///
    /// Anything else, which ends the audit.
    pub fn take(&mut self, checked: Result<(), StoreError>) -> Result<(), StoreError> {
        match checked {
            Err(StoreError::Unsound(finding)) => {
                self.findings.push(finding);
                Ok(())
            }
            checked => checked,
        }
    }
}

/// Checks every organizer and event.
///
/// # Errors
///
/// [`StoreError`] when something cannot be read at all.
pub fn check_events(connection: &Sql<'_>, audit: &mut Audit) -> Result<(), StoreError> {
    secret_keys::check(connection, &mut audit.findings)?;
    audit.organizers = acts::check(connection, &mut audit.findings)?;
    let events: Vec<_> = connection
        .prepare_cached("SELECT event_id FROM events ORDER BY event_id")?
        .query_map([], |row| row.get(0).map(event_id))?
        .collect::<Result<_, _>>()?;
    receipts::check_numbers(connection, &mut audit.findings)?;
    for event in events {
        let audited = of_event(connection, event, audit)?;
        audit.events.push(audited);
    }
    Ok(())
}

fn of_event(connection: &Sql<'_>, event: EventId, audit: &mut Audit) -> Result<AuditedEvent, StoreError> {
    let trust = trust_of(connection, event, audit)?;
    let is_true = match trust::checkpoint(connection, &event) {
        Ok(None) => true,
        Ok(Some(stored)) => trust
            .as_ref()
            .is_some_and(|trust| stored.signed.verify(trust).is_ok()),
        Err(StoreError::Unreadable { .. }) => false,
        Err(error) => return Err(error),
    };
    if !is_true {
        audit.findings.push(Finding::Checkpoint { event });
    }
    seals::check(connection, event, &mut audit.findings)?;
    sales::check_reservations(connection, event, &mut audit.findings)?;
    inventory::check_blocks(connection, event, &mut audit.findings)?;
    inventory::check_tills(connection, event, &mut audit.findings)?;
    sales::check_jobs(connection, event, &mut audit.findings)?;
    sales::check_refunds(connection, event, &mut audit.findings)?;
    receipts::check_amounts(connection, event, &mut audit.findings)?;
    sales::check_journal(connection, event, &mut audit.findings)?;
    Ok(AuditedEvent {
        event,
        records: logs::check(connection, event, &mut audit.findings)?,
        tickets: sales::check_tickets(connection, event, trust.as_ref(), &mut audit.findings)?,
        bookings: sales::check_bookings(connection, event, &mut audit.findings)?,
    })
}

fn trust_of(connection: &Sql<'_>, event: EventId, audit: &mut Audit) -> Result<Option<Trust>, StoreError> {
    let pinned = match trust::trust_bundle(connection, &event) {
        Ok(None) => return Ok(None),
        Ok(Some(pinned)) => Trust::pin(&pinned.roots, pinned.signed).ok(),
        Err(StoreError::Unreadable { .. }) => None,
        Err(error) => return Err(error),
    };
    if pinned.is_none() {
        audit.findings.push(Finding::Trust { event });
    }
    Ok(pinned)
}
