//! Seat maps as an organizer writes them: sections of rows of seats, and blocks of general admission.

mod row_table;

use std::collections::BTreeSet;

use serde::Deserialize;
use usher_protocol::TierId;
use utoipa::ToSchema;

use crate::api::input::Checks;
use crate::catalogue::{PlacedSection, Seat, SectionPlace};

use super::{MAX_NAME, MAX_UNITS};
use row_table::RowTable;

/// How far a section is from the middle of the map at most, in widths of a seat.
const FARTHEST: f64 = 10_000.0;
/// Seats that fit around a point, in radiuses: a row goes once around it at most.
const SEATS_AROUND: f64 = 6.0;
/// Longest name of a row or number of a seat, in bytes.
pub const MAX_LABEL: usize = 16;

/// The seats of an event.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeatMapSpec {
    /// Its sections.
    #[serde(default)]
    pub sections: Vec<SectionSpec>,
    /// Instead of `sections`: a table with a line for each row. Its first line names its columns: `section`, `row` and `tier`, then `seats` and
    /// perhaps `first`, or `numbers` with blanks between them; and perhaps `x`, `y`, `turn` and `radius`, on a line of each section.
    pub csv: Option<String>,
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
    /// Where it is drawn on the map; all sections say so or none. They are put beside each other unless given.
    pub place: Option<SectionPlace>,
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
    /// Lists the seats in order, and tells where their sections are drawn.
    pub(super) fn read(
        &self,
        tiers: &BTreeSet<u16>,
        checks: &mut Checks,
    ) -> (Vec<UnnumberedUnit>, Vec<PlacedSection>) {
        let Some(csv) = &self.csv else {
            return (
                seats(&self.sections, tiers, checks),
                places(&self.sections, checks),
            );
        };
        checks.require(
            self.sections.is_empty(),
            "/seat_map/csv",
            "must be left out if there are sections",
        );
        let table = RowTable::read(csv, checks);
        let mut found = Checks::default();
        let read = (
            seats(&table.sections, tiers, &mut found),
            places(&table.sections, &mut found),
        );
        checks.take_over(found, |error| table.at_its_line(&error));
        read
    }
}

/// Lists the seats of sections in order.
fn seats(sections: &[SectionSpec], tiers: &BTreeSet<u16>, checks: &mut Checks) -> Vec<UnnumberedUnit> {
    let mut places = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, section) in sections.iter().enumerate() {
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

/// Returns where sections are drawn, if that is said.
fn places(sections: &[SectionSpec], checks: &mut Checks) -> Vec<PlacedSection> {
    let mut placed: Vec<PlacedSection> = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let Some(place) = section.place else {
            continue;
        };
        let pointer = format!("/seat_map/sections/{index}/place");
        for (name, number) in [("x", place.x), ("y", place.y)] {
            checks.range(number, format!("{pointer}/{name}"), -FARTHEST..=FARTHEST);
        }
        checks.range(place.turn, format!("{pointer}/turn"), -360.0..=360.0);
        checks.range(place.radius, format!("{pointer}/radius"), 0.0..=FARTHEST);
        let fits = |row: &RowSpec| f64::from(row.count()) <= SEATS_AROUND * place.radius;
        checks.require(
            place.radius == 0.0 || section.rows.iter().all(fits),
            format!("{pointer}/radius"),
            "must be 0, or at least a sixth of the seats of the longest row",
        );
        checks.require(
            placed.iter().all(|other| other.section != section.name),
            format!("/seat_map/sections/{index}/name"),
            "must be the only section of this name, as it has a place",
        );
        placed.push(PlacedSection {
            section: section.name.clone(),
            place,
        });
    }
    checks.require(
        placed.is_empty() || placed.len() == sections.len(),
        "/seat_map",
        "must say of all sections where they are drawn, or of none",
    );
    placed
}

impl RowSpec {
    fn count(&self) -> u32 {
        let numbers = || self.numbers.as_ref().map_or(0, |numbers| count(numbers));
        self.seats.unwrap_or_else(numbers)
    }

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
