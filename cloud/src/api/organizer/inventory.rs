//! How an event and its tiers are sold, as its organizer says and sees it: windows, limits, hidden tiers and capacities.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, Serialize};
use usher_protocol::TierId;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::input::Checks;
use crate::catalogue::Event;
use crate::moment::Moment;
use crate::money::MAX_PRICE;
use crate::selling::charges::Charges;
use crate::selling::inventory::{ResizeRefusal, TierSale};
use crate::selling::price_steps::{MAX_STEPS, PriceStep, PriceSteps};
use crate::selling::sale::{EventSale, SaleWindow};

use super::draft::MAX_UNITS;

/// The most that a tax may be, in hundredths of a percent: all of the price once more.
pub const MAX_TAX: u16 = 10_000;
/// For how many days a booking may await a bank transfer: what lasts longer holds places that others would buy.
pub const INVOICE_DAYS: RangeInclusive<u16> = 1..=60;

/// Changes to how a tier is sold; what is left out stays.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TierPatch {
    /// The tier.
    pub tier: u16,
    /// Whether buyers do not see it and cannot have it. What they hold or have bought stays theirs.
    pub hidden: Option<bool>,
    /// From when it sells; null says no more from when.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sells_from: Option<Option<Moment>>,
    /// Until when it sells; null says as long as the event.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sells_until: Option<Option<Moment>>,
    /// The fewest units of it that a reservation with any may have.
    pub order_min: Option<u32>,
    /// The most; null says as many as the server lets anybody have.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    pub order_max: Option<Option<u32>>,
    /// What of its price is a service fee and a tax, in place of what was before; what is held or sold keeps its own.
    pub charges: Option<ChargesSpec>,
    /// The prices that it has before its full one, in place of those before: each until a time, until so many are held or sold, or until whichever
    /// comes first. What is held or sold keeps its own.
    pub price_steps: Option<Vec<PriceStepSpec>>,
    /// How many units it shall have, if none of them is a seat: not fewer than are held, sold or were sold before.
    pub capacity: Option<u32>,
}

/// A price that a tier has until a time, or until so many of it are held or sold.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceStepSpec {
    /// The price, in minor units, before what comes on top.
    pub price: i64,
    /// Until when; later than that of the step before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Moment>,
    /// Until so many units of the tier are held or sold; more than those of the step before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_taken: Option<u32>,
}

impl From<PriceStepSpec> for PriceStep {
    fn from(spec: PriceStepSpec) -> Self {
        Self {
            price: spec.price,
            until: spec.until.map(|until| until.0),
            taken: spec.until_taken,
        }
    }
}

impl From<PriceStep> for PriceStepSpec {
    fn from(step: PriceStep) -> Self {
        Self {
            price: step.price,
            until: step.until.map(Moment),
            until_taken: step.taken,
        }
    }
}

/// What of a price is a service fee and a tax.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChargesSpec {
    /// The service fee of a ticket, in minor units; what costs nothing has none.
    #[serde(default)]
    pub fee: i64,
    /// Whether the fee comes on top of the price, or is in it.
    #[serde(default)]
    pub fee_added: bool,
    /// The tax, in hundredths of a percent of the price with its fee: 1900 is 19 %.
    #[serde(default)]
    pub tax: u16,
    /// Whether the tax comes on top of that, or is in it.
    #[serde(default)]
    pub tax_added: bool,
}

impl From<ChargesSpec> for Charges {
    fn from(spec: ChargesSpec) -> Self {
        Self {
            fee: spec.fee,
            fee_added: spec.fee_added,
            tax: spec.tax,
            tax_added: spec.tax_added,
        }
    }
}

impl From<Charges> for ChargesSpec {
    fn from(charges: Charges) -> Self {
        Self {
            fee: charges.fee,
            fee_added: charges.fee_added,
            tax: charges.tax,
            tax_added: charges.tax_added,
        }
    }
}

