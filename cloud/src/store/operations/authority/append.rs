//! Appending to logs: records, heads and what changes with them in one transaction, only if they follow what is stored.

use serde_json::json;
use usher_keys::{EventId, Timestamp};
use usher_protocol::ledger::Entry;
use usher_protocol::log::Tail;
use usher_protocol::record::{Body, Record};
use usher_protocol::{Generation, Origin, Seq, Unit};

use crate::ids::TicketId;
use crate::languages::Language;
use crate::letters::{LetterCause, LetterKind, Recipient, ReissueLetters};
use crate::moment::Moment;
use crate::selling::tickets::IssuedUnit;
use crate::selling::{NewTicket, ReissuedTo, TicketState};
use crate::store::StoreError;
use crate::store::authority::{Append, AppendOutcome, DropLog, RowChange, Sealed};
use crate::store::operations::column::{ms, narrow, ticket_state, unit_state};
use crate::store::operations::{Effect, codes, holders, letters, webhooks};
use crate::store::sql::{OptionalExtension, Sql, params};
use crate::webhooks::{WebhookCause, WebhookKind};

use super::{changes, count, devices, feed, halts, kept_heads, read_count};

/// Appends to the logs of an event. What is stored already stays as it is: two processes may take in the same run, and one may
/// ask again whose answer was lost.
pub fn append(connection: &Sql<'_>, request: &Append) -> Result<Effect<AppendOutcome>, StoreError> {
    if request.is_own && halts::is_halted(connection, request.event)? {
        return Ok(Effect::Undo(AppendOutcome::Conflict));
    }
    let mut is_news = request.sealed.is_empty();
    for sealed in &request.sealed {
        match append_sealed(connection, request, sealed)? {
            Appending::Conflict => return Ok(Effect::Undo(AppendOutcome::Conflict)),
            Appending::Known => {}
            Appending::Appended => is_news = true,
        }
    }
    if !is_news {
        // What changes beside records has changed with them.
        let version = feed::version(connection, request.event)?;
        return Ok(Effect::Undo(AppendOutcome::Appended(version)));
    }
    for change in &request.row_changes {
        let done = match change {
            RowChange::UseCode(used) => devices::use_code(connection, used, request.now)?,
            RowChange::SetTicketState { ticket, from, to } => {
                set_ticket_state(connection, ticket, *from, *to)?
                    && tell_state(connection, ticket, *to, request.now)?
            }
            RowChange::Reissue {
                old,
                new,
                to,
                letters,
                bindings,
            } => {
                if let Some(letters) = letters {
                    write_letters(connection, (old, &new.id), (*to, letters), request.now)?;
                }
                reissue(connection, old, (new, *bindings), request.now)?
                    && (*to == ReissuedTo::SameHolder
                        || part(connection, (old, new), letters.as_ref())?
                            && enqueue(connection, WebhookKind::TicketTransferred, old, request.now)?)
            }
        };
        if !done {
            return Ok(Effect::Undo(AppendOutcome::Conflict));
        }
    }
    let version = changes::advance(connection, request.event)?;
    Ok(Effect::Keep(AppendOutcome::Appended(version)))
}

/// Writes what holders of a ticket are told that another one replaces: its buyer, and whoever has it from now on.
fn write_letters(
    connection: &Sql<'_>,
    (old, new): (&TicketId, &TicketId),
    (to, letters): (ReissuedTo, &ReissueLetters),
    now: Timestamp,
) -> Result<(), StoreError> {
    let about = match to {
        ReissuedTo::SameHolder => (LetterKind::TicketReissued, new),
        ReissuedTo::SomebodyElse => (LetterKind::TicketTransferred, old),
    };
    letters::write_of_ticket(connection, old, about, now)?;
    let Some(recipient) = &letters.recipient else {
        return Ok(());
    };
    let received = LetterCause {
        event: new.event,
        kind: LetterKind::TicketReceived,
        charge: None,
        about: Some(new.local),
        recipient: Some(Recipient {
            address: recipient,
            language: language_of_next(connection, old)?,
        }),
        now,
    };
    letters::write(connection, &received).map(drop)
}

/// Finds in which language whoever gets a ticket is written to: that of the one who passes it on, since nobody else's is known.
fn language_of_next(connection: &Sql<'_>, old: &TicketId) -> Result<Language, StoreError> {
    Ok(holders::language(connection, old)?.unwrap_or(Language::English))
}

