//! Mistakes in the metrics list, each at a part of one of its entries.

/// What is wrong. Where Hubble reports the same mistake, the text is Hubble's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ItemError {
    /// Hubble only logs a warning, so that a typo shows as an empty dashboard.
    #[error("metric '{name}' does not exist")]
    UnknownMetric { name: String, help: String },
    #[error("metric '{0}' is listed twice")]
    Twice(&'static str),
    #[error("plugin {0} conflicts with plugin {1}")]
    Conflict(&'static str, &'static str),
    #[error("unable to initialize metric '{metric}': unknown context '{context}'")]
    UnknownContext {
        metric: String,
        context: String,
        help: String,
    },
    #[error("unable to initialize metric '{metric}': invalid labelsContext value: {label}")]
    UnknownLabel {
        metric: String,
        label: String,
        help: String,
    },
}

/// A mistake and where it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake<'a> {
    /// The part of an entry of the list.
    pub(super) part: &'a str,
    pub(super) error: ItemError,
}

impl ItemError {
    /// What to write instead.
    pub(super) fn help(&self) -> Option<&str> {
        match self {
            Self::UnknownMetric { help, .. }
            | Self::UnknownContext { help, .. }
            | Self::UnknownLabel { help, .. } => Some(help),
            Self::Twice(_) | Self::Conflict(..) => None,
        }
    }
}

/// The largest edit distance at which a name is suggested in place of an unknown one.
const MAX_SUGGESTION_DISTANCE: usize = 2;

/// The name that was probably meant.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let distance = |other: &str| strsim::levenshtein(&name.to_lowercase(), &other.to_lowercase());
    let near = names.map(|other| (distance(other), other)).min();
    near.filter(|(distance, _)| *distance <= MAX_SUGGESTION_DISTANCE)
        .map(|(_, other)| other)
}

/// Suggests the name that was probably meant, or lists all names.
pub(super) fn suggestion<'n>(name: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    match nearest(name, names.clone()) {
        Some(similar) => format!("did you mean '{similar}'?"),
        None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
    }
}
