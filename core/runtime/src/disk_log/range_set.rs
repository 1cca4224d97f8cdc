//! A set of numbers that are mostly consecutive.

use std::collections::BTreeMap;

/// A set of numbers, as ranges that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RangeSet {
    /// First number of a range, and the number after its last.
    ranges: BTreeMap<u64, u64>,
}

impl RangeSet {
    /// Adds a number. Returns whether it is new.
    pub(super) fn insert(&mut self, number: u64) -> bool {
        if self.contains(number) {
            return false;
        }
        let mut start = number;
        let mut end = number.saturating_add(1);
        if let Some((before, until)) = self.ranges.range(..number).next_back()
            && *until == number
        {
            start = *before;
        }
        if let Some(until) = self.ranges.remove(&end) {
            end = until;
        }
        self.ranges.insert(start, end);
        true
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        let range = self.ranges.range(..=number).next_back();
        range.is_some_and(|(_, end)| number < *end)
    }

    /// Removes all numbers below `limit`.
    pub(super) fn remove_below(&mut self, limit: u64) {
        while let Some((start, end)) = self.ranges.first_key_value().map(|(a, b)| (*a, *b))
            && start < limit
        {
            self.ranges.remove(&start);
            if end > limit {
                self.ranges.insert(limit, end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::RangeSet;

    proptest! {
        #[test]
        fn it_holds_what_a_set_of_single_numbers_holds(
            numbers in prop::collection::vec(0_u64..40, 0..60),
            limit in 0_u64..45,
        ) {
            let mut ranges = RangeSet::default();
            let mut set = BTreeSet::new();
            for number in numbers {
                prop_assert_eq!(ranges.insert(number), set.insert(number));
            }
            ranges.remove_below(limit);
            set.retain(|number| *number >= limit);
            for number in 0..45 {
                prop_assert_eq!(ranges.contains(number), set.contains(&number), "{}", number);
            }
            for (start, end) in &ranges.ranges {
                prop_assert!(start < end && !ranges.contains(*end), "{:?}", ranges);
            }
        }
    }
}
