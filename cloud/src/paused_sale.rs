//! Events that are on sale and sell nothing, because tickets signed now would not be believed until their end: said loudly, since nobody would notice.

use crate::catalogue::{EventQuery, EventSummary};
use crate::moment::Moment;
use crate::selling::sale::SaleStatus;
use crate::state::AppState;
use crate::store::StoreError;

/// Events looked at with one question: a page of the store's.
const AT_ONCE: u32 = 200;
/// Events that are named in one sentence.
const EVENTS_NAMED: usize = 3;

/// Says which events' sale is paused; `None` if there are none.
///
/// # Errors
///
/// [`StoreError`].
pub async fn warning(app: &AppState) -> Result<Option<String>, StoreError> {
    let now = app.clock.now();
    let mut query = EventQuery {
        words: Vec::new(),
        city: None,
        after: None,
        limit: AT_ONCE,
        now,
    };
    let mut paused = Vec::new();
    loop {
        let page = app.store.events(query.clone()).await?;
        let is_paused = |event: &EventSummary| {
            let believed_until = app.signer.believed_until(event.id);
            event.sale_status(believed_until, now) == SaleStatus::Paused
        };
        paused.extend(page.events.into_iter().filter(is_paused));
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok((!paused.is_empty()).then(|| sentence(app, &paused)))
}

/// Says so in the log when the server starts with such events.
///
/// # Errors
///
/// [`StoreError`].
pub async fn warn_at_start(app: &AppState) -> Result<(), StoreError> {
    if let Some(warning) = warning(app).await? {
        tracing::warn!("{warning}");
    }
    Ok(())
}

fn sentence(app: &AppState, paused: &[EventSummary]) -> String {
    let named = paused.iter().take(EVENTS_NAMED).map(|event| {
        let key = match app.signer.believed_until(event.id) {
            Some(until) => format!("its ticket key ends {}", Moment(until)),
            None => "no ticket key may sign now".to_owned(),
        };
        format!(
            "{} ({}, ends {}, {key})",
            event.name,
            event.id,
            Moment(event.ends_at)
        )
    });
    let named: Vec<_> = named.collect();
    let more = match paused.len().saturating_sub(EVENTS_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "SALE PAUSED: tickets signed now would not be believed until the event's end, so none are sold. `to_sign` of the \
         organizer's event says what the offline root must sign. Paused: {}{more}",
        named.join(", ")
    )
}
