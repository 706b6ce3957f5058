//! How dark the modules of a located code are; leaves out what they say.
//!
//! The light differs across a code, so darkness is told against the mean and the spread of the modules
//! around. Blur and motion smear modules into each other. Since the colour of the finders, the timing and the
//! alignment patterns is known, the smearing of this very picture can be learnt from them and undone: every
//! module is estimated from a patch of samples around it with the weights that estimate the known modules
//! best (least squares), and then once more with the modules that came out sure.

use super::linear::solve;
use super::mapping::Mapping;
use super::point::Point;
use super::symbol::{Role, Symbol, Version};
use super::{Allowance, LumaFrame};

/// Modules to each side that the light is told from.
const LIGHT_REACH: usize = 5;

/// The same where light has edges: a reflected window, a crease that shines.
const NEAR_LIGHT_REACH: usize = 2;

/// Part of the code's own spread that a square of modules has at least which is of more than one colour.
const LEAST_SPREAD: f32 = 0.12;

/// Samples to each side of the middle of a patch, half a module apart: a blur over a module is not undone with fewer.
const PATCH_REACH: usize = 3;

/// Samples along a side of the patch.
const PATCH_SIDE: usize = 2 * PATCH_REACH + 1;

/// Samples of a patch and a constant.
const FEATURES: usize = PATCH_SIDE * PATCH_SIDE + 1;

/// The middle of the patch.
const MIDDLE: usize = PATCH_SIDE * PATCH_SIDE / 2;

/// Times the weights are learnt again from what came out sure.
const RELEARNT: usize = 2;

/// How dark each module is: over 0 dark, under 0 light, 1 and -1 sure.
#[derive(Debug, Clone)]
pub(super) struct Modules {
    pub(super) version: Version,
    pub(super) side: usize,
    pub(super) darkness: Vec<f32>,
}

impl Modules {
    fn of(symbol: &Symbol, darkness: Vec<f32>) -> Self {
        Self {
            version: symbol.version,
            side: symbol.side,
            darkness,
        }
    }

    pub(super) fn at(&self, x: usize, y: usize) -> f32 {
        self.darkness[y * self.side + x]
    }

    /// The same code seen in a mirror along the diagonal through its top left finder.
    pub(super) fn mirrored(&self) -> Self {
        let positions = (0..self.side).flat_map(|y| (0..self.side).map(move |x| (y, x)));
        Self {
            darkness: positions.map(|(x, y)| self.at(x, y)).collect(),
            ..*self
        }
    }
}

/// A code sampled twice for each module along both axes, with some of its surroundings.
pub(super) struct Samples<'a> {
    symbol: &'a Symbol,
    brightness: Vec<f32>,
    /// The mean and the spread of the light around each module.
    light: Vec<(f32, f32)>,
}

/// For each module the samples in and around it, as darkness against the light around, and 1.
#[derive(Debug, Clone)]
pub(super) struct Patches(Vec<[f32; FEATURES]>);

impl<'a> Samples<'a> {
    pub(super) fn take(
        frame: &LumaFrame,
        mapping: &Mapping,
        symbol: &'a Symbol,
        allowance: &Allowance,
    ) -> Option<Self> {
        let width = width(symbol.side);
        let mut brightness = Vec::with_capacity(width * width);
        for y in 0..width {
            allowance.spend(3 * width as u64)?;
            // The middle of the first module is in the middle of the first patch.
            let position = |at: usize| (at as f32 - PATCH_REACH as f32 + 1.0) * 0.5;
            brightness
                .extend((0..width).map(|x| frame.sampled(mapping.at(Point::new(position(x), position(y))))));
        }
        let mut samples = Self {
            symbol,
            brightness,
            light: Vec::new(),
        };
        samples.tell_light(Light::at);
        Some(samples)
    }

    /// The same in light that has edges.
    pub(super) fn in_edged_light(mut self) -> Self {
        self.tell_light(Light::calmest_at);
        self
    }

