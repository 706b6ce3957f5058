//! The grey picture in which the ink of a code stands out most, made of one in colour; leaves out where that came from.
//!
//! Brightness as the eye has it (ITU-R BT.601) hides a third of all red and nine tenths of all blue. Where one colour alone
//! shows clearly more contrast, it is the better grey.

/// The weights of red, green and blue in a grey; they add up to 256.
type Weights = [u16; 3];

/// ITU-R BT.601: what a camera means by brightness.
const BRIGHTNESS: Weights = [77, 150, 29];

/// Each colour alone.
const COLOURS: [Weights; 3] = [[256, 0, 0], [0, 256, 0], [0, 0, 256]];

/// Contrast of a colour against that of the brightness, in per cent, from which on it is taken: what is grey anyway stays.
const CLEARLY_MORE_PERCENT: u64 = 150;

/// Pixels between two that are compared, and between two comparisons: about a module.
const STEP: usize = 4;

/// Grey levels that two pixels differ by at least to count: sensors and compression are noisy in single colours.
const LEAST_DIFFERENCE: u8 = 16;

/// Makes a picture of red, green and blue bytes grey.
///
/// **Shape**: three bytes a pixel, rows one after another; one byte a pixel comes out.
pub(super) fn of_colours(rgb: &[u8]) -> Vec<u8> {
    let brightness = contrast(rgb, BRIGHTNESS);
    let best = COLOURS
        .map(|weights| (contrast(rgb, weights), weights))
        .into_iter();
    let best = best.max_by_key(|(contrast, _)| *contrast);
    let weights = match best {
        Some((contrast, weights)) if contrast * 100 > brightness * CLEARLY_MORE_PERCENT => weights,
        Some(_) | None => BRIGHTNESS,
    };
    rgb.chunks_exact(3).map(|pixel| grey(pixel, weights)).collect()
}

/// How much pixels differ from those before them along the rows.
fn contrast(rgb: &[u8], weights: Weights) -> u64 {
    let greys = rgb
        .chunks_exact(3)
        .step_by(STEP)
        .map(|pixel| grey(pixel, weights));
    let before = greys.clone();
    let differences = greys.skip(1).zip(before).map(|(one, other)| one.abs_diff(other));
    differences
        .filter(|difference| *difference >= LEAST_DIFFERENCE)
        .map(u64::from)
        .sum()
}

fn grey(pixel: &[u8], weights: Weights) -> u8 {
    let parts = pixel.iter().zip(weights);
    let sum: u32 = parts
        .map(|(&byte, weight)| u32::from(byte) * u32::from(weight))
        .sum();
    (sum / 256) as u8
}

#[cfg(test)]
mod tests {
    use fast_qr::QRBuilder;

    use super::*;
    use crate::read::{LumaFrame, read};

    #[track_caller]
    fn check(ink: [u8; 3], ground: [u8; 3], expected: Weights) {
        const SIDE: usize = 200;
        let code = QRBuilder::new("04100372036854775807").build().unwrap();
        let is_ink = |at: usize| {
            let (column, row) = ((at % SIDE / 5).wrapping_sub(6), (at / SIDE / 5).wrapping_sub(6));
            column < code.size && row < code.size && code[row][column].value()
        };
        let rgb: Vec<u8> = (0..SIDE * SIDE)
            .flat_map(|at| if is_ink(at) { ink } else { ground })
            .collect();
        let luma = of_colours(&rgb);
        assert_eq!(luma[0], grey(&ground, expected), "{ink:?} on {ground:?}");
        let codes = read(&LumaFrame::new(SIDE as u32, SIDE as u32, luma).unwrap());
        assert_eq!(codes.len(), 1, "{ink:?} on {ground:?} is read");
    }

    #[test]
    fn the_colour_that_shows_the_ink_best_is_taken() {
        check([0, 0, 0], [255, 255, 255], BRIGHTNESS);
        check([60, 70, 80], [200, 190, 180], BRIGHTNESS);
        check([90, 0, 0], [0, 0, 0], COLOURS[0]);
        check([0, 0, 90], [0, 0, 0], COLOURS[2]);
        check([139, 0, 0], [101, 67, 33], COLOURS[1]);
        check([200, 30, 30], [30, 120, 30], COLOURS[0]);
    }

    #[test]
    fn a_picture_of_a_few_pixels_is_as_bright_as_it_looks() {
        assert_eq!(of_colours(&[255, 255, 255, 0, 0, 0]), [255, 0]);
        assert!(of_colours(&[]).is_empty());
    }
}
