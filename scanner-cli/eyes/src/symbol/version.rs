//! The size of a code, and where its alignment patterns are. **Source**: ISO/IEC 18004, annex E.

/// The size of a code: 1 (21 modules a side) to 40 (177).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u8);

impl Version {
    pub(crate) fn new(number: i32) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (1..=40).contains(&number).then_some(Self(number))
    }

    pub(crate) fn number(self) -> usize {
        usize::from(self.0)
    }

    /// Modules along a side.
    pub(crate) fn side(self) -> usize {
        self.number() * 4 + 17
    }

    /// Where rows and columns of alignment patterns have their centres; none in version 1.
    pub(crate) fn alignment_lines(self) -> Vec<usize> {
        let number = self.number();
        if number == 1 {
            return Vec::new();
        }
        let count = number / 7 + 2;
        // Version 32 is the one the formula does not give.
        let step = if number == 32 {
            26
        } else {
            (number * 4 + count * 2 + 1) / (count * 2 - 2) * 2
        };
        let others = (0..count - 1).rev().map(|at| self.side() - 7 - at * step);
        [6].into_iter().chain(others).collect()
    }

    /// The centres of the alignment patterns: every crossing of the lines that is no finder.
    pub(crate) fn alignment_centres(self) -> Vec<(usize, usize)> {
        let lines = self.alignment_lines();
        let last = self.side() - 7;
        let is_finder = |x, y| (x, y) == (6, 6) || (x, y) == (6, last) || (x, y) == (last, 6);
        let crossings = lines.iter().flat_map(|&y| lines.iter().map(move |&x| (x, y)));
        crossings.filter(|&(x, y)| !is_finder(x, y)).collect()
    }
}
