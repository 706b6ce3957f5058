//! A fresh store with one published event, and short ways to do the usual things to it.

use std::path::PathBuf;

use tempfile::TempDir;
use usher_keys::{EventId, Timestamp};
use usher_protocol::policy::{Offline, Policy};
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{TierId, Unit};

use crate::catalogue::coordinates::Coordinates;
use crate::catalogue::{Occupancy, OccupancyQuery, Seat, Status, Tier};
use crate::ids::{
    BookingId, ChargeReference, OrganizerId, ReservationId, TicketId, VenueId, draw, draw_event_id,
    draw_ticket_code,
};
use crate::languages::Language;
use crate::selling::booking_code::BookingCode;
use crate::selling::claimant::{Claimant, ClientAddress, HoldBounds, SessionHash};
use crate::selling::inventory::TierSale;
use crate::selling::jobs::LeaseHolder;
use crate::selling::known_seats::KnownSeats;
use crate::selling::proof_of_work::ShownProof;
use crate::selling::{
    BeginBooking, BeginOutcome, Claim, CloseBooking, CloseOutcome, ConfirmBooking, ConfirmOutcome, Ending,
    GatewayKind, HoldOutcome, HoldRequest, NewTicket, OpenBooking, RequestHash, Reservation, TierQuantity,
};
use crate::store::cells::directory::{NewCell, NewCellOutcome};
use crate::store::contract::{server, tables};
use crate::store::location::{CellName, StoreLocation, StorePlaces};
use crate::store::organizing::{
    AddUnits, ChangeOutcome, EventChange, KeyHash, NewEvent, NewOrganizer, NewUnit, NewVenue, Publish, Venue,
};
use crate::store::postgres::faults::Faults;
use crate::store::{self, Audit, Store};

pub const STORE_FILE: &str = "store.db";
const CELL_FILE: &str = "cell.db";
/// When every case begins.
pub const START: Timestamp = Timestamp(1_800_000_000_000);
/// How long its event's reservations hold.
pub const HOLD_MS: u64 = 600_000;
/// Who asks unless it matters.
pub const CLAIMANT: Claimant = Claimant {
    address: ClientAddress::V4([192, 0, 2, 7]),
    session: SessionHash([7; 16]),
};
/// More than there is.
pub const UNBOUNDED: HoldBounds = HoldBounds {
    per_session: u32::MAX,
    per_address: u32::MAX,
    per_network: u32::MAX,
    network_percent: 0,
    minutes_in_vain: 60,
};
/// The process that works on its bookings.
pub const HOLDER: LeaseHolder = LeaseHolder([9; 16]);
/// The tier of its seats, 0 to 5.
pub const STALLS: TierId = TierId(1);
/// The tier of its slots that cost something, 6 to 9.
pub const STANDING: TierId = TierId(2);
/// The tier of its free slots, 10 and 11.
pub const GUESTS: TierId = TierId(3);

/// A store and what is in it.
pub struct Case {
    pub store: Store,
    pub organizer: OrganizerId,
    pub venue: Venue,
    pub event: EventId,
    files: TempDir,
    engine: Engine,
}

/// Where a case's store is.
enum Engine {
    /// In a file beside it.
    Sqlite,
    /// In the database of this URL, with faults or without.
    Postgres(String, Option<Faults>),
    /// In two files, one of which is home and the other the cell of its events.
    Cells,
}

impl Engine {
    async fn open(&self, files: &TempDir) -> Store {
        match self {
            Self::Sqlite => {
                let file = files.path().join(STORE_FILE);
                tables::lay(&file).await;
                Store::open(&StoreLocation::File(file)).await.unwrap()
            }
            Self::Postgres(url, None) => Store::open(&server::location(url)).await.unwrap(),
            Self::Postgres(url, faults) => {
                let mut servers = server::servers(url);
                servers.faults = faults.clone();
                let store = Store::open_servers(servers).await.unwrap();
                store.catch_up(START).await.unwrap();
                store
            }
            Self::Cells => open_cells(files).await,
        }
    }
}

