//! What a QR code of a version is made of: which modules are known beforehand and which carry data; leaves
//! out how a picture shows them. **Source**: ISO/IEC 18004.

mod blocks;
mod format;
mod version;

pub(super) use blocks::{Block, blocks};
pub(super) use format::{FORMAT_BITS, Format};
pub(super) use version::Version;

/// Modules between the centres of two finders and the edges next to them, together.
pub(super) const FINDER_INSET: f32 = 3.5;

/// What is known of a module before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Part of a pattern that every code of the version has.
    Fixed {
        /// Whether the module is dark.
        dark: bool,
    },
    /// Says the error correction level and the mask, or differs in mirrored codes.
    Format,
    /// Carries data.
    Data,
}

/// A code of one version, module by module.
#[derive(Debug, Clone)]
pub(super) struct Symbol {
    pub(super) version: Version,
    /// Modules along a side.
    pub(super) side: usize,
    roles: Vec<Role>,
}

impl Symbol {
    pub(super) fn of(version: Version) -> Self {
        let side = version.side();
        let mut symbol = Self {
            version,
            side,
            roles: vec![Role::Data; side * side],
        };
        symbol.add_timing();
        for (x, y) in [(3, 3), (side - 4, 3), (3, side - 4)] {
            // Rings around the centre, with the light one that sets the finder apart.
            symbol.add_rings(x, y, &[true, true, false, true, false]);
        }
        for (x, y) in version.alignment_centres() {
            symbol.add_rings(x, y, &[true, false, true]);
        }
        symbol.add_format();
        symbol.add_version();
        symbol
    }

    pub(super) fn role(&self, x: usize, y: usize) -> Role {
        self.roles[y * self.side + x]
    }

    pub(super) fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Modules of known colour, pattern by pattern, for comparing a picture with: timing, alignment, finders
    /// and the version.
    pub(super) fn landmarks(&self) -> Vec<(usize, usize, bool)> {
        let side = self.side;
        let mut positions: Vec<(usize, usize)> = (8..side - 8).map(|x| (x, 6)).collect();
        positions.extend((8..side - 8).map(|y| (6, y)));
        for (x, y) in self.version.alignment_centres() {
            // The lone middle is the first that blur takes; the rings tell more.
            let ring = (0..25).filter(|&at| at != 12);
            positions.extend(ring.map(|at| (x - 2 + at % 5, y - 2 + at / 5)));
        }
        for (x, y) in [(0, 0), (side - 7, 0), (0, side - 7)] {
            positions.extend((0..49).map(|at| (x + at % 7, y + at / 7)));
        }
        if self.version.number() >= 7 {
            positions.extend((0..18).map(|at| (side - 11 + at % 3, at / 3)));
            positions.extend((0..18).map(|at| (at / 3, side - 11 + at % 3)));
        }
        let colour = |(x, y)| match self.role(x, y) {
            Role::Fixed { dark } => Some((x, y, dark)),
            Role::Format | Role::Data => None,
        };
        positions.into_iter().filter_map(colour).collect()
    }

    /// How many of the landmarks are of the timing patterns; they come first.
    pub(super) fn timing_landmarks(&self) -> usize {
        2 * (self.side - 16)
    }

    /// Data modules in the order of their bits: columns of two from the right, up and down by turns, without
    /// the timing column.
    pub(super) fn data_order(&self) -> Vec<usize> {
        let side = self.side;
        let columns = (0..side).rev().filter(|&x| x != 6).collect::<Vec<_>>();
        let mut order = Vec::with_capacity(side * side);
        for (turn, pair) in columns.chunks_exact(2).enumerate() {
            for step in 0..side {
                let y = if turn % 2 == 0 { side - 1 - step } else { step };
                let row = pair.iter().map(|&x| y * side + x);
                order.extend(row.filter(|&at| self.roles[at] == Role::Data));
            }
        }
        order
    }

    fn set(&mut self, x: usize, y: usize, dark: bool) {
        self.roles[y * self.side + x] = Role::Fixed { dark };
    }

    fn add_timing(&mut self) {
        for at in 0..self.side {
            self.set(at, 6, at % 2 == 0);
            self.set(6, at, at % 2 == 0);
        }
    }

    /// Draws squares around a centre, from the inside; what falls off the code is left out.
    fn add_rings(&mut self, x: usize, y: usize, rings: &[bool]) {
        let reach = rings.len() - 1;
        for row in y.saturating_sub(reach)..=(y + reach).min(self.side - 1) {
            for column in x.saturating_sub(reach)..=(x + reach).min(self.side - 1) {
                self.set(column, row, rings[row.abs_diff(y).max(column.abs_diff(x))]);
            }
        }
    }

    fn add_format(&mut self) {
        for bit in 0..FORMAT_BITS {
            for (x, y) in Format::positions(bit, self.side) {
                self.roles[y * self.side + x] = Role::Format;
            }
        }
        // Always dark, but on the other side of the diagonal in a mirrored code.
        self.roles[(self.side - 8) * self.side + 8] = Role::Format;
        self.roles[8 * self.side + self.side - 8] = Role::Format;
    }

    /// From version 7 on the version stands beside two finders, with 12 check bits.
    fn add_version(&mut self) {
        let number = self.version.number() as u32;
        if number < 7 {
            return;
        }
        let bits = number << 12 | (0..12).fold(number, |rest, _| (rest << 1) ^ ((rest >> 11) * 0x1F25));
        for bit in 0..18 {
            let dark = bits >> bit & 1 == 1;
            let (long, short) = (self.side - 11 + bit % 3, bit / 3);
            self.set(long, short, dark);
            self.set(short, long, dark);
        }
    }
}

#[cfg(test)]
mod tests;
