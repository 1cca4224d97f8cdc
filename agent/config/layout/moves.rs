//! Moves values within the tree of a file.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::super::table::Value;

/// Puts `value` at a path of keys, whose place is `span`. What is there already stays; tables are
/// merged.
pub(super) fn put<'i>(
    table: &mut DeTable<'i>,
    path: &[&str],
    span: &Range<usize>,
    value: Value<'i>,
) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let found = table.get_mut(*first).map(Spanned::get_mut);
    match (found, rest) {
        (Some(DeValue::Table(inner)), []) => merge(inner, value),
        (Some(DeValue::Table(inner)), rest) => put(inner, rest, span, value),
        (Some(_), _) => {}
        (None, []) => {
            table.insert(key(first, span), value);
        }
        (None, rest) => {
            let mut inner = DeTable::new();
            let place = value.span();
            put(&mut inner, rest, span, value);
            let inner = Spanned::new(place, DeValue::Table(inner));
            table.insert(key(first, span), inner);
        }
    }
}

fn merge<'i>(table: &mut DeTable<'i>, value: Value<'i>) {
    let DeValue::Table(other) = value.into_inner() else {
        return;
    };
    for (key, value) in other {
        if !table.contains_key(key.get_ref().as_ref()) {
            table.insert(key, value);
        }
    }
}

fn key<'i>(name: &str, span: &Range<usize>) -> Spanned<DeString<'i>> {
    Spanned::new(span.clone(), Cow::Owned(name.to_owned()))
}

/// The table at a key.
pub(super) fn table_at<'t, 'i>(
    table: &'t mut DeTable<'i>,
    key: &str,
) -> Option<&'t mut DeTable<'i>> {
    match table.get_mut(key)?.get_mut() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

/// The names of a table's keys.
pub(super) fn names(table: &DeTable<'_>) -> Vec<String> {
    table.keys().map(|key| key.get_ref().to_string()).collect()
}
