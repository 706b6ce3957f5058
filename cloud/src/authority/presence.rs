//! Which devices are linked now and how far each is known to be; one connection for each device, the newest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use usher_keys::{PublicKey, Timestamp};
use usher_link::Connection;
use usher_protocol::sync::Held;
use usher_protocol::{Origin, Seq};

/// After how long without being asked again a run that was sent counts as received, in milliseconds: twice the time
/// after which a session sends it anew.
const RECEIVED_AFTER_MS: u64 = 2 * usher_protocol::sync::outbox::RESEND_MS;

/// The devices of one event that are linked now.
#[derive(Default)]
pub struct Presence {
    /// The newest link of each device; held only to look one up, add or remove one.
    links: Mutex<BTreeMap<PublicKey, Linked>>,
}

struct Linked {
    connection: Connection,
    progress: Arc<UploadProgress>,
    /// How far its clock is ahead of ours, in milliseconds, once it was heard.
    clock_ahead_ms: i64,
}

impl Linked {
    fn present(&self, device: PublicKey, held: &[Held], now: Timestamp) -> Present {
        Present {
            device,
            unsent: self.progress.unsent(held),
            unconfirmed: self.progress.unconfirmed(held, now),
            clock_ahead_ms: self.clock_ahead_ms,
        }
    }
}

/// A device that is linked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Present {
    /// The device.
    pub device: PublicKey,
    /// How many of our records it was not sent yet.
    pub unsent: u64,
    /// How many it may not have received.
    pub unconfirmed: u64,
    /// How far its clock is ahead of ours, in milliseconds; less than nothing when it is behind.
    pub clock_ahead_ms: i64,
}

impl Presence {
    /// Takes note of a new link; the same device's link before it is given back, to be closed.
    pub fn enter(&self, connection: Connection, progress: Arc<UploadProgress>) -> Option<Connection> {
        let device = connection.peer();
        let linked = Linked {
            connection,
            progress,
            clock_ahead_ms: 0,
        };
        self.lock().insert(device, linked).map(|older| older.connection)
    }

    /// Takes note that a link has ended; tells whether it was still its device's newest.
    pub fn leave(&self, device: &PublicKey, progress: &Arc<UploadProgress>) -> bool {
        let mut links = self.lock();
        let own = links
            .get(device)
            .is_some_and(|linked| Arc::ptr_eq(&linked.progress, progress));
        if own {
            links.remove(device);
        }
        own
    }

    /// Takes note of what a linked device's clock shows.
    pub fn hear_clock(&self, device: &PublicKey, theirs: Timestamp, ours: Timestamp) {
        if let Some(linked) = self.lock().get_mut(device) {
            let ahead_ms = i128::from(theirs.0) - i128::from(ours.0);
            linked.clock_ahead_ms = i64::try_from(ahead_ms).unwrap_or(i64::MAX);
        }
    }

    /// Tells whether a device is linked now.
    pub fn has(&self, device: &PublicKey) -> bool {
        self.lock().contains_key(device)
    }

    /// Counts the devices linked now.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Lists the devices linked now and how far behind what is held each is.
    pub fn list(&self, held: &[Held], now: Timestamp) -> Vec<Present> {
        let links = self.lock();
        let present = links
            .iter()
            .map(|(device, linked)| linked.present(*device, held, now));
        present.collect()
    }

    /// Finds a device that is linked now.
    pub fn find(&self, device: &PublicKey, held: &[Held], now: Timestamp) -> Option<Present> {
        let links = self.lock();
        links.get(device).map(|linked| linked.present(*device, held, now))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PublicKey, Linked>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far one link has come in sending a device what it lacks.
///
/// A session asks for a run as soon as it knows that its peer lacks it, so a log nobody asked for is one the peer has.
#[derive(Default)]
pub struct UploadProgress {
    /// What was asked for and sent; held only to look at or note one log.
    sent: Mutex<BTreeMap<Origin, Sent>>,
}

#[derive(Clone, Copy)]
struct Sent {
    /// The device has shown that it holds the log up to here.
    shown: Seq,
    /// It was sent the log up to here.
    sent: Seq,
    at: Timestamp,
}

impl UploadProgress {
    /// Takes note that a run after `shown` was asked for, and sent up to `sent`.
    pub fn note(&self, origin: Origin, shown: Seq, sent: Seq, at: Timestamp) {
        self.lock().insert(origin, Sent { shown, sent, at });
    }

    /// Counts the records that were not sent yet.
    pub fn unsent(&self, held: &[Held]) -> u64 {
        self.lacking(held, |sent| sent.sent)
    }

    /// Counts the records that the device may not have received.
    pub fn unconfirmed(&self, held: &[Held], now: Timestamp) -> u64 {
        self.lacking(held, |sent| {
            if now.since_ms(sent.at) > RECEIVED_AFTER_MS {
                sent.sent
            } else {
                sent.shown
            }
        })
    }

    fn lacking(&self, held: &[Held], has: impl Fn(&Sent) -> Seq) -> u64 {
        let sent = self.lock();
        let lacks = |held: &Held| {
            let known = sent.get(&held.origin).map_or(held.tail.seq, &has);
            held.tail.seq.0.saturating_sub(known.0)
        };
        held.iter().map(lacks).sum()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Origin, Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use usher_protocol::log::Tail;

    use super::*;

    const ORIGIN: Origin = PublicKey([1; 32]);

    fn held(seq: u64) -> Vec<Held> {
        vec![Held {
            origin: ORIGIN,
            tail: Tail {
                seq: Seq(seq),
                hash: [0; 32],
            },
            signature: None,
        }]
    }

    #[test]
    fn a_device_that_asked_for_nothing_lacks_nothing() {
        assert_eq!(UploadProgress::default().unsent(&held(7)), 0);
    }

    #[test]
    fn what_was_sent_counts_as_received_once_it_is_not_asked_for_again() {
        let progress = UploadProgress::default();
        progress.note(ORIGIN, Seq(2), Seq(5), Timestamp(1_000));
        assert_eq!(progress.unsent(&held(7)), 2);
        assert_eq!(progress.unconfirmed(&held(7), Timestamp(2_000)), 5);
        assert_eq!(
            progress.unconfirmed(&held(7), Timestamp(1_001 + RECEIVED_AFTER_MS)),
            2
        );
    }
}
