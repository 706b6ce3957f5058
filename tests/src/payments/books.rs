//! The store of the simulation: rows in memory that change by the cloud's own rules, each operation at once or not at all.

mod refunds;

use std::collections::BTreeMap;

use usher_cloud::ids::{BookingId, ChargeReference, ReservationId};
use usher_cloud::money::Money;
use usher_cloud::selling::charges::ChargeParts;
use usher_cloud::selling::claimant::HoldBounds;
use usher_cloud::selling::course::{PaymentFacts, pay_by};
use usher_cloud::selling::disputes::DisputeState;
use usher_cloud::selling::holding::UnpaidHolds;
use usher_cloud::selling::jobs::{Job, JobId, LeaseHolder};
use usher_cloud::selling::journal::Balances;
use usher_cloud::selling::money_steps::MoneyStep;
use usher_cloud::selling::paying::{ConfirmRefusal, may_close, may_confirm, may_note};
use usher_cloud::selling::sale::{EventSale, SaleFacts, SaleWindow};
use usher_cloud::selling::{
    BookingState, CloseBooking, Ending, GatewayKind, OpenBooking, PaymentId, PaymentNote, ReservationState,
};
use usher_keys::{EventId, Timestamp};

pub use refunds::{RefundRow, Taken, TicketRow};

/// How long a reservation holds.
const HOLD_MS: u64 = 600_000;
const EVENT: EventId = EventId([1; 16]);
/// What a place costs, unless a booking is free.
pub const PRICE: i64 = 100;
/// How much of that is a service fee.
const FEE: i64 = 7;
/// How much of that is tax.
const TAX: i64 = 13;

/// How its event stands: on sale all the time.
const SELLS: SaleFacts = SaleFacts {
    ends_at: Timestamp::FOREVER,
    is_halted: false,
    is_canceled: false,
    sale: EventSale {
        window: SaleWindow {
            from: None,
            until: None,
        },
        is_stopped: false,
        invoice_days: None,
        order_max: None,
    },
};

/// Who has a place: the number of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nobody.
    Free,
    /// Held for whoever may begin another booking, until then.
    Held(usize, Timestamp),
    /// Being paid for.
    Paying(usize),
    /// Sold.
    Booked(usize),
}

/// A booking as it is kept.
#[derive(Debug, Clone)]
pub struct BookingRow {
    pub state: BookingState,
    pub places: Vec<usize>,
    pub is_free: bool,
    /// The number of the payment that is written down.
    pub payment: Option<usize>,
    pub pay_by: Timestamp,
    pub held_until: Timestamp,
    pub job: Option<Job>,
    /// Its tickets, once it is confirmed.
    pub tickets: Vec<TicketRow>,
}

impl BookingRow {
    /// Returns what is to be paid.
    pub fn paid(&self) -> i64 {
        let places = i64::try_from(self.places.len()).expect("few places");
        if self.is_free { 0 } else { places * PRICE }
    }

    /// Returns how much of that are fees and taxes.
    pub fn parts(&self) -> ChargeParts {
        let places = i64::try_from(self.places.len()).expect("few places");
        if self.is_free {
            return ChargeParts::default();
        }
        ChargeParts {
            fees: places * FEE,
            taxes: places * TAX,
        }
    }
}

/// What came of confirming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issued {
    /// It has its tickets.
    Yes,
    /// It gets none.
    Lost,
}

/// The store.
#[derive(Debug, Clone)]
pub struct Books {
    pub places: Vec<Place>,
    pub bookings: Vec<BookingRow>,
    pub refunds: Vec<RefundRow>,
    /// How the dispute of a booking stands, and how much it is about.
    pub disputes: BTreeMap<usize, (DisputeState, i64)>,
    /// What the accounts of the journal hold.
    pub balances: Balances,
}

impl Books {
    /// Makes a store with so many places.
    pub fn new(places: usize) -> Self {
        Self {
            places: vec![Place::Free; places],
            bookings: Vec::new(),
            refunds: Vec::new(),
            disputes: BTreeMap::new(),
            balances: Balances::default(),
        }
    }

    /// Begins a booking of places that are free, or were held for the one before; `None` if one is not.
    pub fn begin(
        &mut self,
        places: &[usize],
        is_free: bool,
        before: Option<usize>,
        (holder, now): (LeaseHolder, Timestamp),
    ) -> Option<usize> {
        let is_ours = |place: &usize| match self.places[*place] {
            Place::Free => before.is_none(),
            Place::Held(by, until) => before == Some(by) && now < until || before.is_none() && until <= now,
            Place::Paying(_) | Place::Booked(_) => false,
        };
        if !places.iter().all(is_ours) {
            return None;
        }
        let number = self.bookings.len();
        let held_until = before.map_or(now.plus_ms(HOLD_MS), |before| self.bookings[before].held_until);
        for place in places {
            self.places[*place] = Place::Paying(number);
        }
        self.bookings.push(BookingRow {
            state: BookingState::Paying,
            places: places.to_vec(),
            is_free,
            payment: None,
            pay_by: pay_by(now, held_until),
            held_until,
            job: Some(Job::begun(JobId::SettleBooking(id(number)), holder, now)),
            tickets: Vec::new(),
        });
        Some(number)
    }

