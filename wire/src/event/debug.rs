//! `DebugMsg` (2): `struct debug_msg` of `bpf/lib/dbg.h`. No packet, no padding, one layout.

use super::fields::DebugFields;
use super::reason::{Bound, Reason};
use super::sample::field;

mod offset {
    pub(super) const SUBTYPE: usize = 1;
    pub(super) const SOURCE: usize = 2;
    pub(super) const HASH: usize = 4;
    pub(super) const ARGS: [usize; 3] = [8, 12, 16];
}

const LEN: usize = 20;

/// A debug message of the datapath.
#[derive(Debug, Clone, Copy)]
pub struct DebugMsg<'a>(&'a [u8; LEN]);

impl<'a> DebugMsg<'a> {
    pub(super) fn parse(data: &'a [u8]) -> Result<Self, Reason> {
        let message = data.first_chunk().ok_or(Reason::EventTooShort {
            event: "DebugMsg",
            bound: Bound::Exactly,
            expected: LEN,
            len: data.len(),
        })?;
        Ok(Self(message))
    }

    /// The type of the message, which determines the meaning of the arguments.
    #[must_use]
    pub fn subtype(&self) -> u8 {
        self.0[offset::SUBTYPE]
    }

    /// The endpoint whose program sent the message; 0 if none.
    #[must_use]
    pub fn source(&self) -> u16 {
        u16::from_le_bytes(field(self.0, offset::SOURCE))
    }

    /// The packet's hash.
    #[must_use]
    pub fn hash(&self) -> u32 {
        u32::from_le_bytes(field(self.0, offset::HASH))
    }

    /// The three arguments: numbers, addresses in memory order, or ports in either byte order,
    /// depending on the subtype.
    #[must_use]
    pub fn args(&self) -> [u32; 3] {
        offset::ARGS.map(|at| u32::from_le_bytes(field(self.0, at)))
    }

    /// The fields that an encoder takes.
    #[must_use]
    pub fn fields(&self) -> DebugFields {
        DebugFields {
            subtype: self.subtype(),
            source: self.source(),
            hash: self.hash(),
            args: self.args(),
        }
    }
}
