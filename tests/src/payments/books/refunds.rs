//! The refunds in the store of the simulation: they change by the cloud's own rules, as its bookings do.

use usher_cloud::ids::{RefundId, TicketId};
use usher_cloud::money::Money;
use usher_cloud::selling::charges::ChargeParts;
use usher_cloud::selling::disputes::{DisputeState, heard};
use usher_cloud::selling::jobs::{Job, JobId, LeaseHolder};
use usher_cloud::selling::journal::Balances;
use usher_cloud::selling::money_steps::MoneyStep;
use usher_cloud::selling::refunding::{RefundFacts, RefundTerms, may_refund, noted};
use usher_cloud::selling::refunds::{BeginRefund, Refund, RefundNote, RefundOf, RefundState};
use usher_cloud::selling::{PriceLine, RequestHash, SoldTicket, TicketState};
use usher_keys::Timestamp;
use usher_protocol::labels::UnitLabel;
use usher_protocol::ticket::TicketCode;
use usher_protocol::{Generation, TierId, Unit};

use super::{Books, EVENT, FEE, PRICE, Place, TAX, id, local};

/// What is taken back with the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// All tickets that are left.
    All,
    /// The first ticket.
    First,
    /// No ticket.
    Nothing,
}

/// A refund as it is kept.
#[derive(Debug, Clone)]
pub struct RefundRow {
    /// Whose money it is.
    pub booking: usize,
    /// What of it are fees and taxes.
    pub parts: ChargeParts,
    pub refund: Refund,
    pub job: Option<Job>,
}

/// A ticket as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketRow {
    /// Its place.
    pub place: usize,
    pub is_revoked: bool,
    /// The number of the refund that has taken it back.
    pub refund: Option<usize>,
}

impl Books {
    /// Begins to give back, if that may be.
    pub fn begin_refund(
        &mut self,
        (booking, taken, amount, frees_units): (usize, Taken, Option<i64>, bool),
        (holder, now): (LeaseHolder, Timestamp),
    ) -> Option<usize> {
        let number = self.refunds.len();
        let of = match taken {
            Taken::All => RefundOf::All,
            Taken::First => RefundOf::Tickets(vec![ticket_id(self.bookings[booking].places[0])]),
            Taken::Nothing => RefundOf::Tickets(Vec::new()),
        };
        let request = BeginRefund {
            refund: refund_id(number),
            booking: id(booking),
            idempotency_key: number.to_string(),
            request_hash: RequestHash([0; 32]),
            of,
            amount,
            frees_units,
            till: None,
            holder,
            now,
        };
        let terms = self.terms(booking, &request)?;
        self.balances.take(MoneyStep::TakenBack, terms.amount);
        self.balances.take(MoneyStep::FeesTakenBack, terms.parts.fees);
        self.balances.take(MoneyStep::TaxesTakenBack, terms.parts.taxes);
        for ticket in &mut self.bookings[booking].tickets {
            if terms.tickets.contains(&ticket_id(ticket.place)) {
                ticket.refund = Some(number);
            }
        }
        self.refunds.push(RefundRow {
            booking,
            parts: terms.parts,
            refund: Refund {
                id: request.refund,
                booking: request.booking,
                state: RefundState::Revoking,
                amount: Money {
                    minor: terms.amount,
                    currency: "EUR".parse().expect("a currency"),
                },
                frees_units,
                attempt: 1,
                tickets: Vec::new(),
                created_at: now,
            },
            job: Some(Job::begun(JobId::GiveRefund(request.refund), holder, now)),
        });
        Some(number)
    }

    fn terms(&self, booking: usize, request: &BeginRefund) -> Option<RefundTerms> {
        let row = &self.bookings[booking];
        let price = if row.is_free { 0 } else { PRICE };
        let line = |place: &usize| PriceLine {
            unit: unit(*place),
            tier: TierId(1),
            price,
            fee: if row.is_free { 0 } else { FEE },
            tax: if row.is_free { 0 } else { TAX },
        };
        let lines: Vec<_> = row.places.iter().map(line).collect();
        let tickets: Vec<_> = row.tickets.iter().map(sold).collect();
        let of_booking = || self.refunds.iter().filter(|refund| refund.booking == booking);
        let facts = RefundFacts {
            state: row.state,
            is_halted: false,
            paid: row.paid(),
            lines: &lines,
            tickets: &tickets,
            promised: of_booking().map(|found| found.refund.amount.minor).sum(),
            promised_parts: ChargeParts {
                fees: of_booking().map(|found| found.parts.fees).sum(),
                taxes: of_booking().map(|found| found.parts.taxes).sum(),
            },
            is_running: of_booking().any(|found| found.refund.state.is_open()),
            is_disputed: self
                .disputes
                .get(&booking)
                .is_some_and(|(state, _)| state.has_taken()),
        };
        may_refund(&facts, request).ok()
    }

    /// Revokes the tickets that a refund has taken back.
    pub fn revoke(&mut self, refund: usize) {
        let booking = self.refunds[refund].booking;
        for ticket in &mut self.bookings[booking].tickets {
            ticket.is_revoked |= ticket.refund == Some(refund);
        }
    }

