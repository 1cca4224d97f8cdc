//! What a series is found by: numbers in place of its label values.

/// Labels that a metric has of its own, at most.
pub(in super::super) const OWN: usize = 4;

/// The numbers of a metric's own labels, and the number that the context gives its labels together.
/// Within a family, equal keys have equal label values, and different ones do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Key {
    own: [u64; OWN / 2],
    context: u64,
}

impl Key {
    #[inline]
    pub(in super::super) fn new([a, b, c, d]: [u32; OWN], context: u64) -> Self {
        Self {
            own: [
                u64::from(a) << 32 | u64::from(b),
                u64::from(c) << 32 | u64::from(d),
            ],
            context,
        }
    }

    /// Ports and status codes are chosen outside, so that a seed which is not known there spreads
    /// them.
    #[inline]
    pub(super) fn hash(&self, seed: u64) -> u64 {
        const OTHER: u64 = 0x9e37_79b9_7f4a_7c15;
        fold(
            fold(self.own[0] ^ seed, self.own[1] ^ OTHER) ^ self.context,
            seed | 1,
        )
    }
}

/// All bits of the product, in half as many.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves are taken apart"
    )]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}
