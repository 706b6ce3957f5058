//! A store with one event of a few seats, and buyers who do whatever their seed says and note what they are told.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use usher_cloud::catalogue::{OccupancyQuery, Seat as Place, Tier};
use usher_cloud::ids::{
    BookingId, ChargeReference, OrganizerId, ReservationId, TicketId, VenueId, draw, draw_event_id,
    draw_ticket_code,
};
use usher_cloud::languages::Language;
use usher_cloud::selling::booking_code::BookingCode;
use usher_cloud::selling::claimant::{Claimant, ClientAddress, HoldBounds, SessionHash};
use usher_cloud::selling::inventory::TierSale;
use usher_cloud::selling::jobs::LeaseHolder;
use usher_cloud::selling::proof_of_work::ShownProof;
use usher_cloud::selling::{
    BeginBooking, BeginOutcome, BeginRefusal, Claim, CloseBooking, CloseOutcome, ConfirmBooking,
    ConfirmOutcome, Ending, GatewayKind, HoldOutcome, HoldRequest, NewTicket, OpenBooking, ReleaseOutcome,
    ReleaseRequest, RequestHash, TicketState, Tidy,
};
use usher_cloud::store::Store;
use usher_cloud::store::authority::{Append, AppendOutcome, RowChange};
use usher_cloud::store::location::{StoreLocation, StoreSettings};
use usher_cloud::store::organizing::{
    AddUnits, KeyHash, NewEvent, NewOrganizer, NewUnit, NewVenue, Publish, Venue,
};
use usher_keys::{EventId, Timestamp};
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{TierId, Unit};

use super::seat::{HOLD_MS, Operation, Outcome};

/// When the clock of all buyers begins.
const START: Timestamp = Timestamp(1_800_000_000_000);
/// Few, so that buyers meet.
const SEATS: u32 = 3;
const TIER: TierId = TierId(1);
const HOUR_MS: u64 = 3_600_000;
/// The longest step of the clock between two operations, in milliseconds: holds expire after some of them.
const LONGEST_STEP_MS: u64 = 60;
const UNBOUNDED: HoldBounds = HoldBounds {
    per_session: u32::MAX,
    per_address: u32::MAX,
    per_network: u32::MAX,
    network_percent: 0,
    minutes_in_vain: 60,
};

/// What a buyer asked or, with an outcome, was told of a seat.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub seat: u32,
    pub buyer: u64,
    pub operation: Operation,
    pub outcome: Option<Outcome>,
}

/// A reservation that somebody was given, and its bookings; any buyer may try to do something with them.
#[derive(Debug, Clone)]
struct Held {
    seat: u32,
    number: u64,
    id: ReservationId,
    bookings: Vec<(u64, OpenBooking, TicketId)>,
}

/// The event and what happened.
pub struct Market {
    event: EventId,
    clock: AtomicU64,
    numbers: AtomicU64,
    told: Mutex<Vec<Told>>,
    held: Mutex<Vec<Held>>,
}

/// Numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Says where the store with that URL is.
pub fn location(url: &str) -> anyhow::Result<StoreLocation> {
    let settings = StoreSettings {
        url: url.to_owned().try_into()?,
        ..StoreSettings::default()
    };
    Ok(settings.location(Path::new("")))
}

impl Market {
    pub async fn open(store: &Store) -> anyhow::Result<Self> {
        let event = draw_event_id(START);
        let organizer = OrganizerId::draw(START);
        let new = NewOrganizer {
            id: organizer,
            name: "Owls".into(),
            key: KeyHash([1; 32]),
            now: START,
        };
        store.add_organizer(new).await?;
        let venue = Venue {
            id: VenueId::draw(START),
            name: "Barn".into(),
            city: "Köln".into(),
            address: String::new(),
            coordinates: None,
        };
        store
            .add_venue(NewVenue {
                venue: venue.clone(),
                organizer,
                now: START,
            })
            .await?;
        store.add_event(new_event(event, (organizer, venue))).await?;
        let units = (0..SEATS).map(|unit| NewUnit {
            unit: Unit(unit),
            tier: TIER,
            seat: Some(Place {
                section: "Stalls".into(),
                row: "A".into(),
                number: unit.to_string(),
            }),
        });
        let units = units.collect();
        store.add_units(AddUnits { event, units }).await?;
        store.publish(Publish { event, now: START }).await?;
        Ok(Self {
            event,
            clock: AtomicU64::new(START.0),
            numbers: AtomicU64::new(1),
            told: Mutex::default(),
            held: Mutex::default(),
        })
    }

