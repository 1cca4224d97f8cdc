//! The trace context of a request: W3C Trace Context level 2.

use super::id::hex_text;

/// What a request states about the trace that it belongs to. Hubble keeps the trace id alone
/// (`flow.TraceContext`, v1.19.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace; not all zeros.
    pub trace_id: [u8; 16],
    /// The span that sent the request; not all zeros.
    pub parent_id: [u8; 8],
    /// The flags that level 2 defines: [`Self::SAMPLED`] and [`Self::RANDOM`].
    pub flags: u8,
}

impl TraceContext {
    /// The sender may have recorded its span.
    pub const SAMPLED: u8 = 1;
    /// At least the last seven bytes of the trace id are random.
    pub const RANDOM: u8 = 2;

    /// Returns the trace id as 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn trace_id_text(&self) -> [u8; 32] {
        let mut text = [0; 32];
        let bytes = self.trace_id.as_chunks::<4>().0;
        for (chunk, digits) in bytes.iter().zip(text.as_chunks_mut::<8>().0) {
            *digits = hex_text(*chunk);
        }
        text
    }

    /// Returns whether the sender may have recorded its span.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & Self::SAMPLED != 0
    }
}

#[cfg(test)]
mod tests {
    use super::TraceContext;

    #[test]
    fn the_trace_id_has_32_digits() {
        let context = TraceContext {
            trace_id: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes(),
            parent_id: [1; 8],
            flags: 0,
        };
        assert_eq!(
            &context.trace_id_text(),
            b"0af7651916cd43dd8448eb211c80319c"
        );
    }
}