/// Changes to how an event is sold.
#[derive(Debug, Clone, Copy)]
pub struct EventSalePatch {
    pub sells_from: Option<Option<Moment>>,
    pub sells_until: Option<Option<Moment>>,
    pub sale_stopped: Option<bool>,
    pub invoice_days: Option<Option<u16>>,
    pub order_max: Option<Option<u32>>,
}

/// How an organizer sells an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventSaleView {
    /// From when it sells, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sells_from: Option<Moment>,
    /// Until when it sells, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sells_until: Option<Moment>,
    /// Whether its sale is stopped.
    pub sale_stopped: bool,
    /// For how many days a booking awaits a bank transfer; absent where none is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_days: Option<u16>,
    /// The most units that one order may have, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_max: Option<u32>,
}

impl From<EventSale> for EventSaleView {
    fn from(sale: EventSale) -> Self {
        Self {
            sells_from: sale.window.from.map(Moment),
            sells_until: sale.window.until.map(Moment),
            sale_stopped: sale.is_stopped,
            invoice_days: sale.invoice_days,
            order_max: sale.order_max,
        }
    }
}

/// How an organizer sells a tier.
#[derive(Debug, Serialize, ToSchema)]
pub struct TierSaleView {
    /// Whether buyers do not see it.
    pub hidden: bool,
    /// From when it sells, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sells_from: Option<Moment>,
    /// Until when it sells, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sells_until: Option<Moment>,
    /// The fewest units of it that a reservation with any may have.
    pub order_min: u32,
    /// The most, if that is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_max: Option<u32>,
    /// What of its price is a service fee and a tax, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charges: Option<ChargesSpec>,
    /// The prices that it has before its full one, if there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub price_steps: Vec<PriceStepSpec>,
}

impl From<TierSale> for TierSaleView {
    fn from(sale: TierSale) -> Self {
        Self {
            hidden: sale.is_hidden,
            sells_from: sale.window.from.map(Moment),
            sells_until: sale.window.until.map(Moment),
            order_min: sale.order_min,
            order_max: sale.order_max,
            charges: (sale.charges != Charges::default()).then(|| sale.charges.into()),
            price_steps: sale.steps.iter().map(Into::into).collect(),
        }
    }
}

/// Returns a window with what is said of it.
fn window(was: SaleWindow, from: Option<Option<Moment>>, until: Option<Option<Moment>>) -> SaleWindow {
    SaleWindow {
        from: from.map_or(was.from, |from| from.map(|at| at.0)),
        until: until.map_or(was.until, |until| until.map(|at| at.0)),
    }
}

fn check_window(checks: &mut Checks, window: SaleWindow, at: &str) {
    let is_real = window
        .from
        .zip(window.until)
        .is_none_or(|(from, until)| from < until);
    checks.require(
        is_real,
        format!("{at}/sells_until"),
        "must be later than sells_from",
    );
}

/// Checks steps of a price: each ends, and later than the one before.
fn check_steps(checks: &mut Checks, steps: &[PriceStepSpec], at: &str) {
    let at = format!("{at}/price_steps");
    checks.range(steps.len(), at.clone(), 0..=MAX_STEPS);
    for (index, step) in steps.iter().enumerate() {
        checks.range(step.price, format!("{at}/{index}/price"), 0..=MAX_PRICE);
        checks.range(
            step.until_taken.unwrap_or(1),
            format!("{at}/{index}/until_taken"),
            1..=MAX_UNITS,
        );
        checks.require(
            step.until.is_some() || step.until_taken.is_some(),
            format!("{at}/{index}"),
            "must have until or until_taken: the full price is the tier's own",
        );
    }
    for (index, pair) in steps.windows(2).enumerate() {
        let times = pair[0]
            .until
            .zip(pair[1].until)
            .is_none_or(|(one, next)| one < next);
        let counts = pair[0].until_taken.zip(pair[1].until_taken);
        checks.require(
            times && counts.is_none_or(|(one, next)| one < next),
            format!("{at}/{}", index + 1),
            "must end later than the step before",
        );
    }
}

