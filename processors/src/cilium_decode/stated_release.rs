//! The agent's release as a text states it: the configuration, or the agent's API.

use tidegate_wire::release::{Release, Releases};

/// The newest release whose formats are known.
pub(super) const NEWEST_KNOWN: &str = "1.20";

/// What a text states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatedRelease {
    /// A release whose formats are known, or all patch releases of a minor one.
    Known(Releases),
    /// One that is later than those.
    Later(Releases),
    /// One before 1.12.
    Earlier,
    /// No release.
    Unreadable,
}

impl StatedRelease {
    /// Reads "1.18", "v1.17.3" or "1.20.0-rc.1": a leading `v` and what follows `-` or `+` are
    /// ignored.
    pub(super) fn parse(text: &str) -> Self {
        let Some(releases) = releases(text) else {
            return Self::Unreadable;
        };
        if !releases.within(Releases::since(Release::V1_12)) {
            Self::Earlier
        } else if releases
            .and(Releases::before(Release::AFTER_KNOWN))
            .is_none()
        {
            Self::Later(releases)
        } else {
            Self::Known(releases)
        }
    }
}

fn releases(text: &str) -> Option<Releases> {
    let version = text.strip_prefix('v').unwrap_or(text);
    let numbers = version.split(['-', '+']).next()?.split('.');
    let numbers = numbers
        .map(|number| number.parse().ok())
        .collect::<Option<Vec<u16>>>()?;
    match numbers[..] {
        [major, minor] => Some(Releases::minor(major, minor)),
        [major, minor, patch] => Some(Releases::only(Release::new(major, minor, patch))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_states_a_release_that_is_known_or_later_or_earlier_or_none() {
        let only = |minor, patch| Releases::only(Release::new(1, minor, patch));
        let cases = [
            ("1.18", StatedRelease::Known(Releases::minor(1, 18))),
            ("v1.17.3", StatedRelease::Known(only(17, 3))),
            ("1.20.0-rc.1", StatedRelease::Known(only(20, 0))),
            ("1.19.4+build", StatedRelease::Known(only(19, 4))),
            ("1.31.0", StatedRelease::Later(only(31, 0))),
            ("2.0", StatedRelease::Later(Releases::minor(2, 0))),
            ("1.11.20", StatedRelease::Earlier),
            ("1", StatedRelease::Unreadable),
            ("latest", StatedRelease::Unreadable),
            ("", StatedRelease::Unreadable),
        ];
        for (text, expected) in cases {
            assert_eq!(StatedRelease::parse(text), expected, "{text}");
        }
    }
}
