//! Sending the letters of events that wait: some events side by side, each under the lease of its job, and writing down what came of it.
//! A mail server that is slow or gone keeps nothing else waiting.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use usher_keys::EventId;

use crate::letters::wording::{self, LetterFacts};
use crate::letters::{Delivery, DueLetters, Letter, LetterState, NoteLetters};
use crate::mailer::{CONNECTIONS, WrittenLetter};
use crate::selling::jobs::{DueJobs, HeldJob, JobId, JobKind, LeaseOutcome, RENEW_EVERY};
use crate::state::AppState;
use crate::store::{Store, StoreError};

/// Events whose letters are sent side by side.
const EVENTS_AT_ONCE: usize = 4;

/// Says in the log whether letters are sent, and what is in the way of it.
pub fn say_what_is_set(state: &Arc<AppState>, tasks: &mut JoinSet<()>) {
    let state = Arc::clone(state);
    tasks.spawn(async move {
        let Some(mailer) = &state.mailer else {
            return tracing::info!(
                "no mail server is set ([mail]): buyers find their tickets on pages and get no letters"
            );
        };
        if let Some(trouble) = mailer.trouble().await {
            tracing::warn!(
                trouble,
                "the mail server lets nobody in ([mail]): letters wait until it does"
            );
        }
    });
}

/// Sends the letters of a cell, until it is to stop.
pub async fn mail((state, cell): (Arc<AppState>, Store), every: Duration, stop: CancellationToken) {
    let mut mailed = JoinSet::new();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        while mailed.try_join_next().is_some() {}
        match due(&state, &cell, EVENTS_AT_ONCE - mailed.len()).await {
            Ok(events) => events.into_iter().for_each(|event| {
                mailed.spawn(mail_or_warn(state.clone(), event));
            }),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "letters could not be looked for");
            }
        }
    }
    // What was sent is written down: else it would be sent again.
    mailed.join_all().await;
}

/// Lists events that have letters to send, so many at most.
async fn due(state: &AppState, cell: &Store, limit: usize) -> Result<Vec<EventId>, StoreError> {
    let wanted = DueJobs {
        kind: JobKind::Mailing,
        limit: u32::try_from(limit).unwrap_or(0),
        now: state.clock.now(),
    };
    let jobs = cell.due_jobs(wanted).await?.into_iter();
    Ok(jobs
        .filter_map(|job| match job.id {
            JobId::SendLetters(event) => Some(event),
            JobId::SettleBooking(_)
            | JobId::GiveRefund(_)
            | JobId::RefundEvent(_)
            | JobId::TellEndpoint(_) => None,
        })
        .collect())
}

async fn mail_or_warn(state: Arc<AppState>, event: EventId) {
    let renewing = async {
        loop {
            sleep(RENEW_EVERY).await;
            // A lease that is not renewed ends; then another may send the same letters too.
            let _ = state.store.lease_job(held(&state, event)).await;
        }
    };
    let mailed = tokio::select! {
        biased;
        mailed = mail_event(&state, event) => mailed,
        never = renewing => never,
    };
    if let Err(error) = mailed {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "letters were not sent; they are tried again");
    }
}

fn held(state: &AppState, event: EventId) -> HeldJob {
    HeldJob {
        job: JobId::SendLetters(event),
        holder: state.holder,
        now: state.clock.now(),
    }
}

/// Sends some letters of an event that wait.
async fn mail_event(state: &AppState, event: EventId) -> Result<(), StoreError> {
    if state.store.lease_job(held(state, event)).await? != LeaseOutcome::Leased {
        return Ok(());
    }
    let due = DueLetters {
        event,
        limit: CONNECTIONS,
        now: state.clock.now(),
    };
    let due = state.store.due_letters(due).await?;
    let tried = join_all(due.into_iter().map(|letter| try_once(state, letter))).await;
    let note = NoteLetters {
        event,
        tried: tried.into_iter().collect::<Result<_, _>>()?,
        holder: state.holder,
        now: state.clock.now(),
    };
    state.store.note_letters(note).await
}

async fn try_once(state: &AppState, letter: Letter) -> Result<Letter, StoreError> {
    let delivery = match (&state.mailer, written(state, &letter).await?) {
        (Some(mailer), Some(written)) => mailer.send(written).await,
        (None, _) => Delivery::Failed("no_mail"),
        (_, None) => Delivery::NoAddress,
    };
    let tried = letter.tried(delivery, state.clock.now());
    if tried.state == LetterState::GivenUp {
        tracing::warn!(letter = %tried.id, answer = delivery.word(), "a letter is given up: its organizer can have it sent again");
    }
    Ok(tried)
}

/// Puts a letter into words, with what stands now; `None` when there is no address to send it to.
async fn written(state: &AppState, letter: &Letter) -> Result<Option<WrittenLetter>, StoreError> {
    let Some(id) = state.store.booking_of_charge(letter.charge).await? else {
        return Ok(None);
    };
    let (booking, event) = (state.store.booking(id).await?, state.store.event(id.event).await?);
    let Some((booking, event)) = booking.zip(event) else {
        return Ok(None);
    };
    let organizer = state.store.organizer_name(event.organizer).await?;
    let organizer = organizer.unwrap_or_default();
    let to = letter.recipient.clone().unwrap_or_else(|| booking.email.clone());
    let facts = LetterFacts {
        booking: &booking,
        event: &event,
        organizer: &organizer,
        page: state.link(&format!("/bookings/{id}")),
    };
    let words = wording::of(letter.kind, &facts).map_err(|_| StoreError::Unreadable { what: "letter" })?;
    Ok((!to.is_empty()).then(|| WrittenLetter {
        id: letter.id.to_string(),
        to,
        sender: organizer.clone(),
        subject: words.subject,
        text: words.text,
        html: words.html,
        enclosures: Vec::new(),
    }))
}
