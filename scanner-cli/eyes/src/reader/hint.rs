//! What would help to read a code that is seen; leaves out how that is shown.

use crate::bits;
use crate::detection::Detection;

/// Pixels of the frame that a module needs to be told from its neighbours.
const SMALLEST_MODULE_PX: f32 = 2.0;

/// Part of a code that may be one light patch before a glare is the likeliest reason: more than its
/// correction makes up for together with anything else.
const GLARED_PART: f32 = 0.06;

/// What a guest can do so that a code that is seen gets read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// The code is blurred or moves.
    HoldStill,
    /// The code is too small in the picture.
    TooFar,
    /// Light is reflected from the code.
    Glare,
}

/// The likeliest of the codes that were seen and not read, if there is one beyond doubt.
pub(super) fn likeliest(detections: &[Detection]) -> Option<&Detection> {
    let likely = detections.iter().filter(|detection| detection.is_likely());
    likely.max_by(|a, b| a.fit.total_cmp(&b.fit))
}

/// What would help to read this code.
pub(super) fn of(detection: &Detection) -> Hint {
    let [a, b, c, d] = detection.corners;
    let around = a.distance(b) + b.distance(c) + c.distance(d) + d.distance(a);
    let Some(modules) = &detection.modules else {
        return Hint::HoldStill;
    };
    if around / 4.0 / (modules.side as f32) < SMALLEST_MODULE_PX {
        return Hint::TooFar;
    }
    if bits::light_part(modules) > GLARED_PART {
        return Hint::Glare;
    }
    Hint::HoldStill
}
