//! How a flow was sampled, so that readers can compute how many flows it represents.

use std::num::NonZeroU32;

/// Number of bits of a randomness and of a threshold.
const BITS: u32 = 56;

/// How a flow was sampled, as in OpenTelemetry's consistent probability sampling: a sampler keeps a
/// flow if the randomness of its connection is at least the threshold of the rate. One in ten of one
/// in ten are therefore the flows that one in a hundred keeps. It takes four bytes, so that a flow
/// does not grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sampling {
    /// `one_in` in the lower 24 bits, the seed in the upper 8; 0 without sampling.
    packed: u32,
}

impl Sampling {
    /// The flow was not subject to sampling: it represents itself only.
    pub const NONE: Self = Self { packed: 0 };

    /// The largest `one_in`.
    pub const MAX_ONE_IN: NonZeroU32 = NonZeroU32::new((1 << 24) - 1).expect("not zero");

    /// One in `one_in` connections is kept, [`Self::MAX_ONE_IN`] at most, by their hash with `seed`.
    #[must_use]
    pub fn new(one_in: NonZeroU32, seed: u8) -> Self {
        Self {
            packed: one_in.min(Self::MAX_ONE_IN).get() | u32::from(seed) << 24,
        }
    }

    /// Of how many connections the one of this flow was kept; `None` if the flow was not subject to
    /// sampling.
    #[must_use]
    pub const fn one_in(self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.packed & Self::MAX_ONE_IN.get())
    }

    /// The seed of the hash.
    #[must_use]
    pub const fn seed(self) -> u8 {
        (self.packed >> 24) as u8
    }

    /// The smallest randomness with which a flow is kept at this rate, in 56 bits: the threshold of
    /// OpenTelemetry.
    #[must_use]
    pub const fn threshold(one_in: NonZeroU32) -> u64 {
        (1 << BITS) - (1 << BITS) / one_in.get() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::Sampling;

    #[test]
    fn the_threshold_leaves_one_in_so_many_numbers() {
        for (one_in, threshold) in [
            (1, 0),
            (2, 0x80_0000_0000_0000),
            (10, 0xe6_6666_6666_6667),
            (1_000_000, 0xff_ffef_3908_5f4b),
        ] {
            let one_in = NonZeroU32::new(one_in).unwrap();
            assert_eq!(Sampling::threshold(one_in), threshold, "{one_in}");
        }
    }

    #[test]
    fn rate_and_seed_are_kept_apart() {
        let of = |one_in, seed| Sampling::new(NonZeroU32::new(one_in).unwrap(), seed);
        for (one_in, seed) in [(1, 0), (1, 255), (10, 7), (16_777_215, 255)] {
            let sampling = of(one_in, seed);
            assert_eq!(sampling.one_in(), NonZeroU32::new(one_in));
            assert_eq!(sampling.seed(), seed);
        }
        assert_eq!(of(u32::MAX, 3), of(16_777_215, 3), "the rate has a maximum");
        assert_eq!(Sampling::NONE.one_in(), None);
    }
}
