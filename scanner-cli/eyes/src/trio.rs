//! Groups finders by three into what may be a code; leaves out where its modules lie.
//!
//! Seen from the front the three finders make a right angle of two equal legs with the top left one at its
//! corner. Perspective bends that, so a trio is ranked by how little: by the angle, by the ratio of the legs
//! and by how alike the finders are in size.

use super::finder::Finder;
use super::point::Point;

/// Most finders that are grouped; all groups of three of them are looked at (364).
const MAX_GROUPED: usize = 14;

/// Most trios that are handed on.
const MAX_TRIOS: usize = 24;

/// Three finders of one code as the picture shows them: from the corner at `top_left`, `top_right` turns
/// clockwise to `bottom_left`. In a mirrored picture the two are swapped, which the reading of the bits
/// settles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trio {
    pub(super) top_left: Finder,
    pub(super) top_right: Finder,
    pub(super) bottom_left: Finder,
}

impl Trio {
    pub(super) fn finders(&self) -> [Finder; 3] {
        [self.top_left, self.top_right, self.bottom_left]
    }

    /// Whether both share a finder: only one of them can be right.
    pub(super) fn shares(&self, other: &Self) -> bool {
        let mine = self.finders();
        other.finders().iter().any(|theirs| {
            mine.iter()
                .any(|finder| finder.centre.distance(theirs.centre) < finder.module_px * 2.0)
        })
    }
}

/// The likeliest trios, best first.
pub(super) fn group(finders: &[Finder]) -> Vec<Trio> {
    let finders = &finders[..finders.len().min(MAX_GROUPED)];
    let mut ranked = Vec::new();
    for (i, &a) in finders.iter().enumerate() {
        for (j, &b) in finders.iter().enumerate().skip(i + 1) {
            for &c in &finders[j + 1..] {
                ranked.extend(ranked_trio([a, b, c]));
            }
        }
    }
    ranked.sort_by(|(a, _), (b, _): &(f32, Trio)| a.total_cmp(b));
    ranked.truncate(MAX_TRIOS);
    ranked.into_iter().map(|(_, trio)| trio).collect()
}

/// Orders three finders and says how far they are from a square's corners; `None` when no view makes them
/// one.
fn ranked_trio(three: [Finder; 3]) -> Option<(f32, Trio)> {
    let sizes = three.map(|finder| finder.module_px);
    let largest = sizes.iter().copied().fold(0.0, f32::max);
    let smallest = sizes.iter().copied().fold(f32::MAX, f32::min);
    if largest > smallest * 2.0 {
        return None;
    }
    let [top_left, one, other] = corner_first(three);
    let (leg, other_leg) = (one.centre - top_left.centre, other.centre - top_left.centre);
    let (length, other_length) = (leg.length(), other_leg.length());
    if length.max(other_length) > 2.2 * length.min(other_length) {
        return None;
    }
    let cosine = leg.dot(other_leg) / (length * other_length);
    let modules = length / ((largest + smallest) / 2.0);
    if cosine.abs() > 0.65 || !(10.0..220.0).contains(&modules) {
        return None;
    }
    let clockwise = leg.cross(other_leg) > 0.0;
    let (top_right, bottom_left) = if clockwise { (one, other) } else { (other, one) };
    let rows: u32 = three.iter().map(|finder| finder.rows).sum();
    let bent = cosine.abs() + (length / other_length).ln().abs() + 1.5 * (largest / smallest).ln();
    let rank = bent - 0.02 * rows.min(30) as f32;
    Some((
        rank,
        Trio {
            top_left,
            top_right,
            bottom_left,
        },
    ))
}

/// Puts the finder opposite the longest side first: the corner of the right angle.
fn corner_first([a, b, c]: [Finder; 3]) -> [Finder; 3] {
    let side = |one: Finder, other: Finder| Point::distance(one.centre, other.centre);
    let (ab, bc, ca) = (side(a, b), side(b, c), side(c, a));
    if bc >= ab && bc >= ca {
        [a, b, c]
    } else if ca >= ab {
        [b, c, a]
    } else {
        [c, a, b]
    }
}