async fn open_cells(files: &TempDir) -> Store {
    let name: CellName = "north".parse().unwrap();
    for name in [STORE_FILE, CELL_FILE] {
        tables::lay(&files.path().join(name)).await;
    }
    let file = |name| StoreLocation::File(files.path().join(name));
    let places = StorePlaces {
        home: file(STORE_FILE),
        cells: [(name.clone(), file(CELL_FILE))].into(),
    };
    let store = Store::open_places(&places).await.unwrap();
    let cell = &store.each_cell()[1];
    let became = cell.become_cell(NewCell { name: name.clone() }).await.unwrap();
    assert_eq!(became, NewCellOutcome::Cell);
    store.add_cell(NewCell { name }).await.unwrap();
    store
}

impl Case {
    pub async fn on_sqlite() -> Self {
        Self::on(Engine::Sqlite).await
    }

    pub async fn on_postgres() -> Self {
        let url = tables::new_database().await;
        Self::on(Engine::Postgres(url, None)).await
    }

    /// On two SQLite files, so that nothing is where it would be without cells.
    pub async fn on_cells() -> Self {
        Self::on(Engine::Cells).await
    }

    /// On a PostgreSQL that breaks a fifth of all transactions off.
    pub async fn on_faulty_postgres() -> Self {
        let url = tables::new_database().await;
        // Each test has its own faults, the same each time.
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        let seed = u64::from_le_bytes(*blake3::hash(name.as_bytes()).as_bytes().first_chunk().unwrap());
        Self::on(Engine::Postgres(url, Some(Faults::of(seed)))).await
    }

    /// Counts the faults that its store has borne.
    pub fn faults(&self) -> u64 {
        match &self.engine {
            Engine::Sqlite | Engine::Cells | Engine::Postgres(_, None) => 0,
            Engine::Postgres(_, Some(faults)) => faults.struck(),
        }
    }

    /// Opens the same store again, as after a crash.
    pub async fn reopened(self) -> Self {
        let Self {
            store,
            organizer,
            venue,
            event,
            files,
            engine,
        } = self;
        drop(store);
        let store = engine.open(&files).await;
        Self {
            store,
            organizer,
            venue,
            event,
            files,
            engine,
        }
    }

    /// Audits it.
    pub async fn audit(&self) -> Audit {
        let home = match &self.engine {
            Engine::Sqlite | Engine::Cells => StoreLocation::File(self.file(STORE_FILE)),
            Engine::Postgres(url, _) => server::location(url),
        };
        let mut audit = store::audit(&home).await.unwrap();
        if matches!(self.engine, Engine::Cells) {
            let cell = StoreLocation::File(self.file(CELL_FILE));
            let of_cell = store::audit(&cell).await.unwrap();
            audit.events.extend(of_cell.events);
            audit.findings.extend(of_cell.findings);
        }
        audit
    }

    /// Alters what is stored, past the store; in the home cell if there are others.
    pub fn alter(&self, sql: &str) {
        self.alter_in(STORE_FILE, sql);
    }

    /// Alters what is stored of its event, past the store.
    pub fn alter_event(&self, sql: &str) {
        let file = match self.engine {
            Engine::Sqlite | Engine::Postgres(..) => STORE_FILE,
            Engine::Cells => CELL_FILE,
        };
        self.alter_in(file, sql);
    }

    fn alter_in(&self, file: &str, sql: &str) {
        match &self.engine {
            Engine::Sqlite | Engine::Cells => {
                let file = rusqlite::Connection::open(self.file(file)).unwrap();
                file.execute_batch(sql).unwrap();
            }
            Engine::Postgres(url, _) => {
                usher_test_postgres::run(url, sql);
            }
        }
    }

    /// Returns the URL of the database it is in, if it is in one.
    pub fn url(&self) -> Option<String> {
        match &self.engine {
            Engine::Sqlite | Engine::Cells => None,
            Engine::Postgres(url, _) => Some(url.clone()),
        }
    }

