//! Pictures that have everything of a code but the code: squares on a lattice, finders that belong to none, print.

use usher_eyes::LumaFrame;

use super::scene::Random;

/// Pictures there are.
pub const CLUTTER: usize = 12;

/// Steps that all passes over a picture may take in the mean. They take 11.1 million; 27 million when what is hopeful may take
/// as long as what is beyond doubt.
pub const MOST_MEAN_STEPS: u64 = 11_500_000;

const WIDTH: usize = 640;
const HEIGHT: usize = 480;

/// One of the pictures.
pub fn clutter(number: usize) -> LumaFrame {
    let mut random = Random::of(number as u64 + 1);
    let module = 3 + number % 5;
    let squares: Vec<bool> = (0..WIDTH * HEIGHT).map(|_| random.next() < 0.5).collect();
    let finders: Vec<(usize, usize)> = (0..9)
        .map(|_| {
            let place = |side: usize, part: f32| (part * (side / module - 9) as f32) as usize;
            (place(WIDTH, random.next()), place(HEIGHT, random.next()))
        })
        .collect();
    let is_dark = |x: usize, y: usize| {
        // Squares, single finders among lines of print, both.
        let inside = finders
            .iter()
            .find_map(|&(left, top)| ring(x.wrapping_sub(left), y.wrapping_sub(top)));
        let print = y % 4 < 2 && squares[y / 4 * WIDTH + x / 2];
        match number % 3 {
            0 => squares[y * WIDTH + x],
            1 => inside.unwrap_or(print),
            _ => inside.unwrap_or(squares[y * WIDTH + x]),
        }
    };
    let mut luma = Vec::with_capacity(WIDTH * HEIGHT);
    for at in 0..WIDTH * HEIGHT {
        let level = if is_dark(at % WIDTH / module, at / WIDTH / module) {
            50.0
        } else {
            200.0
        };
        luma.push((level + random.bell() * 6.0).clamp(0.0, 255.0) as u8);
    }
    LumaFrame::new(WIDTH as u32, HEIGHT as u32, luma).expect("of this size")
}

/// Whether a module of a finder is dark; `None` outside.
pub fn ring(x: usize, y: usize) -> Option<bool> {
    let away = x.abs_diff(4).max(y.abs_diff(4));
    (x < 9 && y < 9).then_some(away < 2 || away == 3)
}
