//! Seat maps as an organizer writes them: sections of rows of seats, and blocks of general admission.

use std::collections::BTreeSet;

use serde::Deserialize;
use usher_protocol::TierId;
use utoipa::ToSchema;

use crate::api::input::Checks;
use crate::catalogue::Seat;

use super::{MAX_NAME, MAX_UNITS};

/// Longest name of a row or number of a seat, in bytes.
pub const MAX_LABEL: usize = 16;

/// The seats of an event.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeatMapSpec {
    /// Its sections.
    pub sections: Vec<SectionSpec>,
}

/// A section of rows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SectionSpec {
    /// Its name.
    #[schema(example = "Stalls")]
    pub name: String,
    /// The tier of its seats unless the row says otherwise.
    pub tier: u16,
    /// Its rows.
    pub rows: Vec<RowSpec>,
}

/// A row of seats: numbered from `first`, or by name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowSpec {
    /// Its name.
    #[schema(example = "A")]
    pub name: String,
    /// The tier of its seats; the section's unless given.
    pub tier: Option<u16>,
    /// How many seats it has, numbered without gaps.
    pub seats: Option<u32>,
    /// The number of the first of them; 1 unless given.
    pub first: Option<u32>,
    /// Instead of `seats`: the number of each seat.
    pub numbers: Option<Vec<String>>,
}

/// Slots of general admission.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GeneralAdmissionSpec {
    /// Their tier.
    pub tier: u16,
    /// How many.
    pub quantity: u32,
}

/// A unit before it is numbered.
type UnnumberedUnit = (TierId, Option<Seat>);

impl SeatMapSpec {
    /// Lists the seats in order.
    pub(super) fn seats(&self, tiers: &BTreeSet<u16>, checks: &mut Checks) -> Vec<UnnumberedUnit> {
        let mut places = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, section) in self.sections.iter().enumerate() {
            let pointer = format!("/seat_map/sections/{index}");
            checks.text(&section.name, format!("{pointer}/name"), 1..=MAX_NAME);
            for (index, row) in section.rows.iter().enumerate() {
                let pointer = format!("{pointer}/rows/{index}");
                checks.text(&row.name, format!("{pointer}/name"), 1..=MAX_LABEL);
                checks.require(
                    seen.insert((&section.name, &row.name)),
                    format!("{pointer}/name"),
                    "must be the only row of this name in its section",
                );
                let tier = row.tier.unwrap_or(section.tier);
                checks.require(
                    tiers.contains(&tier),
                    format!("{pointer}/tier"),
                    "must be one of the event's tiers",
                );
                let numbers = row.numbers(&pointer, MAX_UNITS.saturating_sub(count(&places)), checks);
                places.extend(numbers.into_iter().map(|number| {
                    let seat = Seat {
                        section: section.name.clone(),
                        row: row.name.clone(),
                        number,
                    };
                    (TierId(tier), Some(seat))
                }));
            }
        }
        places
    }
}

impl RowSpec {
    /// Lists the numbers of the row's seats; `room` is how many more the event may have.
    fn numbers(&self, pointer: &str, room: u32, checks: &mut Checks) -> Vec<String> {
        match (self.seats, &self.numbers) {
            (Some(seats), None) => {
                let first = self.first.unwrap_or(1);
                let fits = (1..=room).contains(&seats) && first.checked_add(seats).is_some();
                checks.require(
                    fits,
                    format!("{pointer}/seats"),
                    format!("must be 1 to {MAX_UNITS} in all"),
                );
                if fits {
                    (first..first + seats).map(|number| number.to_string()).collect()
                } else {
                    Vec::new()
                }
            }
            (None, Some(numbers)) => {
                checks.range(count(numbers), format!("{pointer}/numbers"), 1..=room.max(1));
                for number in numbers {
                    checks.text(number, format!("{pointer}/numbers"), 1..=MAX_LABEL);
                }
                let distinct: BTreeSet<_> = numbers.iter().collect();
                let pointer = format!("{pointer}/numbers");
                checks.require(
                    distinct.len() == numbers.len(),
                    pointer,
                    "must name each seat once",
                );
                numbers.clone()
            }
            (Some(_), Some(_)) | (None, None) => {
                checks.require(false, pointer, "must have either seats or numbers");
                Vec::new()
            }
        }
    }
}

/// Lists the slots of general admission.
pub(super) fn slots(
    blocks: &[GeneralAdmissionSpec],
    tiers: &BTreeSet<u16>,
    checks: &mut Checks,
) -> Vec<UnnumberedUnit> {
    let mut places = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        let pointer = format!("/general_admission/{index}");
        checks.require(
            tiers.contains(&block.tier),
            format!("{pointer}/tier"),
            "must be one of the event's tiers",
        );
        let room = MAX_UNITS.saturating_sub(count(&places));
        let fits = (1..=room).contains(&block.quantity);
        checks.require(
            fits,
            format!("{pointer}/quantity"),
            format!("must be 1 to {MAX_UNITS} in all"),
        );
        if fits {
            places.extend((0..block.quantity).map(|_| (TierId(block.tier), None)));
        }
    }
    places
}

fn count<T>(things: &[T]) -> u32 {
    u32::try_from(things.len()).unwrap_or(u32::MAX)
}
