//! Which seats are free, for everybody at once: looked up once a second at most, and told by numbers that are the same in all processes.

use std::sync::Arc;

use axum::body::Bytes;
use usher_keys::{EventId, Timestamp};

use crate::catalogue::availability::{
    AvailabilityChanges, ChangesQuery, KeptAvailability, NewAvailability, SeatBits,
};
use crate::catalogue::{EventStatus, Occupancy, OccupancyQuery};
use crate::store::StoreError;

use super::layout::LayoutBody;
use super::{KeptMap, SeatMaps};

/// How long a result is reused, in milliseconds: the most that readers are behind.
pub const LIFE_MS: u64 = 1_000;

/// Which seats are free, at one moment.
#[derive(Debug)]
pub struct Availability {
    /// Its number.
    pub version: u64,
    /// **Shape**: its number as u64, big-endian; the 16 bytes that name the layout; [`SeatBits`].
    pub body: Bytes,
    /// What led to it from the version before, if this process knows.
    last_changes: Option<KnownChanges>,
    looked_at: Timestamp,
    /// Until when it is told without looking again, if only this process can change anything.
    unless_changed: Option<Unchanged>,
}

/// What stays as it is while nobody claims a unit and no claim expires.
#[derive(Debug, Clone, Copy)]
struct Unchanged {
    changes: u64,
    good_until: Timestamp,
}

/// Changes that lead from one version to the next, and will never be others. The bytes are made once for all who hear of them.
#[derive(Debug, Clone)]
pub struct KnownChanges {
    from: u64,
    /// The version they lead to.
    pub to: u64,
    /// Their JSON.
    pub json: Bytes,
    /// A server-sent event that tells them.
    pub event: Bytes,
}

impl KnownChanges {
    fn new((from, to): (u64, u64), json: &str) -> Self {
        let head = format!("event: changes\nid: {to}\ndata: ");
        let event = Bytes::from([&head, json, "\n\n"].concat());
        Self {
            from,
            to,
            json: event.slice(head.len()..head.len() + json.len()),
            event,
        }
    }
}

/// What changed after a version.
#[derive(Debug)]
pub enum VersionChanges {
    /// What leads to the next version.
    Closed(KnownChanges),
    /// Nothing so far.
    Open(Bytes),
    /// The version is none, or too old: all is to be asked for anew.
    Unknown,
}

impl Availability {
    fn is_fresh(&self, changes: u64, now: Timestamp) -> bool {
        let is_unchanged = |known: Unchanged| known.changes == changes && now < known.good_until;
        now.0.abs_diff(self.looked_at.0) < LIFE_MS || self.unless_changed.is_some_and(is_unchanged)
    }
}

/// Puts together what is told.
fn assembled(
    kept: KeptAvailability,
    layout: &LayoutBody,
    last_changes: Option<KnownChanges>,
    (looked_at, unless_changed): (Timestamp, Option<Unchanged>),
) -> Availability {
    let parts: [&[u8]; 3] = [&kept.version.to_be_bytes(), &layout.hash, kept.seats.bytes()];
    Availability {
        version: kept.version,
        body: parts.concat().into(),
        last_changes,
        looked_at,
        unless_changed,
    }
}

