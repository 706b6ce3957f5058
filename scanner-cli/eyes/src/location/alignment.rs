//! Finds alignment patterns in grey: a dark ring of five modules a side, a light one and a dark middle;
//! leaves out what follows from where they are.

use super::{FINDER_INSET, Site};
use crate::mapping::Mapping;
use crate::point::Point;
use crate::rings::{Likely, Rings, Search, Steps};
use crate::trio::Trio;

/// Most positions that are tried as the last alignment pattern; data often looks like one.
const MAX_CANDIDATES: usize = 5;

/// Likeness from which on a position may be the last alignment pattern.
const LIKE_A_PATTERN: f32 = 0.35;

/// Likeness that a pattern has whose position is known to a module or two.
const SURELY_A_PATTERN: f32 = 0.5;

const PATTERN: Rings = Rings {
    dark: &[true, false, true],
    noise_contrast: 30.0,
};

/// Positions that may be the middle of the last alignment pattern, the likeliest first: within a sixth of the
/// code's side of where it would be without perspective.
pub(super) fn candidates(site: &Site, trio: &Trio, side: usize) -> Option<Vec<Point>> {
    let across = side as f32 - 2.0 * FINDER_INSET;
    let origin = trio.top_left.centre;
    let steps = Steps {
        right: (trio.top_right.centre - origin) * (1.0 / across),
        down: (trio.bottom_left.centre - origin) * (1.0 / across),
    };
    let from_origin = side as f32 - 6.5 - FINDER_INSET;
    let search = Search {
        middle: origin + (steps.right + steps.down) * from_origin,
        steps,
        reach: (2.0 * (side as f32 * 0.16).max(4.0)) as i32,
        points_a_module: 2,
    };
    let rank = |seen: &Likely| seen.likeness - 0.012 * seen.away;
    let mut seen = search.all(site.frame, &PATTERN, 2.0, site.allowance)?;
    seen.retain(|seen| rank(seen) > LIKE_A_PATTERN);
    site.allowance.spend(4 * seen.len() as u64)?;
    seen.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    let mut kept: Vec<Point> = Vec::new();
    for Likely { position, .. } in seen {
        let apart = steps.right.length() * 1.5;
        if kept.len() < MAX_CANDIDATES && kept.iter().all(|other| other.distance(position) > apart) {
            kept.push(position);
        }
    }
    Some(kept)
}

/// Where the alignment pattern with this middle is seen and how alike it is, when within `reach` quarters of
/// a module of where the view says.
pub(super) fn measured(
    site: &Site,
    view: &Mapping,
    module: Point,
    reach: i32,
) -> Option<Option<(Point, f32)>> {
    let (right, down) = view.steps_at(module);
    let search = Search {
        middle: view.at(module),
        steps: Steps { right, down },
        reach,
        points_a_module: 4,
    };
    let mut best = (SURELY_A_PATTERN, None);
    for seen in search.all(site.frame, &PATTERN, f32::NEG_INFINITY, site.allowance)? {
        let rank = seen.likeness - 0.03 * seen.away;
        if rank > best.0 {
            best = (rank, Some((seen.position, rank)));
        }
    }
    Some(best.1)
}
