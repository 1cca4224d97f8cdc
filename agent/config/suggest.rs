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
