//! Where sections are drawn on a seat map, if their organizer has said so; nothing that is sold depends on it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a section is drawn. Distances are in widths of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SectionPlace {
    /// How far to the right the middle of its first row is.
    #[schema(example = 0)]
    pub x: f64,
    /// How far down that is.
    #[schema(example = 20)]
    pub y: f64,
    /// By how many degrees it is turned, clockwise; unless given, its first row is at the top, and seats are numbered from the left.
    #[serde(default)]
    pub turn: f64,
    /// How far before its first row the point is that its rows lie around; they are straight unless given, or if it is 0.
    #[serde(default)]
    pub radius: f64,
}

/// A section with its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlacedSection {
    /// Its name.
    pub section: String,
    #[serde(flatten)]
    pub place: SectionPlace,
}
