//! Draws what a camera sees of a code: the same picture for the same scene on every machine. Leaves out
//! colour, lenses and compression.
//!
//! For each pixel the ray through it is cut with the plane of the code, which gives a place of the code and
//! its colour; four rays a pixel soften the edges. A bent code is a cylinder: across it, the arc is longer
//! than what is seen of it, and a camera that looks down on it sees its middle higher. Then light, blur,
//! motion and noise are laid over the picture in the order in which a camera meets them.

#[path = "harm.rs"]
mod harm;

use fast_qr::{ECL, QRBuilder};
use usher_eyes::LumaFrame;

pub use harm::Harm;

/// A code in front of a camera.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What the code says.
    pub text: String,
    /// How much it corrects.
    pub level: ECL,
    /// Pixels across and down.
    pub size: (u32, u32),
    /// Width of a module in pixels, seen from the front.
    pub module_px: f32,
    /// Turned in the picture, in degrees.
    pub turned: f32,
    /// Turned away from the camera about the vertical and the horizontal axis, in degrees.
    pub askew: (f32, f32),
    /// Moved in the picture, in pixels.
    pub moved: (f32, f32),
    /// How far around a cylinder the code reaches, in degrees.
    pub bent: f32,
    /// How far the paper is crumpled sideways, in modules: a wave each way.
    pub crumpled: f32,
    /// Brightness of dark and light modules.
    pub ink: (f32, f32),
    /// The code lies mirrored.
    pub mirrored: bool,
    /// Part of the light that is lost from one corner of the picture to the opposite one.
    pub shadow: f32,
    /// A reflection at a place of the code (0 to 1 across and down), with its radius in modules.
    pub glare: Option<(f32, f32, f32)>,
    /// A sticker of one brightness over a part of the code: left, top, right, bottom from 0 to 1.
    pub covered: Option<(f32, f32, f32, f32)>,
    /// Blur in pixels (standard deviation).
    pub blur: f32,
    /// Path of the hand during the exposure: pixels across and down.
    pub motion: (f32, f32),
    /// Noise of the sensor in grey levels (standard deviation).
    pub noise: f32,
    /// What was done to the code.
    pub harm: Harm,
    /// Makes the noise, and what was done, another one.
    pub seed: u64,
}

impl Scene {
    /// A code of a ticket as a good camera sees it.
    pub fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            level: ECL::M,
            size: (640, 480),
            module_px: 5.0,
            turned: 4.0,
            askew: (0.0, 0.0),
            moved: (0.0, 0.0),
            bent: 0.0,
            crumpled: 0.0,
            ink: (40.0, 215.0),
            mirrored: false,
            shadow: 0.0,
            glare: None,
            covered: None,
            blur: 0.6,
            motion: (0.0, 0.0),
            noise: 3.0,
            harm: Harm::default(),
            seed: 1,
        }
    }

    /// The picture.
    pub fn frame(&self) -> LumaFrame {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let mut light = self.light();
        blur(&mut light, (width, height), self.blur);
        light = shaken(&light, (width, height), self.motion);
        light = self.harm.exposed(light, (width, height));
        let mut random = Random::of(self.seed);
        let luma = light
            .into_iter()
            .map(|value| (value + random.bell() * self.noise).round().clamp(0.0, 255.0) as u8);
        LumaFrame::new(self.size.0, self.size.1, luma.collect()).expect("the scene is as large as it says")
    }

    /// Brightness of each pixel before blur.
    fn light(&self) -> Vec<f32> {
        let code = QRBuilder::new(self.text.as_bytes())
            .ecl(self.level)
            .build()
            .expect("the text fits a code");
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let view = View::of(self, code.size as f32);
        let side = code.size as f32;
        let is_dark = |u: f32, v: f32| {
            let inside = (0.0..side).contains(&u) && (0.0..side).contains(&v);
            let (u, v) = if self.mirrored { (v, u) } else { (u, v) };
            inside && code[v as usize][u as usize].value()
        };
        let colour = |x: f32, y: f32| {
            let camera = (height as f32, self.module_px, self.seed);
            let (x, y) = self.harm.pixel((x, y), camera);
            let Some((u, v)) = view.place(x, y) else {
                return self.ink.1 * 0.55;
            };
            let shown_at = (u, v);
            let (u, v) = self.harm.place((u, v), side, self.seed);
            let shown = self.covered.filter(|(left, top, right, bottom)| {
                (left * side..right * side).contains(&u) && (top * side..bottom * side).contains(&v)
            });
            let quiet = -4.0..side + 4.0;
            if shown.is_some() {
                (self.ink.0 + self.ink.1) * 0.45
            } else if !quiet.contains(&u) || !quiet.contains(&v) {
                self.ink.1 * 0.55
            } else {
                let dark = self.harm.dark((u, v), is_dark);
                let ink = if dark { self.ink.0 } else { self.ink.1 };
                let ink = self.harm.seen(ink, shown_at, side, self.seed);
                ink + self.glare_at(u, v, side)
            }
        };
        let mut light = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let rays = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)];
                let sum: f32 = rays
                    .iter()
                    .map(|(right, down)| colour(x as f32 + right, y as f32 + down))
                    .sum();
                let across = (x as f32 / width as f32 + y as f32 / height as f32) / 2.0;
                light.push((sum / 4.0 * (1.0 - self.shadow * across)).min(255.0));
            }
        }
        light
    }

    fn glare_at(&self, u: f32, v: f32, side: f32) -> f32 {
        self.glare.map_or(0.0, |(x, y, radius)| {
            let away = ((u - x * side).powi(2) + (v - y * side).powi(2)) / (radius * radius);
            400.0 * (-away).exp()
        })
    }
}

