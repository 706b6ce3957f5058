//! Jobs: what outlives a request, as plain values, and the rules of who works on one and when it is tried again.
//!
//! A job is a row that is written in the transaction of its cause and deleted in that of its end. Whoever works on it has a
//! lease: a holder and a time on the row. A lease keeps two from doing the same work; that work done twice harms nobody is
//! for the work itself to see to.

use std::time::Duration;

use usher_keys::{EventId, Timestamp};

use crate::ids::{BookingId, EndpointId, MailingId, RefundId};

/// How long a lease lasts: whoever dies with one is followed after that and one look for work, well within 15 seconds.
pub const LEASE: Duration = Duration::from_secs(10);
/// How often a holder that lives renews its lease: two renewals may get lost.
pub const RENEW_EVERY: Duration = Duration::from_secs(3);
/// The pause after a first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause: what a failure waited for may be back at any time.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long what waits is left alone, however many ask for it: a payment service answers so many questions a second and no more.
const REST: Duration = Duration::from_secs(2);
/// How many failures are worth a word to whoever runs the server.
const OFTEN: u32 = 4;

/// A server process that works on jobs, known by its data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseHolder(pub [u8; 16]);

/// Which job it is: what is to be done, and about what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JobId {
    /// Finds out how the payment of a booking ended, and ends the booking so.
    SettleBooking(BookingId),
    /// Gives money back after the sale, as far as it comes.
    GiveRefund(RefundId),
    /// Revokes all tickets of a canceled event and begins the refunds of its bookings.
    RefundEvent(EventId),
    /// Sends an endpoint the webhooks that wait for it.
    SendWebhooks(EndpointId),
    /// Sends the letters of an event that wait.
    SendLetters(EventId),
    /// Writes the letters of a mailing.
    WriteLetters(MailingId),
}

/// Which jobs: those of the one sort wait for none of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// About money.
    Paying,
    /// About webhooks, whose endpoints may be slow.
    Webhooks,
    /// About letters, for which a mail server may take its time.
    Mailing,
}

/// A job as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    pub id: JobId,
    /// How often it has failed.
    pub failures: u32,
    /// Who works on it.
    pub holder: Option<LeaseHolder>,
    /// When anybody may take it: the end of the holder's lease, or of a pause.
    pub due_at: Timestamp,
}

impl Job {
    /// Makes the job of a cause that its own request works on.
    pub fn begun(id: JobId, holder: LeaseHolder, now: Timestamp) -> Self {
        Self {
            id,
            failures: 0,
            holder: Some(holder),
            due_at: lease_end(now),
        }
    }

    /// Makes the job of a cause that waits for anybody.
    pub fn waits(id: JobId, now: Timestamp) -> Self {
        Self {
            id,
            failures: 0,
            holder: None,
            due_at: now,
        }
    }

    /// Tells whether it waits for anybody who looks for work.
    pub fn is_due(&self, now: Timestamp) -> bool {
        DueTimes::at(now).contains(self.due_at)
    }

    /// Leases it to a process, whether for the first time or again; `None` while another has it. A request that asks for it
    /// need not wait for the end of a pause.
    pub fn leased(self, holder: LeaseHolder, now: Timestamp) -> Option<Self> {
        let is_anothers = self.holder.is_some_and(|other| other != holder);
        (!is_anothers || self.is_due(now)).then_some(Self {
            holder: Some(holder),
            due_at: lease_end(now),
            ..self
        })
    }

    /// Tells whether the job may run before it is due: nobody holds it, and it was not released within the last two seconds.
    pub fn may_be_hurried(&self, now: Timestamp) -> bool {
        let soon = now.plus_ms(ms(LONGEST_PAUSE.saturating_sub(REST)));
        self.holder.is_none() && self.due_at <= soon
    }

    /// Puts it off after a failure of its holder; `None` if another has taken it since.
    pub fn put_off(self, holder: LeaseHolder, now: Timestamp) -> Option<Self> {
        (self.holder == Some(holder)).then_some(Self {
            failures: self.failures.saturating_add(1),
            holder: None,
            due_at: now.plus_ms(ms(pause_after(self.failures))),
            ..self
        })
    }

    /// Lets go of it while it waits for something outside, to look again in a minute or at a moment before, unless that is over;
    /// `None` if another has taken it since.
    pub fn waiting(self, holder: LeaseHolder, until: Timestamp, now: Timestamp) -> Option<Self> {
        let latest = now.plus_ms(ms(LONGEST_PAUSE));
        (self.holder == Some(holder)).then_some(Self {
            failures: 0,
            holder: None,
            due_at: if until <= now {
                latest
            } else {
                until.clamp(now.plus_ms(ms(FIRST_PAUSE)), latest)
            },
            ..self
        })
    }

    /// Frees what a process left behind that is known to have ended.
    pub fn freed(self, now: Timestamp) -> Self {
        Self {
            holder: None,
            due_at: now,
            ..self
        }
    }

    /// Tells whether the last failure is to be logged: from the fourth on, whenever their number has doubled.
    pub fn is_worth_a_word(failures: u32) -> bool {
        failures >= OFTEN && failures.is_power_of_two()
    }
}

/// The times in `due_at` that are due at a moment: all that are over, and those that no lease and no pause reaches, which a
/// clock wrote that was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueTimes {
    /// Due up to here.
    pub until: Timestamp,
    /// Due beyond here.
    pub beyond: Timestamp,
}

impl DueTimes {
    /// Returns those of a moment.
    pub fn at(now: Timestamp) -> Self {
        Self {
            until: now,
            beyond: now.plus_ms(ms(LONGEST_PAUSE.max(LEASE))),
        }
    }

    fn contains(self, due_at: Timestamp) -> bool {
        due_at <= self.until || due_at > self.beyond
    }
}

fn lease_end(now: Timestamp) -> Timestamp {
    now.plus_ms(ms(LEASE))
}

/// Returns how long to wait after one more failure than these.
fn pause_after(failures: u32) -> Duration {
    let doubled = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Asks for jobs that wait for anybody.
#[derive(Debug, Clone, Copy)]
pub struct DueJobs {
    pub kind: JobKind,
    /// At most so many, those that have waited longest first.
    pub limit: u32,
    pub now: Timestamp,
}

/// Speaks of a job for a holder: asks to lease it, for the first time or again, or puts it off.
#[derive(Debug, Clone, Copy)]
pub struct HeldJob {
    pub job: JobId,
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// What became of asking for a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// The holder has it.
    Leased,
    /// Another has it.
    Held,
    /// There is no such job: it is done.
    Gone,
}

/// Says that a process has ended, and frees what it left behind.
#[derive(Debug, Clone, Copy)]
pub struct FreeJobs {
    /// The process.
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// How many jobs there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// All of them.
    pub open: u32,
    /// Those that have failed.
    pub failing: u32,
}

#[cfg(test)]
mod tests;
