//! Which units a request asks for, by their seats or by quantities of tiers; whether they are free is the store's to say.

use std::collections::BTreeSet;

use serde::Deserialize;
use usher_protocol::{TierId, Unit};
use utoipa::ToSchema;

use crate::selling::TierQuantity;

use super::input::Checks;

/// Asks for units of a tier.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TierRequest {
    /// The tier.
    pub tier: u16,
    /// How many units.
    pub quantity: u32,
}

impl From<TierRequest> for TierQuantity {
    fn from(request: TierRequest) -> Self {
        Self {
            tier: TierId(request.tier),
            quantity: request.quantity,
        }
    }
}

/// Checks seats that are asked for, so many at most; `at` is where the request stands in the body.
pub fn seats(checks: &mut Checks, (at, seats): (&str, Vec<u32>), most: u32) -> Vec<Unit> {
    let pointer = format!("{at}/seat_ids");
    checks.range(seats.len(), pointer.clone(), 1..=most as usize);
    let distinct: BTreeSet<_> = seats.iter().collect();
    checks.require(distinct.len() == seats.len(), pointer, "must name each seat once");
    seats.into_iter().map(Unit).collect()
}

/// Checks quantities of tiers, so many units at most in all; `at` is where the request stands in the body.
pub fn tiers(checks: &mut Checks, (at, tiers): (&str, Vec<TierRequest>), most: u32) -> Vec<TierQuantity> {
    for (index, tier) in tiers.iter().enumerate() {
        checks.range(tier.quantity, format!("{at}/tiers/{index}/quantity"), 1..=most);
    }
    let total: u64 = tiers.iter().map(|tier| u64::from(tier.quantity)).sum();
    checks.require(
        (1..=u64::from(most)).contains(&total),
        format!("{at}/tiers"),
        format!("must ask for 1 to {most} units in all"),
    );
    let distinct: BTreeSet<_> = tiers.iter().map(|tier| tier.tier).collect();
    checks.require(
        distinct.len() == tiers.len(),
        format!("{at}/tiers"),
        "must name each tier once",
    );
    tiers.into_iter().map(Into::into).collect()
}
