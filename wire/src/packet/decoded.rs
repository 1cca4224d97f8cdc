//! What the decoder of a layer returns.

use super::Layer;

/// Which decoders are registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoders {
    /// Those of the outer packet.
    Outer,
    /// Those and the tunnels', which UDP ports then lead to.
    Overlay,
}

/// A decoded layer: the position of its payload in the bytes given to the decoder, and what the
/// payload is.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecodedLayer {
    /// The layer that the payload begins with, if one of the decoders reads it.
    pub(super) next: Option<Layer>,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether the payload may be an application's.
    pub(super) is_transport: bool,
}