    /// Returns what was asked and told, in the order in which it was.
    pub fn told(&self) -> Vec<Told> {
        self.told
            .lock()
            .expect("nothing panics while it holds this")
            .clone()
    }

    /// Does what the seed of a buyer says.
    pub async fn buy(&self, store: &Store, (seed, buyer): (u64, u64), steps: usize) -> anyhow::Result<()> {
        let mut dice = Dice(seed << 8 | buyer);
        for _ in 0..steps {
            let step = dice.below(LONGEST_STEP_MS);
            let at = self.clock.fetch_add(step, Ordering::SeqCst) + step;
            let held = self.pick(&mut dice);
            match (dice.below(12), held) {
                (0, _) => self.tidy(store, buyer, at).await?,
                (1, _) => self.look(store, buyer, at).await?,
                (2, Some(held)) => self.release(store, buyer, &held).await?,
                (3..6, Some(held)) => self.begin(store, buyer, (&held, at)).await?,
                (choice @ 6..10, Some(held)) if !held.bookings.is_empty() => {
                    let nth = usize::try_from(dice.below(held.bookings.len() as u64))?;
                    self.end(store, buyer, (&held, nth, choice, at)).await?;
                }
                _ => {
                    let seat = u32::try_from(dice.below(SEATS.into()))?;
                    self.hold(store, buyer, (seat, at)).await?;
                }
            }
        }
        Ok(())
    }

