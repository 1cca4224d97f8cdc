//! A captured packet.

/// A packet as the capture has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    /// The link type of its interface.
    pub(super) link: u16,
    /// Its length on the wire, in bytes.
    pub(super) orig_len: u32,
    /// The bytes that were captured.
    pub(super) bytes: &'a [u8],
}