    /// Says of a booking what the course of its payment depends on.
    pub fn facts(&self, number: usize) -> PaymentFacts {
        self.open(number).facts(false)
    }

    fn open(&self, number: usize) -> OpenBooking {
        let row = &self.bookings[number];
        OpenBooking {
            id: id(number),
            charge: ChargeReference {
                event: EVENT,
                local: local(number),
            },
            payment: row.payment.map(|payment| PaymentId(payment.to_string())),
            gateway: GatewayKind::Stripe,
            reservation: ReservationId {
                event: EVENT,
                local: local(number),
            },
            state: row.state,
            pay_by: row.pay_by,
            amount: Money {
                minor: row.paid(),
                currency: "EUR".parse().expect("a currency"),
            },
            units: Vec::new(),
        }
    }

    /// Writes down how a payment goes on; tells whether the booking was still what it was.
    pub fn note(
        &mut self,
        number: usize,
        note: &PaymentNote,
        (holder, now): (LeaseHolder, Timestamp),
    ) -> bool {
        let Ok(state) = may_note(&self.open(number), note) else {
            return false;
        };
        let row = &mut self.bookings[number];
        row.state = state;
        match note {
            PaymentNote::Opened(payment) => row.payment = payment.0.parse().ok(),
            PaymentNote::Waits(_) => {
                let until = row.pay_by;
                row.job = row.job.map(|job| job.waiting(holder, until, now).unwrap_or(job));
            }
            PaymentNote::Refunding => {
                let paid = row.paid();
                self.balances.take(MoneyStep::NotSold, paid);
            }
        }
        true
    }

    /// Turns a booking into tickets.
    pub fn confirm(&mut self, number: usize) -> Issued {
        let row = &self.bookings[number];
        match may_confirm(row.state, SELLS, (row.places.len(), row.places.len())) {
            Ok(())
                if row
                    .places
                    .iter()
                    .all(|place| self.places[*place] == Place::Paying(number)) => {}
            Err(ConfirmRefusal::Confirmed) => return Issued::Yes,
            Ok(()) | Err(ConfirmRefusal::Halted | ConfirmRefusal::Lost) => return Issued::Lost,
        }
        for place in row.places.clone() {
            self.places[place] = Place::Booked(number);
        }
        let row = &mut self.bookings[number];
        let tickets = row.places.iter().map(|place| TicketRow {
            place: *place,
            is_revoked: false,
            refund: None,
        });
        row.tickets = tickets.collect();
        (row.state, row.job) = (BookingState::Confirmed, None);
        let (paid, parts) = (row.paid(), row.parts());
        self.balances.take(MoneyStep::Sold, paid);
        self.balances.take(MoneyStep::FeesSold, parts.fees);
        self.balances.take(MoneyStep::TaxesSold, parts.taxes);
        Issued::Yes
    }

    /// Ends a booking without tickets, if its payment is the known one; tells whether it was open.
    pub fn close(&mut self, (number, known): (usize, Option<usize>), ending: Ending, now: Timestamp) -> bool {
        let request = CloseBooking {
            booking: id(number),
            payment: known.map(|payment| PaymentId(payment.to_string())),
            ending,
            bounds: HoldBounds {
                per_session: u32::MAX,
                per_address: u32::MAX,
                per_network: u32::MAX,
                network_percent: 0,
                minutes_in_vain: 60,
            },
            now,
        };
        let row = &self.bookings[number];
        let Ok(closing) = may_close(
            &self.open(number),
            (&UnpaidHolds::default(), request.bounds),
            &request,
        ) else {
            return false;
        };
        let to = if closing.reservation == ReservationState::Held {
            Place::Held(number, row.held_until)
        } else {
            Place::Free
        };
        for place in row.places.clone() {
            if self.places[place] == Place::Paying(number) {
                self.places[place] = to;
            }
        }
        let row = &mut self.bookings[number];
        if row.state == BookingState::Refunding {
            self.balances.take(MoneyStep::NotSoldGiven, row.paid());
        }
        (row.state, row.job) = (closing.booking, None);
        true
    }

    /// Asks for the lease of a booking's job.
    pub fn lease(&mut self, number: usize, (holder, now): (LeaseHolder, Timestamp)) -> bool {
        let row = &mut self.bookings[number];
        let leased = row.job.and_then(|job| job.leased(holder, now));
        row.job = leased.or(row.job);
        leased.is_some()
    }

    /// Puts a job off after a failure.
    pub fn put_off(&mut self, number: usize, (holder, now): (LeaseHolder, Timestamp)) {
        let row = &mut self.bookings[number];
        row.job = row.job.map(|job| job.put_off(holder, now).unwrap_or(job));
    }
}

fn id(number: usize) -> BookingId {
    BookingId {
        event: EVENT,
        local: local(number),
    }
}

fn local(number: usize) -> [u8; 24] {
    let mut local = [0; 24];
    local[..8].copy_from_slice(&(number as u64).to_be_bytes());
    local
}
