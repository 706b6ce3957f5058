//! Carries out the course of a payment, step by step, and says what came of each step.

use tokio::time::timeout;

use crate::payment::{ChargeRequest, GatewayError, PaymentGateway, PaymentName, PaymentToken};
use crate::selling::course::{PaymentCourse, PaymentStatus, PaymentStep, StepResult, WaitFor};
use crate::selling::{
    BookingState, CloseOutcome, ConfirmOutcome, Ending, NoteOutcome, NotePayment, OpenBooking, PaymentNote,
};

use crate::signing::NoSigningKey;

use super::{BookError, BookOutcome, BookingDesk, replay};

/// What came of carrying a step out.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is not kept"
)]
enum Carried {
    /// There may be a next step.
    On(StepResult),
    /// The request has its answer.
    Over(BookOutcome),
}

/// What one who works on a payment has in hand.
struct Work<'a> {
    open: &'a OpenBooking,
    /// Who has the payment.
    gateway: &'a PaymentGateway,
    payment: PaymentName,
    token: Option<PaymentToken>,
    /// What went wrong last.
    trouble: Option<BookError>,
}

impl BookingDesk {
    /// Follows the course of a booking's payment until it ends or there is something to wait for; the caller has its turn and its job.
    pub(super) async fn follow(
        &self,
        open: &OpenBooking,
        token: Option<PaymentToken>,
    ) -> Result<BookOutcome, BookError> {
        let gateway = self.gateway_of(open)?;
        let facts = open.facts(gateway.goes_by_references());
        let mut course = PaymentCourse::new(facts, token.is_some());
        let mut work = Work {
            open,
            gateway,
            payment: PaymentName {
                reference: open.charge,
                id: open.payment.clone(),
            },
            token,
            trouble: None,
        };
        let mut step = course.first(self.parts.clock.now());
        loop {
            match self.carry_out(step, &mut work).await? {
                Carried::On(result) => step = course.next(result, self.parts.clock.now()),
                Carried::Over(outcome) => return Ok(outcome),
            }
        }
    }

    /// Finds who has a payment; of what costs nothing, or is paid at a counter, nobody is asked.
    fn gateway_of(&self, open: &OpenBooking) -> Result<&PaymentGateway, BookError> {
        let gateways = &self.parts.gateways;
        if open.amount.minor == 0 || open.gateway.is_counter() {
            return Ok(gateways.in_use());
        }
        gateways.of(open.gateway).map_err(BookError::PaymentUnknown)
    }

    async fn carry_out(&self, step: PaymentStep, work: &mut Work<'_>) -> Result<Carried, BookError> {
        let gateway = work.gateway;
        let stands = match step {
            PaymentStep::Open => return self.open(work).await.map(Carried::On),
            PaymentStep::Charge => self.charge(work).await,
            PaymentStep::Fetch => self.in_time(gateway.fetch(&work.payment)).await,
            PaymentStep::Cancel => self.in_time(gateway.cancel(&work.payment)).await,
            PaymentStep::Refund => {
                let refunded = self.in_time(gateway.refund(&work.payment, None)).await;
                return Ok(Carried::On(work.heard(refunded, StepResult::RefundStands)));
            }
            PaymentStep::Issue => return self.carry_out_issue(work).await,
            PaymentStep::NoteRefund => {
                tracing::error!(booking = ?work.open.id, "a paid booking gets no tickets: giving the money back");
                let noted = self.note(work, PaymentNote::Refunding).await?;
                let result = match noted {
                    NoteOutcome::Noted => StepResult::RefundNoted,
                    NoteOutcome::Overtaken if self.has_tickets(work.open).await? => StepResult::HasTickets,
                    NoteOutcome::Overtaken => StepResult::Overtaken,
                };
                return Ok(Carried::On(result));
            }
            PaymentStep::Await(wait) => return self.wait(work, wait).await,
            PaymentStep::End(ending) => return self.carry_out_end(work, ending).await,
            PaymentStep::PutOff => return Err(work.trouble.take().unwrap_or(BookError::Unwilling)),
            PaymentStep::Leave => return self.current_outcome(work).await.map(Carried::Over),
        };
        Ok(Carried::On(work.heard(stands, StepResult::Stands)))
    }

    async fn open(&self, work: &mut Work<'_>) -> Result<StepResult, BookError> {
        let opening = work.gateway.open(work.open.charge, work.open.amount);
        let id = match self.in_time(opening).await {
            Ok(id) => id,
            Err(error) => return Ok(work.heard(Err(error), StepResult::Stands)),
        };
        work.payment.id = Some(id.clone());
        let noted = self.note(work, PaymentNote::Opened(id)).await?;
        Ok(after(noted, StepResult::Opened))
    }

