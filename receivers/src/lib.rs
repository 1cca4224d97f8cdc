//! Where records come from.

use tidegate_core::component::ReceiverKind;

/// Every kind of receiver.
pub const KINDS: &[ReceiverKind] = &[];
