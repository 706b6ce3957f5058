//! Sending link letters. Whoever is free takes those that are due; what their links open lies sealed until then.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use usher_keys::Timestamp;

use crate::buyers::OwnBookings;
use crate::ids::{InvitationId, OrganizerId};
use crate::letters::link_wording::{self, LinkOpens};
use crate::letters::wording::LetterWords;
use crate::letters::{Delivery, LetterState};
use crate::link_letters::{ForgetLinks, LinkKind, LinkLetter, TakeLinkLetters};
use crate::mailer::{CONNECTIONS, WrittenLetter};
use crate::staff::Invitation;
use crate::state::AppState;
use crate::store::{Store, StoreError};

/// Rows that are deleted in one command.
const FORGOTTEN_AT_ONCE: u32 = 200;
/// Whose name letters are from that are no organizer's.
const SENDER: &str = "Tickets";

/// Sends link letters until it is to stop.
pub async fn mail(state: std::sync::Arc<AppState>, every: Duration, stop: CancellationToken) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Err(error) = send_due(&state).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "letters with links were not sent; they are tried again");
        }
    }
}

/// Sends what is due, some side by side, until nothing is.
async fn send_due(state: &AppState) -> Result<(), StoreError> {
    loop {
        let take = TakeLinkLetters {
            limit: CONNECTIONS,
            now: state.clock.now(),
        };
        let due = state.store.take_link_letters(take).await?;
        if due.is_empty() {
            return Ok(());
        }
        let sent = join_all(due.into_iter().map(|letter| send(state, letter))).await;
        sent.into_iter().collect::<Result<(), _>>()?;
        if state.draining.is_cancelled() {
            return Ok(());
        }
    }
}

async fn send(state: &AppState, letter: LinkLetter) -> Result<(), StoreError> {
    let delivery = match (&state.mailer, state.link_secrets.open(letter.id, &letter.sealed)) {
        (None, _) => Delivery::Failed("no_mail"),
        (Some(_), Err(_)) => {
            tracing::error!(
                "the link of a letter does not open: give this server the master key that it was sealed with"
            );
            Delivery::Failed("sealed")
        }
        (Some(mailer), Ok(secret)) => match written(state, &letter, &secret).await? {
            Some(written) => mailer.send(written).await,
            // Nothing was bought with the address, or the invitation was taken back.
            None => Delivery::Taken,
        },
    };
    let tried = letter.tried(delivery, state.clock.now());
    if tried.state == LetterState::GivenUp {
        let answer = delivery.word();
        tracing::warn!(letter = %tried.id, answer, "a letter with a link is given up: its link can be asked for again");
    }
    state.store.note_link_letter(tried).await
}

/// Puts a letter into words; `None` when its link opens nothing.
async fn written(
    state: &AppState,
    letter: &LinkLetter,
    secret: &str,
) -> Result<Option<WrittenLetter>, StoreError> {
    let worded = match (letter.kind, letter.organizer) {
        (LinkKind::StaffInvited, Some(organizer)) => invited(state, letter, organizer, secret).await?,
        (LinkKind::StaffInvited, None) => None,
        (LinkKind::TicketsAsked, _) => has_tickets(state, &letter.recipient)
            .await?
            .then(|| asked(state, LinkOpens::Tickets(letter.language), secret)),
        (LinkKind::AddressAsked, _) => Some(asked(state, LinkOpens::Address(letter.language), secret)),
    };
    let Some((sender, words)) = worded else {
        return Ok(None);
    };
    let LetterWords { subject, text, html } =
        words.map_err(|_| StoreError::Unreadable { what: "link letter" })?;
    Ok(Some(WrittenLetter {
        id: letter.id.to_string(),
        to: letter.recipient.clone(),
        sender,
        subject,
        text,
        html,
        enclosures: Vec::new(),
    }))
}

fn asked(
    state: &AppState,
    opens: LinkOpens<'_>,
    secret: &str,
) -> (String, Result<LetterWords, askama::Error>) {
    let link = state.link(&format!("/my-tickets/links/{secret}"));
    (SENDER.to_owned(), link_wording::of(opens, &link))
}

async fn invited(
    state: &AppState,
    letter: &LinkLetter,
    organizer: OrganizerId,
    secret: &str,
) -> Result<Option<(String, Result<LetterWords, askama::Error>)>, StoreError> {
    let invitations = state.store.invitations(organizer).await?;
    let now = state.clock.now();
    let is_it = |one: &Invitation| one.id == InvitationId(letter.id.0) && is_open(one, now);
    let Some(invitation) = invitations.into_iter().find(is_it) else {
        return Ok(None);
    };
    let name = state.store.organizer_name(organizer).await?.unwrap_or_default();
    let opens = LinkOpens::Invitation {
        name: &invitation.name,
        organizer: &name,
        role: invitation.role,
    };
    let words = link_wording::of(opens, &state.link(&format!("/staff/invitations/{secret}")));
    Ok(Some((name, words)))
}

fn is_open(invitation: &Invitation, now: Timestamp) -> bool {
    now < invitation.expires_at
}

async fn has_tickets(state: &AppState, email: &str) -> Result<bool, StoreError> {
    let query = OwnBookings {
        email: email.to_owned(),
        limit: 1,
    };
    Ok(!state.store.own_bookings(query).await?.is_empty())
}

/// Deletes links, sessions and letters whose time is over.
///
/// # Errors
///
/// [`StoreError`]; the next round goes on.
pub async fn forget(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let limit = FORGOTTEN_AT_ONCE;
    while store.forget_links(ForgetLinks { limit, now }).await? >= limit as usize {}
    Ok(())
}
