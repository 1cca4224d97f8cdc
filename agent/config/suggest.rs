//! "Did you mean": the nearest of some names, by the optimal string alignment distance, in which a
//! swap of neighbours is one edit.

use strsim::osa_distance;

/// The candidate nearest to `name`, if one is near.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let name = name.to_lowercase();
    let allowed = (name.chars().count() / 3).max(1);
    let near = candidates
        .into_iter()
        .filter(|candidate| !candidate.is_empty());
    let by_distance =
        near.map(|candidate| (osa_distance(&name, &candidate.to_lowercase()), candidate));
    by_distance
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, near)| near)
}

/// "did you mean `x`?", if a candidate is near.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(name, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// The text without spaces around it and without characters that cannot be seen, and what these are.
/// `None` if it has neither.
pub(crate) fn remove_invisible(text: &str) -> Option<(String, String)> {
    let first = text.chars().find_map(|c| Some((c, invisible(c)?)));
    let what = match first {
        Some((c, name)) => format!("the {name} (U+{:04X})", u32::from(c)),
        None if text.trim() != text => "the space".to_owned(),
        None => return None,
    };
    let visible = text.chars().filter(|c| invisible(*c).is_none());
    Some((visible.collect::<String>().trim().to_owned(), what))
}

/// The name of a character that cannot be seen, or looks like a space.
pub(crate) fn invisible(c: char) -> Option<&'static str> {
    match c {
        '\u{a0}' | '\u{202f}' => Some("no-break space"),
        '\u{2000}'..='\u{200a}' | '\u{205f}' | '\u{3000}' => Some("wide space"),
        '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{202a}'..='\u{202e}' => {
            Some("invisible character")
        }
        '\u{ad}' => Some("soft hyphen"),
        '\u{feff}' => Some("byte order mark"),
        _ => None,
    }
}

/// Whether `name` differs from `meant` by one edit.
pub(crate) fn is_misspelt(name: &str, meant: &str) -> bool {
    name.len().abs_diff(meant.len()) <= 1 && osa_distance(name, meant) == 1
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_near_names_are_suggested() {
        let names = ["socket", "on_eof", "queue"];
        assert_eq!(nearest("sokcet", names), Some("socket"));
        assert_eq!(nearest("SOCKET", names), Some("socket"));
        assert_eq!(nearest("oneof", names), Some("on_eof"));
        assert_eq!(nearest("listen", names), None);
        assert_eq!(nearest("", names), None);
    }
}