/// Drops the copy of a log, to be fetched anew; tells whether there was one.
pub fn drop_log(connection: &Sql<'_>, dropped: &DropLog) -> Result<Effect<bool>, StoreError> {
    let log = params![dropped.event.0, dropped.origin.0];
    connection
        .prepare_cached("DELETE FROM heads WHERE event_id = ?1 AND origin = ?2")?
        .execute(log)?;
    let records = connection
        .prepare_cached("DELETE FROM records WHERE event_id = ?1 AND origin = ?2")?
        .execute(log)?;
    changes::advance(connection, dropped.event)?;
    Ok(Effect::Keep(records > 0))
}

/// What became of appending to one log.
enum Appending {
    Appended,
    /// All of it is stored already.
    Known,
    Conflict,
}

/// Where a log ends in the store.
#[derive(Default)]
struct Stored {
    tail: Tail,
    log_bytes: u64,
}

fn append_sealed(connection: &Sql<'_>, request: &Append, sealed: &Sealed) -> Result<Appending, StoreError> {
    let event = request.event;
    let origin = sealed.head.origin;
    let stored = stored(connection, event, &origin)?;
    let known = sealed
        .entries
        .partition_point(|entry| entry.tail.seq <= stored.tail.seq);
    let (known, news) = sealed.entries.split_at(known);
    if let Some(last) = known.last() {
        let hash = feed::hash_at(connection, event, &origin, last.tail.seq)?;
        if hash != Some(last.tail.hash) {
            return Ok(Appending::Conflict);
        }
        if news.is_empty() {
            return Ok(Appending::Known);
        }
    }
    let mut tail = stored.tail;
    let mut log_bytes = stored.log_bytes;
    let mut insert = connection.prepare_cached(
        "INSERT INTO records (event_id, position, origin, seq, hash, bytes, worth)
         VALUES (?1, (SELECT coalesce(max(position), 0) + 1 FROM records WHERE event_id = ?1), ?2, ?3, ?4, ?5, ?6)",
    )?;
    for entry in news {
        tail = tail.push(event, &origin, &entry.bytes);
        if entry.origin != origin || entry.tail != tail {
            return Ok(Appending::Conflict);
        }
        log_bytes += entry.bytes.len() as u64;
        insert.run(params![
            event.0,
            origin.0,
            count(tail.seq.0),
            tail.hash,
            entry.bytes,
            entry.worth.code()
        ])?;
    }
    if tail != sealed.head.tail {
        return Ok(Appending::Conflict);
    }
    kept_heads::put(connection, event, &sealed.head, log_bytes)?;
    if webhooks::are_wanted(connection, event)? {
        tell_admitted(connection, event, news, request.now)?;
    }
    Ok(Appending::Appended)
}

fn stored(connection: &Sql<'_>, event: EventId, origin: &Origin) -> Result<Stored, StoreError> {
    let newest: Option<(i64, [u8; 32], i64)> = connection
        .prepare_cached(
            "SELECT seq, hash, log_bytes FROM heads WHERE event_id = ?1 AND origin = ?2 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(params![event.0, origin.0], |row| row.try_into())
        .optional()?;
    let Some((seq, hash, log_bytes)) = newest else {
        return Ok(Stored::default());
    };
    let seq = Seq(read_count(seq)?);
    Ok(Stored {
        tail: Tail { seq, hash },
        log_bytes: read_count(log_bytes)?,
    })
}

fn set_ticket_state(
    connection: &Sql<'_>,
    ticket: &TicketId,
    from: TicketState,
    to: TicketState,
) -> Result<bool, StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE tickets SET state = ?4
             WHERE event_id = ?1 AND ticket_id = ?2 AND state = ?3 AND (refund_id IS NULL OR ?4 = 'revoked')",
        )?
        .execute(params![ticket.event.0, ticket.local, from.word(), to.word()])?;
    Ok(changed == 1)
}

/// Tells endpoints of a ticket that is void from now on.
fn tell_state(
    connection: &Sql<'_>,
    ticket: &TicketId,
    to: TicketState,
    now: Timestamp,
) -> Result<bool, StoreError> {
    match to {
        TicketState::Revoked => enqueue(connection, WebhookKind::TicketRevoked, ticket, now),
        TicketState::Valid | TicketState::Superseded => Ok(true),
    }
}

/// Tells endpoints what became of a ticket.
fn enqueue(
    connection: &Sql<'_>,
    kind: WebhookKind,
    ticket: &TicketId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let event = ticket.event;
    let told = WebhookCause {
        event,
        kind,
        once: None,
        now,
    };
    webhooks::enqueue(connection, &told, || {
        Ok(json!({ "event_id": event, "ticket_id": ticket }))
    })?;
    Ok(true)
}

