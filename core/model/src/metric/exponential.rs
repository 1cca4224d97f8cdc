//! Buckets of a base-2 exponential histogram, as in OpenTelemetry's data model (1.60).
//!
//! Bucket `i` counts values above `base^i` and up to `base^(i+1)`, where `base` is 2^(2^-scale). All
//! values are of one range of at most [`MAX_BUCKETS`] buckets: if a value is outside of it, the scale
//! is reduced, and with each step two neighbouring buckets become one.

use std::collections::VecDeque;

/// Buckets at most, as in OpenTelemetry's SDKs.
const MAX_BUCKETS: i64 = 160;
/// The scale of a single value.
const MAX_SCALE: i32 = 20;
/// Bits of a double's fraction.
const FRACTION_BITS: u32 = 52;
const EXPONENT_BIAS: i64 = 1023;

/// Counts of values from 0 up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExponentialBuckets {
    /// The resolution.
    pub scale: i32,
    /// The number of zeros.
    pub zero_count: u64,
    /// The index of the first bucket.
    pub offset: i32,
    /// The number of values in each bucket.
    pub counts: VecDeque<u64>,
}

impl Default for ExponentialBuckets {
    fn default() -> Self {
        Self {
            scale: MAX_SCALE,
            zero_count: 0,
            offset: 0,
            counts: VecDeque::new(),
        }
    }
}

impl ExponentialBuckets {
    /// Counts a value. Those that are not positive are counted as zero.
    pub fn record(&mut self, value: f64) {
        if value > 0.0 && value.is_finite() {
            self.add_at(index(value, self.scale), 1);
        } else {
            self.zero_count += 1;
        }
    }

    /// Adds the counts of other buckets.
    pub fn add(&mut self, other: &Self) {
        self.zero_count += other.zero_count;
        let mut other = other.clone();
        self.reduce(self.scale.saturating_sub(other.scale));
        for (at, count) in (0..).zip(std::mem::take(&mut other.counts)) {
            if count > 0 {
                let index = (i64::from(other.offset) + at) >> (other.scale - self.scale).max(0);
                self.add_at(index, count);
            }
        }
    }

    /// Subtracts counts that are part of these.
    pub fn subtract(&mut self, earlier: &Self) {
        self.zero_count = self.zero_count.saturating_sub(earlier.zero_count);
        let mut earlier = earlier.clone();
        earlier.reduce(earlier.scale.saturating_sub(self.scale));
        for (at, count) in (0..).zip(&earlier.counts) {
            let at = i64::from(earlier.offset) + at - i64::from(self.offset);
            let known = usize::try_from(at)
                .ok()
                .and_then(|at| self.counts.get_mut(at));
            if let Some(known) = known {
                *known = known.saturating_sub(*count);
            }
        }
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u64>()
    }

    /// Adds to a bucket of the current scale, which may be reduced for that.
    fn add_at(&mut self, index: i64, count: u64) {
        let mut index = index;
        if !self.counts.is_empty() {
            let steps = self.steps_for(index);
            self.reduce(steps);
            index >>= steps;
        }
        let (low, high) = self.range().unwrap_or((index, index));
        if self.counts.is_empty() {
            self.counts.push_back(0);
        }
        (index..low).for_each(|_| self.counts.push_front(0));
        (high..index).for_each(|_| self.counts.push_back(0));
        // Indices of doubles have 32 bits at every scale.
        self.offset = i32::try_from(low.min(index)).unwrap_or_default();
        let at = usize::try_from(index - i64::from(self.offset)).unwrap_or_default();
        if let Some(bucket) = self.counts.get_mut(at) {
            *bucket += count;
        }
    }

    /// Returns by how much the scale has to be reduced so that a bucket is within range.
    fn steps_for(&self, index: i64) -> i32 {
        let (low, high) = self.range().unwrap_or((index, index));
        let (mut low, mut high) = (low.min(index), high.max(index));
        let mut steps = 0;
        while high - low >= MAX_BUCKETS {
            low >>= 1;
            high >>= 1;
            steps += 1;
        }
        steps
    }

