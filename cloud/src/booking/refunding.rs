//! Giving money back after the sale, step by step as `selling::refunds` says: tickets are revoked, the gateway gives back, units are free.
//! Each step is written down before the next one is begun, and bears being done twice.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use usher_keys::EventId;

use crate::authority::AuthorityError;
use crate::ids::{RefundId, TicketId};
use crate::payment::{GatewayError, PaymentName, RefundPart};
use crate::selling::jobs::{JobId, LeaseOutcome};
use crate::selling::refunding::{RefundHeard, RefundStep, first, given_by_hand, next};
use crate::selling::refunds::{
    BeginRefund, BeginRefundOutcome, NoteRefund, OpenRefund, RefundNote, RetryRefund,
};
use crate::selling::{NoteOutcome, TicketState};
use crate::store::StoreError;

use super::{BookError, BookingDesk};

/// Revokes tickets in the log of their event, each once however often it is asked.
#[derive(Clone)]
pub struct Revoker(Arc<RevokeTickets>);

type RevokeTickets =
    dyn Fn(EventId, Vec<TicketId>) -> BoxFuture<'static, Result<(), AuthorityError>> + Send + Sync;

impl Revoker {
    /// Takes what revokes tickets of an event.
    pub fn new(
        revoke: impl Fn(EventId, Vec<TicketId>) -> BoxFuture<'static, Result<(), AuthorityError>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(revoke))
    }

    /// Revokes tickets of an event.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`]; some may be revoked then.
    pub async fn revoke(&self, event: EventId, tickets: Vec<TicketId>) -> Result<(), AuthorityError> {
        (self.0)(event, tickets).await
    }
}

impl fmt::Debug for Revoker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revoker(..)")
    }
}

impl BookingDesk {
    /// Begins to give money back and goes on with it as far as it comes now; what fails is tried again by its job.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing has begun.
    pub async fn refund(&self, request: BeginRefund) -> Result<BeginRefundOutcome, StoreError> {
        let begun = self.parts.store.begin_refund(request).await?;
        if let BeginRefundOutcome::Begun(refund) = &begun
            && refund.state.is_open()
        {
            self.give_soon(refund.id).await;
        }
        Ok(begun)
    }

    /// Tries a refund again that the gateway has refused; tells whether it was one.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing has changed.
    pub async fn retry_refund(&self, id: RefundId) -> Result<bool, StoreError> {
        let retry = RetryRefund {
            refund: id,
            holder: self.parts.holder,
            now: self.parts.clock.now(),
        };
        let is_retried = self.parts.store.retry_refund(retry).await?;
        if is_retried {
            self.give_soon(id).await;
        }
        Ok(is_retried)
    }

    /// Writes down that a person has given the money of a refund by another way, after the gateway has refused; tells whether it had.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing has changed.
    pub async fn given_outside(&self, id: RefundId) -> Result<bool, StoreError> {
        let note = NoteRefund {
            refund: id,
            note: RefundNote::GivenOutside,
            mails: self.parts.mails,
            holder: self.parts.holder,
            now: self.parts.clock.now(),
        };
        match self.parts.store.note_refund(note).await? {
            NoteOutcome::Noted => {
                self.parts.seat_maps.changed(id.event);
                Ok(true)
            }
            NoteOutcome::Overtaken => Ok(false),
        }
    }

    /// Goes on with a refund in a task of the desk, whether or not the client still waits.
    async fn give_soon(&self, id: RefundId) {
        if self.tasks.is_closed() {
            return;
        }
        let desk = self.clone();
        // What fails is put off and told there.
        let giving = self.tasks.spawn(async move { drop(desk.refund_due(id).await) });
        let _ = giving.await;
    }

    /// Goes on with a refund whose job waits for anybody; tells whether it has come to its end.
    ///
    /// # Errors
    ///
    /// [`BookError`]: the job is put off.
    pub async fn refund_due(&self, id: RefundId) -> Result<bool, BookError> {
        let job = JobId::GiveRefund(id);
        match self.lease(job).await? {
            LeaseOutcome::Leased => self.at_work(job, self.give_back(id)).await,
            LeaseOutcome::Held | LeaseOutcome::Gone => Ok(false),
        }
    }

    async fn give_back(&self, id: RefundId) -> Result<bool, BookError> {
        while let Some(open) = self.parts.store.open_refund(id).await? {
            let mut step = first(&open.refund);
            let mut trouble = None;
            loop {
                let heard = match step {
                    RefundStep::Revoke => self.revoke(&open).await,
                    RefundStep::Give => self.ask_to_give(&open).await,
                    RefundStep::Note(note) => {
                        self.note_refund(&open, note).await?;
                        if note == RefundNote::Waits {
                            return Ok(false);
                        }
                        break;
                    }
                    RefundStep::PutOff => return Err(trouble.unwrap_or(BookError::Unwilling)),
                    RefundStep::Leave => return Ok(true),
                };
                step = next(match heard {
                    Ok(heard) => heard,
                    Err(error) => {
                        trouble = Some(error);
                        RefundHeard::Silent
                    }
                });
            }
        }
        Ok(true)
    }

    async fn revoke(&self, open: &OpenRefund) -> Result<RefundHeard, BookError> {
        let valid = |(_, state): &&(TicketId, TicketState)| *state == TicketState::Valid;
        let valid = open
            .refund
            .tickets
            .iter()
            .filter(valid)
            .map(|(ticket, _)| *ticket);
        let revoking = self.parts.revoker.revoke(open.refund.id.event, valid.collect());
        revoking.await?;
        Ok(RefundHeard::Revoked)
    }

    async fn ask_to_give(&self, open: &OpenRefund) -> Result<RefundHeard, BookError> {
        if let Some(heard) = given_by_hand(open) {
            return Ok(heard);
        }
        let gateway = self
            .parts
            .gateways
            .of(open.gateway)
            .map_err(BookError::PaymentUnknown)?;
        let payment = PaymentName {
            reference: open.charge,
            id: open.payment.clone(),
        };
        let part = RefundPart {
            refund: open.refund.id,
            attempt: open.refund.attempt,
            amount: open.refund.amount,
        };
        match self.in_time(gateway.refund(&payment, Some(&part))).await {
            Ok(status) => Ok(RefundHeard::Stands(status)),
            Err(GatewayError::Refused(_) | GatewayError::Amount | GatewayError::Unopened) => {
                Ok(RefundHeard::Refused)
            }
            Err(
                error @ (GatewayError::Unreachable
                | GatewayError::Timeout
                | GatewayError::Busy { .. }
                | GatewayError::Unreadable
                | GatewayError::NotSetUp(_)
                | GatewayError::Ledger(_)),
            ) => Err(BookError::PaymentUnknown(error)),
        }
    }

    async fn note_refund(&self, open: &OpenRefund, note: RefundNote) -> Result<(), BookError> {
        let id = open.refund.id;
        if note == RefundNote::Refused {
            tracing::error!(refund = ?id, "the payment service refuses to give money back: somebody has to look into it");
        }
        let noted = self
            .parts
            .store
            .note_refund(NoteRefund {
                refund: id,
                note,
                mails: self.parts.mails,
                holder: self.parts.holder,
                now: self.parts.clock.now(),
            })
            .await?;
        match noted {
            NoteOutcome::Noted => {
                self.parts.seat_maps.changed(id.event);
                Ok(())
            }
            // Somebody else is further, or a ticket became valid again: it is looked at anew.
            NoteOutcome::Overtaken => Err(BookError::Interrupted),
        }
    }
}
