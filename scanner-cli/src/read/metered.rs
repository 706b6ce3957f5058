//! The buffer the decoder works on: counts its steps and stops it at a limit, because on noise it would search
//! for minutes. Leaves out what is being searched for.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::rc::Rc;

use image::{GenericImage, GenericImageView, Luma, Pixel};

use super::LumaFrame;

/// Pixels copied in the time of one step.
const COPIED_PIXELS_A_STEP: u64 = 8;

/// A frame that counts every step the decoder makes on it and its copies: a pixel touched, a size asked for.
pub(super) struct Metered {
    width: u32,
    height: u32,
    luma: Vec<u8>,
    steps_left: Rc<Cell<u64>>,
}

impl Metered {
    /// Lets the decoder take this many steps.
    pub(super) fn new(frame: LumaFrame, steps: u64) -> Self {
        let (width, height) = (frame.width(), frame.height());
        Self {
            width,
            height,
            luma: frame.into_luma(),
            steps_left: Rc::new(Cell::new(steps)),
        }
    }

    /// Takes steps off. When none are left it unwinds, which is the only way out of the decoder; whoever called
    /// the decoder catches it.
    fn spend(&self, steps: u64) {
        match self.steps_left.get().checked_sub(steps) {
            Some(left) => self.steps_left.set(left),
            None => resume_unwind(Box::new("the decoder used up its steps")),
        }
    }

    fn at(&self, x: u32, y: u32) -> usize {
        y as usize * self.width as usize + x as usize
    }
}

/// The decoder copies the whole frame for every guess at a grid.
impl Clone for Metered {
    fn clone(&self) -> Self {
        self.spend(self.luma.len() as u64 / COPIED_PIXELS_A_STEP);
        Self {
            luma: self.luma.clone(),
            steps_left: Rc::clone(&self.steps_left),
            ..*self
        }
    }
}

impl GenericImageView for Metered {
    type Pixel = Luma<u8>;

    fn dimensions(&self) -> (u32, u32) {
        self.spend(1);
        (self.width, self.height)
    }

    fn get_pixel(&self, x: u32, y: u32) -> Luma<u8> {
        self.spend(1);
        Luma([self.luma[self.at(x, y)]])
    }
}

impl GenericImage for Metered {
    fn get_pixel_mut(&mut self, x: u32, y: u32) -> &mut Luma<u8> {
        let at = self.at(x, y);
        Luma::from_slice_mut(&mut self.luma[at..=at])
    }

    fn put_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.spend(1);
        let at = self.at(x, y);
        self.luma[at] = pixel.0[0];
    }

    fn blend_pixel(&mut self, x: u32, y: u32, pixel: Luma<u8>) {
        self.put_pixel(x, y, pixel);
    }
}
