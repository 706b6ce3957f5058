//! What is done to codes before and while a camera looks at them, as the camera meets it: in the print, on the paper, over
//! it, and during the exposure. Leaves out light, lenses and noise, which every scene has.

use std::f32::consts::TAU;

use super::Random;

/// What was done to a code; nothing where it is 0.
#[derive(Debug, Clone, Copy, Default)]
pub struct Harm {
    /// Ink spread from every dark module by so many modules to each side.
    pub spread: f32,
    /// So many cracks run out from one place of the glass.
    pub cracks: usize,
    /// What lies between two cracks is moved by up to so many modules.
    pub shards_moved: f32,
    /// The code turned by so many degrees during the exposure.
    pub spin: f32,
    /// The code swung by so many modules to each side while the rows were taken one after another.
    pub wave: f32,
    /// Swings from the top to the bottom of the picture.
    pub swings: f32,
    /// A bright window of so many grey levels is reflected.
    pub window: f32,
    /// A sleeve is folded at an angle: beyond the fold the code is seen shorter by this part, and its rows run apart.
    pub fold: f32,
}

/// Where the glass was hit, where the window is seen and where the fold runs, as parts of the code.
const PLACE: (f32, f32) = (0.58, 0.42);

/// Pixels between two places of the path of a code that turns.
const SPIN_STEP_PX: f32 = 1.0;

impl Harm {
    /// Where in the picture the ray of a pixel really comes from.
    pub fn pixel(self, (x, y): (f32, f32), (height, module_px, seed): (f32, f32, u64)) -> (f32, f32) {
        let phase = seed as f32 * 1.7;
        let swung = (TAU * self.swings * y / height + phase).sin();
        (x + self.wave * module_px * swung, y)
    }

    /// Which place of the code is seen where another would be.
    pub fn place(self, (u, v): (f32, f32), side: f32, seed: u64) -> (f32, f32) {
        let (u, v) = self.folded((u, v), side, seed);
        if self.cracks == 0 {
            return (u, v);
        }
        let (shard, _) = crack((u, v), side, (self.cracks, seed));
        let mut random = Random::of(seed * 100 + shard as u64 + 1);
        let mut moved = || self.shards_moved * (random.next() * 2.0 - 1.0);
        (u + moved(), v + moved())
    }

    fn folded(self, (u, v): (f32, f32), side: f32, seed: u64) -> (f32, f32) {
        let beyond = fold_distance((u, v), side, seed);
        if beyond <= 0.0 {
            return (u, v);
        }
        let (right, down) = fold_normal(seed);
        let along = (u - side / 2.0) * -down + (v - side / 2.0) * right;
        let (further, apart) = (beyond * self.fold, along * beyond * self.fold * 0.012);
        (
            u + right * further - down * apart,
            v + down * further + right * apart,
        )
    }

    /// Whether a place of the print is dark.
    pub fn dark(self, (u, v): (f32, f32), is_dark: impl Fn(f32, f32) -> bool) -> bool {
        let mut around = (0..8).map(|eighth| (TAU * eighth as f32 / 8.0).sin_cos());
        let is_near_ink = |(down, right)| is_dark(u + right * self.spread, v + down * self.spread);
        is_dark(u, v) || (self.spread > 0.0 && around.any(is_near_ink))
    }

    /// The brightness of a place of the code behind what lies over it.
    pub fn seen(self, level: f32, place: (f32, f32), side: f32, seed: u64) -> f32 {
        let level = if self.window > 0.0 && is_behind_window(place, side, seed) {
            level * 0.8 + self.window
        } else {
            level
        };
        if self.fold > 0.0 {
            let away = fold_distance(place, side, seed);
            return level + 130.0 * (-(away / 0.5).powi(2)).exp();
        }
        if self.cracks == 0 {
            return level;
        }
        let (shard, away) = crack(place, side, (self.cracks, seed));
        if away > 0.18 + 0.08 * (shard % 3) as f32 {
            level
        } else if shard.is_multiple_of(2) {
            245.0
        } else {
            20.0
        }
    }

    /// The picture after what happened during the exposure.
    pub fn exposed(self, light: Vec<f32>, (width, height): (usize, usize)) -> Vec<f32> {
        if self.spin == 0.0 {
            return light;
        }
        let degrees = self.spin;
        let middle = (width as f32 * 0.47, height as f32 * 0.55);
        let at = |x: f32, y: f32| {
            let x = x.round().clamp(0.0, width as f32 - 1.0) as usize;
            let y = y.round().clamp(0.0, height as f32 - 1.0) as usize;
            light[y * width + x]
        };
        let spun = (0..width * height).map(|pixel| {
            let (x, y) = (
                (pixel % width) as f32 - middle.0,
                (pixel / width) as f32 - middle.1,
            );
            let path = x.hypot(y) * degrees.to_radians();
            let steps = (path / SPIN_STEP_PX).ceil() as i32;
            let turn = |step: i32| {
                (degrees * ((step as f32 + 0.5) / (steps + 1) as f32 - 0.5))
                    .to_radians()
                    .sin_cos()
            };
            let seen = (0..=steps).map(|step| {
                let (sine, cosine) = turn(step);
                at(middle.0 + x * cosine - y * sine, middle.1 + x * sine + y * cosine)
            });
            seen.sum::<f32>() / (steps + 1) as f32
        });
        spun.collect()
    }
}

/// Whether a place lies behind one of the four panes of the window.
fn is_behind_window((u, v): (f32, f32), side: f32, seed: u64) -> bool {
    let (sine, cosine) = (0.3 + seed as f32).sin_cos();
    let (x, y) = (u / side - PLACE.0, v / side - PLACE.1);
    let (x, y) = (x * cosine - y * sine, x * sine + y * cosine);
    x.abs().max(y.abs() / 1.3) < 0.3 && x.abs() > 0.02 && (y - 0.05).abs() > 0.02
}

/// Modules from the fold, over 0 beyond it.
fn fold_distance((u, v): (f32, f32), side: f32, seed: u64) -> f32 {
    let (right, down) = fold_normal(seed);
    let place = 0.05 - 0.12 * (seed % 3) as f32;
    (u - side / 2.0) * right + (v - side / 2.0) * down + side * place
}

fn fold_normal(seed: u64) -> (f32, f32) {
    let (down, right) = (seed as f32 * 1.3).sin_cos();
    (right, down)
}

/// Between which cracks a place lies, and how many modules from the nearest.
fn crack((u, v): (f32, f32), side: f32, (count, seed): (usize, u64)) -> (usize, f32) {
    let (x, y) = (u - side * PLACE.0, v - side * PLACE.1);
    let away = x.hypot(y);
    // A jag every few modules.
    let jag = 0.08 * (away * 0.9 + seed as f32).sin() / away.max(2.0);
    let turns = (y.atan2(x) / TAU + 1.0 + jag + seed as f32 * 0.13).fract() * count as f32;
    let shard = turns as usize;
    let across = (turns.fract() - 0.5).abs();
    (shard, (0.5 - across) / count as f32 * TAU * away)
}
