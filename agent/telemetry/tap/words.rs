//! Filters in the query of a tap: `filter=NAME=VALUE` for each flag of `hubble observe`, in the order
//! of the flags.

use std::fmt::{self, Display, Formatter};

use tidegate_filter::Filters;
use tidegate_model::{Kind, Kinds};
use tidegate_wire::event::message_type;

/// One flag with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilterWord {
    /// The name without `--`.
    pub(crate) name: String,
    /// The value; `None` for a flag without one.
    pub(crate) value: Option<String>,
}

impl FilterWord {
    /// The name and the value.
    pub(crate) fn parts(&self) -> (&str, Option<&str>) {
        (&self.name, self.value.as_deref())
    }

    /// The flag for a filter of release 0.1, whose values could have any case, and which knew other
    /// names for a direction and for the types of records that are no flows.
    fn renamed(self) -> Self {
        let Some(value) = &self.value else {
            return self;
        };
        let lower = value.to_ascii_lowercase();
        let (name, value) = match (self.name.as_str(), lower.as_str()) {
            ("verdict", _) => ("verdict", value.to_ascii_uppercase()),
            ("direction", _) => ("traffic-direction", lower),
            ("type", "agent") => ("type", message_type::AGENT.to_string()),
            ("type", "debug") => ("type", message_type::DEBUG.to_string()),
            ("type", _) => ("type", lower),
            _ => return self,
        };
        Self {
            name: name.to_owned(),
            value: Some(value),
        }
    }
}

impl From<&str> for FilterWord {
    /// Reads `NAME=VALUE` or `NAME`.
    fn from(text: &str) -> Self {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        Self {
            name: name.to_owned(),
            value,
        }
    }
}

impl Display for FilterWord {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.value {
            Some(value) => write!(f, "={value}"),
            None => Ok(()),
        }
    }
}

/// What a tap shows.
#[derive(Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) kinds: Kinds,
    pub(super) filters: Filters,
}

impl Wanted {
    /// Reads the words of a request. `type=lost` of release 0.1 selects a kind of records.
    pub(super) fn new(kinds: Kinds, words: Vec<FilterWord>) -> Result<Self, String> {
        let is_lost = |word: &FilterWord| word.parts() == ("type", Some("lost"));
        let kinds = match words.iter().any(is_lost) {
            true => kinds.intersection(Kinds::of(&[Kind::Lost])),
            false => kinds,
        };
        let words: Vec<_> = words
            .into_iter()
            .filter(|word| !is_lost(word))
            .map(FilterWord::renamed)
            .collect();
        let filters = Filters::from_words(words.iter().map(FilterWord::parts));
        Ok(Self {
            kinds,
            filters: filters.map_err(|error| error.to_string())?,
        })
    }
}

/// Reads a list of kinds, such as `flows,lost`.
pub(super) fn parse_kinds(text: &str) -> Result<Kinds, String> {
    let kind = |name: &str| {
        let found = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| {
            let kinds = Kinds::ALL;
            format!("`kinds` is a list of {kinds}, not `{text}`")
        })
    };
    text.split(',').try_fold(Kinds::NONE, |kinds, name| {
        Ok(kinds.union(Kinds::of(&[kind(name)?])))
    })
}
