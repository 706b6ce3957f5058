//! Small pictures without a code: noise, squares, stripes, waves, and finders that belong to none.

use usher_eyes::LumaFrame;

use super::clutter::ring;
use super::scene::Random;

/// Textures there are.
pub const TEXTURES: usize = 1_200;

/// A small picture of what cloth, leaves, walls and print look like from close by.
pub fn texture(number: usize) -> LumaFrame {
    const SIDES: (usize, usize) = (160, 120);
    let mut random = Random::of(number as u64 + 77);
    let module = 1 + number % 7;
    let cells: Vec<f32> = (0..SIDES.0 * SIDES.1).map(|_| random.next()).collect();
    let (slope, wide) = (random.next() * 2.0 - 1.0, 2.0 + random.next() * 9.0);
    let (dark, light) = (random.next() * 120.0, 130.0 + random.next() * 125.0);
    let finders: Vec<(usize, usize)> = (0..6)
        .map(|_| {
            let place = |side: usize, part: f32| (part * (side / module) as f32) as usize;
            (place(SIDES.0, random.next()), place(SIDES.1, random.next()))
        })
        .collect();
    let luma = (0..SIDES.0 * SIDES.1).map(|at| {
        let (x, y) = (at % SIDES.0, at / SIDES.0);
        let cell = cells[y / module * SIDES.0 + x / module];
        let wave = |along: f32| 0.5 + 0.5 * (along / wide).sin();
        let stripes = wave(x as f32 + slope * y as f32);
        let ring = || {
            let inside = |&(left, top): &(usize, usize)| {
                ring((x / module).wrapping_sub(left), (y / module).wrapping_sub(top))
            };
            finders
                .iter()
                .find_map(inside)
                .map(|is_dark| if is_dark { 0.0 } else { 1.0 })
        };
        let part = match number % 6 {
            0 => cell,
            1 => cell.round(),
            2 => stripes.round(),
            3 => (stripes + wave(y as f32 - slope * x as f32)) / 2.0,
            4 => ring().unwrap_or(cell.round()),
            _ => (stripes + cell) / 2.0,
        };
        (dark + (light - dark) * part + 4.0 * random.bell()).clamp(0.0, 255.0) as u8
    });
    let luma = luma.collect();
    LumaFrame::new(SIDES.0 as u32, SIDES.1 as u32, luma).expect("of this size")
}
