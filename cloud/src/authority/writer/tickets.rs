//! What the organizer does to a sold ticket: void it, make it good again, replace it; the sale and the log change together.

use usher_protocol::Generation;
use usher_protocol::record::Body;

use super::{Draft, LogWriter};
use crate::authority::{AuthorityError, keys_wanted_until};
use crate::ids::{TicketId, draw_ticket_code};
use crate::selling::sale::keys_needed_until;
use crate::selling::{NewTicket, SoldTicket, TicketState, UnitToIssue};
use crate::store::authority::{GenerationQuery, ReissuedTo, RowChange};

/// What became of a deed on a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketOutcome {
    /// It is done, now or before; this is the ticket that counts.
    Done(Box<SoldTicket>),
    /// There is no such ticket.
    NotFound,
    /// A newer ticket of the unit has taken its place.
    Superseded,
    /// It was transferred: what has taken its place is somebody else's.
    Transferred,
    /// It is revoked, and a revoked ticket never comes back under a fresh code.
    Revoked,
}

impl LogWriter {
    /// Makes a ticket void.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn revoke_ticket(&mut self, id: TicketId) -> Result<TicketOutcome, AuthorityError> {
        let Some(ticket) = self.ticket(id).await? else {
            return Ok(TicketOutcome::NotFound);
        };
        let (unit, generation) = (ticket.unit, ticket.generation);
        match ticket.state {
            TicketState::Superseded => Ok(TicketOutcome::Superseded),
            TicketState::Revoked => Ok(TicketOutcome::Done(Box::new(ticket))),
            TicketState::Valid => {
                self.set_state(ticket, TicketState::Revoked, Body::Revoked { unit, generation })
                    .await
            }
        }
    }

    /// Makes a void ticket good again.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn reinstate_ticket(&mut self, id: TicketId) -> Result<TicketOutcome, AuthorityError> {
        let Some(ticket) = self.ticket(id).await? else {
            return Ok(TicketOutcome::NotFound);
        };
        let (unit, generation) = (ticket.unit, ticket.generation);
        match ticket.state {
            TicketState::Superseded => Ok(TicketOutcome::Superseded),
            TicketState::Valid => Ok(TicketOutcome::Done(Box::new(ticket))),
            TicketState::Revoked => {
                self.set_state(ticket, TicketState::Valid, Body::Reinstated { unit, generation })
                    .await
            }
        }
    }

    /// Puts the next generation in a ticket's place, for its holder or for somebody else; asked again, gives the one that
    /// took it. Whoever asks for the one and finds the other gets neither: a holder's new code is for no one else.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn reissue_ticket(
        &mut self,
        id: TicketId,
        to: ReissuedTo,
    ) -> Result<TicketOutcome, AuthorityError> {
        let Some(ticket) = self.ticket(id).await? else {
            return Ok(TicketOutcome::NotFound);
        };
        let generation = Generation(ticket.generation.0.saturating_add(1));
        match (ticket.state, to) {
            (TicketState::Revoked, _) => Ok(TicketOutcome::Revoked),
            (TicketState::Valid, _) => self.replace(&ticket, generation, to).await,
            (TicketState::Superseded, ReissuedTo::SameHolder) if ticket.transferred => {
                Ok(TicketOutcome::Transferred)
            }
            (TicketState::Superseded, ReissuedTo::SomebodyElse) if !ticket.transferred => {
                Ok(TicketOutcome::Superseded)
            }
            (TicketState::Superseded, ReissuedTo::SameHolder | ReissuedTo::SomebodyElse) => {
                self.successor(&ticket, generation).await
            }
        }
    }

    async fn ticket(&mut self, id: TicketId) -> Result<Option<SoldTicket>, AuthorityError> {
        self.catch_up().await?;
        Ok(self.parts.store.ticket(id).await?)
    }

    async fn set_state(
        &mut self,
        ticket: SoldTicket,
        to: TicketState,
        body: Body,
    ) -> Result<TicketOutcome, AuthorityError> {
        let change = RowChange::SetTicketState {
            ticket: ticket.id,
            from: ticket.state,
            to,
        };
        let mut draft = Draft {
            row_changes: vec![change],
            ..Draft::default()
        };
        self.write(&mut draft, body)?;
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
            Some(_) | None => TicketOutcome::Superseded,
        })
    }

    async fn replace(
        &mut self,
        old: &SoldTicket,
        generation: Generation,
        to: ReissuedTo,
    ) -> Result<TicketOutcome, AuthorityError> {
        let (event, unit) = (self.parts.event, old.unit);
        let Some(found) = self.parts.store.event(event).await? else {
            return Ok(TicketOutcome::NotFound);
        };
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
        let payload = self.parts.signer.sign(event, &to_issue)?.to_text();
        let id = TicketId::draw(event, self.now());
        let new = NewTicket {
            id,
            unit,
            generation,
            code: draw_ticket_code(),
            payload,
        };
        let mut draft = Draft {
            row_changes: vec![RowChange::Reissue { old: old.id, new, to }],
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
