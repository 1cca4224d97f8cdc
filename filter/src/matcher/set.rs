//! Sets of numbers.

/// Numbers of a list. Most lists have one value.
#[derive(Debug)]
pub(super) enum Set<T> {
    One(T),
    /// Sorted.
    Many(Box<[T]>),
}

impl<T: Copy + Ord> Set<T> {
    pub(super) fn new(values: impl IntoIterator<Item = T>) -> Self {
        let mut values = Vec::from_iter(values);
        values.sort_unstable();
        values.dedup();
        match values[..] {
            [value] => Self::One(value),
            _ => Self::Many(values.into()),
        }
    }

    #[inline(always)]
    pub(super) fn contains(&self, value: T) -> bool {
        match self {
            Self::One(one) => *one == value,
            Self::Many(many) => is_in(many, value),
        }
    }
}

#[inline(never)]
fn is_in<T: Ord>(sorted: &[T], value: T) -> bool {
    sorted.binary_search(&value).is_ok()
}

/// A set of numbers from 0 to 7.
#[derive(Clone, Copy, Debug)]
pub(super) struct SmallSet(u8);

impl SmallSet {
    /// The numbers of a list. Others than 0 to 7 are left out, because no record has them.
    pub(super) fn new(numbers: impl IntoIterator<Item = i32>) -> Self {
        let bits = numbers
            .into_iter()
            .filter_map(|number| 1_u8.checked_shl(u32::try_from(number).ok()?))
            .fold(0, |bits, bit| bits | bit);
        Self(bits)
    }

    #[inline]
    pub(super) fn contains(self, number: u8) -> bool {
        self.0 >> (number & 7) & 1 == 1
    }
}
