//! The half of a reader that takes its time; leaves out what is remembered of a code, which the quick half does.

use super::region::Region;
use crate::detection::Detection;
use crate::pass::Effort;
use crate::plan::Plan;
use crate::{Allowance, LumaFrame, QrCode, add_others, codes};

/// Looks deeply at frames in which the quick passes read nothing. Any of them will do: none needs the one before.
#[derive(Debug, Default)]
pub struct DeepReader {}

/// What a deep pass saw, for [`QuickReader::learn`](super::QuickReader::learn).
#[derive(Debug, Default)]
pub struct Findings(pub(super) Vec<Detection>);

impl Findings {
    /// The codes that were read.
    #[must_use]
    pub fn codes(&self) -> Vec<QrCode> {
        codes(&self.0)
    }
}

impl DeepReader {
    /// Looks with everything where a code is seen, and everywhere when there is none: a code too small or too blurred
    /// for the quick passes leaves no trace in them.
    #[must_use]
    pub fn read(&mut self, frame: &LumaFrame, region: Option<Region>, allowance: &Allowance) -> Findings {
        let mut detections = match region {
            Some(region) => region.detections(frame, Effort::Deep, allowance),
            None => Vec::new(),
        };
        if !detections.iter().any(Detection::is_likely)
            && let Some(mut plan) = Plan::of(frame, allowance)
        {
            plan.run(Effort::Deep);
            detections.extend(plan.detections);
        }
        if detections.iter().any(|detection| detection.content.is_some()) {
            add_others(frame, &mut detections, allowance);
        }
        Findings(detections)
    }
}
