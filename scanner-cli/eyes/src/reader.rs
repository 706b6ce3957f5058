//! Reads the frames of a camera one after another, remembering what the last ones showed; leaves out where
//! frames come from and what a code means.
//!
//! A code seen in one frame is close by in the next: that region is looked at first, and only there is a deep
//! pass worth its time. A code that was seen but not read in several frames is read from all of them
//! together.
//!
//! The work comes in two halves that may run side by side: [`QuickReader`] remembers, and is done with a frame
//! before the next one comes; [`DeepReader`] takes its time with the frames that gave nothing. [`Reader`] is
//! both, one after the other.

mod deep;
mod fusion;
mod hint;
mod quick;
mod region;

use super::{Allowance, Corner, LumaFrame, QrCode};

pub use deep::{DeepReader, Findings};
pub use hint::Hint;
pub use quick::QuickReader;
pub use region::Region;

/// What one frame gave, with the help of those before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FrameReading {
    /// The codes that were read.
    pub codes: Vec<QrCode>,
    /// What would help, when a code is seen but not read.
    pub hint: Option<Hint>,
    /// Where that code is, with corners in the order of [`QrCode::corners`].
    pub seen: Option<[Corner; 4]>,
}

/// Reads the frames of one camera. A code that stays in view is read again in each frame.
#[derive(Debug, Default)]
pub struct Reader {
    quick: QuickReader,
    deep: DeepReader,
}

impl Reader {
    /// Looks at the next frame: quickly everywhere, and as long as the allowance allows where a code is seen.
    ///
    /// **Units**: corners and regions are in pixels of this frame; when the frames change their size, what
    /// was remembered is searched anew.
    #[must_use]
    pub fn read(&mut self, frame: &LumaFrame, allowance: &Allowance) -> FrameReading {
        let reading = self.quick.read(frame, allowance);
        if !reading.codes.is_empty() {
            return reading;
        }
        let findings = self.deep.read(frame, self.quick.region(), allowance);
        self.quick.learn(frame, findings, allowance)
    }
}
