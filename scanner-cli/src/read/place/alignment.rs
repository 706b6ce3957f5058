//! Finds alignment patterns in grey: a dark ring of five modules a side, a light one and a dark middle;
//! leaves out what follows from where they are.
//!
//! A place is compared with the pattern by correlation, which neither the light nor the contrast changes.

use super::{FINDER_INSET, Site};
use crate::read::Allowance;
use crate::read::LumaFrame;
use crate::read::mapping::Mapping;
use crate::read::point::Point;
use crate::read::trio::Trio;

/// Most places that are tried as the last alignment pattern; data often looks like one.
const MAX_CANDIDATES: usize = 5;

/// Grey levels (times modules) added to the contrast that a likeness is divided by: keeps noise from looking
/// alike.
const NOISE_CONTRAST: f32 = 30.0;

/// One module to the right and one down, in pixels.
#[derive(Clone, Copy)]
pub(super) struct Steps {
    pub(super) right: Point,
    pub(super) down: Point,
}

/// Places that may be the middle of the last alignment pattern, the likeliest first: within a sixth of the
/// code's side of where it would be without perspective.
pub(super) fn candidates(site: &Site, trio: &Trio, side: usize) -> Option<Vec<Point>> {
    let across = side as f32 - 2.0 * FINDER_INSET;
    let origin = trio.top_left.centre;
    let steps = Steps {
        right: (trio.top_right.centre - origin) * (1.0 / across),
        down: (trio.bottom_left.centre - origin) * (1.0 / across),
    };
    let from_origin = side as f32 - 6.5 - FINDER_INSET;
    let expected = origin + (steps.right + steps.down) * from_origin;
    let reach = (side as f32 * 0.16).max(4.0);
    let mut seen: Vec<(f32, Point)> = Vec::new();
    for (u, v) in square(reach, 0.5) {
        let place = expected + steps.right * u + steps.down * v;
        if !inside(site.frame, place) {
            continue;
        }
        let likeness = likeness(site.frame, place, steps, site.allowance)? - 0.012 * u.hypot(v);
        if likeness > 0.35 {
            seen.push((likeness, place));
        }
    }
    site.allowance.spend(4 * seen.len() as u64)?;
    seen.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let mut kept: Vec<Point> = Vec::new();
    for (_, place) in seen {
        if kept.len() < MAX_CANDIDATES
            && kept
                .iter()
                .all(|other| other.distance(place) > steps.right.length() * 1.5)
        {
            kept.push(place);
        }
    }
    Some(kept)
}

/// Where the alignment pattern with this middle is seen and how alike it is, when within `reach` modules of
/// where the view says.
pub(super) fn measured(
    site: &Site,
    view: &Mapping,
    module: Point,
    reach: f32,
) -> Option<Option<(Point, f32)>> {
    let expected = view.at(module);
    let (right, down) = view.steps_at(module);
    let mut best = (0.5, None);
    for (u, v) in square(reach, 0.25) {
        let place = expected + right * u + down * v;
        let likeness =
            likeness(site.frame, place, Steps { right, down }, site.allowance)? - 0.03 * u.hypot(v);
        if likeness > best.0 {
            best = (likeness, Some((place, likeness)));
        }
    }
    Some(best.1)
}

fn square(reach: f32, step: f32) -> impl Iterator<Item = (f32, f32)> {
    let count = (reach / step) as i32;
    let along = move || (-count..=count).map(move |at| at as f32 * step);
    along().flat_map(move |u| along().map(move |v| (u, v)))
}

fn inside(frame: &LumaFrame, place: Point) -> bool {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    place.x > 2.0 && place.y > 2.0 && place.x < width - 2.0 && place.y < height - 2.0
}

/// How much a place looks like the middle of an alignment pattern: 1 exactly, 0 not at all.
fn likeness(frame: &LumaFrame, middle: Point, steps: Steps, allowance: &Allowance) -> Option<f32> {
    allowance.spend(25)?;
    // Seventeen dark modules and eight light ones, so that the template's mean is zero.
    const DARK: f32 = 8.0 / 25.0;
    const LIGHT: f32 = -17.0 / 25.0;
    const TEMPLATE_SQUARES: f32 = 17.0 * DARK * DARK + 8.0 * LIGHT * LIGHT;
    let (mut sum, mut squares, mut product) = (0.0, 0.0, 0.0);
    for row in -2..=2_i32 {
        let start = middle + steps.down * row as f32;
        for column in -2..=2_i32 {
            let value = frame.sampled(start + steps.right * column as f32);
            let template = if row.abs().max(column.abs()) == 1 {
                LIGHT
            } else {
                DARK
            };
            sum += value;
            squares += value * value;
            product -= template * value;
        }
    }
    let contrast = (squares - sum * sum / 25.0).max(0.0);
    Some(product / ((contrast * TEMPLATE_SQUARES).sqrt() + NOISE_CONTRAST))
}
