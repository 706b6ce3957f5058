//! Selling real tickets against test cards: fine to try things out, and said loudly to everyone, because nobody pays.

use usher_words::server;

use crate::catalogue::Event;
use crate::catalogue::search::EventQuery;
use crate::config::{Config, GatewayKind};
use crate::state::AppState;
use crate::store::StoreError;

/// Events that are named in one sentence.
const EVENTS_NAMED: u32 = 3;

/// Tells whether the gateway takes test cards and moves no money.
pub fn takes_test_cards(config: &Config) -> bool {
    match config.payments.gateway {
        // Stripe's test mode: the live one is refused at the start.
        GatewayKind::Sandbox | GatewayKind::Stripe => true,
        // No settings name these.
        GatewayKind::Cash | GatewayKind::CardTerminal | GatewayKind::Invoice => false,
    }
}

/// Says which events are on sale against test cards; `None` if there are none.
///
/// # Errors
///
/// [`StoreError`].
pub async fn warning(app: &AppState) -> Result<Option<String>, StoreError> {
    if !takes_test_cards(&app.config) {
        return Ok(None);
    }
    let query = EventQuery::of_all(EVENTS_NAMED, app.clock.now());
    let found = app.store.events(query).await?;
    let names: Vec<_> = found.events.iter().map(|event| event.name.as_str()).collect();
    let more = if found.next.is_some() { " and others" } else { "" };
    Ok((!names.is_empty()).then(|| server::test_sale(&format!("{}{more}", names.join(", ")))))
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

/// Says so in the log when an event is published.
pub fn warn_of(app: &AppState, event: &Event) {
    if takes_test_cards(&app.config) && !event.is_over(app.clock.now()) {
        tracing::warn!(event = %event.id, "{}", server::test_sale(&event.name));
    }
}
