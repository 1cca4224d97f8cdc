//! The position of some bytes of a record in its data.

use crate::text::Text;

/// A range of bytes. 32 bits are enough for any record.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    /// The position of `part`, which is a part of `data` or empty.
    #[inline]
    pub(super) fn of(part: &[u8], data: &[u8]) -> Self {
        // An empty part need not point into the data.
        if part.is_empty() {
            return Self::default();
        }
        let start = part.as_ptr().addr().wrapping_sub(data.as_ptr().addr());
        Self {
            start: start as u32,
            len: part.len() as u32,
        }
    }

    #[inline]
    pub(super) fn bytes(self, data: &[u8]) -> &[u8] {
        let start = self.start as usize;
        data.get(start..start + self.len as usize)
            .unwrap_or_default()
    }

    #[inline]
    pub(super) fn text(self, data: &[u8]) -> Text<'_> {
        Text(self.bytes(data))
    }
}