    /// Sets the mean and the spread of the light around each module.
    fn tell_light(&mut self, light_at: impl Fn(&Light, usize, usize) -> (f32, f32)) {
        let side = self.symbol.side;
        let light = Light::around(side, |at| self.brightness[middle(at, side)]);
        self.light = (0..side * side)
            .map(|at| light_at(&light, at % side, at / side))
            .collect();
    }

    /// The middles of the modules as they are.
    pub(super) fn plain(&self) -> Modules {
        let darkness = self
            .light
            .iter()
            .enumerate()
            .map(|(at, (mean, spread))| (mean - self.brightness[middle(at, self.symbol.side)]) / spread);
        Modules::of(self.symbol, darkness.collect())
    }

    /// The modules with what is around them, for undoing smears.
    pub(super) fn patches(&self) -> Patches {
        let side = self.symbol.side;
        let width = width(side);
        let patch = |(at, (mean, spread)): (usize, &(f32, f32))| {
            let corner = middle(at, side) - PATCH_REACH * (width + 1);
            let mut features = [1.0; FEATURES];
            for (row, features) in features[..FEATURES - 1].chunks_exact_mut(PATCH_SIDE).enumerate() {
                let patch = &self.brightness[corner + row * width..][..PATCH_SIDE];
                for (feature, brightness) in features.iter_mut().zip(patch) {
                    *feature = (mean - brightness) / spread;
                }
            }
            features
        };
        Patches(self.light.iter().enumerate().map(patch).collect())
    }
}

/// Samples along a side.
fn width(side: usize) -> usize {
    2 * (side + PATCH_REACH) - 1
}

/// Which of the samples is the middle of a module.
fn middle(at: usize, side: usize) -> usize {
    (at / side * 2 + PATCH_REACH) * width(side) + at % side * 2 + PATCH_REACH
}

impl Patches {
    /// The modules with the smearing undone.
    pub(super) fn equalised(&self, symbol: &Symbol, allowance: &Allowance) -> Option<Modules> {
        let mut darkness = self.middles();
        for round in 0..=RELEARNT {
            allowance.spend(4 * self.0.len() as u64)?;
            let mut lessons = Lessons::new();
            for ((features, role), &darkness) in self.0.iter().zip(symbol.roles()).zip(&darkness) {
                match role {
                    Role::Fixed { dark } => lessons.learn(features, if *dark { 1.0 } else { -1.0 }, 1.0),
                    Role::Format | Role::Data if round > 0 && darkness.abs() > 0.25 => {
                        lessons.learn(features, darkness.signum(), darkness.abs().min(1.0) * 0.7);
                    }
                    Role::Format | Role::Data => {}
                }
            }
            let Some(weights) = lessons.weights(if round == 0 { 12.0 } else { 6.0 }) else {
                break;
            };
            for (darkness, features) in darkness.iter_mut().zip(&self.0) {
                *darkness = features
                    .iter()
                    .zip(&weights)
                    .map(|(feature, weight)| feature * weight)
                    .sum();
            }
        }
        Some(Modules::of(symbol, darkness))
    }

    fn middles(&self) -> Vec<f32> {
        self.0.iter().map(|features| features[MIDDLE]).collect()
    }

    /// The same with everything about a module multiplied by how far it is to be trusted.
    pub(super) fn trusted(&self, trust: &[f32]) -> Self {
        let trusted = self.0.iter().zip(trust);
        Self(
            trusted
                .map(|(patch, trust)| patch.map(|feature| feature * trust))
                .collect(),
        )
    }

    /// Adds others of the same version.
    pub(super) fn add(&mut self, others: &Self, weight: f32) {
        for (sum, other) in self.0.iter_mut().zip(&others.0) {
            for (sum, other) in sum.iter_mut().zip(other) {
                *sum += weight * other;
            }
        }
    }

    /// The mean, when these are the sums of so many frames.
    pub(super) fn mean(&self, frames: u32) -> Self {
        let part = 1.0 / frames as f32;
        Self(
            self.0
                .iter()
                .map(|patch| patch.map(|feature| feature * part))
                .collect(),
        )
    }
}

/// Sums over squares of modules, from which the mean and the spread around each come in a few additions.
pub(super) struct Light {
    side: usize,
    sums: Vec<[f64; 2]>,
}

