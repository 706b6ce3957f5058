//! Canceling an event: its sale stops for good, all its tickets are revoked, and what was paid is given back, booking by booking.
//!
//! Everything goes by what is written down: whoever takes the job over goes on where the one before was. Payments that are running when it
//! is canceled get no tickets, which is for their own course to see to.

use usher_keys::{EventId, Timestamp};

use crate::ids::RefundId;

use super::jobs::LeaseHolder;
use super::refunding::{RefundFacts, RefundTerms, parts_of, taken_back};
use super::refunds::{RefundOf, RefundState};
use super::{BookingState, TicketState};

/// Asks to cancel an event.
#[derive(Debug, Clone, Copy)]
pub struct CancelEvent {
    pub event: EventId,
    /// Who gives the money back, and has the lease of the job.
    pub holder: LeaseHolder,
    /// Whether its buyers get letters.
    pub mails: bool,
    pub now: Timestamp,
}

/// What became of canceling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It is canceled, now or before.
    Canceled,
    /// It was never put on sale.
    NotPublished,
    /// It is halted: what it has sold may be more than this copy of the store knows.
    Halted,
}

/// What is written down of an event that is to be canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelFacts {
    /// Whether it was put on sale.
    pub is_published: bool,
    /// Whether it is canceled already.
    pub is_canceled: bool,
    /// Whether nothing of it is sold or given back until an operator says so.
    pub is_halted: bool,
}

/// Decides whether an event is canceled now.
///
/// # Errors
///
/// What becomes of asking otherwise.
pub fn may_cancel(facts: CancelFacts) -> Result<(), CancelOutcome> {
    if !facts.is_published {
        Err(CancelOutcome::NotPublished)
    } else if facts.is_canceled {
        Err(CancelOutcome::Canceled)
    } else if facts.is_halted {
        Err(CancelOutcome::Halted)
    } else {
        Ok(())
    }
}

/// Asks for the next refunds of a canceled event.
#[derive(Debug, Clone)]
pub struct RefundCanceled {
    pub event: EventId,
    /// The ids they shall have: at most so many are begun.
    pub refunds: Vec<RefundId>,
    /// Who works on them, and on the job.
    pub holder: LeaseHolder,
    pub now: Timestamp,
}

/// What became of asking for the next refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundedSome {
    /// Those that were begun.
    pub begun: Vec<RefundId>,
    pub then: AfterSome,
}

/// How refunding a canceled event goes on after some of its bookings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterSome {
    /// There may be more.
    More,
    /// Some were skipped: all are looked at again, later.
    Again,
    /// All bookings have their refunds.
    Ended,
}

/// Returns how it goes on, by whether there are more bookings and how many were skipped.
pub fn after_some(are_last: bool, skipped: u32) -> AfterSome {
    match (are_last, skipped) {
        (false, _) => AfterSome::More,
        (true, 0) => AfterSome::Ended,
        (true, _) => AfterSome::Again,
    }
}

/// What is done about one booking of a canceled event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CanceledBooking {
    /// A refund begins, and stands so.
    Refund(RefundTerms, RefundState),
    /// Another refund of it is on its way: it is skipped.
    Skipped,
    /// There is nothing left to give back.
    Nothing,
}

/// Decides what is given back of a booking of a canceled event: all that is left of what was paid, for tickets that were given to somebody
/// else too, since whoever paid gets the money. Nothing is given back of what a bank has taken back, or has not decided about.
pub fn refund_of(facts: &RefundFacts<'_>) -> CanceledBooking {
    if facts.state != BookingState::Confirmed {
        return CanceledBooking::Nothing;
    }
    if facts.is_running {
        return CanceledBooking::Skipped;
    }
    let Ok(tickets) = taken_back(facts, &RefundOf::All) else {
        return CanceledBooking::Nothing;
    };
    let left = facts.paid.saturating_sub(facts.promised);
    let amount = if facts.is_disputed { 0 } else { left };
    if amount == 0 && tickets.is_empty() {
        return CanceledBooking::Nothing;
    }
    let are_revoked = tickets.iter().all(|ticket| ticket.state != TicketState::Valid);
    let terms = RefundTerms {
        amount,
        parts: parts_of(facts, &tickets, amount),
        tickets: tickets.iter().map(|ticket| ticket.id).collect(),
    };
    let state = if are_revoked {
        RefundState::Giving
    } else {
        RefundState::Revoking
    };
    CanceledBooking::Refund(terms, state)
}