    /// The first and the last bucket.
    fn range(&self) -> Option<(i64, i64)> {
        let last = i64::try_from(self.counts.len()).ok()?.checked_sub(1)?;
        let low = i64::from(self.offset);
        (last >= 0).then_some((low, low + last))
    }

    /// Reduces the scale, if `steps` is positive.
    fn reduce(&mut self, steps: i32) {
        if steps <= 0 {
            return;
        }
        self.scale -= steps;
        let offset = i64::from(self.offset);
        let first = offset >> steps;
        let mut counts = VecDeque::new();
        for (at, count) in (0..).zip(std::mem::take(&mut self.counts)) {
            let at = usize::try_from(((offset + at) >> steps) - first).unwrap_or_default();
            counts.resize(counts.len().max(at + 1), 0);
            counts[at] += count;
        }
        self.counts = counts;
        self.offset = i32::try_from(first).unwrap_or_default();
    }
}

/// Returns the bucket of a positive value. Powers of two are exact.
fn index(value: f64, scale: i32) -> i64 {
    let bits = value.max(f64::MIN_POSITIVE).to_bits();
    let exponent = i64::from((bits >> FRACTION_BITS) as u32 & 0x7ff) - EXPONENT_BIAS;
    let is_power_of_two = bits & ((1 << FRACTION_BITS) - 1) == 0;
    if is_power_of_two {
        return if scale > 0 {
            (exponent << scale) - 1
        } else {
            (exponent - 1) >> -scale
        };
    }
    if scale <= 0 {
        return exponent >> -scale;
    }
    let factor = f64::from(scale).exp2();
    // A fraction that rounds to the next power of two still is below it.
    ((value.log2() * factor).ceil() as i64 - 1)
        .clamp(exponent << scale, ((exponent + 1) << scale) - 1)
}

#[cfg(test)]
mod tests {
    use super::{ExponentialBuckets, MAX_BUCKETS, index};

    fn of(values: &[f64]) -> ExponentialBuckets {
        let mut buckets = ExponentialBuckets::default();
        values.iter().for_each(|value| buckets.record(*value));
        buckets
    }

    #[test]
    fn a_value_is_above_the_lower_and_not_above_the_upper_bound_of_its_bucket() {
        for scale in -10..=10 {
            let base = f64::from(-scale).exp2().exp2();
            for value in [0.005, 0.25, 0.3, 0.999_999, 1.0, 1.5, 2.0, 3.0, 1024.0, 1e9] {
                let index = index(value, scale) as f64;
                let bounds = [base.powf(index), base.powf(index + 1.0)];
                assert!(
                    bounds[0] < value * (1.0 + 1e-9) && value <= bounds[1] * (1.0 + 1e-9),
                    "{value} at {scale}: {bounds:?}"
                );
            }
        }
        assert_eq!([index(1.0, 3), index(2.0, 3), index(4.0, 0)], [-1, 7, 1]);
        assert_eq!([index(4.0, -1), index(4.1, -1), index(1.0, -1)], [0, 1, -1]);
    }

    #[test]
    fn every_value_is_counted_within_the_limit_of_buckets() {
        let values: Vec<f64> = (0..2000).map(|n| 1e-9 * 1.02_f64.powi(n)).collect();
        let buckets = of(&values);
        assert_eq!(buckets.counts.iter().sum::<u64>(), 2000);
        assert!(buckets.counts.len() as i64 <= MAX_BUCKETS);
        assert_eq!(of(&[0.0, -1.0, f64::NAN]).zero_count, 3);
        let reversed: Vec<f64> = values.into_iter().rev().collect();
        assert_eq!(of(&reversed).counts.iter().sum::<u64>(), 2000);
    }

    #[test]
    fn adding_and_subtracting_are_inverse() {
        let earlier = of(&[0.001, 0.002, 0.0]);
        let later = of(&[5.0, 7.0]);
        let mut sum = earlier.clone();
        sum.add(&later);
        assert_eq!(sum.counts.iter().sum::<u64>(), 4);
        sum.subtract(&earlier);
        assert_eq!((sum.counts.iter().sum::<u64>(), sum.zero_count), (2, 0));
    }
}
