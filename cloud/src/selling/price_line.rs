//! A unit at its price, as a reservation has it and an order is reckoned by.

use serde::{Deserialize, Serialize};
use usher_protocol::{TierId, Unit};

/// One unit of a reservation, at the price that was shown when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceLine {
    pub unit: Unit,
    pub tier: TierId,
    /// Its price in minor units, with all that comes on top.
    pub price: i64,
    /// How much of that is the service fee.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub fee: i64,
    /// How much of that is tax.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub tax: i64,
}

fn is_nothing(amount: &i64) -> bool {
    *amount == 0
}
