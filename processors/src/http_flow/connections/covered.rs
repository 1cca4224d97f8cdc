//! Which parts of a stream were read.

/// Parts that are remembered, which are apart from each other.
const PARTS: usize = 3;

/// Sequence numbers of bytes that were read, or need not be: heads, and bodies of which the length
/// is certain. A gap between parts is bytes of unknown meaning, such as the rest of a head that the
/// capture cut. Of more gaps than can be remembered the lowest one counts as read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Covered {
    /// From low to high, relative to each other.
    parts: [Part; PARTS],
    count: u8,
}

/// Sequence numbers from `start` up to `end`, which is not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    start: u32,
    end: u32,
}

/// How far `to` is behind `from` in the space of sequence numbers; negative if it is before it.
pub(super) fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

impl Covered {
    /// Where the part ends that has this number; `None` if none has.
    pub(super) fn end_of(&self, at: u32) -> Option<u32> {
        let has = |part: &&Part| distance(part.start, at) >= 0 && distance(at, part.end) > 0;
        self.parts().iter().find(has).map(|part| part.end)
    }

    /// Adds the numbers from `start` up to `end`.
    pub(super) fn add(&mut self, start: u32, end: u32) {
        if distance(start, end) <= 0 {
            return;
        }
        let mut new = Part { start, end };
        let mut parts = [Part::default(); PARTS + 1];
        let mut count = 0;
        let mut is_placed = false;
        for &part in self.parts() {
            if distance(new.end, part.start) > 0 {
                // Behind the new one.
                if !is_placed {
                    parts[count] = new;
                    count += 1;
                    is_placed = true;
                }
                parts[count] = part;
                count += 1;
            } else if distance(part.end, new.start) > 0 {
                parts[count] = part;
                count += 1;
            } else {
                new.start = if distance(new.start, part.start) < 0 {
                    part.start
                } else {
                    new.start
                };
                new.end = if distance(new.end, part.end) > 0 {
                    part.end
                } else {
                    new.end
                };
            }
        }
        if !is_placed {
            parts[count] = new;
            count += 1;
        }
        self.keep(&parts[..count]);
    }

    /// Keeps the parts, the lowest two as one if there are too many.
    fn keep(&mut self, parts: &[Part]) {
        let surplus = parts.len().saturating_sub(PARTS);
        let kept = &parts[surplus..];
        self.parts[..kept.len()].copy_from_slice(kept);
        if surplus > 0 {
            self.parts[0].start = parts[0].start;
        }
        // Three at most.
        self.count = kept.len() as u8;
    }

    fn parts(&self) -> &[Part] {
        &self.parts[..usize::from(self.count)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Covered, PARTS};

    fn of(base: u32, parts: &[(u32, u32)]) -> Covered {
        let mut covered = Covered::default();
        for (start, end) in parts {
            covered.add(base.wrapping_add(*start), base.wrapping_add(*end));
        }
        covered
    }

    #[test]
    fn parts_that_touch_are_one_wherever_the_numbers_begin() {
        for base in [0, 1000, u32::MAX - 15, u32::MAX / 2 - 15] {
            let covered = of(
                base,
                &[(10, 20), (20, 30), (40, 50), (5, 10), (48, 60), (7, 8)],
            );
            let end_of = |at: u32| {
                covered
                    .end_of(base.wrapping_add(at))
                    .map(|end| end.wrapping_sub(base))
            };
            let ends = [4, 5, 20, 29, 30, 39, 40, 59, 60].map(end_of);
            assert_eq!(
                ends,
                [
                    None,
                    Some(30),
                    Some(30),
                    Some(30),
                    None,
                    None,
                    Some(60),
                    Some(60),
                    None
                ]
            );
        }
    }

    #[test]
    fn of_too_many_gaps_the_lowest_counts_as_read() {
        let covered = of(0, &[(0, 10), (20, 30), (40, 50), (60, 70)]);
        assert_eq!(
            [5, 15, 35, 45, 55, 65].map(|at| covered.end_of(at)),
            [Some(30), Some(30), None, Some(50), None, Some(70)]
        );
    }

    proptest! {
        /// While there are few gaps, exactly what was added is covered.
        #[test]
        fn it_is_the_set_of_what_was_added(
            base in any::<u32>(),
            added in proptest::collection::vec((0_u32..60, 0_u32..20), 0..12),
        ) {
            let mut set = [false; 100];
            let mut covered = Covered::default();
            for (start, len) in added {
                covered.add(base.wrapping_add(start), base.wrapping_add(start + len));
                set[start as usize..(start + len) as usize].fill(true);
                let parts = set.windows(2).filter(|pair| !pair[0] && pair[1]).count() + usize::from(set[0]);
                if parts > PARTS {
                    break;
                }
                for (at, is_in) in (0..).zip(set) {
                    prop_assert_eq!(covered.end_of(base.wrapping_add(at)).is_some(), is_in, "{}", at);
                }
            }
        }
    }
}
