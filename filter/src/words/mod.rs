//! The filter flags of `hubble observe` (v1.19.4), as words of a command line.
//!
//! [`FLAGS`] declares them; a command line is made from it. [`Filters::from_words`] makes filters of
//! the flags and their values in the order in which they were given, which `--not` needs, and
//! [`Filters::from_line`] of one text, which it splits as a shell does.

mod error;
mod flag;
mod flags;
mod line;
mod namespaces;
mod place;
mod raw;
mod suggestion;
mod tracker;
mod values;

pub use error::WordError;
pub use flag::{Flag, FlagGroup, FlagValue};
pub use flags::{CONFLICTS, FLAGS};
pub use place::LineError;

use crate::Filters;
use flag::Effect;
use tracker::Tracker;

impl Flag {
    /// All flags, in the order in which they are listed.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        FLAGS.iter().flat_map(|group| group.flags)
    }

    /// The flag of a name without `--`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::all().find(|flag| flag.name == name)
    }

    /// The flag of a letter without `-`.
    #[must_use]
    pub fn by_letter(letter: char) -> Option<&'static Self> {
        Self::all().find(|flag| flag.short == Some(letter))
    }

    /// The names of the flags that cannot be combined with this one, if both have `--not` or neither
    /// has it.
    pub fn conflicts(&self) -> impl Iterator<Item = &'static str> {
        CONFLICTS
            .iter()
            .filter(|group| group.contains(&self.name))
            .flat_map(|group| group.iter().copied())
            .filter(|name| *name != self.name)
    }
}

impl Filters {
    /// Makes filters of flags, given by their names without `--`, and their values; `None` for a
    /// value that is absent.
    ///
    /// # Errors
    ///
    /// A flag is unknown, its value is missing or invalid, two flags cannot be combined, or `--not`
    /// stands before another one or at the end.
    pub fn from_words<'a>(
        words: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Self, WordError> {
        let mut lists = Lists::default();
        for (name, value) in words {
            let flag = Flag::by_name(name).ok_or_else(|| suggestion::unknown_flag(name))?;
            lists.add(flag, flag.value_or_default(value)?)?;
        }
        lists.finish()
    }

    /// Makes filters of one text, such as `--to-port 53 --not --verdict DROPPED`, which is split into
    /// words as a POSIX shell does.
    ///
    /// # Errors
    ///
    /// A quote is not closed, a word is no flag or value, or as for [`Self::from_words`].
    pub fn from_line(text: &str) -> Result<Self, WordError> {
        let words = line::split(text)?;
        let flags = line::flags(&words)?;
        Self::from_words(flags.iter().map(|(name, value)| (*name, value.as_deref())))
    }
}

/// The filters of the words so far.
#[derive(Default)]
struct Lists {
    allow: Tracker,
    deny: Tracker,
    raw: Filters,
    /// Whether the last word was `--not`.
    is_negated: bool,
}

impl Lists {
    fn add(&mut self, flag: &'static Flag, value: &str) -> Result<(), WordError> {
        match &flag.effect {
            Effect::Not if self.is_negated => return Err(WordError::ConsecutiveNot),
            Effect::Not => self.is_negated = true,
            Effect::Allowlist => self.raw.allow.extend(raw::filters(flag, value)?),
            Effect::Denylist => self.raw.deny.extend(raw::filters(flag, value)?),
            _ if std::mem::take(&mut self.is_negated) => self.deny.set(flag, value)?,
            _ => self.allow.set(flag, value)?,
        }
        Ok(())
    }

    fn finish(self) -> Result<Filters, WordError> {
        if self.is_negated {
            return Err(WordError::TrailingNot);
        }
        let mut filters = Filters {
            allow: self.allow.into_filters(),
            deny: self.deny.into_filters(),
        };
        filters.allow.extend(self.raw.allow);
        filters.deny.extend(self.raw.deny);
        Ok(filters)
    }
}
