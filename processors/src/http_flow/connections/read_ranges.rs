//! The parts of a TCP stream that were read.

/// The most ranges that are remembered.
const MAX_RANGES: usize = 3;

/// Sequence numbers of bytes that were read or need not be: heads, and bodies of certain length.
///
/// A gap between two ranges holds bytes of unknown meaning, such as the rest of a head that the
/// capture cut. If there are too many gaps, the lowest one counts as read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReadRanges {
    /// In ascending order, with gaps between them.
    ranges: [SeqRange; MAX_RANGES],
    count: u8,
}

/// The sequence numbers from `start` up to, but not including, `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct SeqRange {
    start: u32,
    end: u32,
}

/// Returns how far `to` is after `from` in sequence number space; negative if it is before.
pub(super) fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

impl ReadRanges {
    /// Returns the end of the range that contains `seq`.
    pub(super) fn end_of(&self, seq: u32) -> Option<u32> {
        let contains =
            |range: &&SeqRange| distance(range.start, seq) >= 0 && distance(seq, range.end) > 0;
        self.ranges().iter().find(contains).map(|range| range.end)
    }

    /// Adds the numbers from `start` up to `end`, and merges ranges that touch.
    pub(super) fn add(&mut self, start: u32, end: u32) {
        if distance(start, end) <= 0 {
            return;
        }
        let mut new = SeqRange { start, end };
        let mut merged = [SeqRange::default(); MAX_RANGES + 1];
        let mut count = 0;
        let mut push = |range| {
            merged[count] = range;
            count += 1;
        };
        let mut is_placed = false;
        for &range in self.ranges() {
            let is_after = distance(new.end, range.start) > 0;
            let is_before = distance(range.end, new.start) > 0;
            if is_after && !is_placed {
                push(new);
                is_placed = true;
            }
            if is_after || is_before {
                push(range);
            } else {
                new = new.union(range);
            }
        }
        if !is_placed {
            push(new);
        }
        self.replace(&merged[..count]);
    }

    /// Sets the ranges. If there are too many, merges the lowest two.
    fn replace(&mut self, ranges: &[SeqRange]) {
        let surplus = ranges.len().saturating_sub(MAX_RANGES);
        let kept = &ranges[surplus..];
        self.ranges[..kept.len()].copy_from_slice(kept);
        if surplus > 0 {
            self.ranges[0].start = ranges[0].start;
        }
        // At most `MAX_RANGES`.
        self.count = kept.len() as u8;
    }

    fn ranges(&self) -> &[SeqRange] {
        &self.ranges[..usize::from(self.count)]
    }
}

impl SeqRange {
    /// Returns the range from the lower start to the higher end.
    fn union(self, other: Self) -> Self {
        let start = if distance(self.start, other.start) < 0 {
            other.start
        } else {
            self.start
        };
        let end = if distance(self.end, other.end) > 0 {
            other.end
        } else {
            self.end
        };
        Self { start, end }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_RANGES, ReadRanges};

    fn of(base: u32, ranges: &[(u32, u32)]) -> ReadRanges {
        let mut read = ReadRanges::default();
        for (start, end) in ranges {
            read.add(base.wrapping_add(*start), base.wrapping_add(*end));
        }
        read
    }

    #[test]
    fn adjacent_ranges_are_merged_even_where_sequence_numbers_wrap() {
        let ranges = [(10, 20), (20, 30), (40, 50), (5, 10), (48, 60), (7, 8)];
        let cases = [
            (4, None),
            (5, Some(30)),
            (20, Some(30)),
            (29, Some(30)),
            (30, None),
            (39, None),
            (40, Some(60)),
            (59, Some(60)),
            (60, None),
        ];
        for base in [0, 1000, u32::MAX - 15, u32::MAX / 2 - 15] {
            let read = of(base, &ranges);
            for (seq, expected) in cases {
                let end = read.end_of(base.wrapping_add(seq));
                assert_eq!(
                    end.map(|end| end.wrapping_sub(base)),
                    expected,
                    "{base} {seq}"
                );
            }
        }
    }

    #[test]
    fn the_lowest_of_too_many_gaps_counts_as_read() {
        let read = of(0, &[(0, 10), (20, 30), (40, 50), (60, 70)]);
        assert_eq!(
            [5, 15, 35, 45, 55, 65].map(|seq| read.end_of(seq)),
            [Some(30), Some(30), None, Some(50), None, Some(70)]
        );
    }

    proptest! {
        /// As long as there are few gaps.
        #[test]
        fn the_ranges_contain_exactly_the_numbers_that_were_added(
            base in any::<u32>(),
            added in proptest::collection::vec((0_u32..60, 0_u32..20), 0..12),
        ) {
            let mut expected = [false; 100];
            let mut read = ReadRanges::default();
            for (start, len) in added {
                read.add(base.wrapping_add(start), base.wrapping_add(start + len));
                expected[start as usize..(start + len) as usize].fill(true);
                let starts = expected.windows(2).filter(|pair| !pair[0] && pair[1]);
                if starts.count() + usize::from(expected[0]) > MAX_RANGES {
                    break;
                }
                for (seq, is_read) in (0..).zip(expected) {
                    let end = read.end_of(base.wrapping_add(seq));
                    prop_assert_eq!(end.is_some(), is_read, "{}", seq);
                }
            }
        }
    }
}
