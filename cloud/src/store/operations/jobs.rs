//! The rows of jobs: who may take one, and when it is due again, is decided in `selling::jobs`.

use usher_keys::Timestamp;

use crate::ids::{BookingId, EndpointId, MailingId, RefundId};
use crate::selling::jobs::{
    DueJobs, DueTimes, FreeJobs, HeldJob, Job, JobCounts, JobId, JobKind, LeaseHolder, LeaseOutcome,
};
use crate::store::StoreError;
use crate::store::sql::{Row, Sql, params};

use super::Effect;
use super::column::{Local, event_id, moment, ms};

/// The words of the kinds.
const SETTLE_BOOKING: &str = "settle_booking";
const GIVE_REFUND: &str = "give_refund";
const REFUND_EVENT: &str = "refund_event";
const SEND_WEBHOOKS: &str = "tell_endpoint";
const SEND_LETTERS: &str = "send_letters";
const WRITE_LETTERS: &str = "write_letters";
/// The columns [`read`] reads.
const COLUMNS: &str = "event_id, kind, subject, failures, holder, due_at";

/// The key of a job: its event, kind and subject.
type Key = ([u8; 16], &'static str, Local);

fn key(id: JobId) -> Key {
    match id {
        JobId::SettleBooking(booking) => (booking.event.0, SETTLE_BOOKING, booking.local),
        JobId::GiveRefund(refund) => (refund.event.0, GIVE_REFUND, refund.local),
        JobId::RefundEvent(event) => (event.0, REFUND_EVENT, [0; 24]),
        JobId::SendWebhooks(endpoint) => (endpoint.event.0, SEND_WEBHOOKS, endpoint.local),
        JobId::SendLetters(event) => (event.0, SEND_LETTERS, [0; 24]),
        JobId::WriteLetters(mailing) => (mailing.event.0, WRITE_LETTERS, mailing.local),
    }
}

fn read(row: &Row<'_>) -> Result<Job, StoreError> {
    let (event, local) = (event_id(row.get(0)?), row.get(2)?);
    let id = match row.column(1)?.as_str()? {
        SETTLE_BOOKING => JobId::SettleBooking(BookingId { event, local }),
        GIVE_REFUND => JobId::GiveRefund(RefundId { event, local }),
        REFUND_EVENT => JobId::RefundEvent(event),
        SEND_WEBHOOKS => JobId::SendWebhooks(EndpointId { event, local }),
        SEND_LETTERS => JobId::SendLetters(event),
        WRITE_LETTERS => JobId::WriteLetters(MailingId { event, local }),
        _ => {
            return Err(StoreError::Unreadable {
                what: "kind of a job",
            });
        }
    };
    Ok(Job {
        id,
        failures: row.get(3)?,
        holder: row.get::<Option<[u8; 16]>>(4)?.map(LeaseHolder),
        due_at: moment(row.get(5)?),
    })
}

/// Writes a new job, in the transaction of its cause.
pub fn insert(connection: &Sql<'_>, job: &Job) -> Result<(), StoreError> {
    let (event, kind, subject) = key(job.id);
    connection
        .prepare_cached(
            "INSERT INTO jobs (event_id, kind, subject, failures, holder, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .run(params![
            event,
            kind,
            subject,
            job.failures,
            job.holder.map(|holder| holder.0),
            ms(job.due_at)
        ])?;
    Ok(())
}

/// Has a job done now, writing it if there is none; whoever works on one looks for more at the end.
pub fn hurry(connection: &Sql<'_>, id: JobId, now: Timestamp) -> Result<(), StoreError> {
    let (event, kind, subject) = key(id);
    connection
        .prepare_cached(
            "INSERT INTO jobs (event_id, kind, subject, failures, holder, due_at) VALUES (?1, ?2, ?3, 0, NULL, ?4)
             ON CONFLICT (event_id, kind, subject) DO UPDATE
             SET due_at = CASE WHEN jobs.holder IS NULL THEN ?4 ELSE jobs.due_at END",
        )?
        .run(params![event, kind, subject, ms(now)])?;
    Ok(())
}

/// Deletes a job, in the transaction of its end.
pub fn delete(connection: &Sql<'_>, id: JobId) -> Result<(), StoreError> {
    let (event, kind, subject) = key(id);
    connection
        .prepare_cached("DELETE FROM jobs WHERE event_id = ?1 AND kind = ?2 AND subject = ?3")?
        .run(params![event, kind, subject])?;
    Ok(())
}

