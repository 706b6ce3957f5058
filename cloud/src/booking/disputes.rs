//! Hearing of disputes: the gateway is asked for them, and what it says is written down; nothing else is believed.

use std::time::Duration;

use crate::ids::DisputeId;
use crate::payment::{DisputesOf, ToldDispute};
use crate::selling::PaymentId;
use crate::selling::disputes::{DisputeState, NoteDispute};
use crate::store::StoreError;

use super::{BookError, BookingDesk};

/// For how long a dispute may be decided after it was opened; banks have less.
const DECIDED_AFTER: Duration = Duration::from_hours(180 * 24);

impl BookingDesk {
    /// Asks the gateways for all disputes that may not be decided, for those that no webhook has told of.
    ///
    /// # Errors
    ///
    /// [`BookError`]: it is asked again later.
    pub async fn look_at_disputes(&self) -> Result<(), BookError> {
        let now = self.parts.clock.now();
        let long_ago = u64::try_from(DECIDED_AFTER.as_millis()).unwrap_or(u64::MAX);
        let since = usher_keys::Timestamp(now.0.saturating_sub(long_ago));
        self.hear_disputes(&DisputesOf::Since(since)).await
    }

    /// Asks soon for the disputes of a payment, because its gateway says that there is one; nobody waits for that.
    pub fn told_of_dispute(&self, payment: PaymentId) {
        if self.tasks.is_closed() {
            return;
        }
        let desk = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = desk.hear_disputes(&DisputesOf::Payment(payment)).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    error,
                    "a dispute was not looked at, and is when all are looked at next"
                );
            }
        });
    }

    async fn hear_disputes(&self, of: &DisputesOf) -> Result<(), BookError> {
        let told = self.in_time(self.parts.gateways.disputes(of)).await;
        for dispute in told.map_err(BookError::PaymentUnknown)? {
            self.note_dispute(dispute).await?;
        }
        Ok(())
    }

    async fn note_dispute(&self, told: ToldDispute) -> Result<(), StoreError> {
        let ToldDispute {
            name,
            charge,
            amount,
            state,
        } = told;
        let Some(id) = self.parts.store.booking_of_charge(charge).await? else {
            return Ok(());
        };
        let booking = self.parts.store.booking(id).await?;
        if booking.is_none_or(|booking| booking.amount.currency != amount.currency) {
            tracing::error!(
                ?charge,
                "a dispute is in another currency than its sale, and is not written down: look for it at the payment service"
            );
            return Ok(());
        }
        let now = self.parts.clock.now();
        let note = NoteDispute {
            dispute: DisputeId::draw(charge.event, now),
            charge,
            name,
            amount,
            state,
            now,
        };
        if self.parts.store.note_dispute(note).await? {
            match state {
                DisputeState::Open => {
                    tracing::warn!(
                        ?charge,
                        "a bank has taken the money of a sale back: answer it at the payment service"
                    );
                }
                DisputeState::Won | DisputeState::Lost => {
                    tracing::info!(?charge, outcome = state.word(), "a dispute is decided");
                }
            }
        }
        Ok(())
    }
}
