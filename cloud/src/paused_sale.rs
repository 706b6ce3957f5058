//! Events that are on sale and sell nothing, because tickets signed now would not be believed until their end: said loudly, since nobody would notice.

use usher_words::server::{self, PausedSale};

use crate::catalogue::EventSummary;
use crate::catalogue::search::EventQuery;
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
    let mut query = EventQuery::of_all(AT_ONCE, now);
    let mut paused = Vec::new();
    loop {
        let page = app.store.events(query.clone()).await?;
        let is_paused = |event: &EventSummary| {
            let believed_until = app.signer.believed_until(event.id);
            let authority = app.authorities.of(event.id);
            if authority.is_ok_and(|authority| authority.view().is_halted()) {
                // Of that another warning tells.
                return false;
            }
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
    let named = paused.iter().take(EVENTS_NAMED).map(|event| PausedSale {
        name: event.name.clone(),
        event: event.id.to_string(),
        ends: Moment(event.ends_at).to_string(),
        key_ends: app
            .signer
            .believed_until(event.id)
            .map(|until| Moment(until).to_string()),
    });
    let named: Vec<_> = named.collect();
    server::paused_sales(&named, paused.len().saturating_sub(EVENTS_NAMED))
}