impl SeatMaps {
    /// Returns which seats of a published event are free, as of at most a second ago; two seconds where another process looked
    /// first.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn availability(
        &self,
        event: EventId,
        now: Timestamp,
    ) -> Result<Option<Arc<Availability>>, StoreError> {
        let kept = self.kept(event);
        if let Some(fresh) = kept.fresh_availability(now) {
            return Ok(Some(fresh));
        }
        // Whoever comes meanwhile waits, and takes what was found.
        let _looking = kept.looking.lock().await;
        if let Some(fresh) = kept.fresh_availability(now) {
            return Ok(Some(fresh));
        }
        let Some(layout) = self.layout(event).await? else {
            return Ok(None);
        };
        let found = Arc::new(self.refresh(event, (&kept, &layout), now).await?);
        kept.availability.store(Some(found.clone()));
        Ok(Some(found))
    }

    /// Returns what changed after a version.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn changes_after(
        &self,
        event: EventId,
        from: u64,
        now: Timestamp,
    ) -> Result<Option<VersionChanges>, StoreError> {
        let kept = self.kept(event);
        let mut latest = kept.availability.load_full();
        if latest.as_ref().is_none_or(|latest| latest.version <= from) {
            latest = self.availability(event, now).await?;
        }
        let Some(latest) = latest else {
            return Ok(None);
        };
        // Another process may be ahead of this one.
        if latest.version <= from {
            let none = AvailabilityChanges::none((from, from)).json();
            return Ok(Some(VersionChanges::Open(none.into())));
        }
        if let Some(changes) = latest
            .last_changes
            .as_ref()
            .filter(|changes| changes.from == from)
        {
            return Ok(Some(VersionChanges::Closed(changes.clone())));
        }
        let stored = self
            .store
            .availability_changes(ChangesQuery { event, from })
            .await?;
        Ok(Some(stored.map_or(VersionChanges::Unknown, |(to, json)| {
            VersionChanges::Closed(KnownChanges::new((from, to), &json))
        })))
    }

    /// Returns where an event's seats are, if it is published.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn layout(&self, event: EventId) -> Result<Option<Arc<LayoutBody>>, StoreError> {
        let kept = self.kept(event);
        if let Some(known) = kept.layout.get() {
            return Ok(Some(known.clone()));
        }
        let found = self.store.event(event).await?;
        if found.is_none_or(|event| event.status != EventStatus::Published) {
            self.forget(event);
            return Ok(None);
        }
        let layout = kept
            .layout
            .get_or_try_init(async || {
                let layout = self.store.layout(event).await?;
                let made = tokio::task::spawn_blocking(move || LayoutBody::of(&layout));
                Ok::<_, StoreError>(Arc::new(made.await.map_err(|_| StoreError::Closed)?))
            })
            .await?;
        Ok(Some(layout.clone()))
    }

    /// Looks which seats are free. What is found becomes the next version, unless nothing has changed or another process was first.
    async fn refresh(
        &self,
        event: EventId,
        (kept, layout): (&KeptMap, &LayoutBody),
        now: Timestamp,
    ) -> Result<Availability, StoreError> {
        let changes = kept.changes_so_far();
        // Read before the seats: what is found is then no older than what it follows.
        let known = self.store.availability(event).await?;
        let second = now.0 / 1_000;
        if let Some(known) = known.clone().filter(|known| known.version >= second) {
            return Ok(assembled(known, layout, None, (now, None)));
        }
        let occupancy = self.store.occupancy(OccupancyQuery { event, now }).await?;
        let unless_changed = (!self.store.is_shared()).then_some(Unchanged {
            changes,
            good_until: occupancy.good_until,
        });
        let looked = (now, unless_changed);
        let seats = SeatBits::of(&occupancy);
        if let Some(known) = known.clone().filter(|known| known.seats == seats) {
            return Ok(assembled(known, layout, None, looked));
        }
        let new = next(event, known, &occupancy, second);
        let kept = new.next.clone();
        let last = new
            .known
            .map(|from| KnownChanges::new((from, kept.version), &new.changes));
        if self.store.keep_availability(new).await? {
            return Ok(assembled(kept, layout, last, looked));
        }
        // Another process was first: what it tells is as new.
        let theirs = self.store.availability(event).await?;
        Ok(assembled(theirs.unwrap_or(kept), layout, None, (now, None)))
    }
}

/// Makes the version that follows the one that is known.
fn next(
    event: EventId,
    known: Option<KeptAvailability>,
    occupancy: &Occupancy,
    second: u64,
) -> NewAvailability {
    let seats = SeatBits::of(occupancy);
    let version = known.as_ref().map_or(0, |known| known.version + 1).max(second);
    let changes = known.as_ref().map_or_else(String::new, |known| {
        known.seats.changes(&seats, (known.version, version)).json()
    });
    NewAvailability {
        event,
        known: known.map(|known| known.version),
        next: KeptAvailability { version, seats },
        changes,
    }
}

impl KeptMap {
    fn fresh_availability(&self, now: Timestamp) -> Option<Arc<Availability>> {
        let changes = self.changes_so_far();
        self.availability
            .load_full()
            .filter(|known| known.is_fresh(changes, now))
    }
}

#[cfg(test)]
mod tests;
