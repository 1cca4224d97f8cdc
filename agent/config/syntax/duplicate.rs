//! Tables and keys that are given twice.

use std::ops::Range;

use super::super::Problem;
use super::super::component::header;
use super::scan::Statement;

/// The keys from the root down to the one at `span`, and whether it is in a header.
struct Found {
    path: Vec<String>,
    is_header: bool,
}

/// The error of a key at `span` that was there before.
pub(super) fn explain(span: Range<usize>, statements: &[Statement], text: &str) -> Problem {
    let key = text.get(span.clone()).unwrap_or_default();
    let Some(found) = find(&span, statements) else {
        return Problem::new(format!("the key `{key}` is given twice"), span);
    };
    let path: Vec<_> = found.path.iter().map(String::as_str).collect();
    let title = match found.is_header {
        true => format!("the table [{}] is given twice", header(&path)),
        false => format!("the key `{}` is given twice", header(&path)),
    };
    let problem = Problem::new(title, span.clone());
    let problem = match first(&found.path, &span, statements) {
        Some(first) => problem.context(first, "first here"),
        None => problem,
    };
    match (found.is_header, path.as_slice()) {
        (true, [section @ ("receivers" | "processors" | "exporters"), id]) => {
            let kind = id.split('/').next().unwrap_or(id);
            let named = header(&[section, &format!("{kind}/NAME")]);
            problem.help(format!(
                "put the keys into one table; a further component of the kind has a name: [{named}]"
            ))
        }
        (true, _) => problem.help("put the keys into one table"),
        (false, _) => problem.help("remove one of the two"),
    }
}

/// The error of a key at `span` that adds to an inline table, or to a value that is no table.
pub(super) fn explain_extension(
    message: &str,
    span: Range<usize>,
    statements: &[Statement],
) -> Problem {
    let Some(found) = find(&span, statements) else {
        return Problem::new(format!("invalid TOML: {message}"), span);
    };
    let path: Vec<_> = found.path.iter().map(String::as_str).collect();
    let written = header(&path);
    let problem = Problem::new(format!("`{written}` has its value already"), span.clone());
    let problem = match first(&found.path, &span, statements) {
        Some(first) => problem.context(first, "given here"),
        None => problem,
    };
    if message.contains("inline table") {
        return problem.help("put all keys between its braces, or none");
    }
    problem
}

/// The path of the key at `span`.
fn find(span: &Range<usize>, statements: &[Statement]) -> Option<Found> {
    let mut table: &[(String, Range<usize>)] = &[];
    for statement in statements {
        let position = statement.keys.iter().position(|(_, place)| place == span);
        let prefix = if statement.is_header { &[] } else { table };
        if let Some(position) = position {
            let keys = prefix.iter().chain(&statement.keys[..=position]);
            return Some(Found {
                path: keys.map(|(name, _)| name.clone()).collect(),
                is_header: statement.is_header,
            });
        }
        if statement.is_header {
            table = &statement.keys;
        }
    }
    None
}

/// The first place of a path before `span`.
fn first(path: &[String], span: &Range<usize>, statements: &[Statement]) -> Option<Range<usize>> {
    let mut table: &[(String, Range<usize>)] = &[];
    for statement in statements {
        let prefix = if statement.is_header { &[] } else { table };
        let keys: Vec<_> = prefix.iter().chain(&statement.keys).collect();
        let is_it =
            keys.len() >= path.len() && keys.iter().zip(path).all(|(key, name)| key.0 == *name);
        let place = is_it.then(|| keys[path.len() - 1].1.clone());
        if let Some(place) = place.filter(|place| place.start < span.start) {
            return Some(place);
        }
        if statement.is_header {
            table = &statement.keys;
        }
    }
    None
}