    /// Names a file beside the store.
    pub fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    async fn on(engine: Engine) -> Self {
        let files = tempfile::tempdir().unwrap();
        let store = engine.open(&files).await;
        let organizer = OrganizerId::draw(START);
        let key = KeyHash([1; 32]);
        store
            .add_organizer(NewOrganizer {
                id: organizer,
                name: "Owls".into(),
                key,
                now: START,
            })
            .await
            .unwrap();
        let venue = Venue {
            id: VenueId::draw(START),
            name: "Barn".into(),
            city: "Köln".into(),
            address: String::new(),
            coordinates: Coordinates::of_degrees(50.94, 6.96),
        };
        store
            .add_venue(NewVenue {
                venue: venue.clone(),
                organizer,
                now: START,
            })
            .await
            .unwrap();
        let event = draw_event_id(START);
        let case = Self {
            store,
            organizer,
            venue,
            event,
            files,
            engine,
        };
        case.store
            .add_event(case.new_event(event, "Night of the Owls"))
            .await
            .unwrap();
        case.store
            .add_units(AddUnits {
                event,
                units: units(),
            })
            .await
            .unwrap();
        case.store.publish(Publish { event, now: START }).await.unwrap();
        case
    }

    /// Adds an event like its own, with what is changed of it, and publishes it.
    pub async fn publish(&self, name: &str, change: impl FnOnce(&mut NewEvent)) -> EventId {
        let mut event = self.new_event(draw_event_id(START), name);
        change(&mut event);
        let id = event.id;
        self.store.add_event(event).await.unwrap();
        let units = units();
        self.store.add_units(AddUnits { event: id, units }).await.unwrap();
        let publish = Publish {
            event: id,
            now: START,
        };
        self.store.publish(publish).await.unwrap();
        id
    }

    pub fn new_event(&self, id: EventId, name: &str) -> NewEvent {
        NewEvent {
            id,
            organizer: self.organizer,
            venue: self.venue.clone(),
            name: name.into(),
            description: "Hooting".into(),
            category: None,
            starts_at: START.plus_ms(86_400_000),
            ends_at: START.plus_ms(90_000_000),
            currency: "EUR".parse().unwrap(),
            reservation_ms: HOLD_MS,
            tiers: vec![
                tier(STALLS, 4_500, 1),
                tier(STANDING, 2_500, 2),
                tier(GUESTS, 0, 1),
            ],
            policy: policy(name),
            unit_count: 12,
            seat_count: 6,
            places: Vec::new(),
            now: START,
        }
    }

    pub fn hold_request(&self, claim: Claim, now: Timestamp) -> HoldRequest {
        HoldRequest {
            reservation: ReservationId::draw(self.event, now),
            claim,
            claimant: CLAIMANT,
            bounds: UNBOUNDED,
            voucher: None,
            pass: None,
            proof: ShownProof::Nothing,
            believed_until: Some(Timestamp::FOREVER),
            now,
        }
    }

    pub async fn hold(&self, claim: Claim, now: Timestamp) -> HoldOutcome {
        self.store.hold(self.hold_request(claim, now)).await.unwrap()
    }

    pub async fn hold_seats(&self, seats: &[u32], now: Timestamp) -> HoldOutcome {
        self.hold(Claim::Seats(seats.iter().copied().map(Unit).collect()), now)
            .await
    }

    pub async fn hold_tier(&self, tier: TierId, quantity: u32, now: Timestamp) -> HoldOutcome {
        self.hold(Claim::Tiers(vec![TierQuantity { tier, quantity }]), now)
            .await
    }

    pub async fn hold_best(&self, quantity: u32, known: &KnownSeats, now: Timestamp) -> HoldOutcome {
        let tier = STALLS;
        self.hold(Claim::Best(TierQuantity { tier, quantity }, known.clone()), now)
            .await
    }

    /// Holds seats that are known to be free.
    pub async fn held(&self, seats: &[u32], now: Timestamp) -> Reservation {
        let outcome = self.hold_seats(seats, now).await;
        let HoldOutcome::Held(reservation) = outcome else {
            panic!("not held: {outcome:?}")
        };
        reservation
    }

    pub fn begin_request(&self, reservation: ReservationId, key: &str, now: Timestamp) -> BeginBooking {
        BeginBooking {
            booking: BookingId::draw(self.event, now),
            code: BookingCode::draw_from(u64::from_le_bytes(draw())),
            charge: ChargeReference::draw(self.event, now),
            gateway: GatewayKind::Sandbox,
            reservation,
            idempotency_key: key.into(),
            request_hash: RequestHash(*blake3::hash(reservation.to_string().as_bytes()).as_bytes()),
            email: "owl@example.org".into(),
            name: String::new(),
            language: Language::English,
            can_pay: true,
            believed_until: Some(Timestamp::FOREVER),
            holder: HOLDER,
            now,
        }
    }

