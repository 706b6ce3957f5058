//! A cloud's data folder before it is damaged: a festival half sold, and what is true of it.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use tempfile::TempDir;
use usher_cloud::catalogue::OccupancyQuery;
use usher_cloud::clock::Clock;
use usher_cloud::ids::{BookingId, ReservationId, TicketId, draw_event_id};
use usher_cloud::selling::claimant::{Claimant, ClientAddress, HoldBounds, SessionHash};
use usher_cloud::selling::proof_of_work::ShownProof;
use usher_cloud::selling::{Claim, HoldOutcome, HoldRequest, Reservation, TierQuantity};
use usher_cloud::store::Store;
use usher_cloud::store::authority::{ChangesAfter, RecordsQuery};
use usher_keys::{EventId, Timestamp};
use usher_protocol::{TierId, Unit};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Buyer, Wish};
use usher_tests::stage::festival::{Places, SEATED, STANDING};

use super::damage;

/// The database.
pub const DATABASE: &str = "usher-cloud.db";
/// Everything that belongs to it; a cloud that has stopped in good order leaves no write-ahead log.
pub const FILES: [&str; 4] = [
    DATABASE,
    "usher-cloud.db-wal",
    "usher-cloud.db-shm",
    "usher-cloud.commits",
];

/// Bookings of each tier; every one has two tickets.
const BOOKINGS: usize = 30;
/// Bookings whose first ticket is revoked, as many whose first ticket is replaced, and as many whose first is transferred;
/// the last ones also get a new id.
const CHANGED: usize = 4;
/// Reservations that nobody has paid.
const HELD: usize = 4;

/// A data folder, once after an orderly stop and once as a kill left it.
pub struct Sold {
    /// After an orderly stop.
    pub stopped: TempDir,
    /// As a kill left it.
    pub killed: TempDir,
    /// The settings of the cloud, whose folder is not one of these.
    pub stage: Stage,
    ids: Ids,
    truth: Vec<String>,
}

/// What was sold and held.
struct Ids {
    event: EventId,
    bookings: Vec<BookingId>,
    reservations: Vec<ReservationId>,
    tickets: Vec<TicketId>,
    units: Vec<Unit>,
    now: Timestamp,
}

impl Sold {
    /// Sells half of a festival.
    ///
    /// # Errors
    ///
    /// When a step fails.
    pub async fn make() -> anyhow::Result<Self> {
        let mut stage = Stage::on_sale(Places::FEW).await?;
        let ids = sell(&stage).await?;
        let (killed, stopped) = (tempfile::tempdir()?, tempfile::tempdir()?);
        stage.cloud.process.kill9()?;
        damage::copy(stage.cloud.data_dir(), &FILES, killed.path())?;
        stage.cloud.start_again().await?;
        stage.cloud.process.stop().await?;
        damage::copy(stage.cloud.data_dir(), &FILES, stopped.path())?;
        let whole = tempfile::tempdir()?;
        damage::copy(stopped.path(), &FILES, whole.path())?;
        let store = Store::open_sqlite(&whole.path().join(DATABASE))?;
        let truth = ids.truth(&store).await?;
        store.close().await;
        Ok(Self {
            stopped,
            killed,
            stage,
            ids,
            truth,
        })
    }

    /// Opens a copy and demands that it is refused, or that everything sold and on sale is what it was and nothing is
    /// sold twice. Returns why it was refused.
    ///
    /// # Errors
    ///
    /// When it is neither.
    pub async fn open_copy(&self, folder: &Path) -> anyhow::Result<Option<String>> {
        let store = match Store::open_sqlite(&folder.join(DATABASE)) {
            Ok(store) => store,
            Err(error) => return Ok(Some(format!("{:#}", anyhow!(error)))),
        };
        let checked = self.check(&store).await;
        store.close().await;
        checked.map(|()| None)
    }

    async fn check(&self, store: &Store) -> anyhow::Result<()> {
        let truth = self.ids.truth(store).await?;
        for (was, is) in self.truth.iter().zip(&truth) {
            ensure!(was == is, "the cloud says\n{is}\nand said before\n{was}");
        }
        ensure!(
            truth.len() == self.truth.len(),
            "the cloud knows more or less than before"
        );
        for unit in &self.ids.units {
            let outcome = self.ids.hold(store, Claim::Seats(vec![*unit])).await?;
            ensure!(
                matches!(outcome, HoldOutcome::Taken(_)),
                "unit {} is sold again: {outcome:?}",
                unit.0
            );
        }
        let rest = Places::FEW.standing - u32::try_from(2 * BOOKINGS)?;
        let quantity = TierQuantity {
            tier: TierId(STANDING),
            quantity: rest + 1,
        };
        let outcome = self.ids.hold(store, Claim::Tiers(vec![quantity])).await?;
        ensure!(
            !matches!(outcome, HoldOutcome::Held(_)),
            "more is sold than there is"
        );
        Ok(())
    }
}

