//! Keys that were renamed: the old name is accepted for two minor releases, with a warning that
//! shows the new line.

use std::borrow::Cow;

use tidegate_runtime::component::Lint;
use tidegate_runtime::config::Key;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::Value;
use super::{Problem, Problems};

/// Minor releases in which an old name is accepted.
const ACCEPTED_FOR: u64 = 2;

/// Replaces old names of keys in a table and its inner tables. `path` is the table.
pub(super) fn replace_old_names(
    table: &mut DeTable<'_>,
    keys: &[Key],
    path: &str,
    problems: &mut Problems,
) {
    for key in keys {
        if let Some(old) = key.renamed_from {
            replace_old_name(table, key, old, path, problems);
        }
        if let (Some(inner), Some(value)) = (key.inner(), table.get_mut(key.name)) {
            replace_old_names_of(value, inner, &format!("{path}.{}", key.name), problems);
        }
    }
}

/// The same for a value that should be a table.
pub(super) fn replace_old_names_of(
    value: &mut Value<'_>,
    keys: &[Key],
    path: &str,
    problems: &mut Problems,
) {
    if let DeValue::Table(table) = value.get_mut() {
        replace_old_names(table, keys, path, problems);
    }
}

fn replace_old_name(
    table: &mut DeTable<'_>,
    key: &Key,
    old: &str,
    path: &str,
    problems: &mut Problems,
) {
    let Some((span, value)) = table
        .get_key_value(old)
        .map(|(name, value)| (name.span(), value.clone()))
    else {
        return;
    };
    table.remove(old);
    if let Some((new, _)) = table.get_key_value(key.name) {
        let title = format!("`{old}` and `{}` in `{path}` are the same key", key.name);
        let problem = Problem::new(title, span).context(new.span(), "its current name");
        problems.push(problem.help(format!("remove `{old}`")));
        return;
    }
    let title = format!("`{old}` in `{path}` has been renamed to `{}`", key.name);
    let note = format!("the old name is accepted until {}", end(key.since));
    let problem = Problem::warning(Lint::RenamedKey, title, span.clone());
    problems.push(problem.note(note).replacement(key.name));
    table.insert(Spanned::new(span, Cow::Borrowed(key.name)), value);
}

/// The release that no longer accepts the old name of a key that was renamed in `since`.
pub(crate) fn end(since: &str) -> String {
    let mut numbers = since.split('.').map(|number| number.parse().unwrap_or(0));
    let major: u64 = numbers.next().unwrap_or(0);
    let minor: u64 = numbers.next().unwrap_or(0);
    format!("{major}.{}.0", minor + ACCEPTED_FOR)
}
