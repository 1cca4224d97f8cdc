//! `GET /policy`: the log texts of rules. The answer is an object with the list of rules
//! (`api.Rule`, until 1.18; `types.PolicyEntry`, 1.19 and 1.20) as a text.

use serde::Deserialize;
use tidegate_model::names::{NamesContent, RuleLog};

use super::reader::{List, NoEntry};
use super::values::or_default;

#[derive(Debug, Default)]
pub(in crate::cilium_api) struct RuleLogs;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cilium_api) struct Rule {
    #[serde(alias = "Labels", deserialize_with = "or_default")]
    labels: Vec<Label>,
    /// Since 1.18.
    #[serde(alias = "Log", deserialize_with = "or_default")]
    log: Log,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Label {
    source: String,
    key: String,
    value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Log {
    value: String,
}

impl Label {
    fn text(&self) -> String {
        let Self { source, key, value } = self;
        match value.as_str() {
            "" => format!("{source}:{key}"),
            value => format!("{source}:{key}={value}"),
        }
    }
}

impl List for RuleLogs {
    type Json = Rule;
    type Entry = RuleLog;

    fn entry(json: Rule) -> Result<RuleLog, NoEntry> {
        let mut labels: Vec<_> = json.labels.iter().map(Label::text).collect();
        labels.sort_unstable();
        Ok(RuleLog {
            labels,
            log: json.log.value,
        })
    }

    fn heap_bytes(entry: &RuleLog) -> usize {
        entry.heap_bytes()
    }

    fn content(entries: Vec<RuleLog>) -> NamesContent {
        NamesContent::RuleLogs(entries)
    }
}
