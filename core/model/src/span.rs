//! References to a batch's bytes.

/// A range of a batch's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Index of the first byte.
    pub start: u32,
    /// Number of bytes.
    pub len: u32,
}

impl Span {
    /// Returns the span of `part` in `whole`. `part` must be a slice of `whole`.
    #[must_use]
    pub fn locate(part: &[u8], whole: &[u8]) -> Self {
        if part.is_empty() {
            return Self::default();
        }
        let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        Self {
            start: u32::try_from(start).unwrap_or(u32::MAX),
            len: u32::try_from(part.len()).unwrap_or(u32::MAX),
        }
    }

    /// Returns the part of this span that starts at `offset`, at most `len` bytes long.
    #[must_use]
    pub fn slice(self, offset: usize, len: usize) -> Self {
        let offset = offset.min(self.len as usize);
        let len = len.min(self.len as usize - offset);
        // Both are at most the span's length, which is a `u32`.
        Self {
            start: self.start + offset as u32,
            len: len as u32,
        }
    }

    /// Returns the bytes of this span; empty if the span is out of bounds.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        let start = self.start as usize;
        bytes
            .get(start..start + self.len as usize)
            .unwrap_or_default()
    }
}
