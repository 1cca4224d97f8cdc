//! Texts of debug messages: `DebugMsg.Message` in `pkg/monitor/datapath_debug.go` (v1.12.0 to
//! v1.20.2), as Hubble of the sender's release shows them without the names of network interfaces.
//!
//! One slip of that reader is kept, since Hubble shows it: it numbers the loopback translations of
//! IPv6 one too low, so that 66 (`DBG_SKIP_POLICY`) and 67 have the texts of 67 and 68.

mod argument;
mod errno;
mod message;

pub(super) use message::push_message;
