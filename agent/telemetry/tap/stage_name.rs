//! Finds the stage that a client names.

use std::collections::BTreeSet;

use tidegate_runtime::stage_id::StageId;

use crate::config::did_you_mean;

/// Finds the stage with this name, with this name behind a section such as `processors.`, or the
/// only stage whose name ends with it. The error is a message for the client.
pub(super) fn find<'n>(
    wanted: &str,
    stages: impl Iterator<Item = &'n StageId>,
) -> Result<&'n StageId, String> {
    let stages: BTreeSet<_> = stages.collect();
    let rules: [&dyn Fn(&str) -> bool; 3] = [
        &|name| name == wanted,
        &|name| name.ends_with(&format!(".{wanted}")),
        &|name| name.ends_with(wanted),
    ];
    for rule in rules {
        let mut found = stages.iter().filter(|stage| rule(stage.as_str()));
        match (found.next(), found.next()) {
            (None, _) => {}
            (Some(one), None) if !wanted.is_empty() => return Ok(one),
            _ => {
                let found = stages.iter().filter(|stage| rule(stage.as_str()));
                return Err(format!("`{wanted}` is ambiguous: {}", list(found)));
            }
        }
    }
    let names = stages.iter().flat_map(|stage| [stage.as_str(), stage.id()]);
    let hint = did_you_mean(wanted, names)
        .unwrap_or_else(|| format!("stages are {}", list(stages.iter())));
    Err(format!("there is no stage `{wanted}`; {hint}"))
}

fn list<'n>(stages: impl Iterator<Item = &'n &'n StageId>) -> String {
    let names: Vec<_> = stages.map(|stage| stage.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{StageId, find};

    #[test]
    fn a_stage_is_found_by_any_unambiguous_end_of_its_name() {
        let stages: [StageId; 6] = [
            "receivers.r",
            "processors.a_flow",
            "processors.b_flow",
            "exporters.e",
            "exporters.e/b",
            "exporters.r",
        ]
        .map(|name| name.parse().unwrap());
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
                find(wanted, stages.iter()).map(StageId::as_str),
                expected.map_err(str::to_owned),
                "{wanted}"
            );
        }
    }
}
