//! Seat maps in memory: each is put together and compressed once per change, then handed out as bytes; claims never look here.

mod availability;
mod body;
mod layout;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwapOption;
use axum::body::Bytes;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep_until};
use usher_keys::{EventId, Timestamp};

use crate::catalogue::{Event, EventStatus, Layout, Occupancy, OccupancyQuery, TierCount};
use crate::selling::known_seats::KnownSeats;
use crate::selling::sale::SaleStatus;
use crate::signing::TicketSigner;
use crate::store::{Store, StoreError};
pub use availability::{Availability, KnownChanges, VersionChanges};
pub use body::{SeatView, SeatsView, TierCountView};
pub use layout::{LayoutBody, LayoutView};

/// Pause after building a map, as a multiple of how long the build took. While an event sells fast and its map is read all the
/// time, building it takes a fifth of a core and not a whole one. Readers of the map wait for it, buyers do not.
const RESTS: u32 = 4;
/// How long a map is handed out that may lack what other processes have sold, in milliseconds.
const SHARED_LIFE_MS: u64 = 1_000;
/// Events whose maps are kept. A big one takes about 2 MiB; one that is put out is made again when asked for.
const EVENTS_KEPT: usize = 256;

/// The seat map of an event at one moment.
#[derive(Debug)]
pub struct SeatMap {
    /// The event, as it was when its map was made, or first asked for where no other process can change it.
    pub event: Arc<Event>,
    /// Whether it sells.
    pub status: SaleStatus,
    /// How full each tier is.
    pub tiers: Vec<TierCount>,
    /// The JSON body.
    pub body: Bytes,
    /// The same, gzipped.
    pub gzip: Bytes,
    /// Names this body; equal bodies have equal tags, also after a restart.
    pub etag: String,
    changes: u64,
    /// When a hold expires, or the event ends, and it is out of date.
    good_until: Timestamp,
    /// Until when tickets signed at that time are believed: with another key in use the sale may pause or go on.
    believed_until: Option<Timestamp>,
}

/// The seat maps; clones share them.
#[derive(Debug, Clone)]
pub struct SeatMaps {
    store: Store,
    signer: TicketSigner,
    /// One for each event; held only to find or drop one.
    maps: Arc<Mutex<HashMap<EventId, Arc<KeptMap>>>>,
}

/// Where an event's map is kept and made.
#[derive(Debug, Default)]
struct KeptMap {
    /// Counts the changes that were made known.
    changes: AtomicU64,
    latest: ArcSwapOption<SeatMap>,
    availability: ArcSwapOption<Availability>,
    /// Lets one caller at a time look which seats are free.
    looking: tokio::sync::Mutex<()>,
    /// Where the seats are, once somebody has asked.
    layout: OnceCell<Arc<LayoutBody>>,
    known_seats: KnownSeats,
    /// Lets one caller at a time make the map.
    workshop: tokio::sync::Mutex<Workshop>,
}

/// What maps are made with.
#[derive(Debug, Default)]
struct Workshop {
    /// What never changes while the event is on sale.
    ground: Option<Ground>,
    /// When the next map may be made.
    rests_until: Option<Instant>,
}

#[derive(Debug, Clone)]
struct Ground {
    event: Arc<Event>,
    layout: Arc<Layout>,
}

/// What a map must have in it to be handed out.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    changes: u64,
    believed_until: Option<Timestamp>,
    now: Timestamp,
}

impl KeptMap {
    fn changes_so_far(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Returns the map if it has all that is wanted in it and no hold has expired since.
    fn fresh(&self, wanted: Wanted) -> Option<Arc<SeatMap>> {
        self.latest.load_full().filter(|map| {
            map.changes >= wanted.changes
                && wanted.now < map.good_until
                && map.believed_until == wanted.believed_until
        })
    }
}

impl SeatMaps {
    /// Keeps the maps of a store's events.
    pub fn new(store: Store, signer: TicketSigner) -> Self {
        Self {
            store,
            signer,
            maps: Arc::default(),
        }
    }