/// Leases a job to a holder, for the first time or again.
pub fn lease_job(connection: &Sql<'_>, request: &HeldJob) -> Result<Effect<LeaseOutcome>, StoreError> {
    let Some(found) = find(connection, request.job)? else {
        return Ok(Effect::Undo(LeaseOutcome::Gone));
    };
    let Some(leased) = found.leased(request.holder, request.now) else {
        return Ok(Effect::Undo(LeaseOutcome::Held));
    };
    update(connection, &found, &leased)?;
    Ok(Effect::Keep(LeaseOutcome::Leased))
}

/// Puts a job off after a failure; tells how often it has failed, if the holder still had it.
pub fn put_off_job(connection: &Sql<'_>, request: &HeldJob) -> Result<Effect<Option<u32>>, StoreError> {
    let found = find(connection, request.job)?;
    let put_off = found.and_then(|found| Some((found, found.put_off(request.holder, request.now)?)));
    let Some((found, put_off)) = put_off else {
        return Ok(Effect::Undo(None));
    };
    update(connection, &found, &put_off)?;
    Ok(Effect::Keep(Some(put_off.failures)))
}

/// Lets a job wait for something outside, at most until a moment, if the holder still has it; in the transaction that says for what.
pub fn wait(
    connection: &Sql<'_>,
    id: JobId,
    until: Timestamp,
    (holder, now): (LeaseHolder, Timestamp),
) -> Result<(), StoreError> {
    let found = find(connection, id)?;
    match found.and_then(|found| Some((found, found.waiting(holder, until, now)?))) {
        Some((found, waiting)) => update(connection, &found, &waiting),
        None => Ok(()),
    }
}

/// Frees what a process left behind; tells how many.
pub fn free_jobs(connection: &Sql<'_>, request: &FreeJobs) -> Result<Effect<usize>, StoreError> {
    let left: Vec<Job> = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM jobs WHERE holder = ?1"))?
        .query_and_then([request.holder.0], read)?
        .collect::<Result<_, _>>()?;
    for job in &left {
        update(connection, job, &job.freed(request.now))?;
    }
    Ok(Effect::Keep(left.len()))
}

/// Lists jobs that wait for anybody, those that have waited longest first.
pub fn due_jobs(connection: &Sql<'_>, request: &DueJobs) -> Result<Vec<Job>, StoreError> {
    let due = DueTimes::at(request.now);
    let is_of_kind = match request.kind {
        JobKind::Paying => "kind NOT IN ('tell_endpoint', 'send_letters', 'write_letters')",
        JobKind::Webhooks => "kind = 'tell_endpoint'",
        JobKind::Mailing => "kind IN ('send_letters', 'write_letters')",
    };
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM jobs WHERE (due_at <= ?1 OR due_at > ?2) AND {is_of_kind} ORDER BY due_at LIMIT ?3"
    ))?;
    let found = query.query_and_then(params![ms(due.until), ms(due.beyond), request.limit], read)?;
    found.collect()
}

/// Finds a job.
pub fn job(connection: &Sql<'_>, id: &JobId) -> Result<Option<Job>, StoreError> {
    find(connection, *id)
}

/// Counts the jobs.
pub fn job_counts(connection: &Sql<'_>, (): &()) -> Result<JobCounts, StoreError> {
    let counts = connection
        .prepare_cached("SELECT count(*), count(CASE WHEN failures > 0 THEN 1 END) FROM jobs")?
        .query_row([], |row| {
            Ok(JobCounts {
                open: row.get(0)?,
                failing: row.get(1)?,
            })
        })?;
    Ok(counts)
}

fn find(connection: &Sql<'_>, id: JobId) -> Result<Option<Job>, StoreError> {
    let (event, kind, subject) = key(id);
    let mut query = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM jobs WHERE event_id = ?1 AND kind = ?2 AND subject = ?3"
    ))?;
    let mut found = query.query_and_then(params![event, kind, subject], read)?;
    found.next().transpose()
}

/// Writes what has become of a job, unless it is not any more what it was.
fn update(connection: &Sql<'_>, was: &Job, job: &Job) -> Result<(), StoreError> {
    let (event, kind, subject) = key(job.id);
    let updated = connection
        .prepare_cached(
            "UPDATE jobs SET failures = ?4, holder = ?5, due_at = ?6
             WHERE event_id = ?1 AND kind = ?2 AND subject = ?3 AND failures = ?7 AND due_at = ?8",
        )?
        .execute(params![
            event,
            kind,
            subject,
            job.failures,
            job.holder.map(|holder| holder.0),
            ms(job.due_at),
            was.failures,
            ms(was.due_at)
        ])?;
    if updated == 1 {
        Ok(())
    } else {
        Err(StoreError::Overtaken)
    }
}
