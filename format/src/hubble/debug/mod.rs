//! The texts of debug messages: `DebugMsg.Message` in `pkg/monitor/datapath_debug.go` (v1.12.0 to
//! v1.20.2), as the Hubble of the sender's release writes them, without names of network
//! interfaces.
//!
//! An off-by-one error of that code is kept, because Hubble's output has it: 66 (`DBG_SKIP_POLICY`)
//! and 67 have the texts of 67 and 68, the loopback translations of IPv6.

mod argument;
mod errno;
mod message;

pub(super) use message::push_message;
