//! Reading logs: all records in the order they came, the newest heads, runs for peers, and where the units of records are.

use usher_keys::{EventId, PublicKey, Signature};
use usher_protocol::evidence::Worth;
use usher_protocol::ledger::Entry;
use usher_protocol::log::{Head, Run, Stretch, Tail};
use usher_protocol::{Generation, Seq, TierId, Unit};

use crate::ids::TicketId;
use crate::store::StoreError;
use crate::store::authority::{
    ChangedTicket, GenerationQuery, PlacesQuery, RecordsQuery, RunQuery, StoredRecord, UnitPlace, UnitPlaces,
};
use crate::store::sql::{OptionalExtension, Row, Sql, params};

use super::{count, read_count};
use crate::store::operations::column::ticket_state;
use crate::store::operations::rows;

/// Lists records of all logs of an event, in the order in which the store came to hold them.
pub fn records(connection: &Sql<'_>, query: &RecordsQuery) -> Result<Vec<StoredRecord>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT position, origin, seq, hash, bytes, worth FROM records
         WHERE event_id = ?1 AND position > ?2 ORDER BY position LIMIT ?3",
    )?;
    let found = select.query_and_then(params![query.event.0, count(query.after), query.limit], |row| {
        let tail = Tail {
            seq: Seq(read_count(row.get(2)?)?),
            hash: row.get(3)?,
        };
        let entry = Entry {
            origin: PublicKey(row.get(1)?),
            tail,
            bytes: row.get(4)?,
            worth: Worth::of_code(row.get(5)?),
        };
        Ok(StoredRecord {
            position: read_count(row.get(0)?)?,
            entry,
        })
    })?;
    found.collect()
}

/// Lists the newest head of every log of an event.
pub fn newest_heads(connection: &Sql<'_>, event: &EventId) -> Result<Vec<Head>, StoreError> {
    let mut select = connection.prepare_cached(connection.pick(
        "SELECT origin, max(seq), hash, signature FROM heads WHERE event_id = ?1 GROUP BY origin ORDER BY origin",
        "SELECT DISTINCT ON (origin) origin, seq, hash, signature FROM heads WHERE event_id = ?1
         ORDER BY origin, seq DESC",
    ))?;
    let found = select.query_and_then([event.0], |row| read_head(PublicKey(row.get(0)?), row, 1))?;
    found.collect()
}

/// Reads a head from three columns.
pub fn read_head(origin: PublicKey, row: &Row<'_>, first: usize) -> Result<Head, StoreError> {
    Ok(Head {
        origin,
        tail: Tail {
            seq: Seq(read_count(row.get(first)?)?),
            hash: row.get(first + 1)?,
        },
        signature: Signature(row.get(first + 2)?),
    })
}

/// Finds the run of a log after a record: up to the last kept head that one run reaches.
pub fn run(connection: &Sql<'_>, query: &RunQuery) -> Result<Option<Run>, StoreError> {
    let Some(base) = base(connection, query)? else {
        return Ok(None);
    };
    let Some(head) = reachable_head(connection, query)? else {
        return Ok(None);
    };
    let mut select = connection.prepare_cached(
        "SELECT bytes FROM records WHERE event_id = ?1 AND origin = ?2 AND seq > ?3 AND seq <= ?4 ORDER BY seq",
    )?;
    let records = select
        .query_map(between(query, head.tail.seq), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(Some(Run { base, records, head }))
}

fn base(connection: &Sql<'_>, query: &RunQuery) -> Result<Option<Tail>, StoreError> {
    if query.after.0 == 0 {
        return Ok(Some(Tail::default()));
    }
    let hash = connection
        .prepare_cached("SELECT hash FROM records WHERE event_id = ?1 AND origin = ?2 AND seq = ?3")?
        .query_row(
            params![query.event.0, query.origin.0, count(query.after.0)],
            |row| row.get(0),
        )
        .optional()?;
    Ok(hash.map(|hash| Tail {
        seq: query.after,
        hash,
    }))
}

/// Heads are kept so that the first one after a record is always within one run of it; a later one may be, too.
fn reachable_head(connection: &Sql<'_>, query: &RunQuery) -> Result<Option<Head>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT seq, hash, signature FROM heads WHERE event_id = ?1 AND origin = ?2 AND seq > ?3 ORDER BY seq",
    )?;
    let mut found = select.query_and_then(
        params![query.event.0, query.origin.0, count(query.after.0)],
        |row| read_head(query.origin, row, 0),
    )?;
    let Some(mut best) = found.next().transpose()? else {
        return Ok(None);
    };
    for head in found {
        let head = head?;
        let ahead = Stretch {
            records: head.tail.seq.0 - query.after.0,
            bytes: size(connection, query, head.tail.seq)?,
        };
        if !ahead.is_one_run() {
            break;
        }
        best = head;
    }
    Ok(Some(best))
}

fn size(connection: &Sql<'_>, query: &RunQuery, last: Seq) -> Result<u64, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT coalesce(sum(length(bytes)), 0) FROM records
         WHERE event_id = ?1 AND origin = ?2 AND seq > ?3 AND seq <= ?4",
    )?;
    let bytes = select.query_row(between(query, last), |row| row.get(0))?;
    read_count(bytes)
}

fn between(query: &RunQuery, last: Seq) -> [rusqlite::types::Value; 4] {
    [
        query.event.0.to_vec().into(),
        query.origin.0.to_vec().into(),
        count(query.after.0).into(),
        count(last.0).into(),
    ]
}

/// Finds what units are, for people.
pub fn places(connection: &Sql<'_>, query: &PlacesQuery) -> Result<UnitPlaces, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT tier, tiers.name, section, row, number, (SELECT seat_count FROM events WHERE event_id = ?1)
         FROM units JOIN tiers USING (event_id, tier) WHERE event_id = ?1 AND unit = ?2",
    )?;
    let mut places = UnitPlaces::new();
    for unit in &query.units {
        let found = select
            .query_row(params![query.event.0, unit.0], |row| {
                Ok(UnitPlace {
                    tier: TierId(row.get(0)?),
                    tier_name: row.get(1)?,
                    label: rows::label(*unit, [row.get(2)?, row.get(3)?, row.get(4)?], row.get(5)?),
                })
            })
            .optional()?;
        places.extend(found.map(|place| (*unit, place)));
    }
    Ok(places)
}

/// Finds the ticket of a generation.
pub fn ticket_of(connection: &Sql<'_>, query: &GenerationQuery) -> Result<Option<TicketId>, StoreError> {
    let local = connection
        .prepare_cached(
            "SELECT ticket_id FROM tickets WHERE event_id = ?1 AND unit = ?2 AND generation = ?3",
        )?
        .query_row(params![query.event.0, query.unit.0, query.generation.0], |row| {
            row.get(0)
        })
        .optional()?;
    Ok(local.map(|local| TicketId {
        event: query.event,
        local,
    }))
}

/// Lists the units whose newest ticket is void or not the first.
pub fn changed_tickets(connection: &Sql<'_>, event: &EventId) -> Result<Vec<ChangedTicket>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT unit, generation, state FROM tickets
         WHERE event_id = ?1 AND (state = 'revoked' OR (state = 'valid' AND generation > 1)) ORDER BY unit",
    )?;
    let found = select.query_and_then([event.0], |row| {
        let state = ticket_state(row.column(2)?.as_str()?)?;
        Ok((Unit(row.get(0)?), Generation(row.get(1)?), state))
    })?;
    found.collect()
}