impl EventSalePatch {
    /// Checks it against the event as it is.
    pub fn check(&self, checks: &mut Checks, event: &Event) {
        if let Some(sale) = self.changed(event) {
            check_window(checks, sale.window, "");
            let days = sale.invoice_days.unwrap_or(*INVOICE_DAYS.start());
            checks.range(days, "/invoice_days", INVOICE_DAYS);
            checks.range(sale.order_max.unwrap_or(1), "/order_max", 1..=MAX_UNITS);
        }
    }

    /// Returns how the event is sold then; `None` if that stays.
    pub fn changed(&self, event: &Event) -> Option<EventSale> {
        let changed = EventSale {
            window: window(event.sale.window, self.sells_from, self.sells_until),
            is_stopped: self.sale_stopped.unwrap_or(event.sale.is_stopped),
            invoice_days: self.invoice_days.unwrap_or(event.sale.invoice_days),
            order_max: self.order_max.unwrap_or(event.sale.order_max),
        };
        (changed != event.sale).then_some(changed)
    }
}

impl TierPatch {
    /// Checks it against the event as it is.
    pub fn check(&self, checks: &mut Checks, (event, index): (&Event, usize)) {
        let at = format!("/tiers/{index}");
        let known = event.tier(TierId(self.tier)).is_some();
        checks.require(known, format!("{at}/tier"), "must be one of the event's tiers");
        if let Some(capacity) = self.capacity {
            checks.range(capacity, format!("{at}/capacity"), 0..=MAX_UNITS);
        }
        check_steps(checks, self.price_steps.as_deref().unwrap_or_default(), &at);
        if let Some((_, sale)) = self.changed(event) {
            check_window(checks, sale.window, &at);
            checks.range(sale.charges.fee, format!("{at}/charges/fee"), 0..=MAX_PRICE);
            checks.range(sale.charges.tax, format!("{at}/charges/tax"), 0..=MAX_TAX);
            checks.range(sale.order_min, format!("{at}/order_min"), 1..=MAX_UNITS);
            checks.require(
                sale.order_max
                    .is_none_or(|most| (sale.order_min..=MAX_UNITS).contains(&most)),
                format!("{at}/order_max"),
                "must not be less than order_min",
            );
        }
    }

    /// Returns how the tier is sold then; `None` if that stays.
    pub fn changed(&self, event: &Event) -> Option<(TierId, TierSale)> {
        let tier = event.tier(TierId(self.tier))?;
        let changed = TierSale {
            window: window(tier.sale.window, self.sells_from, self.sells_until),
            is_hidden: self.hidden.unwrap_or(tier.sale.is_hidden),
            order_min: self.order_min.unwrap_or(tier.sale.order_min),
            order_max: self.order_max.unwrap_or(tier.sale.order_max),
            charges: self.charges.map_or(tier.sale.charges, Into::into),
            steps: match &self.price_steps {
                Some(steps) => PriceSteps::of(&steps.iter().map(|step| (*step).into()).collect::<Vec<_>>()),
                None => tier.sale.steps,
            },
        };
        (changed != tier.sale).then_some((tier.id, changed))
    }

    /// Returns how many units the tier shall have, if that is said.
    pub fn capacity(&self) -> Option<(TierId, u32)> {
        Some((TierId(self.tier), self.capacity?))
    }
}

/// Says why a tier cannot have so many units.
pub fn not_resized(tier: TierId, refusal: ResizeRefusal) -> ApiError {
    let why = match refusal {
        ResizeRefusal::Seats => {
            format!("tier {tier} has seats: their number is that of the seat map")
        }
        ResizeRefusal::Least(least) => {
            format!("of tier {tier}, {least} are held, sold or were sold before: it cannot have fewer")
        }
        ResizeRefusal::TooMany => format!("an event has {MAX_UNITS} units at most"),
    };
    let mut checks = Checks::default();
    checks.require(false, "/tiers", why);
    match checks.finish() {
        Err(error) => error,
        Ok(()) => ApiError::Internal,
    }
}

/// Reads a member that is there, null or not.
///
/// # Errors
///
/// What the deserializer says.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
