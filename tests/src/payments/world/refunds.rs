//! What the organizer gives back after the sale: whole bookings, some of their tickets, or money alone, by processes that die and lines that fail.

use usher_cloud::selling::course::RefundStatus;
use usher_cloud::selling::refunding::{RefundHeard, RefundStep, first, next};
use usher_cloud::selling::refunds::{RefundNote, RefundState};

use super::taken_back::DisputeHappening;
use super::{Happening, PROCESSES, World};
use crate::payments::Cheat;
use crate::payments::bank::BankRequest;
use crate::payments::books::Taken;

/// How long a person takes to look at what was refused, at most.
const LOOKED_INTO_MS: u64 = 20 * 60_000;

/// Somebody who works on a refund.
pub(super) struct RefundTask {
    process: usize,
    life: u64,
    refund: usize,
    /// The question that it waits for.
    pub(super) call: Option<u64>,
    pub(super) is_over: bool,
}

impl World {
    /// Some of those who have bought think better of it.
    pub(super) fn think_better(&mut self, booking: usize) {
        for _ in 0..2 {
            if self.random.percent(35) {
                let after = self.random.below(90 * 60_000);
                self.at(after, Happening::AsksBack { booking });
            }
        }
        if self.random.percent(25) {
            let after = self.random.below(90 * 60_000);
            self.at(after, Happening::Dispute(DisputeHappening::TakesBack { booking }));
        }
    }

    pub(super) fn ask_back(&mut self, booking: usize) {
        let process = self.random.index(PROCESSES);
        if !self.processes[process].is_up || self.is_stalled(process) {
            return;
        }
        let taken = self.pick(&[Taken::All, Taken::All, Taken::First, Taken::Nothing]);
        let amount = self.pick(&[None, None, Some(30), Some(10_000)]);
        let frees_units = self.random.percent(70);
        let asked = (booking, taken, amount, frees_units);
        if let Some(refund) = self.books.begin_refund(asked, self.as_holder(process)) {
            self.give_back(process, refund);
        }
    }

    /// A person has looked into what was refused, and has it tried again or gives the money by another way; some do both at once.
    pub(super) fn retry(&mut self, refund: usize) {
        let process = self.random.index(PROCESSES);
        if !self.processes[process].is_up {
            self.at(LOOKED_INTO_MS, Happening::Retries { refund });
            return;
        }
        if self.random.percent(50) {
            let holder = self.as_holder(process);
            self.books.note_refund(refund, RefundNote::GivenOutside, holder);
        }
        if self.books.retry_refund(refund, self.as_holder(process)) {
            self.give_back(process, refund);
        }
    }

    /// Takes up the refunds that wait for anybody, and keeps those that are worked on.
    pub(super) fn look_at_refunds(&mut self, (process, life): (usize, u64)) {
        let (holder, now) = self.as_holder(process);
        let own = |task: &RefundTask| !task.is_over && task.process == process && task.life == life;
        for task in self.refund_tasks.iter().filter(|task| own(task)) {
            self.books.lease_refund(task.refund, (holder, now));
        }
        for refund in 0..self.books.refunds.len() {
            let is_due = self.books.refunds[refund].job.is_some_and(|job| job.is_due(now));
            let is_at_it = |task: &RefundTask| own(task) && task.refund == refund;
            if is_due
                && !self.refund_tasks.iter().any(is_at_it)
                && self.books.lease_refund(refund, (holder, now))
            {
                self.give_back(process, refund);
            }
        }
    }

    fn give_back(&mut self, process: usize, refund: usize) {
        self.refund_tasks.push(RefundTask {
            process,
            life: self.processes[process].life,
            refund,
            call: None,
            is_over: false,
        });
        self.schedule_refund(self.refund_tasks.len() - 1);
    }

    fn schedule_refund(&mut self, task: usize) {
        let stalled = self.processes[self.refund_tasks[task].process].stalled_until;
        let after = stalled.saturating_sub(self.now) + self.random.below(50);
        self.at(after, Happening::RefundStep { task });
    }

    pub(super) fn refund_step(&mut self, task: usize) {
        let RefundTask {
            process,
            life,
            refund,
            ..
        } = self.refund_tasks[task];
        if !self.is_alive(process, life) {
            self.refund_tasks[task].is_over = true;
            return;
        }
        if self.is_stalled(process) {
            return self.schedule_refund(task);
        }
        let row = &self.books.refunds[refund];
        match first(&row.refund) {
            RefundStep::Revoke => {
                if self.shape.cheat != Some(Cheat::GivesUnrevoked) {
                    self.books.revoke(refund);
                }
                self.refund_heard(task, RefundHeard::Revoked);
            }
            RefundStep::Give if self.shape.cheat == Some(Cheat::FreesUngiven) => {
                self.refund_heard(task, RefundHeard::Stands(RefundStatus::Given));
            }
            RefundStep::Give => {
                let payment = self.books.bookings[row.booking].payment;
                let question = BankRequest::Give {
                    payment: payment.expect("what was paid has a payment"),
                    refund,
                    attempt: row.refund.attempt,
                    amount: row.refund.amount.minor,
                };
                let call = self.send(task, question);
                self.refund_tasks[task].call = Some(call);
            }
            RefundStep::Note(note) => self.note_refund(task, note),
            RefundStep::PutOff | RefundStep::Leave => self.refund_tasks[task].is_over = true,
        }
    }

    pub(super) fn refund_heard(&mut self, task: usize, heard: RefundHeard) {
        self.refund_tasks[task].call = None;
        match next(heard) {
            RefundStep::Note(note) => self.note_refund(task, note),
            RefundStep::Revoke | RefundStep::Give | RefundStep::PutOff | RefundStep::Leave => {
                let refund = self.refund_tasks[task].refund;
                let holder = self.as_holder(self.refund_tasks[task].process);
                self.books.put_off_refund(refund, holder);
                self.refund_tasks[task].is_over = true;
            }
        }
    }

    fn note_refund(&mut self, task: usize, note: RefundNote) {
        let RefundTask { process, refund, .. } = self.refund_tasks[task];
        let is_noted = self.books.note_refund(refund, note, self.as_holder(process));
        let is_open = self.books.refunds[refund].refund.state.is_open();
        if is_noted && is_open && note != RefundNote::Waits {
            return self.schedule_refund(task);
        }
        self.refund_tasks[task].is_over = true;
        if is_noted && self.books.refunds[refund].refund.state == RefundState::Refused {
            let after = self.random.below(LOOKED_INTO_MS);
            self.at(after, Happening::Retries { refund });
        }
    }
}
