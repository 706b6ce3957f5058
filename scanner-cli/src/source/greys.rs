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
    let pixels = || rgb.as_chunks().0.iter().copied();
    let weights = clearer_colour(pixels().step_by(STEP)).unwrap_or(BRIGHTNESS);
    pixels().map(|pixel| grey(pixel, weights)).collect()
}

/// Makes a picture of pairs of pixels that share their colour grey.
///
/// **Shape**: four bytes a pair: the first one's brightness, the colour's blue part, the second one's brightness, the
/// colour's red part.
pub(super) fn of_yuyv(pairs: &[u8]) -> Vec<u8> {
    let pairs = || pairs.as_chunks::<4>().0.iter().copied();
    let compared = pairs().step_by(STEP / 2).map(|[y, u, _, v]| colours(y, [u, v]));
    match clearer_colour(compared) {
        Some(weights) => pairs()
            .flat_map(|[y, u, other, v]| [y, other].map(|y| grey(colours(y, [u, v]), weights)))
            .collect(),
        None => pairs().flat_map(|[y, _, other, _]| [y, other]).collect(),
    }
}

/// Makes a picture grey whose colours are stored after its brightness, one for a square of four pixels.
///
/// **Shape**: a byte of brightness a pixel, rows one after another; then two bytes a square, its blue and its red part.
pub(super) fn of_nv12(bytes: &[u8], (width, height): (usize, usize)) -> Vec<u8> {
    let (luma, squares) = bytes.split_at(width * height);
    if !width.is_multiple_of(2) || !height.is_multiple_of(2) {
        return luma.to_vec();
    }
    let squares = squares.as_chunks::<2>().0;
    let pixel = |at: usize| {
        let square = at / width / 2 * (width / 2) + at % width / 2;
        colours(luma[at], squares[square])
    };
    let rows = (0..height).step_by(2);
    let compared = rows.flat_map(|row| (row * width..(row + 1) * width).step_by(STEP));
    match clearer_colour(compared.map(pixel)) {
        Some(weights) => (0..luma.len()).map(|at| grey(pixel(at), weights)).collect(),
        None => luma.to_vec(),
    }
}

/// Red, green and blue of a brightness and the blue and red part of a colour. **Source**: ITU-R BT.601, in 256ths.
fn colours(luma: u8, [blue, red]: [u8; 2]) -> [u8; 3] {
    let (luma, blue, red) = (i32::from(luma) * 256, i32::from(blue) - 128, i32::from(red) - 128);
    [luma + 359 * red, luma - 88 * blue - 183 * red, luma + 454 * blue]
        .map(|colour| (colour / 256).clamp(0, 255) as u8)
}

/// The weights of the colour that alone shows clearly more contrast than the brightness, if there is one.
fn clearer_colour(pixels: impl Iterator<Item = [u8; 3]> + Clone) -> Option<Weights> {
    let brightness = contrast(pixels.clone(), BRIGHTNESS);
    let best = COLOURS.map(|weights| (contrast(pixels.clone(), weights), weights));
    let best = best.into_iter().max_by_key(|(contrast, _)| *contrast);
    best.filter(|(contrast, _)| contrast * 100 > brightness * CLEARLY_MORE_PERCENT)
        .map(|(_, weights)| weights)
}

/// How much pixels differ from those before them.
fn contrast(pixels: impl Iterator<Item = [u8; 3]> + Clone, weights: Weights) -> u64 {
    let greys = pixels.map(|pixel| grey(pixel, weights));
    let before = greys.clone();
    let differences = greys.skip(1).zip(before).map(|(one, other)| one.abs_diff(other));
    differences
        .filter(|difference| *difference >= LEAST_DIFFERENCE)
        .map(u64::from)
        .sum()
}

fn grey(pixel: [u8; 3], weights: Weights) -> u8 {
    let parts = pixel.into_iter().zip(weights);
    let sum: u32 = parts
        .map(|(byte, weight)| u32::from(byte) * u32::from(weight))
        .sum();
    (sum / 256) as u8
}

#[cfg(test)]
mod tests {
    use fast_qr::QRBuilder;

    use super::*;
    use usher_eyes::{LumaFrame, read};

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
        assert_eq!(luma[0], grey(ground, expected), "{ink:?} on {ground:?}");
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

    /// The brightness, and the blue and red part of a colour.
    fn stored(rgb: [u8; 3]) -> [u8; 3] {
        let [red, green, blue] = rgb.map(f32::from);
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        [luma, 128.0 + (blue - luma) / 1.772, 128.0 + (red - luma) / 1.402]
            .map(|value| value.round().clamp(0.0, 255.0) as u8)
    }

    #[track_caller]
    fn check_stored(ink: [u8; 3], ground: [u8; 3], is_clearer: bool) {
        const SIDE: usize = 64;
        let is_ink = |at: usize| (at % SIDE / 8 + at / SIDE / 8).is_multiple_of(2);
        let pixels: Vec<[u8; 3]> = (0..SIDE * SIDE)
            .map(|at| stored(if is_ink(at) { ink } else { ground }))
            .collect();
        let pairs = pixels.chunks_exact(2);
        let yuyv: Vec<u8> = pairs
            .flat_map(|pair| [pair[0][0], pair[0][1], pair[1][0], pair[0][2]])
            .collect();
        let squares = (0..SIDE * SIDE / 4).map(|at| at / (SIDE / 2) * 2 * SIDE + at % (SIDE / 2) * 2);
        let luma: Vec<u8> = pixels.iter().map(|pixel| pixel[0]).collect();
        let nv12: Vec<u8> = luma
            .iter()
            .copied()
            .chain(squares.flat_map(|at| [pixels[at][1], pixels[at][2]]))
            .collect();
        for grey in [of_yuyv(&yuyv), of_nv12(&nv12, (SIDE, SIDE))] {
            assert_eq!(grey.len(), luma.len());
            let contrast = |grey: &[u8]| grey[0].abs_diff(grey[8]);
            let is_taken = contrast(&grey) > contrast(&luma);
            assert_eq!(is_taken, is_clearer, "{ink:?} on {ground:?}");
            assert!(is_clearer || grey == luma, "the brightness stays as it came");
        }
    }

    #[test]
    fn frames_that_keep_colours_apart_are_looked_at_in_the_clearest_one_too() {
        check_stored([0, 0, 0], [255, 255, 255], false);
        check_stored([60, 70, 80], [200, 190, 180], false);
        check_stored([0, 0, 120], [0, 0, 0], true);
        check_stored([139, 0, 0], [101, 67, 33], true);
        check_stored([200, 30, 30], [30, 120, 30], true);
    }

    #[test]
    fn a_frame_with_an_odd_side_is_as_bright_as_it_came() {
        assert_eq!(of_nv12(&[1, 2, 3, 128], (3, 1)), [1, 2, 3]);
    }

    #[test]
    fn a_picture_of_a_few_pixels_is_as_bright_as_it_looks() {
        assert_eq!(of_colours(&[255, 255, 255, 0, 0, 0]), [255, 0]);
        assert!(of_colours(&[]).is_empty());
    }
}