    fn pick(&self, dice: &mut Dice) -> Option<Held> {
        let held = self.held.lock().expect("nothing panics while it holds this");
        // The newest few: what has ended long ago is of no interest.
        let newest = held.len().min(6) as u64;
        let back = usize::try_from(dice.below(newest.max(1))).unwrap_or_default();
        held.iter().rev().nth(back).cloned()
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn note(&self, seat: u32, buyer: u64, operation: Operation, outcome: Option<Outcome>) {
        let mut told = self.told.lock().expect("nothing panics while it holds this");
        told.push(Told {
            seat,
            buyer,
            operation,
            outcome,
        });
    }

    async fn hold(&self, store: &Store, buyer: u64, (seat, at): (u32, u64)) -> anyhow::Result<()> {
        let number = self.number();
        let request = HoldRequest {
            reservation: ReservationId::draw(self.event, Timestamp(at)),
            claim: Claim::Seats(vec![Unit(seat)]),
            claimant: Claimant {
                address: ClientAddress::V4([192, 0, 2, 7]),
                session: SessionHash([7; 16]),
            },
            bounds: UNBOUNDED,
            voucher: None,
            pass: None,
            proof: ShownProof::Nothing,
            believed_until: Some(Timestamp::FOREVER),
            now: Timestamp(at),
        };
        let id = request.reservation;
        let operation = Operation::Hold {
            reservation: number,
            at,
        };
        self.note(seat, buyer, operation, None);
        let outcome = match store.hold(request).await? {
            HoldOutcome::Held(_) => Outcome::Done,
            HoldOutcome::Taken(_) => Outcome::Taken,
            other @ (HoldOutcome::Short(_)
            | HoldOutcome::UnknownSeats(_)
            | HoldOutcome::UnknownTiers(_)
            | HoldOutcome::TooMany(_)
            | HoldOutcome::InVain(_)
            | HoldOutcome::MoreThanOne(_)
            | HoldOutcome::OrderTooLarge(_)
            | HoldOutcome::Awaited(_)
            | HoldOutcome::NoSuchEvent
            | HoldOutcome::NotOnSale(_)
            | HoldOutcome::Voucher(_)
            | HoldOutcome::NotLetThrough
            | HoldOutcome::OneAtATime
            | HoldOutcome::NotProven
            | HoldOutcome::WrongQuantity(_)) => bail!("{other:?}"),
        };
        self.note(seat, buyer, operation, Some(outcome));
        if outcome == Outcome::Done {
            let mut held = self.held.lock().expect("nothing panics while it holds this");
            held.push(Held {
                seat,
                number,
                id,
                bookings: Vec::new(),
            });
        }
        Ok(())
    }

    async fn release(&self, store: &Store, buyer: u64, held: &Held) -> anyhow::Result<()> {
        let operation = Operation::Release {
            reservation: held.number,
        };
        self.note(held.seat, buyer, operation, None);
        let request = ReleaseRequest {
            reservation: held.id,
            now: START,
        };
        let outcome = match store.release(request).await? {
            ReleaseOutcome::Released => Outcome::Done,
            ReleaseOutcome::Paying => Outcome::Paying,
            ReleaseOutcome::Booked => Outcome::Booked,
            ReleaseOutcome::NotFound => Outcome::Lost,
        };
        self.note(held.seat, buyer, operation, Some(outcome));
        Ok(())
    }

    async fn begin(&self, store: &Store, buyer: u64, (of, at): (&Held, u64)) -> anyhow::Result<()> {
        let number = self.number();
        let request = BeginBooking {
            booking: BookingId::draw(self.event, START),
            code: BookingCode::draw_from(u64::from_le_bytes(draw())),
            charge: ChargeReference::draw(self.event, START),
            gateway: GatewayKind::Sandbox,
            reservation: of.id,
            idempotency_key: number.to_string(),
            request_hash: RequestHash([0; 32]),
            email: "owl@example.org".into(),
            name: String::new(),
            language: Language::English,
            can_pay: true,
            believed_until: Some(Timestamp::FOREVER),
            holder: LeaseHolder([9; 16]),
            now: Timestamp(at),
        };
        let operation = Operation::Begin {
            reservation: of.number,
            booking: number,
            at,
        };
        self.note(of.seat, buyer, operation, None);
        let begun = store.begin_booking(request).await?;
        let outcome = match &begun {
            BeginOutcome::Started(_) => Outcome::Done,
            BeginOutcome::Refused(BeginRefusal::Expired) => Outcome::Expired,
            BeginOutcome::Refused(BeginRefusal::Paying) => Outcome::Paying,
            BeginOutcome::Refused(BeginRefusal::Booked) => Outcome::Booked,
            BeginOutcome::Refused(BeginRefusal::Released) => Outcome::Released,
            other @ (BeginOutcome::Existing(_) | BeginOutcome::Refused(_)) => bail!("{other:?}"),
        };
        self.note(of.seat, buyer, operation, Some(outcome));
        if let BeginOutcome::Started(open) = begun {
            let mut held = self.held.lock().expect("nothing panics while it holds this");
            let found = held.iter_mut().find(|held| held.number == of.number);
            let ticket = TicketId::draw(self.event, START);
            found
                .context("it was there")?
                .bookings
                .push((number, open, ticket));
        }
        Ok(())
    }

    /// Confirms, refunds or cancels a booking, or revokes its ticket.
    async fn end(
        &self,
        store: &Store,
        buyer: u64,
        (of, nth, choice, at): (&Held, usize, u64, u64),
    ) -> anyhow::Result<()> {
        let (booking, open, ticket) = &of.bookings[nth];
        let (booking, seat) = (*booking, of.seat);
        let act = match choice {
            6 => Act::Confirm,
            7 => Act::Refund,
            8 => Act::Cancel,
            _ => Act::Revoke,
        };
        let operation = act.operation(booking);
        self.note(seat, buyer, operation, None);
        let outcome = match act {
            Act::Confirm => confirm(store, open, (*ticket, at)).await?,
            Act::Refund => close(store, open, (Ending::Refunded, at)).await?,
            Act::Cancel => close(store, open, (Ending::Canceled, at)).await?,
            Act::Revoke => self.revoke(store, *ticket, at).await?,
        };
        self.note(seat, buyer, operation, Some(outcome));
        Ok(())
    }

    async fn revoke(&self, store: &Store, ticket: TicketId, at: u64) -> anyhow::Result<Outcome> {
        let request = Append {
            event: self.event,
            sealed: Vec::new(),
            is_own: false,
            row_changes: vec![RowChange::SetTicketState {
                ticket,
                from: TicketState::Valid,
                to: TicketState::Revoked,
            }],
            now: Timestamp(at),
        };
        Ok(match store.append(request).await? {
            AppendOutcome::Appended(_) => Outcome::Done,
            AppendOutcome::Conflict => Outcome::Conflict,
        })
    }

    /// What concerns all seats is noted of each.
    async fn tidy(&self, store: &Store, buyer: u64, at: u64) -> anyhow::Result<()> {
        let operation = Operation::Tidy { at };
        (0..SEATS).for_each(|seat| self.note(seat, buyer, operation, None));
        let tidy = Tidy {
            event: self.event,
            limit: SEATS,
            now: Timestamp(at),
        };
        store.tidy(tidy).await?;
        (0..SEATS).for_each(|seat| self.note(seat, buyer, operation, Some(Outcome::Done)));
        Ok(())
    }

    async fn look(&self, store: &Store, buyer: u64, at: u64) -> anyhow::Result<()> {
        let operation = Operation::Look { at };
        (0..SEATS).for_each(|seat| self.note(seat, buyer, operation, None));
        let query = OccupancyQuery {
            event: self.event,
            now: Timestamp(at),
        };
        let seen = store.occupancy(query).await?.seats;
        for (seat, status) in (0..).zip(seen) {
            self.note(seat, buyer, operation, Some(Outcome::Seen(status)));
        }
        Ok(())
    }
}

/// What is done to a booking.
#[derive(Clone, Copy)]
enum Act {
    Confirm,
    Refund,
    Cancel,
    Revoke,
}

impl Act {
    fn operation(self, booking: u64) -> Operation {
        match self {
            Self::Confirm => Operation::Confirm { booking },
            Self::Refund => Operation::Refund { booking },
            Self::Cancel => Operation::Cancel { booking },
            Self::Revoke => Operation::Revoke { booking },
        }
    }
}

async fn confirm(
    store: &Store,
    open: &OpenBooking,
    (ticket, at): (TicketId, u64),
) -> anyhow::Result<Outcome> {
    let tickets = open.units.iter().map(|unit| NewTicket {
        id: ticket,
        unit: unit.unit,
        generation: unit.generation,
        code: draw_ticket_code(),
        payload: "1".into(),
    });
    let request = ConfirmBooking {
        booking: open.id,
        tickets: tickets.collect(),
        mails: false,
        now: Timestamp(at),
    };
    Ok(match store.confirm_booking(request).await? {
        ConfirmOutcome::Confirmed(_) => Outcome::Done,
        ConfirmOutcome::Lost => Outcome::Lost,
        ConfirmOutcome::Halted => bail!("the event is not halted"),
    })
}

async fn close(store: &Store, open: &OpenBooking, (ending, at): (Ending, u64)) -> anyhow::Result<Outcome> {
    let request = CloseBooking {
        booking: open.id,
        payment: open.payment.clone(),
        ending,
        bounds: UNBOUNDED,
        now: Timestamp(at),
    };
    Ok(match store.close_booking(request).await? {
        CloseOutcome::Closed => Outcome::Done,
        CloseOutcome::NotOpen => Outcome::NotOpen,
    })
}

fn new_event(id: EventId, (organizer, venue): (OrganizerId, Venue)) -> NewEvent {
    NewEvent {
        id,
        organizer,
        venue,
        name: "Night of the Owls".into(),
        description: String::new(),
        category: None,
        starts_at: START.plus_ms(24 * HOUR_MS),
        ends_at: START.plus_ms(25 * HOUR_MS),
        currency: "EUR".parse().expect("a currency"),
        reservation_ms: HOLD_MS,
        tiers: vec![Tier {
            id: TIER,
            name: "Stalls".into(),
            price: 4_500,
            admits: 1,
            flags: TicketFlags::default(),
            sale: TierSale::default(),
        }],
        policy: usher_fixtures::policy(),
        unit_count: SEATS,
        places: Vec::new(),
        seat_count: SEATS,
        now: START,
    }
}
