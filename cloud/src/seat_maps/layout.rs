//! Where the seats of an event are, as bytes that never change and are named by their hash.

use axum::body::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::{Layout, SeatUnit, SectionPlace};

use super::body::gzipped;

/// The sections of an event, with their rows and seats.
#[derive(Debug, Serialize, ToSchema)]
pub struct LayoutView<'a> {
    /// Its sections, in the order of its seat map.
    pub sections: Vec<SectionView<'a>>,
}

/// A section.
#[derive(Debug, Serialize, ToSchema)]
pub struct SectionView<'a> {
    /// Its name.
    #[schema(value_type = String)]
    pub name: &'a str,
    /// Where it is drawn; absent unless its organizer has said so of all sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<SectionPlace>,
    /// Its rows.
    pub rows: Vec<RowView<'a>>,
}

/// Seats of one row and one tier beside each other.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowView<'a> {
    /// The name of the row.
    #[schema(value_type = String)]
    pub name: &'a str,
    /// The tier of the seats.
    pub tier: u16,
    /// The `seat_id` of the first of them; the others count on.
    pub first_seat_id: u32,
    /// Their numbers in the row.
    #[schema(value_type = Vec<String>)]
    pub numbers: Vec<&'a str>,
}

/// A layout as bytes.
#[derive(Debug)]
pub struct LayoutBody {
    /// Names it: the beginning of the BLAKE3 hash of `body`.
    pub hash: [u8; 16],
    /// Its JSON.
    pub body: Bytes,
    /// The same, gzipped.
    pub gzip: Bytes,
}

impl LayoutBody {
    /// Puts a layout together.
    pub fn of(layout: &Layout) -> Self {
        let body = serde_json::to_vec(&view(layout)).expect("the view has string keys only");
        let (mut hash, whole) = ([0; 16], blake3::hash(&body));
        hash.copy_from_slice(&whole.as_bytes()[..16]);
        Self {
            hash,
            gzip: gzipped(&body),
            body: body.into_boxed_slice().into(),
        }
    }
}

fn view(layout: &Layout) -> LayoutView<'_> {
    let mut view = LayoutView { sections: Vec::new() };
    for seats in layout.seats.chunk_by(|a, b| a.section == b.section) {
        let rows = seats.chunk_by(|a, b| a.row == b.row && a.tier == b.tier);
        let name = &*seats[0].section;
        let placed = layout.places.iter().find(|placed| placed.section == name);
        view.sections.push(SectionView {
            name,
            place: placed.map(|placed| placed.place),
            rows: rows.map(row).collect(),
        });
    }
    view
}

/// Shows seats of one row, at least one.
fn row(seats: &[SeatUnit]) -> RowView<'_> {
    RowView {
        name: &seats[0].row,
        tier: seats[0].tier.0,
        first_seat_id: seats[0].unit.0,
        numbers: seats.iter().map(|seat| &*seat.number).collect(),
    }
}
