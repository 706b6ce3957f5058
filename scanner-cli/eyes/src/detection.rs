//! A code that a pass has seen, read or not, and how sure it is that it is one.

use std::sync::Arc;

use super::content::Content;
use super::point::Point;
use super::samples::{Modules, Patches};

/// What a pass at a code gave.
#[derive(Debug, Clone)]
pub(super) struct Detection {
    /// The corners in pixels of the pass: top left, top right, bottom right, bottom left as the code is
    /// turned.
    pub(super) corners: [Point; 4],
    /// `None` of what is not hopeful: nobody asks for them.
    pub(super) modules: Option<Modules>,
    /// What its modules were told from, unless they were read or are too many.
    pub(super) patches: Option<Arc<Patches>>,
    pub(super) fit: f32,
    /// The fit of the timing patterns alone, which lone finders do not have.
    pub(super) timing_fit: f32,
    /// `None` when it was seen but not read.
    pub(super) content: Option<Content>,
}

impl Detection {
    /// The same in a picture where everything is this many times as large.
    pub(super) fn scaled(mut self, factor: f32) -> Self {
        self.corners = self.corners.map(|corner| corner * factor);
        self
    }

    /// The same in a picture of which this one is a part.
    pub(super) fn moved(mut self, offset: Point) -> Self {
        self.corners = self.corners.map(|corner| corner + offset);
        self
    }

    /// Whether this is a code beyond doubt, read or not.
    pub(super) fn is_likely(&self) -> bool {
        self.content.is_some() || self.fit > LIKELY_FIT
    }

    /// Whether more is seen than noise and print show.
    pub(super) fn is_hopeful(&self) -> bool {
        self.content.is_some() || self.fit > HOPEFUL_FIT
    }

    /// Whether nothing but a code fits so well.
    pub(super) fn is_beyond_doubt(&self) -> bool {
        self.content.is_some() || (self.fit > FIT_BEYOND_DOUBT && self.timing_fit > LEAST_TIMING_FIT)
    }

    /// Whether it is worth to look deeper here.
    pub(super) fn is_worth_more(&self) -> bool {
        self.content.is_some() || self.fit > FIT_WORTH_MORE
    }
}

/// Fit from which on a deep pass often reads what a quick one did not: much of what is printed has it too.
const FIT_WORTH_MORE: f32 = 0.3;

/// Fit that little but codes has.
pub(super) const HOPEFUL_FIT: f32 = 0.4;

/// Fit that squares on a lattice do not have, however many finders lie among them.
const FIT_BEYOND_DOUBT: f32 = 0.7;

/// Fit of the timing patterns that codes which lie shifted line by line have before they are laid right; finders that belong to
/// no code have less of it.
pub(super) const LEAST_TIMING_FIT: f32 = 0.2;

/// Fit from which on what looks like a code is one; noise and print stay under 0.4.
const LIKELY_FIT: f32 = 0.5;
