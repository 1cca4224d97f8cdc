//! Finds the stage that a client names.

use std::collections::BTreeSet;

use crate::config::did_you_mean;

/// Finds the stage with this name, with this name behind a section such as `processors.`, or the only
/// stage whose name ends with it. The error is a message for the client.
pub(super) fn find<'n>(
    wanted: &str,
    names: impl Iterator<Item = &'n str>,
) -> Result<&'n str, String> {
    let names: BTreeSet<_> = names.collect();
    let id = |name: &'n str| name.split_once('.').map_or(name, |(_, id)| id);
    let rules: [&dyn Fn(&str) -> bool; 3] = [
        &|name| name == wanted,
        &|name| name.ends_with(&format!(".{wanted}")),
        &|name| name.ends_with(wanted),
    ];
    for rule in rules {
        let found: Vec<_> = names.iter().copied().filter(|name| rule(name)).collect();
        match found[..] {
            [] => {}
            [one] if !wanted.is_empty() => return Ok(one),
            _ => return Err(format!("`{wanted}` is ambiguous: {}", found.join(", "))),
        }
    }
    let near = did_you_mean(wanted, names.iter().flat_map(|name| [*name, id(name)]));
    let hint = near.unwrap_or_else(|| {
        format!(
            "stages are {}",
            names.into_iter().collect::<Vec<_>>().join(", ")
        )
    });
    Err(format!("there is no stage `{wanted}`; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_stage_is_found_by_any_unambiguous_end_of_its_name() {
        let names = [
            "receivers.r",
            "processors.a_flow",
            "processors.b_flow",
            "exporters.e",
            "exporters.e/b",
            "exporters.r",
        ];
        let cases = [
            ("processors.a_flow", Ok("processors.a_flow")),
            ("a_flow", Ok("processors.a_flow")),
            ("e", Ok("exporters.e")),
            ("e/b", Ok("exporters.e/b")),
            ("b", Ok("exporters.e/b")),
            (
                "flow",
                Err("`flow` is ambiguous: processors.a_flow, processors.b_flow"),
            ),
            ("r", Err("`r` is ambiguous: exporters.r, receivers.r")),
            (
                "a_flwo",
                Err("there is no stage `a_flwo`; did you mean `a_flow`?"),
            ),
            (
                "nothing",
                Err(
                    "there is no stage `nothing`; stages are exporters.e, exporters.e/b, \
                     exporters.r, processors.a_flow, processors.b_flow, receivers.r",
                ),
            ),
        ];
        for (wanted, expected) in cases {
            assert_eq!(
                find(wanted, names.into_iter()),
                expected.map_err(str::to_owned),
                "{wanted}"
            );
        }
    }
}