/// Tells endpoints of people who were let in, once for each scan, whichever devices write it down.
fn tell_admitted(
    connection: &Sql<'_>,
    event: EventId,
    news: &[Entry],
    now: Timestamp,
) -> Result<(), StoreError> {
    for entry in news {
        let Ok(Record {
            body: Body::Admitted(passage),
            ..
        }) = Record::from_bytes(&entry.bytes)
        else {
            continue;
        };
        // A device's word: what is no ticket is counted nowhere either.
        let Ok(passage) = passage.unverified() else {
            continue;
        };
        let told = WebhookCause {
            event,
            kind: WebhookKind::TicketAdmitted,
            once: Some(&passage.scan.0),
            now,
        };
        webhooks::enqueue(connection, &told, || {
            Ok(json!({
                "event_id": event,
                "unit": passage.unit.0,
                "generation": passage.generation.0,
                "gate": passage.gate.0,
                "persons": passage.persons,
                "at": Moment(passage.at),
            }))
        })?;
    }
    Ok(())
}

/// Puts the next generation in a ticket's place; `false` when it may not come there.
fn reissue(
    connection: &Sql<'_>,
    old: &TicketId,
    (new, bindings): (&NewTicket, u8),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let event = old.event;
    let issued = issued_unit(connection, old, new.unit)?;
    if !issued.is_some_and(|issued| issued.is_followed_by(new.generation)) {
        return Ok(false);
    }
    let counted = connection
        .prepare_cached("UPDATE units SET issued = ?3 WHERE event_id = ?1 AND unit = ?2 AND issued = ?3 - 1")?
        .execute(params![event.0, new.unit.0, new.generation.0])?;
    if counted == 0 || !set_ticket_state(connection, old, TicketState::Valid, TicketState::Superseded)? {
        return Ok(false);
    }
    let code = codes::free(connection, event, new.code)?;
    connection
        .prepare_cached(
            "INSERT INTO tickets (event_id, ticket_id, unit, generation, booking_id, state, payload, issued_at, code, bindings,
                                  holder_email, holder_language)
             SELECT event_id, ?3, unit, ?4, booking_id, 'valid', ?5, ?6, ?7, ?8, holder_email, holder_language
             FROM tickets WHERE event_id = ?1 AND ticket_id = ?2",
        )?
        .execute(params![
            event.0,
            old.local,
            new.id.local,
            new.generation.0,
            new.payload,
            ms(now),
            codes::stored(code),
            bindings
        ])?;
    Ok(true)
}

fn issued_unit(
    connection: &Sql<'_>,
    ticket: &TicketId,
    unit: Unit,
) -> Result<Option<IssuedUnit>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT units.state, issued, tickets.state FROM units JOIN tickets USING (event_id, unit)
         WHERE event_id = ?1 AND unit = ?2 AND ticket_id = ?3",
    )?;
    let mut found = query.query_and_then(params![ticket.event.0, unit.0, ticket.local], |row| {
        Ok::<_, StoreError>(IssuedUnit {
            state: unit_state(row.column(0)?.as_str()?)?,
            issued: Generation(narrow(row.get(1)?, "generation")?),
            ticket: ticket_state(row.column(2)?.as_str()?)?,
        })
    })?;
    found.next().transpose()
}

/// Takes a new ticket out of the booking of the one it replaced, because it is somebody else's, and writes down whose if that is known.
fn part(
    connection: &Sql<'_>,
    (old, new): (&TicketId, &NewTicket),
    letters: Option<&ReissueLetters>,
) -> Result<bool, StoreError> {
    let event = old.event;
    let marked = connection
        .prepare_cached("UPDATE tickets SET transferred = 1 WHERE event_id = ?1 AND ticket_id = ?2")?
        .execute(params![event.0, old.local])?;
    let language = language_of_next(connection, old)?;
    let address = letters.and_then(|letters| letters.recipient.as_deref());
    let parted = connection
        .prepare_cached(
            "UPDATE tickets SET booking_id = NULL, holder_email = ?3, holder_language = ?4
             WHERE event_id = ?1 AND ticket_id = ?2",
        )?
        .execute(params![
            event.0,
            new.id.local,
            address,
            address.map(|_| language.tag())
        ])?;
    Ok(marked == 1 && parted == 1)
}