    /// Writes down how a refund goes on; tells whether it was still what it was.
    pub fn note_refund(
        &mut self,
        refund: usize,
        note: RefundNote,
        (holder, now): (LeaseHolder, Timestamp),
    ) -> bool {
        let row = &self.refunds[refund];
        let Some(state) = noted(&self.with_tickets(refund), note) else {
            return false;
        };
        let (booking, frees_units) = (row.booking, row.refund.frees_units);
        let is_given = matches!(note, RefundNote::Given | RefundNote::GivenOutside);
        if is_given && frees_units {
            for ticket in self.bookings[booking].tickets.clone() {
                if ticket.refund == Some(refund) {
                    self.places[ticket.place] = Place::Free;
                }
            }
        }
        let row = &mut self.refunds[refund];
        if note == RefundNote::Given {
            let amount = row.refund.amount.minor;
            self.balances.take(MoneyStep::TakenBackGiven, amount);
        }
        if note == RefundNote::GivenOutside {
            let amount = row.refund.amount.minor;
            self.balances.take(MoneyStep::GivenOutside, amount);
        }
        row.refund.state = state;
        row.job = match note {
            RefundNote::Revoked => row.job,
            RefundNote::Waits => row
                .job
                .map(|job| job.waiting(holder, Timestamp::FOREVER, now).unwrap_or(job)),
            RefundNote::Given | RefundNote::Refused | RefundNote::GivenOutside => None,
        };
        true
    }

    /// Returns a refund as it is kept, with its tickets.
    fn with_tickets(&self, refund: usize) -> Refund {
        let row = &self.refunds[refund];
        let tickets = self.bookings[row.booking].tickets.iter();
        let own = tickets.filter(|ticket| ticket.refund == Some(refund));
        Refund {
            tickets: own
                .map(|ticket| (ticket_id(ticket.place), state(ticket)))
                .collect(),
            ..row.refund.clone()
        }
    }

    /// Tries a refund again that was refused; tells whether it was.
    pub fn retry_refund(&mut self, refund: usize, (holder, now): (LeaseHolder, Timestamp)) -> bool {
        let row = &mut self.refunds[refund];
        if row.refund.state != RefundState::Refused {
            return false;
        }
        row.refund.state = RefundState::Giving;
        row.refund.attempt += 1;
        row.job = Some(Job::begun(JobId::GiveRefund(row.refund.id), holder, now));
        true
    }

    /// Asks for the lease of a refund's job.
    pub fn lease_refund(&mut self, refund: usize, (holder, now): (LeaseHolder, Timestamp)) -> bool {
        let row = &mut self.refunds[refund];
        let leased = row.job.and_then(|job| job.leased(holder, now));
        row.job = leased.or(row.job);
        leased.is_some()
    }

    /// Puts a refund's job off after a failure.
    pub fn put_off_refund(&mut self, refund: usize, (holder, now): (LeaseHolder, Timestamp)) {
        let row = &mut self.refunds[refund];
        row.job = row.job.map(|job| job.put_off(holder, now).unwrap_or(job));
    }

    /// Writes down how a dispute stands; tells whether that is news.
    pub fn note_dispute(&mut self, booking: usize, (state, amount): (DisputeState, i64)) -> bool {
        let known = self.disputes.get(&booking).map(|(state, _)| *state);
        let steps = heard(known, state);
        if steps.is_empty() {
            return false;
        }
        for step in steps {
            self.balances.take(*step, amount);
        }
        self.disputes.insert(booking, (state, amount));
        true
    }

    /// Tells whether a place of a booking is free again, because it was given back.
    pub fn was_freed(&self, booking: usize, place: usize) -> bool {
        let tickets = self.bookings[booking].tickets.iter();
        let refund = tickets
            .filter(|ticket| ticket.place == place)
            .find_map(|ticket| ticket.refund);
        refund.is_some_and(|refund| {
            let found = &self.refunds[refund].refund;
            matches!(found.state, RefundState::Given | RefundState::GivenOutside) && found.frees_units
        })
    }

    /// Returns what the journal must hold, by the bookings and refunds that there are.
    pub fn expected(&self) -> Balances {
        let mut balances = Balances::default();
        for row in &self.bookings {
            balances.take_booking(row.state, (row.paid(), row.parts()));
        }
        for row in &self.refunds {
            balances.take_refund(row.refund.state, (row.refund.amount.minor, row.parts));
        }
        for (state, amount) in self.disputes.values() {
            balances.take_dispute(*state, *amount);
        }
        balances
    }
}

fn unit(place: usize) -> Unit {
    Unit(u32::try_from(place).expect("few places"))
}

fn ticket_id(place: usize) -> TicketId {
    TicketId {
        event: EVENT,
        local: local(place),
    }
}

fn refund_id(number: usize) -> RefundId {
    RefundId {
        event: EVENT,
        local: local(number),
    }
}

fn state(ticket: &TicketRow) -> TicketState {
    if ticket.is_revoked {
        TicketState::Revoked
    } else {
        TicketState::Valid
    }
}

fn sold(ticket: &TicketRow) -> SoldTicket {
    SoldTicket {
        id: ticket_id(ticket.place),
        unit: unit(ticket.place),
        generation: Generation(1),
        tier: TierId(1),
        tier_name: String::new(),
        admits: 1,
        label: UnitLabel::Slot { number: 1 },
        state: state(ticket),
        transferred: false,
        is_refunded: ticket.refund.is_some(),
        code: TicketCode::draw_from(0),
        payload: String::new(),
        bindings: 0,
        issued_at: Timestamp(0),
    }
}
