//! `DebugCapture` (3): `struct debug_capture_msg` of `bpf/lib/dbg.h`.
//!
//! All releases have one layout. Readers before 1.19 swapped the two lengths, but the datapath did
//! not.

use super::fields::{CaptureFields, Common};
use super::reason::{Bound, Reason};
use super::sample::{PacketEvent, Sample};

mod offset {
    pub(super) const ARG1: usize = 16;
    pub(super) const ARG2: usize = 20;
}

pub(super) const HEADER: usize = 24;

/// A packet at a debug capture point; always with an Ethernet header.
#[derive(Debug, Clone, Copy)]
pub struct DebugCapture<'a>(Sample<'a>);

impl<'a> DebugCapture<'a> {
    pub(super) fn of(sample: Sample<'a>) -> Self {
        Self(sample)
    }

    pub(super) fn parse(data: &'a [u8]) -> Result<Self, Reason> {
        Sample::new(data, HEADER, "DebugCapture", Bound::Exactly).map(Self)
    }

    /// A device, or for the proxy captures a port in network order in the low 16 bits.
    #[must_use]
    pub fn arg1(&self) -> u32 {
        self.0.u32(offset::ARG1)
    }

    /// The second argument.
    #[must_use]
    pub fn arg2(&self) -> u32 {
        self.0.u32(offset::ARG2)
    }

    /// The fields that an encoder takes.
    #[must_use]
    pub fn fields(&self) -> CaptureFields {
        CaptureFields {
            common: Common::of(self),
            arg1: self.arg1(),
            arg2: self.arg2(),
        }
    }
}

impl<'a> PacketEvent<'a> for DebugCapture<'a> {
    fn sample(&self) -> &Sample<'a> {
        &self.0
    }
}
