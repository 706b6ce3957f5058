//! Disputes: banks that take money back for their buyers and decide later, told by webhooks that come twice, late or never.

use usher_cloud::selling::disputes::DisputeState;

use super::{Happening, PROCESSES, World};

/// How long a bank takes to decide, at most.
const DECIDED_MS: u64 = 60 * 60_000;
/// How late a webhook or an answer is, at most.
const LATE_MS: u64 = 5 * 60_000;
/// How many looks of a hundred are at disputes too.
const LOOKS_PERCENT: u64 = 2;

/// What happens to the money of a booking that its bank takes back.
#[derive(Debug, Clone, Copy)]
pub(super) enum DisputeHappening {
    /// The bank takes it.
    TakesBack { booking: usize },
    /// The bank decides.
    Decides { booking: usize },
    /// Somebody says that something has happened to it.
    Told { booking: usize },
    /// The gateway's answer about it arrives.
    Heard {
        process: usize,
        life: u64,
        booking: usize,
        stands: (DisputeState, i64),
    },
}

impl World {
    pub(super) fn dispute_happens(&mut self, what: DisputeHappening) {
        match what {
            DisputeHappening::TakesBack { booking } => self.takes_back(booking),
            DisputeHappening::Decides { booking } => self.decides_dispute(booking),
            DisputeHappening::Told { booking } => self.told_of_dispute(booking),
            DisputeHappening::Heard {
                process,
                life,
                booking,
                stands,
            } => {
                if self.is_alive(process, life) {
                    self.books.note_dispute(booking, stands);
                }
            }
        }
    }

    fn dispute_at(&mut self, after_ms: u64, what: DisputeHappening) {
        self.at(after_ms, Happening::Dispute(what));
    }

    fn takes_back(&mut self, booking: usize) {
        let payment = self.books.bookings[booking].payment;
        if payment.is_some_and(|payment| self.bank.dispute(payment)) {
            let after = self.random.below(DECIDED_MS);
            self.dispute_at(after, DisputeHappening::Decides { booking });
            self.tell_of_dispute(booking);
        }
    }

    fn decides_dispute(&mut self, booking: usize) {
        let state = self.pick(&[DisputeState::Won, DisputeState::Lost]);
        if let Some(payment) = self.books.bookings[booking].payment {
            self.bank.decide_dispute(payment, state);
            self.tell_of_dispute(booking);
        }
    }

    fn tell_of_dispute(&mut self, booking: usize) {
        for _ in 0..self.random.below(3) {
            let after = self.random.below(LATE_MS);
            self.dispute_at(after, DisputeHappening::Told { booking });
        }
    }

    fn told_of_dispute(&mut self, booking: usize) {
        let process = self.random.index(PROCESSES);
        if self.processes[process].is_up && !self.is_stalled(process) {
            self.ask_of_dispute(process, booking);
        }
    }

    /// Asks for all disputes, now and then: for those that no webhook has told of.
    pub(super) fn look_at_disputes(&mut self, process: usize) {
        if !self.random.percent(LOOKS_PERCENT) {
            return;
        }
        for booking in 0..self.books.bookings.len() {
            self.ask_of_dispute(process, booking);
        }
    }

    /// Asks how a dispute stands: that is told as it is now, and arrives later.
    fn ask_of_dispute(&mut self, process: usize, booking: usize) {
        let payment = self.books.bookings[booking].payment;
        let dispute = payment.and_then(|payment| self.bank.payments[payment].dispute);
        if let Some(stands) = dispute {
            let life = self.processes[process].life;
            let after = self.random.below(LATE_MS);
            self.dispute_at(
                after,
                DisputeHappening::Heard {
                    process,
                    life,
                    booking,
                    stands,
                },
            );
        }
    }
}
