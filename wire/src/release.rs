//! Cilium releases, and ranges of them.
//!
//! No field of the protocol contains the release. Some layouts, numbers and types exist in certain
//! releases only, though, so one event can disambiguate others that share a version byte.

/// A Cilium release. Pre-releases count as the release that they precede.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(u64);

#[expect(missing_docs, reason = "the constants are release numbers")]
impl Release {
    pub const V1_12: Self = Self::new(1, 12, 0);
    pub const V1_13: Self = Self::new(1, 13, 0);
    pub const V1_14: Self = Self::new(1, 14, 0);
    pub const V1_15: Self = Self::new(1, 15, 0);
    pub const V1_16: Self = Self::new(1, 16, 0);
    pub const V1_17: Self = Self::new(1, 17, 0);
    pub const V1_17_4: Self = Self::new(1, 17, 4);
    pub const V1_18: Self = Self::new(1, 18, 0);
    pub const V1_19: Self = Self::new(1, 19, 0);
    pub const V1_20: Self = Self::new(1, 20, 0);
    /// The first release whose formats are not known.
    pub const AFTER_KNOWN: Self = Self::new(1, 21, 0);

    /// The release `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        // `u64::from` is not const yet.
        Self((major as u64) << 32 | (minor as u64) << 16 | patch as u64)
    }
}

/// A range of releases, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Releases {
    /// The oldest release.
    pub first: Release,
    /// The newest release.
    pub last: Release,
}

impl Default for Releases {
    fn default() -> Self {
        Self::ANY
    }
}

impl Releases {
    /// All releases.
    pub const ANY: Self = Self {
        first: Release(0),
        last: Release(u64::MAX),
    };

    /// All patch releases of `major.minor`.
    #[must_use]
    pub const fn minor(major: u16, minor: u16) -> Self {
        Self {
            first: Release::new(major, minor, 0),
            last: Release::new(major, minor, u16::MAX),
        }
    }

    /// Only `release`.
    #[must_use]
    pub const fn only(release: Release) -> Self {
        Self {
            first: release,
            last: release,
        }
    }

    /// `first` and all later releases.
    #[must_use]
    pub const fn since(first: Release) -> Self {
        Self { first, ..Self::ANY }
    }

    /// All releases before `next`.
    #[must_use]
    pub const fn before(next: Release) -> Self {
        Self::between(Release(0), next)
    }

    /// `first` and all later releases before `next`.
    #[must_use]
    pub const fn between(first: Release, next: Release) -> Self {
        Self {
            first,
            last: Release(next.0.saturating_sub(1)),
        }
    }

    /// The intersection of both ranges; `None` if it is empty.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        let both = Self {
            first: self.first.max(other.first),
            last: self.last.min(other.last),
        };
        (both.first <= both.last).then_some(both)
    }

    /// Whether `other` contains the whole range.
    #[must_use]
    pub fn within(self, other: Self) -> bool {
        other.first <= self.first && self.last <= other.last
    }
}

#[cfg(test)]
mod tests {
    use super::{Release, Releases};

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn ranges_intersect_in_the_releases_that_both_contain() {
        let cases = [
            (
                Releases::minor(1, 17),
                Releases::before(Release::V1_17_4),
                Some(("1.17.0", Release::new(1, 17, 3))),
            ),
            (
                Releases::minor(1, 17),
                Releases::since(Release::V1_17_4),
                Some(("1.17.4", Release::new(1, 17, u16::MAX))),
            ),
            (
                Releases::ANY,
                Releases::only(Release::new(1, 15, 3)),
                Some(("1.15.3", Release::new(1, 15, 3))),
            ),
            (
                Releases::minor(1, 18),
                Releases::since(Release::V1_19),
                None,
            ),
            (
                Releases::before(Release::V1_18),
                Releases::minor(1, 18),
                None,
            ),
        ];
        for (one, other, intersection) in cases {
            let first = |text: &str| {
                let mut numbers = text.split('.').map(|number| number.parse().unwrap());
                let mut next = || numbers.next().unwrap();
                Release::new(next(), next(), next())
            };
            let expected = intersection.map(|(text, last)| Releases {
                first: first(text),
                last,
            });
            assert_eq!((one.and(other), other.and(one)), (expected, expected));
            if let Some(both) = expected {
                assert!(both.within(one) && both.within(other));
            }
        }
        assert!(!Releases::minor(1, 17).within(Releases::since(Release::V1_17_4)));
    }
}
