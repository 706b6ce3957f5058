//! How far from a camera a code of some width is read.

/// Modules along a side of an ordinary ticket's code, without the white around it.
pub const MODULES: u32 = 37;

/// What the distances assume of a camera: what it sees from its left edge to its right one, in degrees. Most webcams
/// and the front cameras of laptops have 55 to 75.
pub const FIELD_OF_VIEW_DEGREES: f64 = 60.0;

/// How many pixels a camera has from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Camera {
    /// 1,280 × 720 pixels, which the scanner asks its camera for.
    P720,
    /// 1,920 × 1,080 pixels.
    P1080,
}

/// How easily a code shall be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ease {
    /// In the first frames.
    AtOnce,
    /// By a deep pass, in a hand that is kept still for a second.
    HeldStill,
}

impl Camera {
    /// Pixels from left to right.
    #[must_use]
    pub fn pixels_across(self) -> u32 {
        match self {
            Self::P720 => 1_280,
            Self::P1080 => 1_920,
        }
    }
}

impl Ease {
    /// Pixels of the camera that a module must cover, from side to side.
    #[must_use]
    pub fn pixels_per_module(self) -> f64 {
        match self {
            Self::AtOnce => 3.2,
            Self::HeldStill => 2.0,
        }
    }
}

/// How far from the camera a code of this width is read, in whole centimetres.
#[must_use]
pub fn farthest_cm(width_mm: u32, camera: Camera, ease: Ease) -> u32 {
    let module_mm = f64::from(width_mm) / f64::from(MODULES);
    let pixel_mm = module_mm / ease.pixels_per_module();
    let seen_mm = pixel_mm * f64::from(camera.pixels_across());
    let distance_mm = seen_mm / 2.0 / (FIELD_OF_VIEW_DEGREES / 2.0).to_radians().tan();
    (distance_mm / 10.0).round() as u32
}
