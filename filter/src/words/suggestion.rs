//! What a flag that does not exist may have meant.

use super::{Flag, WordError};

/// The error for a flag that does not exist, with the one of the same words in another spelling, or the
/// only one that begins so.
pub(super) fn unknown_flag(name: &str) -> WordError {
    let start = name.to_lowercase().replace('_', "-");
    let mut similar = Flag::all().filter(|flag| flag.name.starts_with(&start));
    let meant = match (Flag::by_name(&start), similar.next(), similar.next()) {
        (Some(flag), ..) | (None, Some(flag), None) => Some(flag),
        _ => None,
    };
    WordError::UnknownFlag {
        name: name.to_owned(),
        suggestion: meant.map_or_else(String::new, |flag| {
            format!("; did you mean --{}?", flag.name)
        }),
    }
}
