//! References to parts of a batch's bytes.

/// A range of a batch's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Number of bytes.
    pub len: u32,
}

impl Span {
    /// Where `part` lies in `whole`, of which it is a slice.
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

    /// The part of this span from `offset` on, `len` bytes at most.
    #[must_use]
    pub fn slice(self, offset: usize, len: usize) -> Self {
        let offset = offset.min(self.len as usize);
        let len = len.min(self.len as usize - offset);
        // Neither is more than the span's own length.
        Self {
            start: self.start + offset as u32,
            len: len as u32,
        }
    }

    /// The bytes of this span in a batch's bytes; empty where they lie outside.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        let start = self.start as usize;
        bytes
            .get(start..start + self.len as usize)
            .unwrap_or_default()
    }
}
