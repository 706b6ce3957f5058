//! The gateway of the simulation, with the banks behind it: strict, and forgetful of nothing.

use usher_cloud::money::DeclineReason;
use usher_cloud::selling::course::{BuyerAction, PaymentStatus, RefundStatus};
use usher_cloud::selling::disputes::DisputeState;

/// How a payment stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankStatus {
    /// Nothing was asked for yet.
    Open,
    /// The bank has said no; another card may do.
    Declined,
    /// The bank waits for the buyer.
    Asked,
    /// The bank is at it, and cannot be stopped.
    Processing,
    /// The money was taken.
    Paid,
    /// It never will be.
    Canceled,
}

/// A payment.
#[derive(Debug, Clone)]
pub struct BankPayment {
    /// Whose it is.
    pub booking: usize,
    pub status: BankStatus,
    /// Whether it was ever declined.
    pub was_declined: bool,
    pub is_refunded: bool,
    /// What was paid, once it is.
    pub amount: i64,
    /// The parts that were given back: the number of the refund, and how much.
    pub parts: Vec<(usize, i64)>,
    /// What its bank has taken back for the buyer, and how that stands.
    pub dispute: Option<(DisputeState, i64)>,
    /// How often it still says that giving back takes its time.
    delays: usize,
}

impl BankPayment {
    /// Returns what of it was taken and not given back.
    pub fn taken(&self) -> i64 {
        let parts: i64 = self.parts.iter().map(|(_, amount)| amount).sum();
        let taken_back = self.dispute.filter(|(state, _)| state.has_taken());
        let disputed = taken_back.map_or(0, |(_, amount)| amount);
        match self.status {
            BankStatus::Paid if !self.is_refunded => self.amount - parts - disputed,
            BankStatus::Open
            | BankStatus::Declined
            | BankStatus::Asked
            | BankStatus::Processing
            | BankStatus::Paid
            | BankStatus::Canceled => 0,
        }
    }
}

/// What the bank says to a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// Yes.
    Good,
    /// No.
    Bad,
    /// It asks the buyer.
    Asks,
    /// It takes its time.
    Slow,
}

/// What is asked of the gateway; payments by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankRequest {
    /// To open a payment.
    Open { booking: usize, amount: i64 },
    /// To take the money.
    Charge { payment: usize, card: Card },
    /// How it stands.
    Fetch { payment: usize },
    /// To never charge it.
    Cancel { payment: usize },
    /// To give the money back.
    Refund { payment: usize },
    /// To give a part of it back, once for each refund.
    Give {
        payment: usize,
        refund: usize,
        attempt: u32,
        amount: i64,
    },
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankReply {
    /// The number of the payment it has opened.
    Opened(usize),
    /// How it stands now.
    Stands(PaymentStatus),
    /// The money is given back, or there was none.
    Refunded,
    /// How giving a part of it back stands.
    Gives(RefundStatus),
}

/// The gateway.
#[derive(Debug, Clone, Default)]
pub struct Bank {
    pub payments: Vec<BankPayment>,
}

impl Bank {
    /// Does what is asked.
    pub fn hear(&mut self, question: BankRequest) -> BankReply {
        match question {
            BankRequest::Open { booking, amount } => {
                self.payments.push(BankPayment {
                    booking,
                    status: BankStatus::Open,
                    was_declined: false,
                    is_refunded: false,
                    amount,
                    parts: Vec::new(),
                    dispute: None,
                    delays: self.payments.len() % 3,
                });
                return BankReply::Opened(self.payments.len() - 1);
            }
            BankRequest::Charge { payment, card } => {
                // Once: the same question again is answered with how it stands.
                if self.payments[payment].status == BankStatus::Open {
                    self.say(payment, card);
                }
                return BankReply::Stands(self.status(payment));
            }
            BankRequest::Cancel { payment } => {
                let status = &mut self.payments[payment].status;
                match *status {
                    BankStatus::Open | BankStatus::Declined | BankStatus::Asked => {
                        *status = BankStatus::Canceled
                    }
                    BankStatus::Processing | BankStatus::Paid | BankStatus::Canceled => {}
                }
            }
            BankRequest::Refund { payment } => {
                let found = &mut self.payments[payment];
                found.is_refunded |= found.status == BankStatus::Paid;
                return BankReply::Refunded;
            }
            BankRequest::Give {
                payment,
                refund,
                attempt,
                amount,
            } => return BankReply::Gives(self.give(payment, (refund, attempt), amount)),
            BankRequest::Fetch { .. } => {}
        }
        let (BankRequest::Fetch { payment } | BankRequest::Cancel { payment }) = question else {
            unreachable!("all others are answered above")
        };
        BankReply::Stands(self.status(payment))
    }

    /// Gives a part back: once for each refund, never more than was paid, and of some payments only when somebody has looked into it.
    fn give(&mut self, payment: usize, (refund, attempt): (usize, u32), amount: i64) -> RefundStatus {
        let found = &mut self.payments[payment];
        if found.parts.iter().any(|(part, _)| *part == refund) {
            return RefundStatus::Given;
        }
        let is_stubborn = payment % 3 == 2 && attempt == 1;
        if is_stubborn || amount > found.taken() {
            return RefundStatus::Failed;
        }
        if found.delays > 0 {
            found.delays -= 1;
            return RefundStatus::Pending;
        }
        found.parts.push((refund, amount));
        RefundStatus::Given
    }

    /// A bank takes what is left of a payment back for its buyer; tells whether there was something.
    pub fn dispute(&mut self, payment: usize) -> bool {
        let found = &mut self.payments[payment];
        let left = found.taken();
        let is_new = left > 0 && found.dispute.is_none();
        if is_new {
            found.dispute = Some((DisputeState::Open, left));
        }
        is_new
    }

    /// A bank decides a dispute.
    pub fn decide_dispute(&mut self, payment: usize, state: DisputeState) {
        if let Some((found, _)) = &mut self.payments[payment].dispute {
            *found = state;
        }
    }

    fn say(&mut self, payment: usize, card: Card) {
        let found = &mut self.payments[payment];
        found.status = match card {
            Card::Good => BankStatus::Paid,
            Card::Bad => BankStatus::Declined,
            Card::Asks => BankStatus::Asked,
            Card::Slow => BankStatus::Processing,
        };
        found.was_declined |= card == Card::Bad;
    }

    /// The buyer does something on the bank's page, which takes nothing that is over.
    pub fn buyer(&mut self, payment: usize, card: Card) {
        if matches!(
            self.payments[payment].status,
            BankStatus::Asked | BankStatus::Declined
        ) {
            self.say(payment, card);
        }
    }

    /// The bank makes up its mind.
    pub fn decide(&mut self, payment: usize, card: Card) {
        if self.payments[payment].status == BankStatus::Processing {
            self.say(payment, card);
        }
    }

    fn status(&self, payment: usize) -> PaymentStatus {
        let found = &self.payments[payment];
        match found.status {
            BankStatus::Open => PaymentStatus::Unpaid,
            BankStatus::Declined => PaymentStatus::Declined(DeclineReason::Card),
            BankStatus::Asked => PaymentStatus::ActionRequired(BuyerAction {
                url: format!("https://bank.example/{payment}"),
            }),
            BankStatus::Processing => PaymentStatus::Processing,
            BankStatus::Paid if found.is_refunded => PaymentStatus::Refunded,
            BankStatus::Paid => PaymentStatus::Paid,
            BankStatus::Canceled => {
                PaymentStatus::Canceled(found.was_declined.then_some(DeclineReason::Card))
            }
        }
    }
}
