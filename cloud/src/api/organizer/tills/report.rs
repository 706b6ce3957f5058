//! What is told of tills: each with what was sold, given back and counted, and the same person by person.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::TillId;
use crate::moment::Moment;
use crate::selling::tills::{CashCount, Till, TillFigures};

/// A till. Amounts are minor units of the event's currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct TillView {
    /// Its id. It opens nothing.
    #[schema(value_type = String)]
    pub till_id: TillId,
    /// What it is called.
    pub name: String,
    /// Whose it is: the id of a member of staff, or of an API key.
    #[schema(example = "stf_06e9pvb1pdqm38000000000000")]
    pub opened_by: String,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Moment,
    /// The cash that was in it then.
    pub opened_with: i64,
    /// What was sold and given back.
    #[serde(flatten)]
    pub figures: TillFiguresView,
    /// The cash that should be in it, or should have been when it was closed.
    pub expected: i64,
    /// The cash that was counted, once it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted: Option<i64>,
    /// How much more that is than should have been there; less than 0 where some was missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<i64>,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Moment>,
}

/// What was sold and given back at a till, or by a person at all of theirs.
#[derive(Debug, Serialize, ToSchema)]
pub struct TillFiguresView {
    /// Bookings paid in cash.
    pub cash_sales: u32,
    /// What was paid for them.
    pub cash: i64,
    /// Bookings paid at the card terminal.
    pub card_sales: u32,
    /// What was paid for them.
    pub card: i64,
    /// What was given back in cash.
    pub cash_given_back: i64,
    /// What was given back by the card terminal.
    pub card_given_back: i64,
}

/// What one person sold and gave back.
#[derive(Debug, Serialize, ToSchema)]
pub struct TillPersonView {
    /// The id of a member of staff, or of an API key.
    pub opened_by: String,
    /// How many tills they have had.
    pub tills: u32,
    /// What was sold and given back.
    #[serde(flatten)]
    pub figures: TillFiguresView,
    /// The differences of those that are closed, added up.
    pub difference: i64,
}

/// The tills of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct TillsView {
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// The tills, the first one first.
    pub tills: Vec<TillView>,
    /// The same, person by person.
    pub people: Vec<TillPersonView>,
}

impl From<TillFigures> for TillFiguresView {
    fn from(figures: TillFigures) -> Self {
        Self {
            cash_sales: figures.cash.0,
            cash: figures.cash.1,
            card_sales: figures.card.0,
            card: figures.card.1,
            cash_given_back: figures.cash_given_back,
            card_given_back: figures.card_given_back,
        }
    }
}

impl From<Till> for TillView {
    fn from(till: Till) -> Self {
        let expected = till.count.map_or(till.expected(), |count| count.expected);
        Self {
            till_id: till.id,
            name: till.name,
            opened_by: till.opened_by,
            opened_at: Moment(till.opened_at),
            opened_with: till.opened_with,
            figures: till.figures.into(),
            expected,
            counted: till.count.map(|count| count.counted),
            difference: till.count.as_ref().map(CashCount::difference),
            closed_at: till.count.map(|count| Moment(count.at)),
        }
    }
}

/// Adds tills up, person by person.
pub fn people(tills: &[Till]) -> Vec<TillPersonView> {
    let mut people: BTreeMap<&str, (u32, TillFigures, i64)> = BTreeMap::new();
    for till in tills {
        let (count, figures, difference) = people.entry(&till.opened_by).or_default();
        *count += 1;
        figures.add(&till.figures);
        *difference += till.count.as_ref().map_or(0, CashCount::difference);
    }
    let people = people.into_iter();
    people
        .map(|(opened_by, (tills, figures, difference))| TillPersonView {
            opened_by: opened_by.to_owned(),
            tills,
            figures: figures.into(),
            difference,
        })
        .collect()
}
