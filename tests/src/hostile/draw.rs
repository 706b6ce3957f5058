//! Draws values from a fuzzer's bytes, so that small changes of the bytes are small changes of the input; never fails.

/// The bytes that are left; once there are none, every value is 0.
#[derive(Debug, Clone)]
pub struct Draw<'a>(&'a [u8]);

impl<'a> Draw<'a> {
    /// Starts at the first byte.
    pub fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    /// Tells whether bytes are left.
    pub fn has_more(&self) -> bool {
        !self.0.is_empty()
    }

    /// Takes up to so many bytes.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (taken, left) = self.0.split_at(most.min(self.0.len()));
        self.0 = left;
        taken
    }

    /// Takes all bytes that are left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.bytes(usize::MAX)
    }

    /// Takes exactly so many bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.bytes(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// Takes a byte.
    pub fn byte(&mut self) -> u8 {
        u8::from_le_bytes(self.array())
    }

    /// Takes a number of 16 bits.
    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    /// Takes a number of 32 bits.
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    /// Takes a number of 64 bits.
    pub fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    /// Takes a byte and gives its lowest bit.
    pub fn bit(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Takes a byte and gives a number below `limit`, which must not be 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    /// Takes a byte and picks one of several.
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// Takes a bit and, if it is set, what the closure takes.
    pub fn optional<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.bit().then(|| draw(self))
    }

    /// Takes a byte and up to so many of what the closure takes.
    pub fn list<T>(&mut self, most: usize, mut draw: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| draw(self)).collect()
    }
}
