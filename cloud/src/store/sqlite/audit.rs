//! Checking everything the store keeps against everything else it keeps, and naming what is wrong; repairing is a person's decision.

mod logs;
mod sales;

use std::path::Path;

use rusqlite::Connection;
use usher_disk::{CommitNote, DatabaseLocation, complaints};
use usher_keys::EventId;
use usher_protocol::trust::Trust;

use crate::store::StoreError;
use crate::store::finding::Finding;
use crate::store::sql::Sql;

use crate::store::operations::authority::trust;
use crate::store::operations::column::event_id;
use crate::store::operations::seals;

use super::{commits, migrations, tables};

/// Most tables with such rows that are worth reading.
const MAX_DANGLING: usize = 20;

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
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
    /// Goes on after something that is wrong; anything else ends the audit.
    fn take(&mut self, checked: Result<(), StoreError>) -> Result<(), StoreError> {
        match checked {
            Err(StoreError::Unsound(finding)) => {
                self.findings.push(finding);
                Ok(())
            }
            checked => checked,
        }
    }
}

/// Audits a SQLite file and changes nothing in it, also while a server uses it.
///
/// # Errors
///
/// [`StoreError`] when the file cannot be read at all.
pub fn audit(file: &Path) -> Result<Audit, StoreError> {
    // Before the database is looked at, which may grow meanwhile.
    let noted = CommitNote::read(&commits::note_of(file));
    let mut connection = DatabaseLocation::File(file.to_owned()).open_from_outside()?;
    let snapshot = connection.transaction()?;
    let mut audit = Audit::default();
    match look(&snapshot, noted, &mut audit) {
        // What is damaged may be unreadable too; its name is more than SQLite says then.
        Err(_) if !audit.findings.is_empty() => Ok(audit),
        looked => looked.map(|()| audit),
    }
}

fn look(connection: &Connection, noted: u64, audit: &mut Audit) -> Result<(), StoreError> {
    let complaints = complaints(connection)?.into_iter().map(Finding::File);
    audit.findings.extend(complaints);
    audit.take(tables(&migrations()).check(connection).map_err(StoreError::from))?;
    audit.take(commits::check(connection, noted))?;
    dangling(connection, audit)?;
    let mut events = connection.prepare("SELECT event_id FROM events ORDER BY event_id")?;
    let events: Vec<_> = events
        .query_map([], |row| row.get(0).map(event_id))?
        .collect::<Result<_, _>>()?;
    for event in events {
        let audited = of_event(connection, event, audit)?;
        audit.events.push(audited);
    }
    Ok(())
}

fn of_event(connection: &Connection, event: EventId, audit: &mut Audit) -> Result<AuditedEvent, StoreError> {
    let trust = trust_of(connection, event, audit)?;
    let is_true = match trust::checkpoint(&Sql::Sqlite(connection), &event) {
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
    seals::check(&Sql::Sqlite(connection), event, &mut audit.findings)?;
    sales::check_reservations(connection, event, &mut audit.findings)?;
    sales::check_jobs(connection, event, &mut audit.findings)?;
    Ok(AuditedEvent {
        event,
        records: logs::check(connection, event, &mut audit.findings)?,
        tickets: sales::check_tickets(connection, event, trust.as_ref(), &mut audit.findings)?,
        bookings: sales::check_bookings(connection, event, &mut audit.findings)?,
    })
}

fn trust_of(connection: &Connection, event: EventId, audit: &mut Audit) -> Result<Option<Trust>, StoreError> {
    let pinned = match trust::trust_bundle(&Sql::Sqlite(connection), &event) {
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

fn dangling(connection: &Connection, audit: &mut Audit) -> Result<(), StoreError> {
    let mut check = connection.prepare("PRAGMA foreign_key_check")?;
    let tables = check.query_map([], |row| row.get::<_, String>(0))?;
    for table in tables.take(MAX_DANGLING) {
        audit.findings.push(Finding::Dangling { table: table? });
    }
    Ok(())
}
