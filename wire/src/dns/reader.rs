//! A cursor in a message. Reading past the end is [`Reason::Truncated`].

use super::Reason;

/// Maximum length of a name on the wire, including its lengths and the root.
pub(super) const MAX_NAME: usize = 255;

#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) message: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.message.get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], Reason> {
        let bytes = self.rest().first_chunk().ok_or(Reason::Truncated)?;
        self.at += N;
        Ok(bytes)
    }

    pub(super) fn take_len(&mut self, len: usize) -> Result<&'a [u8], Reason> {
        let bytes = self.message.get(self.at..self.at + len);
        self.at += len;
        bytes.ok_or(Reason::Truncated)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Reason> {
        self.take::<1>().map(|bytes| bytes[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Reason> {
        self.take().map(|bytes| u16::from_be_bytes(*bytes))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Reason> {
        self.take().map(|bytes| u32::from_be_bytes(*bytes))
    }
}
