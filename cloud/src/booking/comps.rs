//! Giving tickets away: the bookings of a list are opened together, and then settled as any other booking that costs nothing.

use futures_util::{StreamExt, stream};
use usher_keys::EventId;

use crate::ids::{BookingId, ChargeReference, ReservationId, draw};
use crate::selling::booking_code::BookingCode;
use crate::selling::comps::{BeginComps, BeginCompsOutcome, CompUnits, CompsRefusal, NewComp};
use crate::selling::jobs::JobId;
use crate::selling::{OpenBooking, RequestHash};

use super::{BookError, BookOutcome, BookingDesk};

/// Bookings of a list that are settled at a time: enough for one group commit, and buyers' bookings come in between.
const AT_ONCE: usize = 16;

/// Asks to give tickets away.
#[derive(Clone)]
pub struct GiveComps {
    pub event: EventId,
    /// The client's key for this request.
    pub idempotency_key: String,
    pub request_hash: RequestHash,
    /// Who gets what.
    pub comps: Vec<CompFor>,
}

/// What one person gets.
#[derive(Clone)]
pub struct CompFor {
    /// The person's address.
    pub email: String,
    /// The person's name; may be empty.
    pub name: String,
    pub units: CompUnits,
}

impl BookingDesk {
    /// Gives tickets away to all people of a list or to nobody, once for each idempotency key; returns their bookings in the
    /// order of the list. Tickets that cannot be issued now are issued later, by the jobs of their bookings.
    ///
    /// # Errors
    ///
    /// [`BookError`]: nothing is known of it yet; ask again with the same key.
    pub async fn give(&self, request: GiveComps) -> Result<Result<Vec<BookingId>, CompsRefusal>, BookError> {
        if self.tasks.is_closed() {
            return Err(BookError::Interrupted);
        }
        let desk = self.clone();
        let task = self.tasks.spawn(async move { desk.give_alone(request).await });
        task.await.unwrap_or(Err(BookError::Interrupted))
    }

    async fn give_alone(
        &self,
        request: GiveComps,
    ) -> Result<Result<Vec<BookingId>, CompsRefusal>, BookError> {
        let begun = self.parts.store.begin_comps(self.with_ids(request)).await?;
        let open = match begun {
            BeginCompsOutcome::Begun(open) => open,
            BeginCompsOutcome::Existing(bookings) => return Ok(Ok(bookings)),
            BeginCompsOutcome::Refused(refusal) => return Ok(Err(refusal)),
        };
        let bookings = open.iter().map(|open| open.id).collect();
        stream::iter(open)
            .for_each_concurrent(AT_ONCE, |open| async move { self.settle_comp(&open).await })
            .await;
        Ok(Ok(bookings))
    }

    async fn settle_comp(&self, open: &OpenBooking) {
        let _turn = self.turns.take(open.reservation).await;
        let job = JobId::SettleBooking(open.id);
        // What fails is put off and told there.
        let settled = self.at_work(job, self.follow(open, None)).await;
        let outcome = settled.as_ref().map_or("unsettled", BookOutcome::label);
        self.parts.metrics.booked(outcome);
    }

    fn with_ids(&self, request: GiveComps) -> BeginComps {
        let (event, now) = (request.event, self.parts.clock.now());
        let comps = request.comps.into_iter().map(|comp| NewComp {
            booking: BookingId::draw(event, now),
            charge: ChargeReference::draw(event, now),
            reservation: ReservationId::draw(event, now),
            code: BookingCode::draw_from(u64::from_le_bytes(draw())),
            email: comp.email,
            name: comp.name,
            units: comp.units,
        });
        BeginComps {
            event,
            idempotency_key: request.idempotency_key,
            request_hash: request.request_hash,
            comps: comps.collect(),
            gateway: self.parts.gateways.in_use().kind(),
            believed_until: self.parts.signer.believed_until(event),
            holder: self.parts.holder,
            now,
        }
    }
}
