//! The promises: money that was taken is a booking's that has tickets or is being seen to, and no place is free or somebody else's meanwhile.

use usher_cloud::selling::BookingState;
use usher_cloud::selling::refunds::RefundState;

use super::{START_MS, World};
use crate::payments::BrokenTill;
use crate::payments::bank::{BankPayment, BankStatus};
use crate::payments::books::Place;

impl World {
    pub(super) fn check(&self) -> Result<(), BrokenTill> {
        for (payment, found) in self.bank.payments.iter().enumerate() {
            let row = &self.books.bookings[found.booking];
            let is_ours = found.status == BankStatus::Paid && !found.is_refunded;
            let is_owed = row.state.is_open() || row.state == BookingState::Confirmed;
            if is_ours && !(is_owed && row.payment == Some(payment)) {
                return self.broken(format!(
                    "payment {payment} was taken, and booking {} is {:?}",
                    found.booking, row.state
                ));
            }
            let is_over = !is_owed && row.state != BookingState::Refunded;
            if is_over && row.payment == Some(payment) && found.status != BankStatus::Canceled {
                return self.broken(format!(
                    "booking {} is {:?}, and its payment {payment} is {:?}",
                    found.booking, row.state, found.status
                ));
            }
        }
        for (booking, row) in self.books.bookings.iter().enumerate() {
            let paid = row.payment.map(|payment| &self.bank.payments[payment]);
            let is_paid = paid.is_some_and(|paid| paid.status == BankStatus::Paid && !paid.is_refunded);
            if row.state == BookingState::Confirmed && !row.is_free && !is_paid {
                return self.broken(format!("booking {booking} has tickets and is not paid"));
            }
            let expected = if row.state.is_open() {
                Place::Paying(booking)
            } else if row.state == BookingState::Confirmed {
                Place::Booked(booking)
            } else {
                continue;
            };
            if row
                .places
                .iter()
                .any(|place| self.books.places[*place] != expected && !self.books.was_freed(booking, *place))
            {
                return self.broken(format!(
                    "booking {booking} is {:?} and has lost a place",
                    row.state
                ));
            }
            if row.state.is_open() != row.job.is_some() {
                return self.broken(format!(
                    "booking {booking} is {:?} and has a job or none",
                    row.state
                ));
            }
        }
        self.check_refunds()
    }

    /// A refund is given as the bank has given it, with its tickets revoked before, and never more than was paid.
    fn check_refunds(&self) -> Result<(), BrokenTill> {
        for (refund, row) in self.books.refunds.iter().enumerate() {
            let booking = &self.books.bookings[row.booking];
            let parts = booking.payment.map(|payment| &self.bank.payments[payment].parts);
            let part = parts.and_then(|parts| parts.iter().find(|(part, _)| *part == refund));
            let has_valid = booking
                .tickets
                .iter()
                .any(|ticket| ticket.refund == Some(refund) && !ticket.is_revoked);
            let (state, amount) = (row.refund.state, row.refund.amount.minor);
            let is_true = match state {
                RefundState::Revoking | RefundState::Refused | RefundState::GivenOutside => part.is_none(),
                RefundState::Giving => true,
                RefundState::Given => amount == 0 || part.is_some_and(|(_, given)| *given == amount),
            };
            let is_revoked = !has_valid || state == RefundState::Revoking;
            if !is_true || !is_revoked || state.is_open() != row.job.is_some() {
                return self.broken(format!(
                    "refund {refund} of {amount} is {state:?}, the bank has given {part:?}, a ticket of it is valid: {has_valid}"
                ));
            }
        }
        let (balances, expected) = (self.books.balances, self.books.expected());
        if balances != expected || balances.sum() != 0 {
            return self.broken(format!(
                "the journal says {balances:?}, and all else {expected:?}"
            ));
        }
        if balances.fees > 0 || balances.taxes > 0 {
            return self.broken(format!(
                "more fees or taxes were taken back than were sold: {balances:?}"
            ));
        }
        let overdrawn = |payment: &&BankPayment| payment.taken() < 0;
        match self.bank.payments.iter().find(overdrawn) {
            Some(payment) => self.broken(format!("more was given back than was paid: {payment:?}")),
            None => Ok(()),
        }
    }

    pub(super) fn check_the_end(&mut self) -> Result<(), BrokenTill> {
        for (booking, row) in self.books.bookings.iter().enumerate() {
            let counted = match row.state {
                BookingState::Confirmed => &mut self.outcome.confirmed,
                BookingState::Declined(_) => &mut self.outcome.declined,
                BookingState::Expired => &mut self.outcome.expired,
                BookingState::Canceled => &mut self.outcome.canceled,
                BookingState::Refunded => &mut self.outcome.refunded,
                BookingState::Paying
                | BookingState::ActionRequired
                | BookingState::Processing
                | BookingState::Refunding => {
                    return self.broken(format!(
                        "booking {booking} is {:?} hours after the storm",
                        row.state
                    ));
                }
            };
            *counted += 1;
        }
        for (refund, row) in self.books.refunds.iter().enumerate() {
            let is_given = matches!(row.refund.state, RefundState::Given | RefundState::GivenOutside);
            if !is_given {
                return self.broken(format!(
                    "refund {refund} is {:?} hours after the storm",
                    row.refund.state
                ));
            }
            self.outcome.given_back += 1;
            let is_given_outside = row.refund.state == RefundState::GivenOutside;
            self.outcome.looked_into += u64::from(is_given_outside || row.refund.attempt > 1);
            self.outcome.given_outside += u64::from(is_given_outside);
        }
        for (booking, row) in self.books.bookings.iter().enumerate() {
            let bank = row
                .payment
                .and_then(|payment| self.bank.payments[payment].dispute);
            let known = self.books.disputes.get(&booking).copied();
            if bank != known {
                return self.broken(format!(
                    "a bank says {bank:?} of the money of booking {booking}, and written down is {known:?}"
                ));
            }
            self.outcome.taken_back += u64::from(known.is_some());
        }
        let taken: i64 = self.bank.payments.iter().map(BankPayment::taken).sum();
        let balances = self.books.balances;
        if taken != balances.gateway || balances.owed != 0 {
            return self.broken(format!("the bank has {taken}, and the journal says {balances:?}"));
        }
        Ok(())
    }

    fn broken<T>(&self, complaint: String) -> Result<T, BrokenTill> {
        Err(BrokenTill {
            after_ms: self.now - START_MS,
            complaint,
        })
    }
}