/// From pixels to places of the code.
struct View {
    middle: (f32, f32),
    /// Distance of the camera in pixels: a phone's or a webcam's field of view.
    distance: f32,
    /// The plane's axes across and down as the camera sees them, and its normal.
    axes: [[f32; 3]; 3],
    module_px: f32,
    side: f32,
    bent: f32,
    crumpled: f32,
}

impl View {
    fn of(scene: &Scene, side: f32) -> Self {
        let [yaw, pitch, roll] = [scene.askew.0, scene.askew.1, scene.turned].map(f32::to_radians);
        let turned = |[x, y, z]: [f32; 3]| {
            let (x, y) = (x * roll.cos() - y * roll.sin(), x * roll.sin() + y * roll.cos());
            let (x, z) = (x * yaw.cos() + z * yaw.sin(), z * yaw.cos() - x * yaw.sin());
            let (y, z) = (
                y * pitch.cos() - z * pitch.sin(),
                y * pitch.sin() + z * pitch.cos(),
            );
            [x, y, z]
        };
        Self {
            middle: (
                scene.size.0 as f32 / 2.0 + scene.moved.0,
                scene.size.1 as f32 / 2.0 + scene.moved.1,
            ),
            distance: scene.size.0.max(scene.size.1) as f32 * 1.1,
            axes: [
                turned([1.0, 0.0, 0.0]),
                turned([0.0, 1.0, 0.0]),
                turned([0.0, 0.0, 1.0]),
            ],
            module_px: scene.module_px,
            side,
            bent: scene.bent.to_radians(),
            crumpled: scene.crumpled,
        }
    }

    /// The place of the code under a pixel, in modules; `None` where the ray misses the plane.
    fn place(&self, x: f32, y: f32) -> Option<(f32, f32)> {
        let dot = |a: [f32; 3], b: [f32; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        let ray = [x - self.middle.0, y - self.middle.1, self.distance];
        // The plane goes through the point straight ahead at the camera's distance.
        let along = dot([0.0, 0.0, self.distance], self.axes[2]) / dot(ray, self.axes[2]);
        if !(0.0..8.0).contains(&along) {
            return None;
        }
        let hit = [ray[0] * along, ray[1] * along, ray[2] * along - self.distance];
        let (across, down) = (
            dot(hit, self.axes[0]) / self.module_px,
            dot(hit, self.axes[1]) / self.module_px,
        );
        let (across, down) = self.unrolled(across, down)?;
        // One wave and a half over the code, each axis pushed by the other.
        let wave = |at: f32| self.crumpled * (at / self.side * 9.4 + 0.8).sin();
        let (across, down) = (across + wave(down), down + wave(across));
        Some((across + self.side / 2.0, down + self.side / 2.0))
    }

    fn unrolled(&self, across: f32, down: f32) -> Option<(f32, f32)> {
        if self.bent == 0.0 {
            return Some((across, down));
        }
        let radius = self.side / self.bent;
        let angle = across / radius;
        (angle.abs() < 1.0).then(|| {
            let angle = angle.asin();
            (radius * angle, down + 0.35 * radius * (1.0 - angle.cos()))
        })
    }
}

/// Blurs by three boxes each way, which is close to a bell.
fn blur(light: &mut Vec<f32>, (width, height): (usize, usize), deviation: f32) {
    if deviation <= 0.0 {
        return;
    }
    let reach = (3.0 * deviation).ceil() as i32;
    let weights: Vec<f32> = (-reach..=reach)
        .map(|at| (-0.5 * (at as f32 / deviation).powi(2)).exp())
        .collect();
    let total: f32 = weights.iter().sum();
    for (right, down) in [(1, 0), (0, 1)] {
        let mut blurred = Vec::with_capacity(light.len());
        for at in 0..width * height {
            let (x, y) = ((at % width) as i32, (at / width) as i32);
            let sum: f32 = weights
                .iter()
                .zip(-reach..)
                .map(|(weight, away)| {
                    let x = (x + away * right).clamp(0, width as i32 - 1) as usize;
                    let y = (y + away * down).clamp(0, height as i32 - 1) as usize;
                    weight * light[y * width + x]
                })
                .sum();
            blurred.push(sum / total);
        }
        *light = blurred;
    }
}

/// The mean of the picture along the path of the hand.
fn shaken(light: &[f32], (width, height): (usize, usize), path: (f32, f32)) -> Vec<f32> {
    let steps = path.0.hypot(path.1).ceil() as i32;
    if steps == 0 {
        return light.to_vec();
    }
    let at = |x: f32, y: f32| {
        let x = x.round().clamp(0.0, width as f32 - 1.0) as usize;
        let y = y.round().clamp(0.0, height as f32 - 1.0) as usize;
        light[y * width + x]
    };
    let parts: Vec<f32> = (0..=steps).map(|step| step as f32 / steps as f32 - 0.5).collect();
    (0..width * height)
        .map(|pixel| {
            let (x, y) = ((pixel % width) as f32, (pixel / width) as f32);
            let sum: f32 = parts
                .iter()
                .map(|part| at(x + path.0 * part, y + path.1 * part))
                .sum();
            sum / parts.len() as f32
        })
        .collect()
}

/// A fixed sequence that looks random (xorshift).
pub struct Random(u64);

impl Random {
    /// The sequence with this number.
    pub fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// From 0 to 1.
    pub fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// A bell with deviation 1, close enough: the sum of four even numbers.
    pub fn bell(&mut self) -> f32 {
        let sum: f32 = (0..4).map(|_| self.next() - 0.5).sum();
        sum * 1.732
    }
}
