//! The course of a payment: what to do next about a booking, told from what is written down of it and from what was heard since.
//!
//! Nothing here asks, waits or reads a clock: whoever works on a booking takes the first step of its [`PaymentCourse`], carries it
//! out, says what came of it, and is told the next one. Any process can begin anew from what is written down at any time.
//! What keeps the promise: a payment is charged once at most, after what the gateway knows it by is written down, and a
//! booking ends without tickets only after the gateway has acknowledged that it will never charge, or that it has given back.

use std::time::Duration;

use usher_keys::Timestamp;

use crate::money::DeclineReason;

use super::{BookingState, Ending};

/// How long a buyer has to finish a payment after its beginning: a bank's own app and one wrong password are well within it.
const PAY_TIME: Duration = Duration::from_mins(15);
/// How long beyond that a paid booking may wait for a key that signs its tickets; then the money is given back.
const ISSUE_TIME: Duration = Duration::from_mins(15);

/// Where the buyer has to go before the bank pays, with 3-D Secure; a secret, which is neither logged nor told to others.
#[derive(Clone, PartialEq, Eq)]
pub struct BuyerAction {
    /// The address of the page.
    pub url: String,
}

impl std::fmt::Debug for BuyerAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BuyerAction(..)")
    }
}

/// How a payment stands at its gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentStatus {
    /// Nothing was taken, and it can still be charged.
    Unpaid,
    /// A charge was declined, and it can still be charged again.
    Declined(DeclineReason),
    /// It waits for the buyer.
    ActionRequired(BuyerAction),
    /// It waits for the bank.
    Processing,
    /// The money is ours.
    Paid,
    /// The money was ours, and was given back.
    Refunded,
    /// Nothing was taken, and nothing ever will be; with why it was declined, if it was.
    Canceled(Option<DeclineReason>),
}

/// How giving money back stands at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// The buyer has it.
    Given,
    /// It is on its way.
    Pending,
    /// It cannot be given: somebody has to look into it.
    Failed,
}

/// What is written down of a booking whose payment is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentFacts {
    pub state: BookingState,
    /// Whether there is nothing to pay, or nobody to ask about it: at a counter the money is there first.
    pub is_free: bool,
    /// Whether it is written down what the gateway knows the payment by.
    pub is_opened: bool,
    /// Until when the buyer can pay.
    pub pay_by: Timestamp,
}

/// Returns until when a booking that is begun now can be paid; its reservation would hold until `held_until`.
pub fn pay_by(now: Timestamp, held_until: Timestamp) -> Timestamp {
    held_until.max(now.plus_ms(ms(PAY_TIME)))
}