    async fn charge(&self, work: &mut Work<'_>) -> Result<PaymentStatus, GatewayError> {
        // Whoever has none is never told to charge.
        let Some(token) = work.token.take() else {
            return Ok(PaymentStatus::Unpaid);
        };
        let charge = ChargeRequest {
            payment: work.payment.clone(),
            amount: work.open.amount,
            token,
        };
        self.in_time(work.gateway.charge(charge)).await
    }

    async fn carry_out_issue(&self, work: &mut Work<'_>) -> Result<Carried, BookError> {
        match self.issue(work.open).await {
            Ok(ConfirmOutcome::Confirmed(booking)) => Ok(Carried::Over(BookOutcome::Confirmed(booking))),
            Ok(ConfirmOutcome::Halted) => Err(NoSigningKey {
                event: work.open.id.event,
            }
            .into()),
            Ok(ConfirmOutcome::Lost) => Ok(Carried::On(StepResult::UnitsLost)),
            // In an older copy a booking may be open that had its tickets since: its money waits until the event goes on.
            Err(error @ BookError::NoSigningKey(_)) if self.parts.signer.is_halted(work.open.id.event) => {
                Err(error)
            }
            Err(error @ BookError::NoSigningKey(_)) => {
                work.trouble = Some(error);
                Ok(Carried::On(StepResult::NoKey))
            }
            Err(error) => Err(error),
        }
    }

    async fn wait(&self, work: &Work<'_>, wait: WaitFor) -> Result<Carried, BookError> {
        match self.note(work, PaymentNote::Waits(wait)).await? {
            NoteOutcome::Noted => self.current_outcome(work).await.map(Carried::Over),
            NoteOutcome::Overtaken => Ok(Carried::On(StepResult::Overtaken)),
        }
    }

    async fn carry_out_end(&self, work: &Work<'_>, ending: Ending) -> Result<Carried, BookError> {
        let closed = self.end(work.open, work.payment.id.as_ref(), ending).await?;
        if closed == CloseOutcome::NotOpen && ending != Ending::Refunded {
            return Ok(Carried::On(StepResult::Overtaken));
        }
        Ok(Carried::Over(match ending {
            Ending::Declined(reason) => BookOutcome::Declined(reason),
            Ending::Canceled => BookOutcome::PaymentFailed,
            Ending::Expired => BookOutcome::Expired,
            Ending::Refunded => BookOutcome::Refunded,
        }))
    }

    async fn note(&self, work: &Work<'_>, note: PaymentNote) -> Result<NoteOutcome, BookError> {
        let note = NotePayment {
            booking: work.open.id,
            note,
            holder: self.parts.holder,
            now: self.parts.clock.now(),
        };
        Ok(self.parts.store.note_payment(note).await?)
    }

    /// Tells whether somebody has issued the tickets of a payment, whatever id the booking has now.
    async fn has_tickets(&self, open: &OpenBooking) -> Result<bool, BookError> {
        let Some(id) = self.parts.store.booking_of_charge(open.charge).await? else {
            return Ok(false);
        };
        let booking = self.parts.store.booking(id).await?;
        Ok(booking.is_some_and(|booking| booking.state == BookingState::Confirmed))
    }

    /// Answers with how the booking stands, whoever made it so.
    async fn current_outcome(&self, work: &Work<'_>) -> Result<BookOutcome, BookError> {
        match self.parts.store.booking(work.open.id).await? {
            Some(booking) => replay(booking),
            None => Ok(BookOutcome::NotFound),
        }
    }

    /// Waits for the gateway as long as it may take.
    pub(super) async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, GatewayError>>,
    ) -> Result<T, GatewayError> {
        let answered = timeout(self.parts.payment_timeout, asked).await;
        answered.unwrap_or(Err(GatewayError::Timeout))
    }
}

impl Work<'_> {
    /// Turns an answer of the gateway into what came of the step; remembers why there is none.
    fn heard<T>(
        &mut self,
        answer: Result<T, GatewayError>,
        says: impl FnOnce(T) -> StepResult,
    ) -> StepResult {
        match answer {
            Ok(answer) => says(answer),
            Err(error) => {
                let source = &error as &dyn std::error::Error;
                tracing::warn!(booking = ?self.open.id, error = source, "the payment service gave no answer");
                self.trouble = Some(BookError::PaymentUnknown(error));
                StepResult::Silent
            }
        }
    }
}

fn after(noted: NoteOutcome, result: StepResult) -> StepResult {
    match noted {
        NoteOutcome::Noted => result,
        NoteOutcome::Overtaken => StepResult::Overtaken,
    }
}
