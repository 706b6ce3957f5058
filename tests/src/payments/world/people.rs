//! What buyers, banks and bad luck do.

use super::{Happening, PROCESSES, World};
use crate::payments::PaymentFault;
use crate::payments::bank::{BankStatus, Card};

impl World {
    pub(super) fn buyer(&mut self) {
        let count = self.random.index(self.shape.places.min(3)) + 1;
        let first = self.random.index(self.shape.places - count + 1);
        let places: Vec<usize> = (first..first + count).collect();
        let is_free = self.random.percent(8);
        self.begin_booking(&places, is_free, None);
    }

    pub(super) fn begin_booking(&mut self, places: &[usize], is_free: bool, before: Option<usize>) {
        let process = self.random.index(PROCESSES);
        if !self.processes[process].is_up || self.is_stalled(process) {
            return;
        }
        let card = self.pick(&[
            Card::Good,
            Card::Good,
            Card::Good,
            Card::Bad,
            Card::Asks,
            Card::Asks,
            Card::Slow,
        ]);
        if let Some(booking) = self.books.begin(places, is_free, before, self.as_holder(process)) {
            self.work(process, booking, Some(card));
        }
    }

    /// What happens after something has happened to a payment: somebody goes on, and we may be told.
    pub(super) fn follow_up(&mut self, payment: usize) {
        let minutes = 60_000;
        let late = self.has(PaymentFault::Latecomers) && self.random.percent(50);
        let slow = self.has(PaymentFault::SlowBanks) && self.random.percent(50);
        let found = self.bank.payments[payment].clone();
        match found.status {
            BankStatus::Asked if self.random.percent(80) => {
                let after = self.random.below(if late { 40 * minutes } else { 3 * minutes });
                self.at(after, Happening::BuyerAtBank { payment });
            }
            BankStatus::Declined if late => {
                let after = self.random.below(40 * minutes);
                self.at(after, Happening::BuyerAtBank { payment });
            }
            BankStatus::Processing => {
                let after = self.random.below(if slow { 60 * minutes } else { 20_000 });
                self.at(after, Happening::BankDecides { payment });
            }
            BankStatus::Open
            | BankStatus::Declined
            | BankStatus::Asked
            | BankStatus::Paid
            | BankStatus::Canceled => {}
        }
        let copies = if self.has(PaymentFault::Webhooks) {
            self.random.below(4)
        } else {
            1
        };
        for _ in 0..copies {
            let after = self.random.below(if self.has(PaymentFault::Webhooks) {
                30 * minutes
            } else {
                1_000
            });
            self.at(
                after,
                Happening::Told {
                    booking: found.booking,
                },
            );
        }
    }

    /// Whatever we are told, we only look.
    pub(super) fn told(&mut self, booking: usize) {
        let process = self.random.index(PROCESSES);
        let now = self.clock(process);
        let job = self.books.bookings[booking].job;
        let may = job.is_some_and(|job| job.may_be_hurried(now));
        if may && self.processes[process].is_up && !self.is_stalled(process) {
            self.resume(process, booking);
        }
    }

    pub(super) fn fault(&mut self, fault: PaymentFault) {
        let process = self.random.index(PROCESSES);
        match fault {
            PaymentFault::Crashes => {
                self.processes[process].is_up = false;
                let after = self.random.below(120_000);
                self.at(after, Happening::Starts { process });
            }
            PaymentFault::Stalls => {
                self.processes[process].stalled_until = self.now + self.random.below(90_000);
            }
            PaymentFault::Clocks => {
                let jump = self.random.below(4 * 3_600_000).cast_signed() - 2 * 3_600_000;
                self.processes[process].ahead_ms = jump;
            }
            PaymentFault::DarkKeys => {
                self.is_dark = true;
                let after = self.random.below(80 * 60_000);
                self.at(after, Happening::Lit);
            }
            PaymentFault::Webhooks if !self.books.bookings.is_empty() => {
                let booking = self.random.index(self.books.bookings.len());
                self.told(booking);
            }
            PaymentFault::Webhooks
            | PaymentFault::LostQuestions
            | PaymentFault::LostAnswers
            | PaymentFault::SlowBanks
            | PaymentFault::Latecomers => {}
        }
    }
}