/// For whom a payment waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitFor {
    /// The buyer, who has something to do.
    Buyer(BuyerAction),
    /// The bank.
    Bank,
    /// The bank, which gives the money back.
    Refund,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentStep {
    /// Open a payment at the gateway, which moves no money, and write down what the gateway knows it by.
    Open,
    /// Charge the buyer. No other step takes money.
    Charge,
    /// Ask how the payment stands.
    Fetch,
    /// Have the gateway promise that it will never charge, and hear how the payment stands then.
    Cancel,
    /// Sign the tickets and write the booking down as confirmed.
    Issue,
    /// Write down that the money will be given back, so that nobody issues tickets any more.
    NoteRefund,
    /// Give the money back.
    Refund,
    /// Write down for whom it waits, and look again later.
    Await(WaitFor),
    /// Write down how it ends without tickets.
    End(Ending),
    /// Try again later: something failed.
    PutOff,
    /// Let go of it: somebody else has done what was to be done.
    Leave,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepResult {
    /// What the gateway knows the payment by is written down.
    Opened,
    /// The gateway has said how the payment stands.
    Stands(PaymentStatus),
    /// The gateway gave no answer.
    Silent,
    /// No tickets: the units are not the booking's own any more.
    UnitsLost,
    /// No tickets: no key can sign them now.
    NoKey,
    /// It is written down that the money will be given back.
    RefundNoted,
    /// The gateway has said how giving back stands.
    RefundStands(RefundStatus),
    /// The booking is not any more what it was.
    Overtaken,
    /// Somebody else has issued the tickets meanwhile.
    HasTickets,
}

/// The course of one booking's payment, in the hands of whoever works on it.
#[derive(Debug, Clone)]
pub struct PaymentCourse {
    facts: PaymentFacts,
    /// Whether the buyer's token is at hand, and was not used.
    can_charge: bool,
    /// Why the bank said no, if it did.
    declined: Option<DeclineReason>,
    /// What was to be done last.
    last: PaymentStep,
}

impl PaymentCourse {
    /// Takes a booking up. `can_charge` is for the request alone that began it: what stands for the buyer's card is in its memory and
    /// nowhere else, and it has not charged yet.
    pub fn new(facts: PaymentFacts, can_charge: bool) -> Self {
        Self {
            facts,
            can_charge,
            declined: None,
            last: PaymentStep::Leave,
        }
    }

    /// Returns the first step.
    pub fn first(&mut self, now: Timestamp) -> PaymentStep {
        let facts = self.facts;
        let step = match facts.state {
            BookingState::Refunding => PaymentStep::Refund,
            BookingState::Paying | BookingState::ActionRequired | BookingState::Processing => {
                match (facts.is_free, facts.is_opened) {
                    (true, _) => PaymentStep::Issue,
                    (false, false) if self.can_charge => PaymentStep::Open,
                    // Only what is written down is ever charged.
                    (false, false) => PaymentStep::End(self.unpaid(now)),
                    (false, true) => self.charge_or(PaymentStep::Fetch),
                }
            }
            BookingState::Confirmed
            | BookingState::Declined(_)
            | BookingState::Expired
            | BookingState::Canceled
            | BookingState::Refunded => PaymentStep::Leave,
        };
        self.take(step)
    }

    /// Returns the next step, after what came of the last one.
    pub fn next(&mut self, result: StepResult, now: Timestamp) -> PaymentStep {
        let step = match result {
            StepResult::Opened => self.charge_or(PaymentStep::Cancel),
            StepResult::Stands(status) => self.heard(status, now),
            StepResult::Silent => self.unheard(now),
            StepResult::UnitsLost => self.without_tickets(now),
            StepResult::NoKey if now < self.issue_by() => PaymentStep::PutOff,
            StepResult::NoKey => self.without_tickets(now),
            StepResult::RefundNoted => PaymentStep::Refund,
            StepResult::RefundStands(RefundStatus::Given) => PaymentStep::End(Ending::Refunded),
            StepResult::RefundStands(RefundStatus::Pending) => PaymentStep::Await(WaitFor::Refund),
            StepResult::RefundStands(RefundStatus::Failed) => PaymentStep::PutOff,
            // It was closed behind our back without tickets, and the money is there: whoever closed it did not know.
            StepResult::Overtaken if self.last == PaymentStep::NoteRefund => PaymentStep::Refund,
            StepResult::Overtaken | StepResult::HasTickets => PaymentStep::Leave,
        };
        self.take(step)
    }

    fn take(&mut self, step: PaymentStep) -> PaymentStep {
        self.last = step.clone();
        step
    }

    fn charge_or(&mut self, otherwise: PaymentStep) -> PaymentStep {
        if std::mem::take(&mut self.can_charge) {
            PaymentStep::Charge
        } else {
            otherwise
        }
    }

    fn heard(&mut self, status: PaymentStatus, now: Timestamp) -> PaymentStep {
        if let PaymentStatus::Declined(reason) | PaymentStatus::Canceled(Some(reason)) = status {
            self.declined = Some(reason);
        }
        let was_canceling = self.last == PaymentStep::Cancel;
        let may_wait = was_canceling || now < self.facts.pay_by;
        match status {
            PaymentStatus::Paid => PaymentStep::Issue,
            PaymentStatus::Refunded => PaymentStep::End(Ending::Refunded),
            PaymentStatus::Canceled(_) => PaymentStep::End(match self.declined {
                Some(reason) => Ending::Declined(reason),
                None => self.unpaid(now),
            }),
            PaymentStatus::ActionRequired(action) if may_wait => PaymentStep::Await(WaitFor::Buyer(action)),
            PaymentStatus::Processing if may_wait => PaymentStep::Await(WaitFor::Bank),
            // A gateway that does not do as it was asked is asked again later, and the units wait for it.
            PaymentStatus::Unpaid | PaymentStatus::Declined(_) if was_canceling => PaymentStep::PutOff,
            // Declined too: who knows the payment at the gateway could pay it with another card.
            PaymentStatus::Unpaid
            | PaymentStatus::Declined(_)
            | PaymentStatus::ActionRequired(_)
            | PaymentStatus::Processing => PaymentStep::Cancel,
        }
    }

    fn unheard(&self, now: Timestamp) -> PaymentStep {
        match self.last {
            PaymentStep::Charge => PaymentStep::Fetch,
            // Whether it was opened or not: without a charge no money moves.
            PaymentStep::Open => PaymentStep::End(self.unpaid(now)),
            // It may say what nobody here understands, which is given up all the same.
            PaymentStep::Fetch if now >= self.facts.pay_by => PaymentStep::Cancel,
            PaymentStep::Fetch
            | PaymentStep::Cancel
            | PaymentStep::Issue
            | PaymentStep::NoteRefund
            | PaymentStep::Refund
            | PaymentStep::Await(_)
            | PaymentStep::End(_)
            | PaymentStep::PutOff
            | PaymentStep::Leave => PaymentStep::PutOff,
        }
    }

    fn without_tickets(&self, now: Timestamp) -> PaymentStep {
        if self.facts.is_free {
            PaymentStep::End(self.unpaid(now))
        } else {
            PaymentStep::NoteRefund
        }
    }

    fn unpaid(&self, now: Timestamp) -> Ending {
        if now < self.facts.pay_by {
            Ending::Canceled
        } else {
            Ending::Expired
        }
    }

    fn issue_by(&self) -> Timestamp {
        self.facts.pay_by.plus_ms(ms(ISSUE_TIME))
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
