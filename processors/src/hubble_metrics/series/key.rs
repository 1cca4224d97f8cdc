//! The key of a series: numbers in place of its label values.

/// The largest number of labels that a metric has besides those of its context.
pub(crate) const MAX_METRIC_LABELS: usize = 4;

/// The numbers of the metric's own label values, and the one number that the context assigns to
/// its label values together. Within a family, keys are equal exactly if all label values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeriesKey {
    labels: [u64; MAX_METRIC_LABELS / 2],
    context: u64,
}

impl SeriesKey {
    #[inline]
    pub(crate) fn new([a, b, c, d]: [u32; MAX_METRIC_LABELS], context: u64) -> Self {
        Self {
            labels: [
                u64::from(a) << 32 | u64::from(b),
                u64::from(c) << 32 | u64::from(d),
            ],
            context,
        }
    }

    /// The number of the context's label values.
    #[inline]
    pub(crate) fn context(&self) -> u64 {
        self.context
    }

    /// A keyed hash: peers choose ports and status codes, so the seed must be secret for keys to
    /// spread over the table.
    #[inline]
    pub(super) fn hash(&self, seed: u64) -> u64 {
        const OTHER: u64 = 0x9e37_79b9_7f4a_7c15;
        folded_multiply(
            folded_multiply(self.labels[0] ^ seed, self.labels[1] ^ OTHER) ^ self.context,
            seed | 1,
        )
    }
}

/// The exclusive or of both halves of the 128-bit product.
#[inline]
fn folded_multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    let low = product as u64;
    low ^ (product >> 64) as u64
}
