//! What the organizer does to a sold ticket: void it, make it good again, replace it; the sale and the log change together.

use usher_keys::PublicKey;
use usher_protocol::record::Body;
use usher_protocol::{Generation, Unit};

use super::{Draft, LogWriter};
use crate::authority::{AuthorityError, keys_wanted_until};
use crate::ids::{TicketId, draw_ticket_code};
use crate::letters::ReissueLetters;
use crate::selling::binding::{Binding, HolderPhone, may_bind};
use crate::selling::sale::keys_needed_until;
use crate::selling::tickets::{Replacing, TicketRefusal, may_reinstate, may_replace, may_revoke};
use crate::selling::{NewTicket, ReissuedTo, SoldTicket, TicketState, UnitToIssue};
use crate::store::authority::{GenerationQuery, RowChange};

/// What became of a deed on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketOutcome {
    /// It is done, now or before; this is the ticket that counts.
    Done(Box<SoldTicket>),
    /// There is no such ticket.
    NotFound,
    /// Nothing becomes of it.
    Refused(TicketRefusal),
}

/// What takes a ticket's place.
struct Replacement {
    to: ReissuedTo,
    letters: Option<ReissueLetters>,
    /// The phone that must sign along.
    holder: Option<PublicKey>,
    /// How often it was bound to a phone by then.
    bindings: u8,
}

/// A rule of what a ticket becomes.
type StateRule = fn(&SoldTicket) -> Result<TicketState, TicketRefusal>;