impl Light {
    pub(super) fn around(side: usize, brightness: impl Fn(usize) -> f32) -> Self {
        let width = side + 1;
        let mut sums = vec![[0.0; 2]; width * width];
        for y in 0..side {
            let mut row = [0.0; 2];
            for x in 0..side {
                let value = f64::from(brightness(y * side + x));
                row = [row[0] + value, row[1] + value * value];
                let above = sums[y * width + x + 1];
                sums[(y + 1) * width + x + 1] = [above[0] + row[0], above[1] + row[1]];
            }
        }
        Self { side, sums }
    }

    /// The mean and the spread around a module.
    pub(super) fn at(&self, x: usize, y: usize) -> (f32, f32) {
        self.within((x, y), LIGHT_REACH)
    }

    /// The mean and the spread of the square with the least spread among those that hold a module: near an edge of
    /// the light it lies to one side.
    fn calmest_at(&self, x: usize, y: usize) -> (f32, f32) {
        let middle = self.side / 2;
        let least = LEAST_SPREAD * self.within((middle, middle), self.side).1;
        let span = |at: usize| {
            let last = self.side - 1 - NEAR_LIGHT_REACH;
            at.saturating_sub(NEAR_LIGHT_REACH).max(NEAR_LIGHT_REACH)..=(at + NEAR_LIGHT_REACH).min(last)
        };
        let squares = span(y).flat_map(|y| span(x).map(move |x| (x, y)));
        let lights = squares.map(|square| self.within(square, NEAR_LIGHT_REACH));
        let calmest = lights
            .filter(|(_, spread)| *spread > least)
            .min_by(|(_, a), (_, b)| a.total_cmp(b));
        calmest.unwrap_or_else(|| self.at(x, y))
    }

    fn within(&self, (x, y): (usize, usize), reach: usize) -> (f32, f32) {
        let span = |at: usize| (at.saturating_sub(reach), (at + reach + 1).min(self.side));
        let ((left, right), (top, bottom)) = (span(x), span(y));
        let modules = ((right - left) * (bottom - top)) as f64;
        let sum = |x: usize, y: usize| self.sums[y * (self.side + 1) + x];
        let part = |kind: usize| {
            let whole = sum(right, bottom)[kind] - sum(left, bottom)[kind];
            (whole - sum(right, top)[kind] + sum(left, top)[kind]) / modules
        };
        let mean = part(0);
        // Two grey levels at least: in even light noise must not look like a code.
        let spread = (part(1) - mean * mean).max(4.0).sqrt();
        (mean as f32, spread as f32)
    }
}

/// The normal equations of a least-squares fit.
struct Lessons {
    squares: Box<[[f32; FEATURES]; FEATURES]>,
    answers: [f32; FEATURES],
}

impl Lessons {
    fn new() -> Self {
        Self {
            squares: Box::new([[0.0; FEATURES]; FEATURES]),
            answers: [0.0; FEATURES],
        }
    }

    fn learn(&mut self, features: &[f32; FEATURES], answer: f32, weight: f32) {
        for (i, row) in self.squares.iter_mut().enumerate() {
            let factor = features[i] * weight;
            // The other half is the same.
            for (square, feature) in row[i..].iter_mut().zip(&features[i..]) {
                *square += factor * feature;
            }
            self.answers[i] += factor * answer;
        }
    }

    /// The weights, drawn with some `stiffness` to the middle alone, which is right where nothing is smeared.
    fn weights(&self, stiffness: f64) -> Option<[f32; FEATURES]> {
        let square = |at: usize| {
            let (row, column) = (at / FEATURES, at % FEATURES);
            f64::from(self.squares[row.min(column)][row.max(column)])
        };
        let mut matrix: Vec<f64> = (0..FEATURES * FEATURES).map(square).collect();
        let mut right = self.answers.map(f64::from);
        for at in 0..FEATURES {
            matrix[at * (FEATURES + 1)] += stiffness;
        }
        right[MIDDLE] += stiffness * 0.8;
        solve(&mut matrix, &mut right).then(|| right.map(|weight| weight as f32))
    }
}