    pub async fn begin(&self, reservation: ReservationId, key: &str, now: Timestamp) -> BeginOutcome {
        self.store
            .begin_booking(self.begin_request(reservation, key, now))
            .await
            .unwrap()
    }

    /// Opens a booking of a reservation that is known to be held.
    pub async fn begun(&self, reservation: ReservationId, key: &str, now: Timestamp) -> OpenBooking {
        let outcome = self.begin(reservation, key, now).await;
        let BeginOutcome::Started(open) = outcome else {
            panic!("not begun: {outcome:?}")
        };
        open
    }

    pub async fn confirm(&self, open: &OpenBooking, now: Timestamp) -> ConfirmOutcome {
        self.confirm_with(open, false, now).await
    }

    /// The same, with a letter to the buyer where there is mail.
    pub async fn confirm_with(&self, open: &OpenBooking, mails: bool, now: Timestamp) -> ConfirmOutcome {
        let tickets = open.units.iter().map(|unit| NewTicket {
            id: TicketId::draw(self.event, now),
            unit: unit.unit,
            generation: unit.generation,
            code: draw_ticket_code(),
            payload: format!("{}", 1_000 + unit.unit.0),
        });
        let confirm = ConfirmBooking {
            booking: open.id,
            tickets: tickets.collect(),
            mails,
            now,
        };
        self.store.confirm_booking(confirm).await.unwrap()
    }

    pub async fn close(&self, open: &OpenBooking, ending: Ending, now: Timestamp) -> CloseOutcome {
        self.store
            .close_booking(CloseBooking {
                booking: open.id,
                payment: open.payment.clone(),
                ending,
                bounds: UNBOUNDED,
                now,
            })
            .await
            .unwrap()
    }

    pub async fn occupancy(&self, now: Timestamp) -> Occupancy {
        self.store
            .occupancy(OccupancyQuery {
                event: self.event,
                now,
            })
            .await
            .unwrap()
    }

    pub async fn seat(&self, seat: usize, now: Timestamp) -> Status {
        self.occupancy(now).await.seats[seat]
    }
}

/// Returns a change that changes nothing.
pub fn unchanged(event: EventId) -> EventChange {
    EventChange {
        most_units: 100,
        ..EventChange::nothing(event, START)
    }
}

/// Changes an event that is there.
pub async fn changed(case: &Case, change: EventChange) {
    let outcome = case.store.change_event(change).await.unwrap();
    assert_eq!(outcome, ChangeOutcome::Changed);
}

fn tier(id: TierId, price: i64, admits: u8) -> Tier {
    Tier {
        id,
        name: format!("Tier {id}"),
        price,
        admits,
        flags: TicketFlags::default(),
        sale: TierSale::default(),
    }
}

/// The units of the event: two rows of three seats, then slots.
pub fn units() -> Vec<NewUnit> {
    let seat = |unit: u32| Seat {
        section: "Stalls".into(),
        row: if unit < 3 { "A".into() } else { "B".into() },
        number: (unit % 3 + 1).to_string(),
    };
    let unit = |unit: u32| match unit {
        0..6 => NewUnit {
            unit: Unit(unit),
            tier: STALLS,
            seat: Some(seat(unit)),
        },
        6..10 => NewUnit {
            unit: Unit(unit),
            tier: STANDING,
            seat: None,
        },
        _ => NewUnit {
            unit: Unit(unit),
            tier: GUESTS,
            seat: None,
        },
    };
    (0..12).map(unit).collect()
}

fn policy(name: &str) -> Policy {
    let tier = |id: TierId| usher_fixtures::tier(id, &format!("Tier {id}"), Offline::Strict);
    Policy {
        name: name.into(),
        utc_offset_minutes: 0,
        tiers: [STALLS, STANDING, GUESTS].map(tier).to_vec(),
        ..usher_fixtures::policy()
    }
}
