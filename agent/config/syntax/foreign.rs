//! Files in other formats, and those that a merge left unfinished.

use std::ops::Range;

use super::super::Problem;
use super::scan::line_end;

/// The error of a file that is in another format than TOML, if it is recognized.
pub(super) fn explain(text: &str) -> Option<Problem> {
    let (first, format) = format(text)?;
    let title = format!("this is {format}, not TOML");
    let help = "write [receivers.KIND] and, below it, KEY = VALUE; `tidegate components KIND` prints \
                the table of a kind";
    Some(Problem::new(title, first).help(help))
}

/// The place by which a format is recognized, and its name.
fn format(text: &str) -> Option<(Range<usize>, &'static str)> {
    let mut lines = lines(text).filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let (start, first) = lines.next()?;
    let start = start + first.len() - first.trim_start().len();
    let place = start..start + first.trim().len();
    let trimmed = first.trim();
    if trimmed.starts_with('{') || trimmed.starts_with("[{") {
        return Some((place, "JSON"));
    }
    if trimmed.starts_with("<?") || (trimmed.starts_with('<') && !trimmed.starts_with("<<")) {
        return Some((place, "XML"));
    }
    if trimmed.ends_with('{') && !trimmed.contains('=') {
        return Some((place, "HCL"));
    }
    let mut code = std::iter::once(first).chain(lines.map(|(_, line)| line));
    let mut has_keys = false;
    let is_yaml = code.all(|line| {
        has_keys |= is_yaml_key(line);
        !is_toml(line)
    });
    (is_yaml && has_keys).then_some((place, "YAML"))
}

/// Whether a line is a header or an assignment of TOML.
fn is_toml(line: &str) -> bool {
    let line = line.trim();
    let assigned = line.split_once('=').map(|(key, _)| key.trim());
    let is_key = |key: &str| !key.is_empty() && !key.contains([':', ' ', '"']);
    line.starts_with('[') && line.ends_with(']') && line.contains('.')
        || assigned.is_some_and(is_key)
}

/// Whether a line is a key of YAML, as in `key:`, `- key: value`.
fn is_yaml_key(line: &str) -> bool {
    let line = line.trim().trim_start_matches("- ");
    line.split_once(':').is_some_and(|(key, rest)| {
        let is_part =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | '"');
        !key.is_empty() && key.chars().all(is_part) && (rest.is_empty() || rest.starts_with(' '))
    })
}

/// The lines of a text with their places.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line)
    })
}

/// The parts of a text between the marks of a conflict that git left.
pub(super) fn merge_conflicts(text: &str) -> Vec<Range<usize>> {
    let mut conflicts = Vec::new();
    let mut open = None;
    for (start, line) in lines(text) {
        if line.starts_with("<<<<<<<") {
            open = open.or(Some(start));
        } else if line.starts_with(">>>>>>>")
            && let Some(from) = open.take()
        {
            conflicts.push(from..start + line.len());
        }
    }
    conflicts.extend(open.map(|from| from..text.len()));
    conflicts
}

/// The error of such a part.
pub(super) fn merge_conflict(conflict: Range<usize>, text: &str) -> Problem {
    let first = conflict.start..line_end(text, conflict.start);
    Problem::new("a merge conflict is not resolved", first).help(
        "keep one of the two versions, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`",
    )
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn other_formats_are_recognized() {
        let cases = [
            ("{\n  \"receivers\": {}\n}\n", Some("JSON")),
            ("[{\"a\": 1}]", Some("JSON")),
            ("<?xml version=\"1.0\"?>\n<a/>", Some("XML")),
            ("<config/>\n", Some("XML")),
            ("---\nreceivers:\n  source:\n", Some("YAML")),
            (
                "# mine\n\nreceivers:\n  source:\n    socket: /run/x=y\n",
                Some("YAML"),
            ),
            ("receivers:\n- source\n", Some("YAML")),
            ("[receivers.source]\nsocket: \"/run/x\"\n", None),
            ("service.log: info\nservice.log_format = \"text\"\n", None),
            ("receivers \"source\" {\n}\n", Some("HCL")),
            ("a\n", None),
            ("", None),
            ("<<<<<<< HEAD\n", None),
        ];
        for (text, expected) in cases {
            assert_eq!(format(text).map(|(_, format)| format), expected, "{text}");
        }
    }
}
