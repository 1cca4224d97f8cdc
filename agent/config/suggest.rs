//! "Did you mean": the nearest of some names.

/// The candidate that `name` was most probably meant to be, if one is near.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let name = name.to_lowercase();
    let allowed = (name.chars().count() / 3).max(1);
    let near = candidates
        .into_iter()
        .filter(|candidate| !candidate.is_empty());
    let by_distance = near.map(|candidate| (distance(&name, &candidate.to_lowercase()), candidate));
    by_distance
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, near)| near)
}

/// "did you mean `x`?", if one is near.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(name, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// Whether `name` is `meant` but for one letter.
pub(crate) fn is_misspelt(name: &str, meant: &str) -> bool {
    name.len().abs_diff(meant.len()) <= 1 && distance(name, meant) == 1
}

/// Insertions, deletions, substitutions and swaps of neighbours between two words (the optimal
/// string alignment distance).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swapped = if swapped {
                    rows[i - 2][j - 2] + 1
                } else {
                    usize::MAX
                };
                (rows[i - 1][j] + 1)
                    .min(rows[i][j - 1] + 1)
                    .min(substituted)
                    .min(swapped)
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn distances_count_edits_and_swaps() {
        let cases = [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("é", "e", 1),
        ];
        for (a, b, expected) in cases {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let names = ["socket", "on_eof", "queue"];
        assert_eq!(nearest("sokcet", names), Some("socket"));
        assert_eq!(nearest("SOCKET", names), Some("socket"));
        assert_eq!(nearest("oneof", names), Some("on_eof"));
        assert_eq!(nearest("listen", names), None);
        assert_eq!(nearest("", names), None);
    }
}
