//! The journal of an event: every amount that moves goes from one account to another, written down with the step that moves it.
//!
//! Each move has two sides, so that all accounts together are zero; the audit compares them with the bookings and refunds.

use super::BookingState;
use super::charges::ChargeParts;
use super::disputes::DisputeState;
use super::money_steps::{Account, MoneyStep};
use super::refunds::RefundState;

/// What each account holds, in minor units: positive what came in, negative what it stands for; together they are zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balances {
    pub gateway: i64,
    pub sales: i64,
    pub owed: i64,
    pub outside: i64,
    pub disputed: i64,
    pub fees: i64,
    pub taxes: i64,
    pub till: i64,
    pub terminal: i64,
    pub bank: i64,
}

impl Balances {
    /// Adds all accounts up: nothing, unless an amount has one side only.
    pub fn sum(&self) -> i64 {
        let ours = self.gateway + self.till + self.terminal + self.bank + self.outside + self.disputed;
        ours + self.sales + self.owed + self.fees + self.taxes
    }

    /// Moves an amount that a gateway has or had.
    pub fn take(&mut self, step: MoneyStep, amount: i64) {
        self.take_at(Account::Gateway, step, amount);
    }

    /// Moves an amount that somebody has or had.
    pub fn take_at(&mut self, holder: Account, step: MoneyStep, amount: i64) {
        let (into, out_of) = step.sides_at(holder);
        *self.of(into) += amount;
        *self.of(out_of) -= amount;
    }

    /// Adds to an account what is written down of it.
    pub fn add(&mut self, account: Account, amount: i64) {
        *self.of(account) += amount;
    }

    fn of(&mut self, account: Account) -> &mut i64 {
        match account {
            Account::Gateway => &mut self.gateway,
            Account::Sales => &mut self.sales,
            Account::Owed => &mut self.owed,
            Account::Outside => &mut self.outside,
            Account::Disputed => &mut self.disputed,
            Account::Fees => &mut self.fees,
            Account::Taxes => &mut self.taxes,
            Account::Till => &mut self.till,
            Account::Terminal => &mut self.terminal,
            Account::Bank => &mut self.bank,
        }
    }

    /// Takes a booking in as it stands that was paid at a gateway.
    pub fn take_booking(&mut self, state: BookingState, amounts: (i64, ChargeParts)) {
        self.take_booking_at(Account::Gateway, state, amounts);
    }

    /// Takes a booking in as it stands, whose money somebody has.
    pub fn take_booking_at(
        &mut self,
        holder: Account,
        state: BookingState,
        (amount, parts): (i64, ChargeParts),
    ) {
        match state {
            BookingState::Confirmed => {
                self.take_at(holder, MoneyStep::Sold, amount);
                self.take(MoneyStep::FeesSold, parts.fees);
                self.take(MoneyStep::TaxesSold, parts.taxes);
            }
            BookingState::Refunding => self.take_at(holder, MoneyStep::NotSold, amount),
            BookingState::Paying
            | BookingState::ActionRequired
            | BookingState::Processing
            | BookingState::Declined(_)
            | BookingState::Expired
            | BookingState::Canceled
            | BookingState::Refunded => {}
        }
    }

    /// Takes a dispute in as it stands.
    pub fn take_dispute(&mut self, state: DisputeState, amount: i64) {
        for step in state.steps() {
            self.take(*step, amount);
        }
    }

    /// Takes a refund in as it stands of what was paid at a gateway.
    pub fn take_refund(&mut self, state: RefundState, amounts: (i64, ChargeParts)) {
        self.take_refund_at(Account::Gateway, state, amounts);
    }

    /// Takes a refund in as it stands, of a booking whose money somebody has.
    pub fn take_refund_at(
        &mut self,
        holder: Account,
        state: RefundState,
        (amount, parts): (i64, ChargeParts),
    ) {
        self.take(MoneyStep::TakenBack, amount);
        self.take(MoneyStep::FeesTakenBack, parts.fees);
        self.take(MoneyStep::TaxesTakenBack, parts.taxes);
        match state {
            RefundState::Given => self.take_at(holder, MoneyStep::TakenBackGiven, amount),
            RefundState::GivenOutside => self.take(MoneyStep::GivenOutside, amount),
            RefundState::Revoking | RefundState::Giving | RefundState::Refused => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: ChargeParts = ChargeParts { fees: 0, taxes: 0 };

    #[test]
    fn every_step_has_two_sides() {
        let mut balances = Balances::default();
        for (amount, step) in (1..).zip(MoneyStep::ALL) {
            balances.take(step, amount);
            assert_eq!(balances.sum(), 0, "{step:?}");
        }
    }

    #[test]
    fn what_is_paid_at_a_counter_or_by_transfer_is_at_no_gateway() {
        for holder in [Account::Till, Account::Terminal, Account::Bank] {
            let mut balances = Balances::default();
            balances.take_booking_at(holder, BookingState::Confirmed, (9_000, NONE));
            balances.take_refund_at(holder, RefundState::Given, (4_500, NONE));
            assert_eq!((balances.gateway, balances.sum()), (0, 0));
            assert_eq!((*balances.of(holder), balances.sales), (4_500, -4_500));
        }
    }

    #[test]
    fn fees_and_taxes_are_no_sales_and_go_back_with_what_is_given_back() {
        let parts = ChargeParts {
            fees: 400,
            taxes: 1_500,
        };
        let mut balances = Balances::default();
        balances.take_booking(BookingState::Confirmed, (9_400, parts));
        let sold = Balances {
            gateway: 9_400,
            sales: -7_500,
            fees: -400,
            taxes: -1_500,
            ..Balances::default()
        };
        assert_eq!((balances, balances.sum()), (sold, 0));
        balances.take_refund(RefundState::Given, (9_400, parts));
        assert_eq!(balances, Balances::default());
    }

    #[test]
    fn what_was_given_back_is_neither_earned_nor_owed_nor_at_the_gateway() {
        let mut balances = Balances::default();
        balances.take_booking(BookingState::Confirmed, (9_000, NONE));
        balances.take_refund(RefundState::Refused, (4_500, NONE));
        let owing = Balances {
            gateway: 9_000,
            sales: -4_500,
            owed: -4_500,
            ..Balances::default()
        };
        assert_eq!(balances, owing);
        // The gateway still has what somebody gave out of another purse.
        let mut balances = Balances::default();
        balances.take_booking(BookingState::Confirmed, (9_000, NONE));
        balances.take_refund(RefundState::GivenOutside, (4_500, NONE));
        let outside = Balances {
            owed: 0,
            outside: -4_500,
            ..owing
        };
        assert_eq!(balances, outside);
        let mut balances = Balances::default();
        balances.take_booking(BookingState::Confirmed, (9_000, NONE));
        balances.take_refund(RefundState::Given, (9_000, NONE));
        balances.take_booking(BookingState::Refunded, (100, NONE));
        assert_eq!(balances, Balances::default());
    }
}