    /// Makes known that units of an event have changed hands; called after the change is durable and before it is answered.
    pub fn changed(&self, event: EventId) {
        if let Some(kept) = self.maps().get(&event) {
            kept.changes.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Returns what this process knows of an event's free seats.
    pub fn known_seats(&self, event: EventId) -> KnownSeats {
        self.kept(event).known_seats.clone()
    }

    /// Makes known that the event itself has changed.
    pub fn forget(&self, event: EventId) {
        self.maps().remove(&event);
    }

    /// Returns the seat map of a published event, with every change in it that was made known before the call.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn of(&self, event: EventId, now: Timestamp) -> Result<Option<Arc<SeatMap>>, StoreError> {
        let kept = self.kept(event);
        let wanted = Wanted {
            changes: kept.changes_so_far(),
            believed_until: self.signer.believed_until(event),
            now,
        };
        if let Some(map) = kept.fresh(wanted) {
            return Ok(Some(map));
        }
        // Whoever comes while a map is being made waits, and takes the next one if it has the changes they know of.
        let mut workshop = kept.workshop.lock().await;
        if let Some(map) = kept.fresh(wanted) {
            return Ok(Some(map));
        }
        if workshop.ground.is_none() || self.store.is_shared() {
            let known = workshop.ground.take().map(|ground| ground.layout);
            workshop.ground = self.ground(event, known).await?;
        }
        let Some(ground) = workshop.ground.clone() else {
            self.forget(event);
            return Ok(None);
        };
        if let Some(rests_until) = workshop.rests_until {
            sleep_until(rests_until).await;
        }
        let begun = std::time::Instant::now();
        let changes = kept.changes_so_far();
        let map = Arc::new(self.make(ground, Wanted { changes, ..wanted }).await?);
        workshop.rests_until = Some(Instant::now() + RESTS * begun.elapsed());
        kept.latest.store(Some(map.clone()));
        Ok(Some(map))
    }

    fn maps(&self) -> std::sync::MutexGuard<'_, HashMap<EventId, Arc<KeptMap>>> {
        self.maps.lock().expect("nothing panics while it holds this")
    }

    fn kept(&self, event: EventId) -> Arc<KeptMap> {
        let mut maps = self.maps();
        if maps.len() >= EVENTS_KEPT
            && !maps.contains_key(&event)
            && let Some(any) = maps.keys().next().copied()
        {
            maps.remove(&any);
        }
        maps.entry(event).or_default().clone()
    }

    /// Reads the event, and its seats unless they are known.
    async fn ground(&self, id: EventId, known: Option<Arc<Layout>>) -> Result<Option<Ground>, StoreError> {
        let event = self
            .store
            .event(id)
            .await?
            .filter(|event| event.status == EventStatus::Published);
        let Some(event) = event else {
            return Ok(None);
        };
        let layout = match known {
            Some(layout) => layout,
            None => Arc::new(self.store.layout(id).await?),
        };
        Ok(Some(Ground {
            event: Arc::new(event),
            layout,
        }))
    }

    async fn make(&self, ground: Ground, wanted: Wanted) -> Result<SeatMap, StoreError> {
        let Wanted {
            changes,
            believed_until,
            now,
        } = wanted;
        let occupancy = self
            .store
            .occupancy(OccupancyQuery {
                event: ground.event.id,
                now,
            })
            .await?;
        let occupancy = without_hidden(&ground, occupancy);
        // When the event ends, or its sale begins or ends, its map says so.
        let next_change = ground.event.sale.window.next_change(now);
        let ends_at = Some(ground.event.ends_at).filter(|ends_at| now < *ends_at);
        let compared_at = self.store.is_shared().then(|| now.plus_ms(SHARED_LIFE_MS));
        let next_price = ground.event.next_price_change(now);
        let ends = [ends_at, next_change, next_price, compared_at]
            .into_iter()
            .flatten();
        let good_until = ends.fold(occupancy.good_until, |until, end| until.min(end));
        let made = tokio::task::spawn_blocking(move || {
            let status = ground.event.sale_status(believed_until, now);
            let event = Arc::new(ground.event.priced(&occupancy.tiers, now));
            let (body, gzip) = body::bytes(&event, &ground.layout, (&occupancy, status));
            let etag = body::etag(&body);
            SeatMap {
                event,
                status,
                tiers: occupancy.tiers,
                body,
                gzip,
                etag,
                changes,
                good_until,
                believed_until,
            }
        });
        made.await.map_err(|_| StoreError::Closed)
    }
}

/// Leaves out the tiers that buyers do not see.
fn without_hidden(ground: &Ground, mut occupancy: Occupancy) -> Occupancy {
    let is_hidden = |tier| ground.event.tier(tier).is_some_and(|tier| tier.sale.is_hidden);
    occupancy.tiers.retain(|count| !is_hidden(count.tier));
    occupancy
}

#[cfg(test)]
mod tests;
