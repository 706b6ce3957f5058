//! Compares the pixels of a row with the means of the squares around them.

/// Shadows and screens change the light slowly: a pixel counts as dark when it is under this part (per cent)
/// of the mean around it. Close to 100 so that the edges of blurred modules stay where they are.
const DARK_BELOW_PERCENT: u32 = 98;

/// One row with the prefix sums of the columns around it.
pub(super) struct PixelRow<'a> {
    pub(super) luma: &'a [u8],
    pub(super) prefix: &'a [u32],
    pub(super) rows: u32,
    pub(super) radius: usize,
}

impl PixelRow<'_> {
    /// A row has up to 16,384 pixels and a square up to 1,000 rows: sums stay under 2³², products need 64
    /// bits.
    pub(super) fn compare(&self, dark: &mut [u8]) {
        let width = self.luma.len();
        let verdict = |x: usize, start: usize, end: usize| {
            let sum = u64::from(self.prefix[end] - self.prefix[start]);
            let pixels = (end - start) as u64 * u64::from(self.rows);
            u8::from(u64::from(self.luma[x]) * pixels * 100 < sum * u64::from(DARK_BELOW_PERCENT))
        };
        let inner = self.radius.min(width)..width.saturating_sub(self.radius + 1).max(self.radius.min(width));
        for x in (0..inner.start).chain(inner.end..width) {
            dark[x] = verdict(x, x.saturating_sub(self.radius), (x + self.radius + 1).min(width));
        }
        let pixels = (2 * self.radius + 1) as f32 * self.rows as f32;
        let factor = pixels * 100.0 / DARK_BELOW_PERCENT as f32;
        if inner.is_empty() {
            return;
        }
        let ends = &self.prefix[inner.start + self.radius + 1..];
        let starts = &self.prefix[inner.start - self.radius..];
        let sums = ends.iter().zip(starts).map(|(end, start)| end - start);
        let pixels = dark[inner.clone()].iter_mut().zip(&self.luma[inner]);
        for ((dark, &luma), sum) in pixels.zip(sums) {
            *dark = u8::from(f32::from(luma) * factor < sum as f32);
        }
    }
}
