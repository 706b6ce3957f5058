//! Finds finder patterns: the three large squares of a code. Leaves out which three belong together.
//!
//! A line through the centre of a finder in any direction crosses dark, light, dark, light, dark in lengths
//! of 1 : 1 : 3 : 1 : 1 modules, however it is turned. Rows are searched for this ratio; what looks like one
//! is checked down its column, along its row and along both diagonals.

mod probe;

use super::Allowance;
use super::binary::Binary;
use super::point::Point;
use probe::{Probe, Runs};

/// Rows between two searched ones: a finder of seven modules is hit however small it may be read.
const ROW_STEP: usize = 2;

/// Most finders that are kept; a frame of printed text has dozens that look like one.
const MAX_FINDERS: usize = 40;

/// A finder pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Finder {
    /// The middle of the square in pixels.
    pub(super) centre: Point,
    /// Width of one module in pixels.
    pub(super) module_px: f32,
    /// Rows that hit it: how sure it is.
    pub(super) rows: u32,
}

/// Finds what looks like a finder, the surest first.
pub(super) fn find(binary: &Binary, allowance: &Allowance) -> Option<Vec<Finder>> {
    let mut finders = Vec::new();
    for y in (ROW_STEP / 2..binary.height).step_by(ROW_STEP) {
        allowance.spend(binary.width as u64 / 2)?;
        find_in_row(binary, y, &mut finders, allowance)?;
    }
    finders.sort_by_key(|finder| std::cmp::Reverse(finder.rows));
    finders.truncate(MAX_FINDERS);
    Some(finders)
}

fn find_in_row(binary: &Binary, y: usize, finders: &mut Vec<Finder>, allowance: &Allowance) -> Option<()> {
    let row = binary.row(y);
    let mut runs = [0.0; 5];
    let mut runs_seen = 0;
    let mut start = 0;
    while start < row.len() {
        let colour = row[start];
        let length = row[start..]
            .iter()
            .position(|&pixel| pixel != colour)
            .unwrap_or(row.len() - start);
        start += length;
        runs.rotate_left(1);
        runs[4] = length as f32;
        runs_seen += 1;
        if colour == 0 || runs_seen < 5 {
            continue;
        }
        let Some(module_px) = module_of(&runs) else {
            continue;
        };
        let x = start as f32 - runs[4] - runs[3] - runs[2] / 2.0;
        let hit = Point::new(x, y as f32 + 0.5);
        allowance.spend(finders.len() as u64 / 4)?;
        if let Some(known) = finders.iter_mut().find(|known| covers(known, hit)) {
            known.rows += 1;
            continue;
        }
        allowance.spend(40 + (module_px * 60.0) as u64)?;
        finders.extend(checked(binary, hit, module_px));
    }
    Some(())
}

fn covers(finder: &Finder, hit: Point) -> bool {
    let off = hit - finder.centre;
    off.x.abs() < finder.module_px * 2.0 && off.y.abs() < finder.module_px * 2.5
}

/// The width of a module when five runs have the ratio of a finder, blurred and slanted as it may be.
fn module_of(runs: &Runs) -> Option<f32> {
    let total: f32 = runs.iter().sum();
    if total < 7.0 {
        return None;
    }
    let module = total / 7.0;
    let tolerance = module * 0.6 + 0.25;
    let fits = |run: f32, modules: f32, slack: f32| (run - modules * module).abs() < tolerance * slack;
    let all = fits(runs[0], 1.0, 1.1)
        && fits(runs[1], 1.0, 1.0)
        && fits(runs[2], 3.0, 2.0)
        && fits(runs[3], 1.0, 1.0)
        && fits(runs[4], 1.0, 1.1);
    all.then_some(module)
}

/// Checks a hit of a row in the other directions and moves it to the middle of the square.
fn checked(binary: &Binary, hit: Point, module_px: f32) -> Option<Finder> {
    let down = Probe {
        from: hit,
        direction: Point::new(0.0, 1.0),
        longest_px: module_px * 9.6,
    };
    let (runs, shift) = down.runs(binary)?;
    let tall = module_of(&runs)?;
    let middle = Point::new(hit.x, hit.y + shift);
    let along = Probe {
        from: middle,
        direction: Point::new(1.0, 0.0),
        ..down
    };
    let (runs, shift) = along.runs(binary)?;
    let wide = module_of(&runs)?;
    let centre = Point::new(middle.x + shift, middle.y);
    if tall / wide > 2.6 || wide / tall > 2.6 {
        return None;
    }
    let longest_px = module_px.max(tall) * 12.0;
    let diagonal = |y: f32| {
        let direction = Point::new(
            std::f32::consts::FRAC_1_SQRT_2,
            y * std::f32::consts::FRAC_1_SQRT_2,
        );
        Probe {
            from: centre,
            direction,
            longest_px,
        }
        .runs(binary)
    };
    let (falling, _) = diagonal(1.0)?;
    let (rising, _) = diagonal(-1.0)?;
    module_of(&falling).or_else(|| module_of(&rising))?;
    Some(Finder {
        centre,
        module_px: (tall * wide).sqrt(),
        rows: 1,
    })
}

/// The width of a module of a finder along the line to another point: what tells how many modules lie
/// between.
pub(super) fn module_towards(binary: &Binary, finder: &Finder, to: Point) -> Option<f32> {
    let way = to - finder.centre;
    let probe = Probe {
        from: finder.centre,
        direction: way * (1.0 / way.length().max(1.0)),
        longest_px: finder.module_px * 10.8,
    };
    let (runs, _) = probe.runs(binary)?;
    Some(runs.iter().sum::<f32>() / 7.0)
}
