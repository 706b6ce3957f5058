//! The eyes of a page: one frame in, the codes in it and a hint out, with a deadline that the caller's clock tells; cameras and workers are the page's.

use serde::Serialize;
use usher_eyes::advice::Advice;
use usher_eyes::{
    Allowance, FrameReading, Hint, LumaFrame, LumaFrameError, QuickReader, Reader, STEPS_A_FRAME,
};
use usher_words::scanner::{self as words, Help};

/// What was seen in a frame.
///
/// **Shape**: a JSON object; codes in hexadecimal, corners in pixels of the frame.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PageSight {
    pub codes: Vec<String>,
    /// Of each code: top left, top right, bottom right, bottom left as it is turned.
    pub corners: Vec<[[i32; 2]; 4]>,
    /// What would help to read a code that is seen.
    pub hint: Option<&'static str>,
    /// What to do about it.
    pub what_to_do: Option<&'static str>,
}

/// Looks at the frames of one camera.
#[derive(Debug, Default)]
pub struct PageEyes {
    quick: QuickReader,
    deep: Reader,
    advice: Advice,
}

impl PageEyes {
    /// Reads a frame quickly, while `may_go_on` says yes; for each frame. `now_ms` is of any clock that only goes forward.
    ///
    /// # Errors
    ///
    /// [`LumaFrameError`].
    pub fn read(
        &mut self,
        frame: LumaParts<'_>,
        may_go_on: &dyn Fn() -> bool,
        now_ms: u64,
    ) -> Result<PageSight, LumaFrameError> {
        let allowance = Allowance::asking(STEPS_A_FRAME, may_go_on);
        let reading = self.quick.read(&frame.checked()?, &allowance);
        match reading.hint {
            Some(hint) => self.advice.given(hint, now_ms),
            None if !reading.codes.is_empty() => self.advice.read(now_ms),
            None => {}
        }
        let help = self.advice.at(now_ms).map(help);
        Ok(sight(&reading, help))
    }

    /// Reads a frame with every method, while `may_go_on` says yes; for some of the frames in which [`PageEyes::read`] read nothing.
    ///
    /// # Errors
    ///
    /// [`LumaFrameError`].
    pub fn read_deeply(
        &mut self,
        frame: LumaParts<'_>,
        may_go_on: &dyn Fn() -> bool,
    ) -> Result<PageSight, LumaFrameError> {
        let allowance = Allowance::asking(STEPS_A_FRAME, may_go_on);
        Ok(sight(&self.deep.read(&frame.checked()?, &allowance), None))
    }
}

/// A grey picture whose size was not checked yet.
#[derive(Debug, Clone, Copy)]
pub struct LumaParts<'a> {
    pub width: u32,
    pub height: u32,
    /// One byte for each pixel, rows from top to bottom without padding.
    pub luma: &'a [u8],
}

impl LumaParts<'_> {
    fn checked(self) -> Result<LumaFrame, LumaFrameError> {
        LumaFrame::check_size(self.width, self.height)?;
        LumaFrame::new(self.width, self.height, self.luma.to_vec())
    }
}

/// Returns the brightness of each pixel of a colour picture (4 bytes each: red, green, blue and one that does not matter).
#[must_use]
pub fn luma_of(rgba: &[u8]) -> Vec<u8> {
    let (pixels, _) = rgba.as_chunks::<4>();
    let brightness = |[red, green, blue, _]: &[u8; 4]| {
        // The weights of ITU-R BT.601, in 256ths.
        let sum = 77 * u32::from(*red) + 150 * u32::from(*green) + 29 * u32::from(*blue);
        u8::try_from(sum / 256).unwrap_or(u8::MAX)
    };
    pixels.iter().map(brightness).collect()
}

fn sight(reading: &FrameReading, help: Option<Help>) -> PageSight {
    let codes = reading.codes.iter();
    PageSight {
        codes: codes
            .clone()
            .map(|code| data_encoding::HEXLOWER.encode(&code.bytes))
            .collect(),
        corners: codes
            .map(|code| code.corners.map(|corner| [corner.x, corner.y]))
            .collect(),
        hint: help.map(|help| help.short),
        what_to_do: help.map(|help| help.what_to_do),
    }
}

fn help(hint: Hint) -> Help {
    match hint {
        Hint::HoldStill => words::HOLD_STILL,
        Hint::TooFar => words::TOO_FAR,
        Hint::Glare => words::GLARE,
    }
}