impl Ids {
    /// Puts down everything a buyer, an organizer or a gate goes by. The buyers' addresses and the moments of sales are
    /// written once and nowhere else, so nothing can vouch for them.
    async fn truth(&self, store: &Store) -> anyhow::Result<Vec<String>> {
        let mut truth = Vec::new();
        let event = store.event(self.event).await?.context("there is an event")?;
        truth.push(format!("{:?} {:?} {:?}", event.name, event.tiers, event.policy));
        truth.push(format!(
            "{:?} {:?} {:?}",
            event.starts_at, event.ends_at, event.reservation_ms
        ));
        truth.push(format!("{:?}", store.layout(self.event).await?));
        let (event, now) = (self.event, self.now);
        truth.push(format!(
            "{:?}",
            store.occupancy(OccupancyQuery { event, now }).await?
        ));
        for id in &self.bookings {
            let booking = store.booking(*id).await?.context("there is a booking")?;
            let tickets: Vec<_> = booking.tickets.iter().map(|ticket| ticket.id).collect();
            truth.push(format!(
                "{:?} {:?} {:?} {tickets:?}",
                booking.id, booking.state, booking.amount
            ));
        }
        for id in &self.reservations {
            let Reservation {
                id,
                state,
                lines,
                amount,
                ..
            } = store.reservation(*id).await?.context("there is a reservation")?;
            truth.push(format!("{id:?} {state:?} {lines:?} {amount:?}"));
        }
        for id in &self.tickets {
            let mut ticket = store.ticket(*id).await?.context("there is a ticket")?;
            ticket.issued_at = Timestamp(0);
            truth.push(format!("{ticket:?} {}", ticket.transferred));
        }
        let (after, limit) = (0, u32::MAX);
        let records = store.records(RecordsQuery { event, after, limit }).await?;
        truth.extend(records.iter().map(|record| format!("{record:?}")));
        let all = ChangesAfter {
            event,
            known: Vec::new(),
            first: Vec::new(),
            bundle_version: u64::MAX,
            limit: u64::MAX,
        };
        truth.push(format!("{:?}", store.changes_after(all).await?.grown));
        Ok(truth)
    }

    async fn hold(&self, store: &Store, claim: Claim) -> anyhow::Result<HoldOutcome> {
        let request = HoldRequest {
            reservation: ReservationId::draw(self.event, self.now),
            claim,
            claimant: Claimant {
                address: ClientAddress::V4([127, 0, 0, 1]),
                session: SessionHash([1; 16]),
            },
            bounds: HoldBounds {
                per_session: u32::MAX,
                per_address: u32::MAX,
                per_network: u32::MAX,
                network_percent: 0,
                minutes_in_vain: 60,
            },
            voucher: None,
            pass: None,
            proof: ShownProof::Nothing,
            believed_until: Some(Timestamp::FOREVER),
            now: self.now,
        };
        Ok(store.hold(request).await?)
    }
}

async fn sell(stage: &Stage) -> anyhow::Result<Ids> {
    let (buyer, now) = (stage.buyer(), Clock::system().now());
    let mut ids = Ids {
        event: draw_event_id(now),
        bookings: Vec::new(),
        reservations: Vec::new(),
        tickets: Vec::new(),
        units: Vec::new(),
        now,
    };
    ids.event = stage.organizer.event.parse().context("the event's id")?;
    for n in 0..BOOKINGS {
        for tier in [SEATED, STANDING] {
            let booking = buyer.buy(&Wish::Any { tier, quantity: 2 }).await?;
            let first = booking
                .tickets
                .first()
                .context("a booking has tickets")?
                .ticket_id
                .clone();
            if n < CHANGED {
                stage.organizer.revoke(&first).await?;
            } else if n < 2 * CHANGED {
                ids.tickets
                    .push(stage.organizer.reissue(&first).await?.ticket_id.parse()?);
            }
            let mut booking_id = booking.booking_id.clone();
            if (2 * CHANGED..3 * CHANGED).contains(&n) {
                ids.tickets
                    .push(stage.organizer.transfer(&first).await?.ticket_id.parse()?);
                booking_id = stage.organizer.renew(&booking_id).await?;
            }
            ids.bookings.push(booking_id.parse()?);
            for ticket in &booking.tickets {
                ids.tickets.push(ticket.ticket_id.parse()?);
                ids.units.extend((tier == SEATED).then_some(Unit(ticket.unit)));
            }
        }
    }
    for _ in 0..HELD {
        ids.reservations.push(hold(&buyer).await?);
    }
    Ok(ids)
}

async fn hold(buyer: &Buyer) -> anyhow::Result<ReservationId> {
    let wish = Wish::Any {
        tier: SEATED,
        quantity: 3,
    };
    let reserved: serde_json::Value = buyer.reserve(&wish).await?.expect(201)?.json()?;
    let id = reserved["reservation_id"]
        .as_str()
        .context("a reservation has an id")?;
    Ok(id.parse()?)
}
