//! Whether the payment service takes the prices of an event: found out when it goes on sale, and not at the till.

use crate::api::error::ApiError;
use crate::api::input::Checks;
use crate::catalogue::{Event, EventStatus};
use crate::money::Money;
use crate::state::AppState;

/// Checks the price of every tier of a draft, for one ticket and for the largest order; what is on sale stays so.
///
/// # Errors
///
/// [`ApiError::Invalid`] with the tiers that are too cheap or too dear.
pub fn check_draft(app: &AppState, event: &Event) -> Result<(), ApiError> {
    if event.status != EventStatus::Draft {
        return Ok(());
    }
    let (gateway, most) = (app.desk.gateways().in_use(), app.config.reservations.max_units);
    let mut checks = Checks::default();
    for (index, tier) in event.tiers.iter().enumerate().filter(|(_, tier)| tier.price > 0) {
        let takes = |units: u32| {
            gateway.takes(Money {
                minor: tier.charged().price.saturating_mul(units.into()),
                currency: event.currency,
            })
        };
        checks.require(
            takes(1) && takes(most),
            format!("/tiers/{index}/price"),
            format!(
                "must be an amount that the payment service takes, for one ticket and for {most} at once"
            ),
        );
    }
    checks.finish()
}