impl LogWriter {
    /// Makes a ticket void.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn revoke_ticket(&mut self, id: TicketId) -> Result<TicketOutcome, AuthorityError> {
        let body = |unit, generation| Body::Revoked { unit, generation };
        self.change_state(id, may_revoke, body).await
    }

    /// Makes tickets void, all in one commit; those that are void or replaced already stay as they are.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn revoke_tickets(&mut self, ids: &[TicketId]) -> Result<(), AuthorityError> {
        self.catch_up().await?;
        let mut draft = Draft::default();
        for id in ids {
            let Some(ticket) = self.parts.store.ticket(*id).await? else {
                continue;
            };
            let (from, to) = (ticket.state, may_revoke(&ticket));
            if let Ok(to) = to
                && to != from
            {
                let ticket_change = RowChange::SetTicketState {
                    ticket: *id,
                    from,
                    to,
                };
                draft.row_changes.push(ticket_change);
                let SoldTicket { unit, generation, .. } = ticket;
                self.write(&mut draft, Body::Revoked { unit, generation })?;
            }
        }
        self.commit(draft).await
    }

    /// Makes a void ticket good again.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn reinstate_ticket(&mut self, id: TicketId) -> Result<TicketOutcome, AuthorityError> {
        if self.is_canceled().await? {
            return Ok(TicketOutcome::Refused(TicketRefusal::EventCanceled));
        }
        let body = |unit, generation| Body::Reinstated { unit, generation };
        self.change_state(id, may_reinstate, body).await
    }

    /// Replaces a ticket by its next generation, for its holder or for somebody else. A repeated request returns the generation
    /// that the first made.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn reissue_ticket(
        &mut self,
        id: TicketId,
        to: ReissuedTo,
        letters: Option<ReissueLetters>,
    ) -> Result<TicketOutcome, AuthorityError> {
        let Some(ticket) = self.ticket(id).await? else {
            return Ok(TicketOutcome::NotFound);
        };
        let generation = Generation(ticket.generation.0.saturating_add(1));
        match may_replace(&ticket, to) {
            Ok(Replacing::Now) => {
                let by = Replacement {
                    to,
                    letters,
                    holder: None,
                    bindings: 0,
                };
                self.replace(&ticket, generation, by).await
            }
            Ok(Replacing::Before) => self.successor(&ticket, generation).await,
            Err(refusal) => Ok(TicketOutcome::Refused(refusal)),
        }
    }

    /// Replaces a ticket by a generation that a phone must sign along. A repeated request of that phone returns the generation
    /// that the first made.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn bind_ticket(
        &mut self,
        id: TicketId,
        phone: HolderPhone,
    ) -> Result<TicketOutcome, AuthorityError> {
        let Some(ticket) = self.ticket(id).await? else {
            return Ok(TicketOutcome::NotFound);
        };
        let generation = Generation(ticket.generation.0.saturating_add(1));
        match may_bind(&ticket, &phone) {
            Ok(Binding::Now) => {
                let by = Replacement {
                    to: ReissuedTo::SameHolder,
                    letters: None,
                    holder: Some(phone.key),
                    bindings: ticket.bindings.saturating_add(1),
                };
                self.replace(&ticket, generation, by).await
            }
            Ok(Binding::Before) => Ok(TicketOutcome::Done(Box::new(ticket))),
            Ok(Binding::Replaced) => {
                let outcome = self.successor(&ticket, generation).await?;
                Ok(match outcome {
                    TicketOutcome::Done(next) => match next.holder() {
                        Some(key) if key == phone.key => TicketOutcome::Done(next),
                        Some(_) => TicketOutcome::Refused(TicketRefusal::OnAnotherPhone),
                        None => TicketOutcome::Refused(TicketRefusal::Superseded),
                    },
                    TicketOutcome::NotFound | TicketOutcome::Refused(_) => outcome,
                })
            }
            Err(refusal) => Ok(TicketOutcome::Refused(refusal)),
        }
    }

    /// Takes a ticket off the phone that it is bound to: its next generation opens gates by its code, and may be bound anew. One that is on
    /// no phone stays as it is.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn unbind_ticket(
        &mut self,
        id: TicketId,
        letters: Option<ReissueLetters>,
    ) -> Result<TicketOutcome, AuthorityError> {
        let Some(ticket) = self.ticket(id).await? else {
            return Ok(TicketOutcome::NotFound);
        };
        let is_free = ticket.state == TicketState::Valid && ticket.holder().is_none();
        if is_free && ticket.bindings == 0 {
            return Ok(TicketOutcome::Done(Box::new(ticket)));
        }
        self.reissue_ticket(id, ReissuedTo::SameHolder, letters).await
    }

    /// Tells whether somebody has gone in with a ticket of one of these units, as far as the cloud has heard.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn were_used(&mut self, units: &[Unit]) -> Result<bool, AuthorityError> {
        let state = self.state().await?;
        let mut passages = units.iter().map(|unit| state.tally(*unit).used(0, |_| 0, 0));
        Ok(passages.any(|used| used.admitted > 0))
    }

    /// Tells whether the event is canceled: then no ticket of it becomes good again.
    async fn is_canceled(&self) -> Result<bool, AuthorityError> {
        let event = self.parts.store.event(self.parts.event).await?;
        Ok(event.is_some_and(|event| event.canceled_at.is_some()))
    }

    async fn ticket(&mut self, id: TicketId) -> Result<Option<SoldTicket>, AuthorityError> {
        self.catch_up().await?;
        Ok(self.parts.store.ticket(id).await?)
    }

    async fn change_state(
        &mut self,
        id: TicketId,
        rule: StateRule,
        body: fn(Unit, Generation) -> Body,
    ) -> Result<TicketOutcome, AuthorityError> {
        let Some(ticket) = self.ticket(id).await? else {
            return Ok(TicketOutcome::NotFound);
        };
        let from = ticket.state;
        let to = match rule(&ticket) {
            Ok(to) if to == from => return Ok(TicketOutcome::Done(Box::new(ticket))),
            Ok(to) => to,
            Err(refusal) => return Ok(TicketOutcome::Refused(refusal)),
        };
        let mut draft = Draft {
            row_changes: vec![RowChange::SetTicketState { ticket: id, from, to }],
            ..Draft::default()
        };
        self.write(&mut draft, body(ticket.unit, ticket.generation))?;
        self.commit(draft).await?;
        Ok(TicketOutcome::Done(Box::new(SoldTicket { state: to, ..ticket })))
    }

    /// Finds the ticket that has taken another's place; one that has itself been replaced since does not count.
    async fn successor(
        &self,
        old: &SoldTicket,
        generation: Generation,
    ) -> Result<TicketOutcome, AuthorityError> {
        let query = GenerationQuery {
            event: self.parts.event,
            unit: old.unit,
            generation,
        };
        let next = match self.parts.store.ticket_of(query).await? {
            Some(id) => self.parts.store.ticket(id).await?,
            None => None,
        };
        Ok(match next {
            Some(next) if next.state == TicketState::Valid => TicketOutcome::Done(Box::new(next)),
            Some(_) | None => TicketOutcome::Refused(TicketRefusal::Superseded),
        })
    }

    async fn replace(
        &mut self,
        old: &SoldTicket,
        generation: Generation,
        by: Replacement,
    ) -> Result<TicketOutcome, AuthorityError> {
        let (event, unit) = (self.parts.event, old.unit);
        let Some(found) = self.parts.store.event(event).await? else {
            return Ok(TicketOutcome::NotFound);
        };
        if found.canceled_at.is_some() {
            return Ok(TicketOutcome::Refused(TicketRefusal::EventCanceled));
        }
        let Some(tier) = found.tier(old.tier).cloned() else {
            return Ok(TicketOutcome::NotFound);
        };
        let believed_until = self.parts.signer.believed_until(event);
        if believed_until.is_some_and(|until| until < keys_needed_until(found.ends_at)) {
            let wanted = keys_wanted_until(found.ends_at, self.now());
            return Err(AuthorityError::KeyEndsEarly { wanted });
        }
        let to_issue = UnitToIssue {
            unit,
            tier: tier.id,
            generation,
            admits: tier.admits,
            flags: tier.flags,
        };
        let payload = self.parts.signer.sign_for(event, &to_issue, by.holder)?;
        let id = TicketId::draw(event, self.now());
        let new = NewTicket {
            id,
            unit,
            generation,
            code: draw_ticket_code(),
            payload: payload.to_text(),
        };
        let mut draft = Draft {
            row_changes: vec![RowChange::Reissue {
                old: old.id,
                new,
                to: by.to,
                letters: by.letters,
                bindings: by.bindings,
            }],
            ..Draft::default()
        };
        self.write(&mut draft, Body::Superseded { unit, generation })?;
        self.commit(draft).await?;
        let issued = self.parts.store.ticket(id).await?;
        Ok(issued.map_or(TicketOutcome::NotFound, |ticket| {
            TicketOutcome::Done(Box::new(ticket))
        }))
    }
}