/// How far the cancellation of an event has come, or what there is to give back before it is canceled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CancelProgress {
    /// When it was canceled.
    pub canceled_at: Option<Timestamp>,
    /// Tickets that are still valid.
    pub tickets_left: u32,
    /// Bookings whose refund has not begun.
    pub bookings_left: u32,
    /// Payments that are not over: what they bring is given back.
    pub payments_running: u32,
    /// Refunds that are on their way.
    pub refunds_running: u32,
    /// Refunds that the gateway has refused.
    pub refunds_refused: u32,
    /// Refunds that buyers have.
    pub refunds_given: u32,
}

/// How the cancellation of an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelStatus {
    /// It is not canceled: so much would be given back.
    Planned,
    /// Its tickets are being revoked.
    Revoking,
    /// Money is being given back.
    Refunding,
    /// What is left was refused by the payment service: a person has to look into it.
    Refused,
    /// Everybody has their money.
    Done,
}

impl CancelStatus {
    /// Returns the word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Revoking => "revoking",
            Self::Refunding => "refunding",
            Self::Refused => "refused",
            Self::Done => "done",
        }
    }
}

impl CancelProgress {
    /// Counts refunds that stand so.
    #[must_use]
    pub fn with_refunds(mut self, state: RefundState, refunds: u32) -> Self {
        let counted = match state {
            RefundState::Revoking | RefundState::Giving => &mut self.refunds_running,
            RefundState::Refused => &mut self.refunds_refused,
            RefundState::Given | RefundState::GivenOutside => &mut self.refunds_given,
        };
        *counted += refunds;
        self
    }

    /// Returns how it stands.
    pub fn status(&self) -> CancelStatus {
        let running = self.bookings_left + self.payments_running + self.refunds_running;
        if self.canceled_at.is_none() {
            CancelStatus::Planned
        } else if self.tickets_left > 0 {
            CancelStatus::Revoking
        } else if running > 0 {
            CancelStatus::Refunding
        } else if self.refunds_refused > 0 {
            CancelStatus::Refused
        } else {
            CancelStatus::Done
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_when_nobody_is_left_and_nobody_was_skipped() {
        assert_eq!(after_some(false, 0), AfterSome::More);
        assert_eq!(after_some(false, 3), AfterSome::More);
        assert_eq!(after_some(true, 3), AfterSome::Again);
        assert_eq!(after_some(true, 0), AfterSome::Ended);
    }

    #[test]
    fn only_what_was_put_on_sale_is_canceled_and_once() {
        for (is_published, is_canceled, is_halted, expected) in [
            (true, false, false, Ok(())),
            (true, false, true, Err(CancelOutcome::Halted)),
            (true, true, true, Err(CancelOutcome::Canceled)),
            (true, true, false, Err(CancelOutcome::Canceled)),
            (false, false, false, Err(CancelOutcome::NotPublished)),
            (false, false, true, Err(CancelOutcome::NotPublished)),
        ] {
            let facts = CancelFacts {
                is_published,
                is_canceled,
                is_halted,
            };
            assert_eq!(may_cancel(facts), expected, "{facts:?}");
        }
    }

    #[test]
    fn refunds_are_counted_by_whether_somebody_has_to_see_to_them() {
        let all = RefundState::ALL.into_iter();
        let progress = all.fold(CancelProgress::default(), |progress, state| {
            progress.with_refunds(state, 3)
        });
        let counted = [
            progress.refunds_running,
            progress.refunds_refused,
            progress.refunds_given,
        ];
        assert_eq!(counted, [6, 3, 6]);
    }

    fn check(progress: CancelProgress, expected: CancelStatus) {
        assert_eq!(progress.status(), expected, "{progress:?}");
    }

    #[test]
    fn it_is_done_only_when_everybody_has_their_money() {
        let done = CancelProgress {
            canceled_at: Some(Timestamp(1)),
            refunds_given: 7,
            ..CancelProgress::default()
        };
        check(CancelProgress::default(), CancelStatus::Planned);
        check(done, CancelStatus::Done);
        let refused = CancelProgress {
            refunds_refused: 1,
            ..done
        };
        check(refused, CancelStatus::Refused);
        for running in [
            CancelProgress {
                bookings_left: 1,
                ..refused
            },
            CancelProgress {
                payments_running: 1,
                ..refused
            },
            CancelProgress {
                refunds_running: 1,
                ..refused
            },
        ] {
            check(running, CancelStatus::Refunding);
        }
        check(
            CancelProgress {
                tickets_left: 1,
                ..refused
            },
            CancelStatus::Revoking,
        );
    }
}
